"""A desk at which orders are made as the rule makes them, on a folder and at the stand-in of HyP3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hyp3_sdk import HyP3

from insarcast.acquire import note_plan, order_products, order_state
from insarcast.core import InsarcastError

from .hyp3_api import Hyp3, granules, scene_name

DAYS = ["20210109", "20210121", "20210202", "20210214", "20210226"]
BURSTS = ("136231_IW2", "136232_IW2")


def pairs_of(days: list[str], lags: tuple[int, ...] = (1, 2)) -> list[tuple[str, str]]:
    return [(days[i], days[i + lag]) for lag in lags for i in range(len(days) - lag)]


def job_of(first: str, second: str, kind: str = "INSAR_ISCE_MULTI_BURST", **settings: Any) -> dict[str, Any]:
    """A job as a plan has it: made by hyp3_sdk."""
    if kind == "INSAR_GAMMA":
        wanted = {"include_look_vectors": True, "include_dem": True} | settings
        job = HyP3.prepare_insar_job(scene_name(first), scene_name(second), **wanted)
    elif kind == "INSAR_ISCE_BURST":
        job = HyP3.prepare_insar_isce_burst_job(granules(first)[0], granules(second)[0], **settings)
    else:
        job = HyP3.prepare_insar_isce_multi_burst_job(granules(first, BURSTS), granules(second, BURSTS), **settings)
    assert isinstance(job, dict)
    return job


def write_plan(
    path: Path, days: list[str], kind: str = "INSAR_ISCE_MULTI_BURST", project: str = "basin", **settings: Any
) -> Path:
    plan = {
        "project": project,
        "job": kind,
        "pairs": [
            {"date1": first, "date2": second, "job": job_of(first, second, kind, **settings), "credits": 1}
            for first, second in pairs_of(days)
        ],
    }
    path.write_text(json.dumps(plan))
    return path


class Desk:
    """Runs the stage's function on a folder, as the rule does."""

    def __init__(self, folder: Path, stand: Hyp3) -> None:
        self.folder, self.stand = folder, stand
        self.plan = write_plan(folder / "plan.json", DAYS[:4])
        self.cache = folder / "cache"
        self.screen: list[str] = []

    def order(self, plan: Path | None = None, **changes: Any) -> dict[str, Any]:
        terms = {"reuse": "project", "reorder_expired": False, "reorder_failed": False, "api": self.stand.base}
        manner = {"login": self.stand.base, "max_credits": None, "poll_seconds": 0.05, "wait_hours": 0.5}
        downloads = {"attempts": 3, "timeout": 60.0, "longest_wait": 0.05, "spare_gb": 0.0, "at_once": 4, "keep_archives": False}
        for given in (terms, manner, downloads):
            given |= {key: changes[key] for key in changes if key in given}
        out = self.folder / "orders.json"
        state = order_state(out, manner["max_credits"])
        out.unlink(missing_ok=True)
        plan = plan or self.plan
        if changes.get("seen", True):
            note_plan(self.cache, plan)
        order_products(plan, out, terms, manner, downloads, str(self.cache), state, self.screen.append)
        record: dict[str, Any] = json.loads(out.read_text())
        return record

    def sentence(self, **changes: Any) -> str:
        """What an order that fails says: one sentence or two, nothing written."""
        with pytest.raises(InsarcastError) as caught:
            self.order(**changes)
        text = str(caught.value)
        assert text.endswith(".")
        assert "\n" not in text
        assert not (self.folder / "orders.json").exists()
        return text

    @property
    def products(self) -> Path:
        return self.cache / "hyp3" / "basin"

    def names(self) -> list[str]:
        """Products under their own names, each whole."""
        places = sorted(path for path in self.products.iterdir() if path.is_dir() and not path.name.startswith("."))
        for place in places:
            assert {f"{place.name}_unw_phase.tif", f"{place.name}_corr.tif", f"{place.name}.txt"} <= {
                p.name for p in place.iterdir()
            }
        return [place.name for place in places]

    def files_asked(self) -> list[str]:
        return [request.path for request in self.stand.seen if request.path.startswith("/files/")]
