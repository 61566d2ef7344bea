"""A dry run of an order: pairs, price and a figure, exit code 0, and nothing that costs or waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flow import Run, snakemake
from products import write_products
from standins.cmr import PATH, Cmr
from standins.hyp3_api import TOKEN, Hyp3
from standins.sentinel1 import Catalogue, Track, make_passes

TRACK = Track(5, "DESCENDING", -99.1, 19.4)
CUBE = "results/x/city"


@pytest.fixture(scope="module")
def search() -> Iterator[Cmr]:
    with Cmr(Catalogue(make_passes(TRACK, count=20, holes=(6, 7, 8, 9), lost={3: frozenset([TRACK.here])})).items) as stand:
        yield stand


@pytest.fixture(scope="module")
def service() -> Iterator[Hyp3]:
    with Hyp3() as stand:
        yield stand


def write_study(folder: Path, search: Cmr, service: Hyp3, others: dict[str, Any] | None = None, **hyp3: Any) -> Path:
    """A study of one cube whose products are ordered, and of others."""
    city = {
        "source": "hyp3",
        "area": [-99.2, 19.3, -99.0, 19.5],
        "hyp3": {"search": search.base, "api": service.base, "login": service.base, **hyp3},
        "downloads": {"attempts": 2, "timeout": 60, "longest_wait": 0.02},
    }
    path = folder / "x.yaml"
    path.write_text(yaml.safe_dump({"cubes": {"city": city, **(others or {})}}))
    return path


def jobs(run: Run) -> set[str]:
    """Rules that a run of ``-n`` lists."""
    table = run.text.split("Job stats:")[1].split("\n\n")[0]
    return {line.split()[0] for line in table.splitlines()[3:] if line.strip()} - {"total"}


def test_a_dry_run_from_plan_to_order(search: Cmr, service: Hyp3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    study = write_study(tmp_path, search, service)
    asked = lambda: len(search.seen) + len(service.seen)  # noqa: E731

    listed = snakemake(tmp_path, options=["-n"], study_file=study)
    assert listed.code == 0, listed.text
    assert jobs(listed) == {"all", "plan_order", "draw_order"}
    assert asked() == 0

    planned = snakemake(tmp_path, study_file=study)
    assert planned.code == 0, planned.text
    assert "Dry run: city of x is only planned, nothing is ordered (hyp3.dry_run)." in planned.text
    end = planned.text.split("Dry run: cube 'city' of x")[1]
    for words in (
        "15 from 2020-01-04 to 2020-08-19, the longest gap 60 days",
        "; 1 left out",
        " in one network, ",
        " credits (1 a pair)",
        "1000 credits left",
        f"{CUBE}/report/figures/F33_order.svg",
        "set hyp3.dry_run: false and run again",
    ):
        assert words in end, end
    assert {path.name for path in (tmp_path / CUBE).rglob("*") if path.is_file()} == {
        "plan.json", "pairs.csv", "F33_order.svg", "F33_order.json",
    }  # fmt: skip
    assert {(request.method, request.path) for request in service.seen} == {("GET", "/costs"), ("GET", "/user")}
    plan = json.loads((tmp_path / CUBE / "acquire/plan.json").read_text())
    assert [path for path in tmp_path.rglob("shown.jsonl") if plan["project"] in path.parts]  # it may be ordered from now on
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if TOKEN.encode() in path.read_bytes()]
    assert TOKEN not in planned.text

    before = asked(), (tmp_path / CUBE / "acquire/plan.json").stat().st_mtime_ns
    again = snakemake(tmp_path, study_file=study)
    assert again.code == 0
    assert "Nothing to be done" in again.text
    assert "logs/plan_order/x/city.log" in again.text
    # What does not change the plan does not make it anew, nor does the wish to order it.
    write_study(tmp_path, search, service, dry_run=False, poll_seconds=1)
    ordering = snakemake(tmp_path, options=["-n"], study_file=study)
    assert "order_products" in jobs(ordering)
    assert not {"plan_order", "draw_order"} & jobs(ordering)
    assert (asked(), (tmp_path / CUBE / "acquire/plan.json").stat().st_mtime_ns) == before
    # What changes it does.
    write_study(tmp_path, search, service, looks="10x2")
    assert jobs(snakemake(tmp_path, options=["-n"], study_file=study)) == {"all", "plan_order", "draw_order"}


@pytest.mark.parametrize("target", [f"{CUBE}/acquire/orders.json", f"{CUBE}/stack/full/cube.zarr"])
def test_what_comes_after_a_dry_run_is_refused(search: Cmr, service: Hyp3, tmp_path: Path, target: str) -> None:
    before = len(service.seen)
    run = snakemake(tmp_path, target, study_file=write_study(tmp_path, search, service))
    run.failed_plainly("cube 'city': hyp3.dry_run is true", "set it to false to order its products")
    assert len(service.seen) == before


def test_other_cubes_are_built_and_the_report_waits(search: Cmr, service: Hyp3, tmp_path: Path) -> None:
    write_products(tmp_path / "area", 6)
    other = {
        "source": "geotiff",
        "products": {"folder": "area", "unwrapped": "unw/{date1}_{date2}.tif", "coherence": "coh/{date1}_{date2}.tif"},
    }
    study = write_study(tmp_path, search, service, {"town": other})
    run = snakemake(tmp_path, options=["-n"], study_file=study, data_root=tmp_path)
    assert run.code == 0, run.text
    assert {"plan_order", "draw_order", "acquire_products", "build_cube", "write_maps"} <= jobs(run)
    assert not {"write_report", "order_products"} & jobs(run)
    assert "nothing is ordered (hyp3.dry_run); its other cubes are built, without a report." in run.text


def test_a_search_that_is_down_is_one_sentence(search: Cmr, service: Hyp3, tmp_path: Path) -> None:
    search.faults[PATH] = ["503html"] * 9
    run = snakemake(tmp_path, study_file=write_study(tmp_path, search, service))
    search.faults.clear()
    run.failed_plainly("/search/granules.umm_json cannot answer now", "try again later")
