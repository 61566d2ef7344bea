"""Which frame covers an area, and how few requests that takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.io import MemoryFile
from standins.licsar_portal import LicsarPortal
from tables import one_sentence

from insarcast.acquire.portal.choose import choose_frame
from insarcast.acquire.portal.footprints import frame_latitude, frame_reach
from insarcast.acquire.portal.frames import Known
from insarcast.acquire.portal.orbit import tracks_over
from insarcast.acquire.portal.portal import Portal
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

WEB = WebSettings(at_once=3, attempts=3, timeout=60, longest_wait=0.05, spare_gb=0)
CITY = shapely.box(-99.2, 19.3, -99.0, 19.5)
ASCENDING, DESCENDING, NORTH, FAR = "005A_07021_131313", "143D_07072_131313", "005A_06822_131313", "124D_04854_171313"


def tilted(west: float, south: float, east: float, north: float, tilt: float = 0.4) -> list[tuple[float, float]]:
    """Corners of a frame on an ascending track, in the order of bursts, which is no ring."""
    return [(west, south + tilt), (east, south), (west - tilt, north), (east - tilt, north - tilt)]


@pytest.fixture
def server() -> Iterator[LicsarPortal]:
    with LicsarPortal() as portal:
        portal.add_frame(ASCENDING, corners=tilted(-100, 18.4, -97.5, 21))
        portal.add_frame(NORTH, corners=tilted(-100.2, 20.6, -97.7, 23))
        portal.add_frame(DESCENDING, corners=[(-100.5, 18.2), (-99.1, 18.2), (-99.1, 20.7), (-100.5, 20.7)])
        portal.add_frame(FAR, corners=tilted(12, 39, 15, 42))
        yield portal


def choose(server: LicsarPortal, tmp_path: Path, area: Any = CITY, form: str = "pages", **licsar: Any) -> str:
    portal = Portal(server.url(form), ["localhost"], WEB)
    return choose_frame(area, {"track": None, "direction": None} | licsar, portal, tmp_path)


def sentence(server: LicsarPortal, tmp_path: Path, area: Any = CITY, form: str = "pages", **licsar: Any) -> str:
    with pytest.raises(InsarcastError) as caught:
        choose(server, tmp_path, area, form, **licsar)
    return one_sentence(str(caught.value))


def test_names_say_the_latitude() -> None:
    """The centre of 027A_06190_131313 lies at 28.1 degrees north: its rasters reach from 26.75 to 29.46."""
    assert frame_latitude("027A_06190_131313") == pytest.approx(28.10)
    assert frame_latitude("083D_12636_131313") == pytest.approx(-36.36)
    assert 1.36 < frame_reach("027A_06190_131313") < 3
    assert frame_reach("082D_05125_020000") < frame_reach("027A_06190_131313") < frame_reach("124D_04854_171313")


# Frames that published studies and threads name with their places: longitude and latitude of the centre.
KNOWN = {
    "027A_06190": (77.14, 28.1), "136D_06053": (77, 29.5), "034D_05909": (75, 30.9), "100A_05836": (74.3, 31.6), "107D_05886": (73.5, 31.1),
    "005A_07021": (-98.7, 19.8), "124D_04854": (14.4, 41.5), "094D_05100": (34.5, 39), "043A_05221": (40, 37.8), "001A_05031": (-3.5, 39.7),
}  # fmt: skip


@pytest.mark.parametrize("frame", KNOWN)
def test_the_orbit_says_which_tracks_see_a_place(frame: str) -> None:
    lon, lat = KNOWN[frame]
    found = tracks_over((lon - 0.2, lat - 0.2, lon + 0.2, lat + 0.2))
    assert found is not None
    assert int(frame[:3]) in found
    assert len(found) < 12


def test_every_place_has_tracks_both_ways_and_no_place_all() -> None:
    for lat in range(-72, 72, 9):
        for lon in range(-180, 180, 15):
            found = tracks_over((lon, lat, lon + 0.1, lat + 0.1))
            assert found is not None
            assert 4 <= len(found) <= 25
    assert tracks_over((10, 78, 11, 79)) is None


def test_few_tracks_are_asked(server: LicsarPortal, tmp_path: Path) -> None:
    for track in range(1, 176):
        server.frames.setdefault(f"{track:03d}A_07100_131313", {"metadata": {}, "interferograms": {}, "epochs": {}})
    assert choose(server, tmp_path) == ASCENDING
    lists = [request.path for request in server.seen if re.fullmatch(r".*/LiCSAR_products/\d+/", request.path)]
    assert 2 <= len(lists) <= 10
    assert len(server.seen) < 60


@pytest.mark.parametrize("form", ["listing", "pages", "archive"])
def test_the_only_frame_that_covers_the_area(server: LicsarPortal, tmp_path: Path, form: str) -> None:
    assert choose(server, tmp_path, form=form) == ASCENDING
    asked = [request.path for request in server.seen if request.path.endswith("-poly.txt")]
    # Frames at other latitudes are not asked where they lie.
    assert sorted(path.rpartition("/")[2] for path in asked) == [f"{ASCENDING}-poly.txt", f"{DESCENDING}-poly.txt"]


def test_the_next_study_asks_nothing(server: LicsarPortal, tmp_path: Path) -> None:
    choose(server, tmp_path)
    kept = (tmp_path / "licsar/frames.json").read_bytes()
    server.seen.clear()
    assert choose(server, tmp_path, shapely.box(-98.9, 19.3, -98.8, 19.5)) == ASCENDING
    assert server.seen == []
    assert (tmp_path / "licsar/frames.json").read_bytes() == kept
    assert choose(server, tmp_path, shapely.box(13.9, 40.7, 14.2, 40.9)) == FAR
    # Nor are tracks, frames and the list of tracks read again that are known.
    assert [request.path.removeprefix("/public/nceo_geohazards/LiCSAR_products") for request in server.seen] == [
        "/", ".public/", ".future/", "/124/", f"/124/{FAR}/metadata/{FAR}-poly.txt"
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"x": 1}', "null"])
def test_a_broken_file_of_frames_is_made_anew(server: LicsarPortal, tmp_path: Path, broken: str) -> None:
    (tmp_path / "licsar").mkdir()
    (tmp_path / "licsar/frames.json").write_text(broken)
    assert choose(server, tmp_path) == ASCENDING
    (entry,) = json.loads((tmp_path / "licsar/frames.json").read_text()).values()
    assert entry["listed"] == [5, 124, 143]
    assert sorted(entry["tracks"]) == ["143", "5"]


def test_another_address_is_another_portal(server: LicsarPortal, tmp_path: Path) -> None:
    choose(server, tmp_path)
    server.seen.clear()
    assert choose(server, tmp_path, form="archive") == ASCENDING
    assert server.seen
    assert len(json.loads((tmp_path / "licsar/frames.json").read_text())) == 2


def test_several_frames_are_listed(server: LicsarPortal, tmp_path: Path) -> None:
    west = shapely.box(-99.7, 19.3, -99.5, 19.5)
    said = sentence(server, tmp_path, west)
    assert said.startswith("2 frames of the portal cover the area")
    assert f"{ASCENDING} (ascending, 100%)" in said
    assert f"{DESCENDING} (descending, 100%)" in said
    assert "licsar.frame" in said
    assert choose(server, tmp_path, west, direction="descending") == DESCENDING
    assert choose(server, tmp_path, west, track=5) == ASCENDING
    server.seen.clear()
    assert choose(server, tmp_path / "new", west, track=143) == DESCENDING
    assert len(server.seen) == 5  # the tracks in three places, one track, one frame


def test_parts_and_none(server: LicsarPortal, tmp_path: Path) -> None:
    said = sentence(server, tmp_path, direction="descending")
    assert said.startswith("No descending frame covers the whole area; parts of it are in " + DESCENDING)
    assert "(descending, 50%)" in said
    said = sentence(server, tmp_path, shapely.box(-95, 19, -94, 20))
    assert f"the nearest are {ASCENDING} (ascending, 2" in said  # 2.5 degrees at 20 degrees north are 270 km
    assert "km away" in said
    assert "has none at its latitude" in sentence(server, tmp_path, shapely.box(10, -60, 11, -59))
    assert "of track 143" in sentence(server, tmp_path, shapely.box(-95, 19, -94, 20), track=143, direction="descending")
    assert "has none at its latitude" in sentence(server, tmp_path, track=99)


def test_a_new_frame_is_found_though_the_list_was_kept(server: LicsarPortal, tmp_path: Path) -> None:
    coast = shapely.box(-96.3, 19, -96.1, 19.2)
    sentence(server, tmp_path, coast)
    server.add_frame("034A_07101_131313", corners=tilted(-97, 18, -94, 20.5))
    assert choose(server, tmp_path, coast) == "034A_07101_131313"


def raster(west: float, north: float, crs: str = "EPSG:4326", pixel: float = 0.001) -> bytes:
    """A layer of 2500 x 2600 pixels as the portal's are: one strip per row, so that its head is long."""
    with MemoryFile() as file:
        profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "height": 2600, "width": 2500, "crs": crs}
        transform = Affine(pixel, 0, west, 0, -pixel, north)
        with file.open(**profile, transform=transform, compress="deflate", blockysize=1) as layer:
            layer.write(np.ones((2600, 2500), np.float32), 1)
        return bytes(file.read())


@pytest.mark.parametrize("letter", ["U", "hgt"])
@pytest.mark.parametrize("ranges", [True, False])
def test_without_corners_the_head_of_a_raster_says_where(server: LicsarPortal, tmp_path: Path, letter: str, ranges: bool) -> None:
    body = raster(-100, 21)
    server.ranges = ranges
    server.frames[ASCENDING]["metadata"] = {f"{ASCENDING}.geo.{letter}.tif": body + bytes(4 * 2**20)}
    assert choose(server, tmp_path) == ASCENDING
    portal = Portal(server.url("pages"), [], WEB)
    assert Known(tmp_path / "licsar/frames.json", portal).footprints[ASCENDING].points[0] == pytest.approx((-100, 18.4))
    asked = [request for request in server.seen if request.path.endswith(".tif")]
    assert {request.headers["Range"] for request in asked} == {"bytes=0-262143"}


def test_a_raster_in_metres(server: LicsarPortal, tmp_path: Path) -> None:
    server.frames[ASCENDING]["metadata"] = {f"{ASCENDING}.geo.U.tif": raster(400_000, 2_300_000, "EPSG:32614", 100)}
    assert choose(server, tmp_path) == ASCENDING


@pytest.mark.parametrize("text", [b"<html>no</html>", b"", b"1 2\n3 4\n", b"1 2 3\n" * 4, b"900 2\n1 2\n3 4\n", b"a b\n" * 4])
def test_a_frame_that_does_not_say_where_it_lies(server: LicsarPortal, tmp_path: Path, text: bytes) -> None:
    server.frames[ASCENDING]["metadata"] = {f"{ASCENDING}-poly.txt": text, f"{ASCENDING}.geo.U.tif": b"II*\0rubbish" * 99}
    said = sentence(server, tmp_path)
    assert f"1 more near it do not say where they lie: {ASCENDING}" in said
    server.frames[ASCENDING]["metadata"] = {f"{ASCENDING}-poly.txt": b"-100 18\n-97 18\n-97 21\n-100 21\n"}
    assert choose(server, tmp_path) == ASCENDING  # what was missing is asked for again


def test_over_the_antimeridian(server: LicsarPortal, tmp_path: Path) -> None:
    server.add_frame("001A_10500_131313", corners=[(179, -16), (-178.5, -16.3), (-178.2, -13.8), (179.3, -13.5)])
    assert choose(server, tmp_path, shapely.box(-179.5, -15.2, -179, -14.8)) == "001A_10500_131313"
    assert choose(server, tmp_path, shapely.box(179.5, -15.2, 179.8, -14.8)) == "001A_10500_131313"
    sentence(server, tmp_path, shapely.box(0, -15.2, 1, -14.8))


def test_what_is_no_portal(server: LicsarPortal, tmp_path: Path) -> None:
    server.frames.clear()
    assert "lists no tracks" in sentence(server, tmp_path)
    server.faults = {f"{server.url('pages').removeprefix(server.base)}/": ["503html"] * 9}
    assert "cannot answer now" in sentence(server, tmp_path)


def test_faults_of_pages_and_corners(server: LicsarPortal, tmp_path: Path) -> None:
    root = server.url("pages").removeprefix(server.base)
    server.faults = {
        f"{root}/": ["503html", "truncate"],
        f"{root}/5/": ["429", "short"],
        rf".*{ASCENDING}-poly.txt": ["reset", "500"],
    }
    assert choose(server, tmp_path) == ASCENDING
