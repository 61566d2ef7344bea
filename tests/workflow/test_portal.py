"""From an area to a cube through the LiCSAR portal, as a person would run it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from flow import command, environment, snakemake
from standins.licsar_portal import LicsarPortal
from standins.loopback import count

from insarcast.acquire import make_scene
from insarcast.acquire.scene.settings import complete_settings
from insarcast.acquire.simulated.write_licsar import frame_name, write_licsar
from insarcast.core import open_store, read_manifest

SCENE: dict[str, Any] = {
    "layout": "licsar",
    "area": {"rows": 24, "columns": 28, "water": 0.05, "relief": 50},
    "acquisitions": {"count": 9, "lags": [1, 2]},
    "bowls": [{"kind": "steady", "rate": -150, "place": [0.4, 0.4], "radius": 700}],
}
PLACE = Path("results/valley/A")
MANIFEST = str(PLACE / "acquire/manifest.json")
CUBE = str(PLACE / "stack/full/cube.zarr")


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A simulated frame in LiCSAR's layout, and its name."""
    folder = tmp_path_factory.mktemp("products")
    scene = make_scene(complete_settings(SCENE), spool=tmp_path_factory.mktemp("spool"))
    write_licsar(scene, folder)
    return folder, frame_name(scene)


@pytest.fixture
def portal(products: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[LicsarPortal]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    folder, frame = products
    with LicsarPortal() as server:
        server.add_folder(frame, folder, corners=[(-121, 34.6), (-118, 35), (-118.4, 37.2), (-121.4, 36.8)])
        server.add_frame(f"064{frame[3:]}", corners=[(-118, 34.6), (-115, 35), (-115.4, 37.2), (-118.4, 36.8)])
        yield server


def study(folder: Path, portal: LicsarPortal, **licsar: Any) -> Path:
    path = folder / "valley.yaml"
    whole = {
        "cubes": {"A": {"source": "licsar"}},
        "area": [-119.605, 36.195, -119.595, 36.205],
        "licsar": {"url": portal.url("pages"), "hosts": ["localhost"]} | licsar,
        "downloads": {"timeout": 60, "longest_wait": 0.1, "spare_gb": 0},
        "stack": {"crop": False},
    }
    path.write_text(yaml.safe_dump(whole))
    return path


def rasters(portal: LicsarPortal) -> dict[str, int]:
    """How often each raster was asked for; the archive and the portal's own folders alike."""
    return {path: times for path, times in count(portal.seen).items() if path.endswith(".tif")}


def test_from_an_area_to_a_cube_and_on(portal: LicsarPortal, products: tuple[Path, str], tmp_path: Path) -> None:
    frame = products[1]
    pairs = portal.frames[frame]["interferograms"]
    last = max(pairs)[9:]
    later = {name: pairs.pop(name) for name in list(pairs) if name.endswith(last)}
    path = study(tmp_path, portal)
    run = snakemake(tmp_path, CUBE, study_file=path)
    assert run.code == 0, run.text
    record = json.loads((tmp_path / PLACE / "acquire/frame.json").read_text())
    assert record["pairs"] == sorted(pairs)
    assert set(rasters(portal).values()) == {1}
    said = f"the LiCSAR portal: fetched {2 * len(pairs)} of {2 * len(pairs)} files"
    assert said in run.text, run.text  # the log has it too, and Snakemake shows no log of a job that went well
    manifest = read_manifest(tmp_path / MANIFEST)
    assert len(manifest.dates) == 8
    assert any("COMET" in line for line in manifest.credits)
    assert manifest.skipped == []
    cube = open_store(tmp_path / CUBE)
    assert cube.sizes["time"] > 6  # some may go by the quality of their interferograms
    assert np.isfinite(cube.displacement[-1]).mean() > 0.5

    portal.seen.clear()
    run = snakemake(tmp_path, CUBE, study_file=path)
    assert "Nothing to be done" in run.text, run.text
    assert portal.seen == []

    pairs |= later  # the portal has processed another acquisition
    run = snakemake(tmp_path, MANIFEST, options=["-c2", "--forcerun", "fetch_frame"], study_file=path)
    assert run.code == 0, run.text
    assert len(rasters(portal)) == 2 * len(later)
    assert all(last in name for name in rasters(portal))
    assert len(read_manifest(tmp_path / MANIFEST).dates) == 9

    portal.seen.clear()
    before = (tmp_path / MANIFEST).read_bytes()
    shutil.rmtree(tmp_path / "cache")
    run = snakemake(tmp_path, MANIFEST, study_file=path)
    assert run.code == 0, run.text
    assert set(rasters(portal).values()) == {1}
    assert (tmp_path / MANIFEST).read_bytes() == before
    portal.seen.clear()
    run = snakemake(tmp_path, MANIFEST, study_file=path)
    assert "Nothing to be done" in run.text, run.text
    assert portal.seen == []


def half_there(folder: Path) -> bool:
    """Whether a part of a file has come."""
    for part in (folder / "cache").rglob("*.part"):
        with suppress(FileNotFoundError):  # renamed meanwhile
            if part.stat().st_size:
                return True
    return False


def test_a_killed_run_goes_on_where_it_was(portal: LicsarPortal, products: tuple[Path, str], tmp_path: Path) -> None:
    portal.faults = {r".*\.tif": [""] * 8 + ["stall"] * 99}
    path = study(tmp_path, portal, frame=products[1])
    started = command(tmp_path, [CUBE], {"study_file": path}, ["-c2"])
    run = subprocess.Popen(
        started, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    end = time.monotonic() + 120
    while sum(rasters(portal).values()) < 12 or not half_there(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(60)
    whole = {file.name for file in (tmp_path / "cache").rglob("*.tif")}
    assert len(whole) > 3
    portal.faults.clear()
    portal.seen.clear()
    (tmp_path / "again").mkdir()
    after = snakemake(tmp_path / "again", MANIFEST, study_file=path, cache=tmp_path / "cache")
    assert after.code == 0, after.text
    assert set(rasters(portal).values()) == {1}
    assert not whole & {Path(name).name for name in rasters(portal)}
    assert any(request.headers["Range"] for request in portal.seen)  # what was half there was continued
    assert not list((tmp_path / "cache").rglob("*.part*"))


def test_what_cannot_be_is_a_sentence(portal: LicsarPortal, products: tuple[Path, str], tmp_path: Path) -> None:
    portal.add_frame(f"064{products[1][3:]}", corners=[(-121, 34), (-118, 34), (-118, 38), (-121, 38)])
    run = snakemake(tmp_path, CUBE, study_file=study(tmp_path, portal))
    run.failed_plainly("2 frames of the portal cover the area", products[1], "licsar.frame")
    assert not (tmp_path / PLACE / "acquire/frame.json").exists()
