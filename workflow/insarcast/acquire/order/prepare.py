"""Jobs as hyp3_sdk prepares them, for pairs of acquisitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insarcast.core import InsarcastError

from .scenes.passes import Acquisition


def check_job(hyp3: Mapping[str, Any], has_area: bool) -> None:
    """Raise an InsarcastError where keys of the study's ``hyp3`` do not go together."""
    tracks = sorted({int(burst.split("_")[0]) for burst in hyp3["bursts"]})
    wrong = ""
    if hyp3["job"] == "INSAR_GAMMA" and hyp3["looks"] == "5x1":
        wrong = "hyp3.looks is 5x1, which jobs of bursts have only; set 20x4 or 10x2, or hyp3.job INSAR_ISCE_MULTI_BURST"
    elif hyp3["job"] == "INSAR_GAMMA" and not has_area:
        wrong = "hyp3.job INSAR_GAMMA orders whole scenes, which are found by 'area'; set it, or order bursts"
    elif hyp3["job"] == "INSAR_GAMMA" and hyp3["bursts"]:
        wrong = "hyp3.bursts is set, but hyp3.job INSAR_GAMMA orders whole scenes; remove one of them"
    elif hyp3["job"] != "INSAR_GAMMA" and hyp3["frame"] is not None:
        wrong = f"hyp3.frame is set, but hyp3.job {hyp3['job']} orders bursts; remove it, or set hyp3.job to INSAR_GAMMA"
    elif len(tracks) > 1:
        wrong = f"hyp3.bursts names bursts of the tracks {', '.join(map(str, tracks))}; make a cube of each track"
    elif tracks and hyp3["track"] not in (None, tracks[0]):
        wrong = f"hyp3.track is {hyp3['track']}, but hyp3.bursts names bursts of track {tracks[0]}; correct one of them"
    if wrong:
        raise InsarcastError(f"{wrong}.")


def prepare_job(first: Acquisition, second: Acquisition, hyp3: Mapping[str, Any]) -> dict[str, Any]:
    """The job of a pair, without a name; the earlier acquisition is the reference, so that a growing phase means motion away.

    Layers that later stages need are asked for: heights and look vectors of whole scenes (products of bursts have them anyway).
    """
    from hyp3_sdk import HyP3

    common = {"apply_water_mask": hyp3["water_mask"], "looks": hyp3["looks"]}
    prepared: dict[str, Any]
    if hyp3["job"] == "INSAR_ISCE_MULTI_BURST":
        prepared = HyP3.prepare_insar_isce_multi_burst_job(first.names, second.names, **common)
    elif hyp3["job"] == "INSAR_ISCE_BURST":
        prepared = HyP3.prepare_insar_isce_burst_job(first.names[0], second.names[0], **common)
    else:
        prepared = HyP3.prepare_insar_job(
            first.names[0],
            second.names[0],
            include_look_vectors=True,
            include_dem=True,
            phase_filter_parameter=hyp3["phase_filter"],
            **common,
        )
    return prepared
