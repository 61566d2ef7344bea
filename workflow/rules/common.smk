"""Studies, settings and the code hash, for every other file."""

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
    failures,
    find_studies,
    fingerprint,
    job_name,
    note_failure,
    with_failures,
)

FAILURES = Path(".snakemake/insarcast.failures")
FAILED = failures()  # as it was before this run
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
# Whether the rules that train ask for a GPU and its environment: --config gpu=true, or `config: [gpu=true]` in a profile.
GPU = bool(config.get("gpu", False))
DATA_ROOT = config.get("data_root", os.environ.get("INSARCAST_DATA"))


wildcard_constraints:
    study="|".join(map(re.escape, STUDIES)) or "none",
    cube=r"[A-Za-z0-9][\w-]*",
    vintage=r"full|asof-\d{8}",
    model=r"[a-z][a-z0-9_]*",
    batch=r"\d+",


@plainly
@cache
def study(name):
    return Study(STUDIES[name])


def code(rule, *modules):
    """What a rule's function is made of (modules: by name, or as the wildcards say), and how often its job has failed."""

    def of_job(wildcards):
        named = [name(wildcards) if callable(name) else name for name in modules]
        failed = FAILED.get(job_name(rule, dict(wildcards.items())), 0)
        return with_failures(plainly(code_hash)(rule, *named), failed)

    return of_job


def note_undone():
    """Of jobs that ended before they could say so themselves: cancelled in a queue, killed for memory."""
    for job in workflow.dag.needrun_jobs():
        if "code" in job.params.keys() and not all(map(os.path.exists, job.output)):
            note_failure(job_name(job.rule.name, job.wildcards_dict), job.params.code)


def setting(key):
    """A dotted key of the wildcards' cube, else of their study."""
    return lambda wildcards: plainly(study(wildcards.study).get)(
        key, wildcards.get("cube")
    )


@plainly
def study_rule(name):
    """The target rule of a study bears its name, so no study may be called like a rule."""
    if workflow.is_rule(name):
        raise InsarcastError(
            f"The study {STUDIES[name]} is named like a rule of the workflow; rename it."
        )
    return name
