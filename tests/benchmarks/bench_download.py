"""What a download survives, loses and wastes, and how fast it is, beside hyp3_sdk and plain requests.

    python tests/benchmarks/bench_download.py [--mb 200] [--rounds 5]

Faults: for each one a loopback server serves the same zip with that fault once (twice where it says so), ours and
``hyp3_sdk.util.download_file`` fetch it in turn, a second time if the first run failed, as a user would. A fault is survived if the
first run brings the right file (or, where no client can get it: 401, login page, expired link, ends in an error with nothing under
the file's name), and the second run has it. Lost are the bytes that the server sent beyond the fewest with which a client can know
that it has the right file; wasted the requests beyond those. Silently wrong is a file that is not the one served after a run that
reported no error; wrongly named one that lies under the file's own name after a run that did.

Speed: four files at once from a server in a process of its own, ours with the zips' CRC and with only the length checked, against
threads that stream with requests and check nothing; median of the rounds of the ratio. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]
os.environ["NO_PROXY"] = "127.0.0.1"

from standins.loopback import Answer, Fault, Request, Stand  # noqa: E402

LIMIT = 12.0  # seconds after which a run counts as hung
HARD = ("401", "login", "expired")  # no client gets the file: the first run must say so


@dataclass
class Case:
    """Faults in a row, and what the best client needs: bodies sent beyond the file itself, in its lengths, and requests."""

    faults: list[Fault]
    beyond: float
    requests: int


CASES: dict[str, Case] = {
    "401": Case(["401"], 0, 2),
    "429 with Retry-After": Case(["429"], 0, 2),
    "500 twice": Case(["500", "500"], 0, 3),
    "503 with Retry-After and a page": Case(["503html"], 0, 2),
    "reset": Case(["reset"], 0, 2),
    "reset half-way": Case(["truncate"], 0, 2),
    "cut half-way": Case(["cut"], 0, 2),
    "cut half-way six times": Case(["cut"] * 6, 0, 7),
    "cut half-way, no length": Case(["short"], 0, 2),
    "no length": Case(["nolength"], 0, 1),
    "stall": Case(["stall"], 0, 2),
    "slow": Case(["slow"], 0, 1),
    "wrong size": Case(["wrongsize"], 0, 2),
    "corrupt": Case(["corrupt"], 1, 2),
    "login page": Case(["login"], 0, 2),
    "expired link": Case(["expired"], 0, 2),
    "redirect": Case(["redirect"], 0, 2),
    "cut, then ranges ignored": Case(["cut", "whole"], 0.5, 2),
    "cut, then another range": Case(["cut", "badrange"], 0, 2),
    "cut, then another version of the file": Case(["cut"], 0.5, 2),
    "cut, reset, 503, stall, cut": Case(["cut", "reset", "503html", "stall", "cut"], 0, 6),
}


class Versions(Stand):
    """Another file from the second request on."""

    def respond(self, request: Request) -> Answer:
        body = self.files["/old" if len(self.seen) == 1 else request.path]
        return Answer(200, body, self.validators(body))


def make_zip(size: int, seed: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("P/P_unw_phase.tif", random.Random(seed).randbytes(size))
    return buffer.getvalue()


def ours(url: str, path: Path, size: int) -> None:
    from insarcast.acquire.web.download import fetch_all
    from insarcast.acquire.web.remote import Remote
    from insarcast.acquire.web.settings import WebSettings

    settings = WebSettings(timeout=1.5, longest_wait=1, spare_gb=0)
    fetch_all({path.name: Remote(url, kind="zip", size=size)}, path.parent, settings, what="the benchmark")


def theirs(url: str, path: Path, size: int) -> None:
    from hyp3_sdk.util import download_file

    download_file(url, path, chunk_size=10485760)  # as Job.download_files calls it


Engine = Callable[[str, Path, int], None]


def run(engine: Engine, url: str, path: Path, size: int) -> str:
    """One run of an engine: "done", "error" or "hung"."""
    ended: list[str] = []

    def work() -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                engine(url, path, size)
                ended.append("done")
            except Exception:  # whatever it is, it was said
                ended.append("error")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(LIMIT)
    return ended[0] if ended else "hung"


def try_fault(engine: Engine, name: str, body: bytes, folder: Path) -> dict[str, float | bool | str]:
    """One engine and one fault, on a server of their own."""
    case, path = CASES[name], folder / "P.zip"
    versions = "another version" in name
    with (Versions if versions else Stand)({"/P.zip": body, "/old": make_zip(len(body) - 999, 9)}) as stand:
        stand.elsewhere = stand.base
        stand.retry_after = "1"
        stand.faults["/P.zip"] = list(case.faults)
        first = run(engine, f"{stand.base}/P.zip", path, len(body))
        right = path.exists() and path.read_bytes() == body
        wrong = path.exists() and not right
        well = not wrong and (first == "error" if case.faults[0] in HARD else first == "done")
        if first != "hung" and not right:
            run(engine, f"{stand.base}/P.zip", path, len(body))
        lost = stand.sent - round(len(body) * (1 + case.beyond))
        survived = well and path.exists() and path.read_bytes() == body
        return {
            "survived": survived,
            "silently_wrong": wrong and first == "done",
            "wrongly_named": wrong and first != "done",
            "lost": lost if lost > 1000 else 0,  # the few bytes of a server's excuse are nobody's loss
            "wasted": max(0, len(stand.seen) - case.requests),
            "first_run": first,
        }


def faults(size: int) -> dict[str, dict[str, object]]:
    """Every fault with both engines, and a line for each."""
    body = make_zip(size, 1)
    summary: dict[str, dict[str, object]] = {}
    results: dict[str, dict[str, dict[str, float | bool | str]]] = {"ours": {}, "hyp3_sdk": {}}
    for name in CASES:
        for label, engine in (("ours", ours), ("hyp3_sdk", theirs)):
            with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
                found = results[label][name] = try_fault(engine, name, body, Path(folder))
            wrong = "SILENTLY WRONG" if found["silently_wrong"] else "wrong file under its name" if found["wrongly_named"] else ""
            print(
                f"{name:38} {label:9} {'survived' if found['survived'] else 'not     '} first run {found['first_run']:5} "
                f"lost {found['lost']:9,} bytes, wasted {found['wasted']} requests {wrong}",
                flush=True,
            )
    for label, found_all in results.items():
        each = list(found_all.values())
        summary[label] = {
            "faults_survived": f"{sum(bool(found['survived']) for found in each)} of {len(each)}",
            "bytes_lost": sum(int(found["lost"]) for found in each),
            "requests_wasted": sum(int(found["wasted"]) for found in each),
            "silently_wrong": sum(bool(found["silently_wrong"]) for found in each),
            "wrongly_named": sum(bool(found["wrongly_named"]) for found in each),
            "hung": sum(found["first_run"] == "hung" for found in each),
        }
    return summary


SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from standins.loopback import Stand
from bench_download import make_zip
body = make_zip(int(sys.argv[2]), 2)
with Stand({f"/{index}.zip": body for index in range(4)}) as stand:
    print(stand.base, len(body), flush=True)
    sys.stdin.read()
"""


def plain(base: str, folder: Path) -> None:
    """What anybody would write: threads that stream, and no check."""
    import requests

    def one(index: int) -> None:
        with requests.get(f"{base}/{index}.zip", stream=True, timeout=30) as answer, open(folder / f"{index}.zip", "wb") as file:
            for block in answer.iter_content(1 << 20):
                file.write(block)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fetched(base: str, folder: Path, size: int, kind: str) -> None:
    from insarcast.acquire.web.download import fetch_all
    from insarcast.acquire.web.remote import Remote
    from insarcast.acquire.web.settings import WebSettings

    files = {f"{index}.zip": Remote(f"{base}/{index}.zip", kind=kind, size=size) for index in range(4)}  # type: ignore[arg-type]
    with contextlib.redirect_stderr(io.StringIO()):
        fetch_all(files, folder, WebSettings(at_once=4, spare_gb=0))


def speed(megabytes: int, rounds: int) -> dict[str, float]:
    """Bytes per second of ours over those of plain requests, in turn; both with a warm client."""
    command = [sys.executable, "-c", SERVER, str(ROOT / "tests"), str(megabytes * 1_000_000)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    base, length = server.stdout.readline().split()
    size = int(length)
    ways: dict[str, Callable[[Path], None]] = {
        "plain": lambda folder: plain(base, folder),
        "length": lambda folder: fetched(base, folder, size, "any"),
        "crc": lambda folder: fetched(base, folder, size, "zip"),
    }
    took: dict[str, list[float]] = {way: [] for way in ways}
    try:
        for turn in range(rounds + 1):
            for way, fetch in ways.items():
                with tempfile.TemporaryDirectory() as folder:
                    os.sync()  # what the last one left to be written is not this one's
                    start = time.perf_counter()
                    fetch(Path(folder))
                    seconds = time.perf_counter() - start
                if turn:  # the first is for warming up
                    took[way].append(seconds)
    finally:
        server.communicate("")
    ratios = {
        way: statistics.median(slow / fast for slow, fast in zip(took["plain"], took[way], strict=True))
        for way in ("length", "crc")
    }
    rates = {way: 4 * size / 1e6 / statistics.median(seconds) for way, seconds in took.items()}
    print("MB/s: " + ", ".join(f"{way} {rate:,.0f}" for way, rate in rates.items()))
    return {
        "speed_vs_requests": round(ratios["length"], 2),
        "speed_with_crc_vs_requests": round(ratios["crc"], 2),
        "mb_per_second": round(rates["length"]),
        "requests_mb_per_second": round(rates["plain"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    summary = faults(
        12_000_000
    )  # more than a system keeps between two sockets: what a client turns away from stays with the server
    quick = speed(options.mb, options.rounds)
    print(json.dumps(summary["ours"] | {"hyp3_sdk": summary["hyp3_sdk"]} | quick))


if __name__ == "__main__":
    main()
