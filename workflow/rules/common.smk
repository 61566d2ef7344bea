"""Studies, settings, vintages, targets and the code hash, for every other file."""

import os
import re
import sys
from functools import cache, wraps
from pathlib import Path

sys.path.insert(0, f"{workflow.basedir}/workflow")
from insarcast.core import (
    InsarcastError,
    Study,
    code_hash,
    find_studies,
    fingerprint,
    last_origins,
)

FAILURES = Path(".snakemake/insarcast.failures")
CUBE = "results/{study}/{cube}"
BENCHMARKS = "logs/benchmarks"


def plainly(function):
    """Let an expected error end as its sentence; Snakemake adds a traceback to any Exception."""

    @wraps(function)
    def run(*arguments, **named):
        try:
            return function(*arguments, **named)
        except InsarcastError as error:
            # SystemExit's own text is lost after a checkpoint: print, then exit.
            print(f"insarcast: {error}", file=sys.stderr, flush=True)
            if FAILURES.parent.is_dir():
                FAILURES.write_text(f"{error}\n")
            sys.exit(1)

    return run


STUDIES = plainly(find_studies)(config, f"{workflow.basedir}/config/studies")
CACHE = config.get("cache", "cache")
DATA_ROOT = config.get("data_root", os.environ.get("INSARCAST_DATA"))


wildcard_constraints:
    study="|".join(map(re.escape, STUDIES)) or "none",
    cube=r"[A-Za-z0-9][\w-]*",
    vintage=r"full|asof-\d{8}",
    model=r"[a-z][a-z0-9_]*",


@plainly
@cache
def study(name):
    return Study(STUDIES[name])


code = plainly(code_hash)


def setting(key):
    """A dotted key of the wildcards' cube, else of their study."""
    return lambda wildcards: plainly(study(wildcards.study).get)(
        key, wildcards.get("cube")
    )


@plainly
def models(wildcards):
    """Models of a cube's forecasts, persistence first."""
    named = study(wildcards.study).get("forecast.models", wildcards.cube)
    return ["persistence", *(name for name in named if name != "persistence")]


@plainly
def origins(wildcards):
    """As-of vintages of a cube: the study's dates, or the last that acquire found."""
    wanted = study(wildcards.study).get("forecast.origins", wildcards.cube)
    if isinstance(wanted, int):
        found = checkpoints.acquire_products.get(
            study=wildcards.study, cube=wildcards.cube
        ).output.manifest
        history = study(wildcards.study).get("forecast.history", wildcards.cube)
        wanted = last_origins(found, wanted, history=history)
    return [f"asof-{date}" for date in wanted]


def vintages_of(pattern):
    """A pattern once for each as-of vintage of the cube."""
    return lambda wildcards: expand(pattern, **wildcards, vintage=origins(wildcards))


def models_of(pattern):
    """A pattern once for each model of the cube, persistence first."""
    return lambda wildcards: expand(pattern, **wildcards, model=models(wildcards))


def cubes_of(pattern):
    """A pattern once for each cube of the study."""
    return lambda wildcards: expand(
        pattern, study=wildcards.study, cube=study(wildcards.study).cubes
    )


def targets(name):
    """What a study leaves; its file is read when the target is asked for."""
    leaves = ["stack/full/cube.zarr", "evaluate/scores.parquet", "report/maps"]
    pattern = f"results/{name}/{{cube}}/{{leaf}}"
    return lambda wildcards: [
        *expand(pattern, cube=study(name).cubes, leaf=leaves),
        f"results/{name}/report/index.html",
    ]


@plainly
def study_rule(name):
    """The target rule of a study bears its name, so no study may be called like a rule."""
    if workflow.is_rule(name):
        raise InsarcastError(
            f"The study {STUDIES[name]} is named like a rule of the workflow; rename it."
        )
    return name
