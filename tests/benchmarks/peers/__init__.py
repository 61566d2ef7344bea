"""Other people's inversions, run beside ours: MintPy (GPL-3), dolphin (BSD-3/Apache-2.0), insar-rs (MIT/Apache-2.0).

They are installed from PyPI, pinned by envs/lock-peers.txt, in an environment of their own (``cache/peers-env``, made once) and run
there by ``solve.py`` in a process of their own: one core, one thread, arrays through .npy files. The first call of a solver on a shape
is a warm-up (imports, compilation) that is not counted; the CPU seconds are those of the solver's call alone.

LiCSBAS is not on PyPI: its figures in the tables are quoted, never measured here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "envs/lock-peers.txt"
ENVIRONMENT = ROOT / "cache/peers-env"
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "RAYON")
QUOTED = {"LiCSBAS2": "13-14 k pixels/s of CPU time at 30 dates, 668 at 132; 0.386 / 0.843 / 5.29 mm"}


@dataclass(frozen=True)
class Answer:
    """What a peer returned: ``(n_dates, n_pixels)`` in mm, NaN where it gives none, and its seconds."""

    values: npt.NDArray[np.float64]
    cpu: float
    wall: float


def install() -> Path:
    """Python of the peers' environment; made when it is not there or the lock has changed."""
    python, stamp = ENVIRONMENT / "bin/python", ENVIRONMENT / "lock.txt"
    if not (stamp.exists() and stamp.read_text() == LOCK.read_text()):
        print("Setting up the peers' environment (once, a minute or two) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(LOCK)]
        told = subprocess.run(command, capture_output=True, text=True)
        if told.returncode:
            raise SystemExit(f"The peers could not be installed from {LOCK}:\n{told.stderr}")
        stamp.write_text(LOCK.read_text())
    return python


class Peers:
    """One process in the peers' environment that solves on request."""

    def __init__(self) -> None:
        environment = dict(os.environ) | {f"{name}_NUM_THREADS": "1" for name in THREADS}
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
        environment["JAX_PLATFORMS"] = "cpu"
        environment.pop("PYTHONPATH", None)
        self.folder = tempfile.TemporaryDirectory()
        script = Path(__file__).with_name("solve.py")
        self.process = subprocess.Popen(
            [str(install()), str(script)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions: dict[str, str] = self._ask({})

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pipe = self.process.stdin
        assert pipe is not None
        pipe.close()
        self.process.wait()
        self.folder.cleanup()

    def give(self, **arrays: npt.NDArray[Any]) -> None:
        """Hand over the arrays that the following calls work on: ``phase`` (rad, positive away), ``pairs``, ``days``, ``coherence``."""
        for name, values in arrays.items():
            np.save(Path(self.folder.name) / f"{name}.npy", values)

    def solve(self, name: str) -> Answer:
        """Run a solver of ``solve.py`` on the arrays given last."""
        told = self._ask({"solver": name, "folder": self.folder.name})
        values = np.load(Path(self.folder.name) / "answer.npy")
        return Answer(values, float(told["cpu"]), float(told["wall"]))

    def _ask(self, question: Mapping[str, str]) -> Any:
        pipe: IO[str] | None = self.process.stdin
        answers = self.process.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps(question) + "\n")
        pipe.flush()
        for line in answers:
            if line.startswith("answer "):
                return json.loads(line.removeprefix("answer "))
        raise SystemExit(f"The peers' process ended ({self.process.wait()}) when asked for {question}.")
