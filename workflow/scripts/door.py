"""The one door between rules and library: rule ``r`` in <stage>.smk runs ``insarcast.<stage>.r``."""

import contextlib
import inspect
import os
import random
import shutil
import sys
import traceback
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "DASK_NUM_WORKERS"):
    os.environ[variable] = str(snakemake.threads)  # before numpy is imported
os.environ.setdefault("MPLBACKEND", "Agg")

# Snakemake's preamble lends the launcher's packages; a rule's environment must be complete without them.
own = [Path(sys.prefix), Path(sys.base_prefix)]
inside = lambda place: any(Path(place).is_relative_to(prefix) for prefix in own)
sys.path[:] = [str(Path(__file__).resolve().parents[1])] + [place for place in sys.path if inside(place)]
for name, module in list(sys.modules.items()):
    origin = getattr(module, "__file__", None)
    if origin and not inside(origin) and not name.startswith(("snakemake", "__main__")):
        del sys.modules[name]


def paths(value):
    return Path(value) if isinstance(value, str) else [Path(item) for item in value]


def call(job):
    """Run the rule's function on its files and settings, by name; write outputs beside, then rename."""
    from importlib import import_module

    from insarcast.core import counted, job_name, take_lock
    from insarcast.lazy import home

    function = getattr(import_module(home(job.rule)), job.rule)
    beside = {name: Path(out).with_name(f".part-{Path(out).name}") for name, out in job.output.items()}
    given = {name: paths(value) for name, value in job.input.items()} | beside
    given |= {name: value for name, value in job.params.items() if name not in ("code", "listing")}  # these two only trigger
    offered = {"threads": job.threads, "mem_mb": job.resources.get("mem_mb"), "log": paths(job.log[0]), "screen": show}
    wanted = inspect.signature(function).parameters
    given |= {name: value for name, value in offered.items() if name in wanted}
    random.seed(job.params.get("seed", 0))
    first = next(iter(beside.values()))
    hold = first.with_name(first.name + ".lock")
    with open(hold, "w") as file, counted(job_name(job.rule, dict(job.wildcards.items())), job.params.code):
        if not take_lock(file):
            sentence = f"{job.output[0]} is still being written by an earlier run that was killed; wait for it or end it, then run again."
            raise OSError(sentence)
        try:
            for part in beside.values():
                shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
            function(**given)
            for name, part in beside.items():
                part.rename(job.output[name])
        finally:
            with contextlib.suppress(OSError):
                hold.unlink()


def say(screen, text):
    """The screen first: the disk may be full. Snakemake's onerror prints the failures file, wherever the job ran."""
    with contextlib.suppress(OSError):
        os.write(screen, f"insarcast: {text}\n".encode())
    with contextlib.suppress(OSError), open(".snakemake/insarcast.failures", "a") as failures:
        failures.write(f"{snakemake.rule} ({', '.join(snakemake.wildcards)}): {text}\n")


def show(text):
    """What a person should see while the job runs, beside what goes into its log."""
    with contextlib.suppress(OSError):
        os.write(screen, f"{text}\n".encode())


screen = os.dup(2)
try:
    record = os.open(snakemake.log[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(record, 1), os.dup2(record, 2)
    call(snakemake)
except KeyboardInterrupt:
    os._exit(130)
except BaseException as error:
    from insarcast.core import explain

    trace = Path(snakemake.log[0]).with_suffix(".traceback")  # not in the log, which some of Snakemake's loggers print
    say(screen, explain(error, snakemake.output[0], trace))
    with contextlib.suppress(OSError):
        print(explain(error, snakemake.output[0], trace), flush=True)
        trace.write_text(traceback.format_exc())
    os._exit(1)
