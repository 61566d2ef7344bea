"""Seconds and peak memory of every rule of a study, from Snakemake's own benchmark files.

    python tests/benchmarks/bench_run.py [--study demo] [--cores 1] [--repeat 3]

Runs the study in a fresh folder, so nothing is reused but the data root and what was downloaded. Each job is a new Python that
imports what its function needs: a second of most rows is that. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(study: str, cores: int) -> tuple[dict[str, dict[str, float]], float, float]:
    """Per rule: jobs, wall and CPU seconds over all its jobs, and the largest job's memory in MiB; the run's wall and CPU seconds."""
    rules: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "-s",
            str(ROOT / "Snakefile"),
            "--directory",
            folder,
            "--cores",
            str(cores),
            "--quiet",
            "all",
        ]
        (ROOT / "cache/originals").mkdir(parents=True, exist_ok=True)
        Path(folder, "cache").mkdir()  # what was trained or simulated before is not reused, what was fetched is
        Path(folder, "cache/originals").symlink_to(ROOT / "cache/originals")
        before, start = os.times(), time.perf_counter()
        done = subprocess.run([*command, "--", study], cwd=ROOT, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - start, os.times()
        if done.returncode:
            sys.exit(done.stderr)
        for path in sorted((Path(folder) / "logs/benchmarks").rglob("*.tsv")):
            rule = path.relative_to(Path(folder) / "logs/benchmarks").parts[0]
            with open(path, newline="") as file:
                row = next(csv.DictReader(file, delimiter="\t"))
            entry = rules.setdefault(rule, {"jobs": 0, "wall_s": 0.0, "cpu_s": 0.0, "rss_mib": 0.0})
            entry["jobs"] += 1
            entry["wall_s"] += float(row["s"])
            entry["cpu_s"] += _number(row["cpu_time"])
            entry["rss_mib"] = max(entry["rss_mib"], _number(row["max_rss"]))
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return rules, wall, cpu


def _number(text: str) -> float:
    """Snakemake writes NA for a job that ended before its first sample."""
    return float(text) if text not in ("NA", "-", "") else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="demo")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    runs = [run(options.study, options.cores) for _ in range(options.repeat)]
    names = list(runs[0][0])
    table = {
        name: {key: statistics.median(rules[name][key] for rules, _, _ in runs) for key in ("jobs", "wall_s", "cpu_s", "rss_mib")}
        for name in names
    }
    print(f"{'rule':24}{'jobs':>6}{'wall s':>9}{'CPU s':>9}{'MiB':>8}   (median of {options.repeat} runs)")
    for name, row in sorted(table.items(), key=lambda item: -item[1]["wall_s"]):
        print(f"{name:24}{row['jobs']:6.0f}{row['wall_s']:9.1f}{row['cpu_s']:9.1f}{row['rss_mib']:8.0f}")
    result = {
        "benchmark": "run",
        "study": options.study,
        "cores": options.cores,
        "repeat": options.repeat,
        "wall_s": round(statistics.median(wall for _, wall, _ in runs), 1),
        "cpu_s": round(statistics.median(cpu for _, _, cpu in runs), 1),
        "peak_rss_mib": round(max(row["rss_mib"] for row in table.values())),
        "rules": {name: {key: round(value, 1) for key, value in row.items()} for name, row in table.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
