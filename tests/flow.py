"""Run the workflow as a person would: ``snakemake`` in a folder of one's own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[1]
MOST = 1800  # seconds until a run counts as hanging: a busy machine is no reason to fail


@dataclass(frozen=True)
class Run:
    """A finished call of snakemake: exit code, and everything that it showed."""

    code: int
    text: str

    @property
    def sentences(self) -> list[str]:
        """Our own sentences, each once, in the order in which they were shown.

        Snakemake writes a message and its line end one after the other, so a job's sentence may come between them, behind the message.
        """
        return list(dict.fromkeys(re.findall(r"insarcast: (.*)", self.text)))

    def failed_plainly(self, *parts: str) -> str:
        """Hold that the run failed with exactly one sentence, which has all ``parts``, and without a traceback; return it."""
        assert self.code != 0, self.text
        assert "Traceback" not in self.text, self.text
        assert len(self.sentences) == 1, self.text
        for part in parts:
            assert part in self.sentences[0], self.sentences[0]
        return self.sentences[0]


def command(directory: Path, targets: Sequence[str], config: dict[str, Any], options: Sequence[str]) -> list[str]:
    settings = [f"{key}={value}" for key, value in config.items()]
    return [
        *(sys.executable, "-m", "snakemake", "-s", str(REPO / "Snakefile"), "--directory", str(directory), "--nocolor"),
        *(["--config", *settings] if settings else []),
        *options,
        "--",
        *targets,
    ]


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in ("INSARCAST_DATA", "PYTHONPATH", "SNAKEMAKE_PROFILE")}


def snakemake(directory: Path, *targets: str, options: Sequence[str] = ("-c2",), **config: Any) -> Run:
    """Call snakemake and wait.

    Args:
        directory: the working directory.
        targets: rules or files to build.
        options: further options.
        config: what ``--config`` gets, for example study_file.
    """
    done = subprocess.run(
        command(directory, targets, config, options),
        cwd=directory,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST,
    )
    return Run(done.returncode, done.stdout)


def files(folder: Path) -> dict[str, bytes]:
    """Bytes of every file below a folder, without Snakemake's own."""
    every = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".snakemake_timestamp")
    return {str(path.relative_to(folder)): path.read_bytes() for path in every}


def interrupt(
    directory: Path, *targets: str, at: str, with_signal: signal.Signals, whole_group: bool = False, **config: Any
) -> Run:
    """Call snakemake, send it a signal as soon as it shows ``at``, and wait until it and its jobs have ended.

    Args:
        directory: the working directory.
        targets: rules or files to build.
        at: text to wait for.
        with_signal: what to send.
        whole_group: to snakemake and its jobs, as a service manager does, or to snakemake alone.
        config: what ``--config`` gets.
    """
    out = directory / "interrupted.out"
    with open(out, "w") as file:
        process = subprocess.Popen(
            command(directory, targets, config, ["-c2"]),
            cwd=directory,
            env=environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + MOST
        while at not in out.read_text():
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                raise AssertionError(f"'{at}' was never shown:\n{out.read_text()}")
            time.sleep(0.05)
        if whole_group:
            os.killpg(process.pid, with_signal)
        else:
            process.send_signal(with_signal)
        code = process.wait(MOST)
    while _alive(process.pid):  # jobs that outlive a killed snakemake
        time.sleep(0.1)
    return Run(code, out.read_text())


def _alive(session: int) -> bool:
    """Whether a process of this session (snakemake's, and so its jobs') still runs."""
    return subprocess.run(["pgrep", "-s", str(session)], stdout=subprocess.DEVNULL).returncode == 0
