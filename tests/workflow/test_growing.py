"""A study whose folder gets another date: only the new interferograms are read, and the results are those of a run from scratch."""

from __future__ import annotations

import shutil
from pathlib import Path

from flow import files, snakemake
from products import days, write_products, write_study

DATES = days(8)
STACK = Path("results/grow/A/stack")
TARGETS = (f"{STACK}/full/cube.zarr", f"{STACK}/network.parquet")


def bring(source: Path, folder: Path, n_dates: int) -> None:
    """What a processor leaves once it has finished this many dates; older files stay as they are."""
    for file in source.rglob("*.*"):
        dates = file.stem.split("_") if file.parent.name in ("unw", "coh") else [DATES[0]]
        place = folder / file.relative_to(source)
        if max(dates) <= DATES[n_dates - 1] and (not place.exists() or file.name == "baselines.csv"):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)


def test_a_new_date_is_added_to_what_was_read(tmp_path: Path) -> None:
    write_products(tmp_path / "every", len(DATES))
    reference = {"stack": {"reference": {"lon": -99.187, "lat": 19.448}}}
    logs: dict[str, str] = {}
    for name, steps in (("grown", (7, 7, 8)), ("scratch", (8,))):
        for n_dates in steps:
            folder = tmp_path / name / "products"
            bring(tmp_path / "every", folder, n_dates)
            study = write_study(tmp_path / name / "grow.yaml", "products", **reference)
            run = snakemake(tmp_path / name, *TARGETS, study_file=study, data_root=tmp_path / name)
            assert run.code == 0, run.text
            logs[f"{name} {n_dates}"] = run.text
        logs[name] = "".join(
            (tmp_path / name / f"logs/{rule}/grow/A.log").read_text() for rule in ("align_products", "close_loops")
        )
    assert "Nothing to be done" in logs["grown 7"]
    assert "18 interferograms read, 0 kept" in logs["scratch"]
    assert "3 interferograms read, 15 kept" in logs["grown"]
    assert "3 triplets closed, 13 kept" in logs["grown"]
    grown, scratch = files(tmp_path / "grown" / STACK), files(tmp_path / "scratch" / STACK)
    assert grown.keys() == scratch.keys()
    assert [name for name in grown if grown[name] != scratch[name]] == []
