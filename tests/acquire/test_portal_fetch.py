"""A frame from the LiCSAR portal: three forms of its pages, everything that may be missing, and every fault of a server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from products import write_raster
from standins.licsar_portal import LicsarPortal
from standins.loopback import Answer, Request, count
from tables import one_sentence

from insarcast.acquire import acquire_products, fetch_frame
from insarcast.acquire.delays import fetched_delay
from insarcast.acquire.fetched import Fetched, lost_since, read_fetched
from insarcast.acquire.interferograms.licsar import find_licsar
from insarcast.acquire.interferograms.licsar_frame import frame_files
from insarcast.acquire.portal import whereabouts
from insarcast.acquire.portal.losses import frame_losses
from insarcast.acquire.portal.pairs import files_of
from insarcast.core import InsarcastError, Manifest, read_manifest

FRAME = "005A_07021_131313"
DATES = ["20200101", "20200113", "20200125", "20200206"]
PAIRS = [f"{one}_{other}" for i, one in enumerate(DATES) for other in DATES[i + 1 : i + 3]]
CORNERS = [(-99.5, 18.5), (-97.0, 19.0), (-97.4, 20.6), (-99.9, 20.1)]
LICSAR = {
    "frame": FRAME,
    "track": None,
    "direction": None,
    "min_days": 0,
    "max_days": None,
    "gacos": False,
    "hosts": ["localhost"],
}
PRODUCTS: dict[str, Any] = {"start": None, "end": None, "exclude": []}
DOWNLOADS = {"at_once": 3, "attempts": 4, "timeout": 60.0, "longest_wait": 0.05, "spare_gb": 0}
FORMS = ("listing", "pages", "archive")


@pytest.fixture(scope="session")
def rasters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A phase, a coherence and a layer of a frame, compressed as the portal's are."""
    folder = tmp_path_factory.mktemp("rasters")
    values = np.random.default_rng(0).uniform(1, 5, (40, 50)).astype(np.float32)
    kinds: dict[str, np.ndarray] = {"unw": values, "cc": (values * 40).astype(np.uint8), "layer": values / 9, "sltd": values * 3}
    for kind, layer in kinds.items():
        write_raster(folder / f"{kind}.tif", layer, nodata=None)
    return {kind: (folder / f"{kind}.tif").read_bytes() for kind in kinds}


@pytest.fixture
def portal(rasters: dict[str, bytes]) -> Iterator[LicsarPortal]:
    with LicsarPortal() as server:
        pair = {"unw": rasters["unw"], "cc": rasters["cc"]}
        layers = {f"{FRAME}.geo.{letter}.tif": rasters["layer"] for letter in ("E", "N", "U", "hgt", "mli")}
        texts = {"baselines": b"20200101 20200113 40.5 12\n", "metadata.txt": b"master=20200101\ncenter_time=12:30:15.5\n"}
        server.add_frame(
            FRAME,
            pairs=dict.fromkeys(PAIRS, pair),
            metadata=layers | texts | {"network.png": b"png"},
            epochs={
                date: {f"{date}.geo.mli.tif": rasters["layer"], f"{date}.sltd.geo.tif": rasters["sltd"]} for date in DATES[:3]
            },
            corners=CORNERS,
        )
        yield server


def fetch(portal: LicsarPortal, tmp_path: Path, form: str = "listing", **changes: Any) -> Fetched:
    """Fetch the frame; ``changes`` go into the section that has the key."""
    sections: list[dict[str, Any]] = [
        section | {key: value for key, value in changes.items() if key in section or (key == "url" and section is LICSAR)}
        for section in (LICSAR, PRODUCTS, DOWNLOADS)
    ]
    licsar = {"url": portal.url(form)} | sections[0]
    out = tmp_path / "frame.json"
    more = {key: changes[key] for key in ("losses", "screen") if key in changes}
    fetch_frame(out, licsar, sections[1], changes.get("area"), None, sections[2], str(tmp_path / "cache"), **more)
    return read_fetched(out)


def sentence(portal: LicsarPortal, tmp_path: Path, form: str = "listing", **changes: Any) -> str:
    with pytest.raises(InsarcastError) as caught:
        fetch(portal, tmp_path, form, **changes)
    return one_sentence(str(caught.value))


def held(tmp_path: Path) -> dict[str, bytes]:
    """Files of the frame in the cache, without what keeps track of them."""
    folder = tmp_path / "cache/licsar" / FRAME
    names = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in names if path.name not in ("places.json", "sizes.json")}


def expected(rasters: dict[str, bytes], pairs: list[str]) -> dict[str, bytes]:
    files = {f"interferograms/{pair}/{pair}.geo.{kind}.tif": rasters[kind] for pair in pairs for kind in ("unw", "cc")}
    files |= {f"metadata/{FRAME}.geo.{letter}.tif": rasters["layer"] for letter in ("E", "N", "U", "hgt")}
    return files | {
        "metadata/baselines": b"20200101 20200113 40.5 12\n",
        "metadata/metadata.txt": b"master=20200101\ncenter_time=12:30:15.5\n",
    }


def downloads(portal: LicsarPortal) -> dict[str, int]:
    return {path: n for path, n in count(portal.seen).items() if path.endswith(".tif")}


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_pages_gives_the_same_files(
    portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, form: str, table: bool
) -> None:
    portal.table = table
    record = fetch(portal, tmp_path, form, url=f"{portal.url(form)}/")
    assert held(tmp_path) == expected(rasters, PAIRS)
    assert record.pairs == PAIRS
    assert record.skipped == []
    assert "COMET" in record.credits[0]
    assert set(downloads(portal).values()) == {1}
    found = find_licsar(Path(record.folder), PRODUCTS | NO_NAMES | {"only": record.pairs})
    assert len(found.pairs) == len(PAIRS)
    assert sorted(found.static) == ["dem", "los_east", "los_north", "los_up"]


NO_NAMES: dict[str, Any] = dict.fromkeys(
    ("unwrapped", "coherence", "dem", "baselines", "los", "wavelength", "incidence", "heading")
) | {
    "nodata": None,
    "sign": "away",
    "bad_file": "stop",
    "other_grid": None,
}


@pytest.mark.parametrize("form", FORMS)
def test_again_nothing_is_fetched_and_a_new_pair_alone(
    portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, form: str
) -> None:
    fetch(portal, tmp_path, form)
    first = (tmp_path / "frame.json").read_bytes()
    portal.seen.clear()
    fetch(portal, tmp_path, form)
    assert (tmp_path / "frame.json").read_bytes() == first
    assert downloads(portal) == {}
    assert len(portal.seen) <= 8  # roots, track, interferograms, metadata and its two texts
    new = "20200206_20200218"
    portal.frames[FRAME]["interferograms"][new] = {f"{new}.geo.{kind}.tif": rasters[kind] for kind in ("unw", "cc")}
    portal.seen.clear()
    assert fetch(portal, tmp_path, form).pairs == [*PAIRS, new]
    assert {path.rpartition("/")[2] for path in downloads(portal)} == {f"{new}.geo.unw.tif", f"{new}.geo.cc.tif"}


@pytest.mark.parametrize("form", FORMS)
def test_a_pair_without_one_of_its_files_is_listed(portal: LicsarPortal, tmp_path: Path, form: str) -> None:
    pairs = portal.frames[FRAME]["interferograms"]
    del pairs[PAIRS[0]][f"{PAIRS[0]}.geo.cc.tif"]
    pairs[PAIRS[1]] = {f"{PAIRS[1]}.geo.bovldiff.tif": b"II"}
    record = fetch(portal, tmp_path, form)
    assert record.pairs == PAIRS[2:]
    assert [(entry["what"], entry["name"]) for entry in record.skipped] == [("pair", PAIRS[0]), ("pair", PAIRS[1])]
    assert "no geo.cc.tif" in record.skipped[0]["reason"]
    assert "no geo.unw.tif and no geo.cc.tif" in record.skipped[1]["reason"]
    assert not [path for path in downloads(portal) if PAIRS[0] in path or PAIRS[1] in path]


def test_what_is_not_wanted_is_not_asked_for(portal: LicsarPortal, tmp_path: Path) -> None:
    record = fetch(portal, tmp_path, max_days=12, start="2020-01-10", exclude=["20300101"], end="20201231")
    assert record.pairs == ["20200113_20200125", "20200125_20200206"]
    lines = {entry["reason"]: entry["name"] for entry in record.skipped}
    assert lines["longer than licsar.max_days, 12"] == "2, 20200101_20200125 to 20200113_20200206"
    assert lines["outside products.start and products.end"] == "20200101_20200113"
    assert lines["products.exclude names it, but there is no such date or pair"] == "20300101"
    assert len(record.skipped) == 3
    assert not [request for request in portal.seen if PAIRS[0] in request.path]
    record = fetch(portal, tmp_path / "b", exclude=[PAIRS[0], DATES[3]], min_days=1)
    assert {entry["name"] for entry in record.skipped} >= {PAIRS[0], DATES[3]}
    assert len(record.pairs) == 2


def test_too_few_are_a_sentence_before_anything_is_fetched(portal: LicsarPortal, tmp_path: Path) -> None:
    said = sentence(portal, tmp_path, start="2020-01-20")
    assert "Of the 5 interferograms" in said
    assert "20200101 to 20200206" in said
    assert downloads(portal) == {}


@pytest.mark.parametrize("form", FORMS)
def test_delays_of_dates(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, form: str) -> None:
    del portal.frames[FRAME]["epochs"][DATES[1]][f"{DATES[1]}.sltd.geo.tif"]
    record = fetch(portal, tmp_path, form, gacos=True)
    assert record.pairs == PAIRS  # a date without a delay loses no interferogram
    assert [(entry["what"], entry["name"]) for entry in record.skipped] == [("delay", DATES[1]), ("delay", DATES[3])]
    assert held(tmp_path) == expected(rasters, PAIRS) | {
        f"epochs/{date}/{date}.sltd.geo.tif": rasters["sltd"] for date in (DATES[0], DATES[2])
    }
    assert any("GACOS" in line for line in record.credits)


def test_what_a_frame_lacks_is_listed(portal: LicsarPortal, tmp_path: Path) -> None:
    metadata = portal.frames[FRAME]["metadata"]
    del metadata[f"{FRAME}.geo.hgt.tif"], metadata["baselines"]
    metadata["metadata.txt"] = b"<html><body>log in=1</body></html>"
    record = fetch(portal, tmp_path)
    assert {entry["name"] for entry in record.skipped} == {f"{FRAME}.geo.hgt.tif", "baselines", "metadata.txt"}
    assert not (Path(record.folder) / "metadata/metadata.txt").exists()
    metadata["metadata.txt"] = b"heading=-12.5\n"
    metadata["baselines"] = b"20200101 20200113 1.5 12\n"
    assert [entry["name"] for entry in fetch(portal, tmp_path).skipped] == [f"{FRAME}.geo.hgt.tif"]
    metadata["baselines"] = b"garbage\n"
    (entry,) = [entry for entry in fetch(portal, tmp_path).skipped if entry["name"] == "baselines"]
    assert "the one of an earlier run is used" in entry["reason"]
    assert (Path(record.folder) / "metadata/baselines").read_bytes() == b"20200101 20200113 1.5 12\n"


@pytest.mark.parametrize(
    "fault", ["429", "500", "503html", "reset", "truncate", "cut", "short", "nolength", "stall", "slow", "wrongsize"]
)
def test_faults_of_a_file(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, fault: str) -> None:
    portal.faults = {rf".*{PAIRS[2]}\.geo\.unw\.tif": [fault], rf".*{FRAME}\.geo\.U\.tif": [fault]}
    downloads = {"timeout": 0.5} if fault == "stall" else {}
    assert fetch(portal, tmp_path, **downloads).skipped == []
    assert held(tmp_path) == expected(rasters, PAIRS)


@pytest.mark.parametrize("fault", ["429", "500", "503html", "reset", "truncate", "cut", "short", "nolength", "stall"])
@pytest.mark.parametrize("form", ["listing", "pages"])
def test_faults_of_a_page(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, fault: str, form: str) -> None:
    """Half a list of interferograms would look like a frame with half of them."""
    root = portal.url(form).removeprefix(portal.base)
    portal.faults = {f"{root}/5/{FRAME}/{name}/": [fault] for name in ("interferograms", "metadata")} | {f"{root}/": [fault]}
    downloads = {"timeout": 0.5} if fault == "stall" else {}
    assert fetch(portal, tmp_path, form, **downloads).skipped == []
    assert held(tmp_path) == expected(rasters, PAIRS)


@pytest.mark.parametrize("fault", ["login", "401", "403"])
def test_a_login_page_says_that_the_portal_needs_none(
    portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, fault: str
) -> None:
    portal.faults = {rf".*{PAIRS[2]}\.geo\.unw\.tif": [fault]}
    said = sentence(portal, tmp_path)
    assert "the LiCSAR portal needs no account" in said
    assert "EARTHDATA" not in said
    assert fetch(portal, tmp_path).skipped == []
    assert held(tmp_path) == expected(rasters, PAIRS)


def test_a_page_that_never_comes_whole_is_no_list(portal: LicsarPortal, tmp_path: Path) -> None:
    root = portal.url("listing").removeprefix(portal.base)
    portal.faults = {f"{root}/5/{FRAME}/interferograms/": ["short"] * 4}
    assert "came without its end in 4 attempts" in sentence(portal, tmp_path)
    assert len(portal.asked(f"{root}/5/{FRAME}/interferograms/")) == 4
    portal.faults = {f"{root}/": ["500"] * 9}
    portal.seen.clear()
    assert "500" in sentence(portal, tmp_path)
    assert len(portal.seen) == 4  # as often as downloads.attempts says


def test_a_killed_run_goes_on(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path) -> None:
    portal.faults = {r".*/20200125_20200206\.geo\.cc\.tif": ["500"] * 4}
    sentence(portal, tmp_path, at_once=1)
    done = {path for path in held(tmp_path) if path.endswith(".tif")}
    assert done
    portal.seen.clear()
    assert fetch(portal, tmp_path).pairs == PAIRS
    assert held(tmp_path) == expected(rasters, PAIRS)
    assert not {path.rpartition("/")[2] for path in downloads(portal)} & {Path(path).name for path in done}
    pages = [request.path for request in portal.seen if request.path.rstrip("/").endswith(tuple(PAIRS))]
    assert pages == []  # where the files are was kept


def test_a_run_that_was_killed_right_after_a_rename_leaves_nothing(portal: LicsarPortal, tmp_path: Path) -> None:
    fetch(portal, tmp_path)
    whole, lost = (
        tmp_path / "cache/licsar" / FRAME / path for path in list(expected(dict.fromkeys(["unw", "cc", "layer"], b""), PAIRS))[:2]
    )
    note = whole.with_name(f"{whole.name}.part.json")
    note.write_text("{}")
    body = lost.read_bytes()
    lost.with_name(f"{lost.name}.part").write_bytes(body)  # a part that is still to be continued stays until then
    lost.with_name(f"{lost.name}.part.json").write_text("{}")
    lost.unlink()
    fetch(portal, tmp_path)
    assert not list((tmp_path / "cache").rglob("*.part*"))
    assert lost.read_bytes() == body


def test_pages_that_were_read_before_a_run_ended_are_kept(
    portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whereabouts, "_TOGETHER", 2)
    portal.faults = {rf".*/{PAIRS[3]}/?": ["500"] * 4}
    sentence(portal, tmp_path, form="pages")
    portal.seen.clear()
    assert fetch(portal, tmp_path, form="pages").pairs == PAIRS
    asked = {Path(request.path).name for request in portal.seen} & set(PAIRS)
    assert asked == {*PAIRS[2:]}


def test_a_file_that_moved_since_its_page_was_read(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path) -> None:
    portal.faults = {r".*/20200125_20200206\.geo\.cc\.tif": ["500"] * 4}
    sentence(portal, tmp_path, form="pages", at_once=1)
    places = tmp_path / "cache/licsar" / FRAME / "places.json"
    places.write_text(places.read_text().replace("/neodc/comet/", "/neodc/old/"))
    record = fetch(portal, tmp_path, form="pages")
    assert record.skipped == []
    assert held(tmp_path) == expected(rasters, PAIRS)


def test_a_listed_pair_with_nothing_behind(portal: LicsarPortal, tmp_path: Path) -> None:
    portal.faults = {rf".*/{PAIRS[0]}/?": ["404"]}
    (entry,) = fetch(portal, tmp_path).skipped
    assert entry == {"what": "pair", "name": PAIRS[0], "reason": "the portal lists it, but there is nothing behind"}
    portal.faults = {r".*/\d{8}_\d{8}/?": ["404"] * 9}
    said = sentence(portal, tmp_path / "b")
    assert f"None of the 5 wanted interferograms of {FRAME}" in said
    assert "dap.ceda.ac.uk" in said


def test_a_file_that_is_listed_and_not_there(portal: LicsarPortal, tmp_path: Path) -> None:
    portal.faults = {rf".*{PAIRS[1]}\.geo\.cc\.tif": ["404"]}
    record = fetch(portal, tmp_path)
    assert [entry["name"] for entry in record.skipped] == [PAIRS[1]]
    assert "is not there" in record.skipped[0]["reason"]
    assert fetch(portal, tmp_path).pairs == PAIRS  # it has come meanwhile


def test_a_server_without_listings_of_pairs(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path) -> None:
    root = portal.url("listing").removeprefix(portal.base)
    portal.hidden = [rf"{root}/5/{FRAME}/(interferograms/\d+_\d+|metadata)/"]
    assert fetch(portal, tmp_path).skipped == []
    assert held(tmp_path) == expected(rasters, PAIRS)


def test_nothing_is_followed_or_written_elsewhere(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path) -> None:
    root = portal.url("listing").removeprefix(portal.base)
    pages = portal.url("pages").removeprefix(portal.base)
    away, more = "http://127.0.0.2:9/x", "20190101_20190113"
    hostile = (
        f'<a href="../">up</a><a href="{away}/{more}/">a</a><a href="/elsewhere/{more}/">b</a><a href="%2e%2e/%2e%2e/{more}/">c</a>'
        f'<a href="//127.0.0.2/{more}/">d</a><a href="javascript:alert(1)">e</a><a href="..%2f..%2f{more}/">f</a><a href="http://[bad/">g</a>'
    )
    for path in (f"{root}/5/{FRAME}/interferograms/", f"{pages}/5/{FRAME}/interferograms/"):
        portal.links[path] = hostile
    portal.links[f"{pages}/5/{FRAME}/interferograms/{PAIRS[0]}"] = f"<a href='../../../../{PAIRS[1]}.geo.unw.tif'>x</a>"
    for number, form in enumerate(("listing", "pages")):
        record = fetch(portal, tmp_path / str(number), form)
        assert record.pairs == PAIRS
        assert held(tmp_path / str(number)) == expected(rasters, PAIRS)
    del portal.frames[FRAME]["interferograms"][PAIRS[0]][f"{PAIRS[0]}.geo.cc.tif"]
    portal.links[f"{pages}/5/{FRAME}/interferograms/{PAIRS[0]}"] = f"<a href='{away}/{PAIRS[0]}.geo.cc.tif'>x</a>"
    record = fetch(portal, tmp_path / "c", "pages")
    assert [entry["name"] for entry in record.skipped] == [PAIRS[0]]
    assert {path.parts[len(tmp_path.parts) + 1] for path in tmp_path.rglob("*") if path.is_file()} == {"cache", "frame.json"}


def test_files_on_hosts_that_are_not_named_are_not_fetched(portal: LicsarPortal, tmp_path: Path) -> None:
    said = sentence(portal, tmp_path, "pages", hosts=[])
    assert "None of the 5 wanted interferograms" in said
    assert not [request for request in portal.seen if request.headers["Host"].startswith("localhost")]


def test_a_record_in_the_place_of_a_file(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path) -> None:
    """The portal's public folder holds, for what is in the archive, an XML record with a link to it."""
    for pair, files in portal.frames[FRAME]["interferograms"].items():
        for name in list(files):
            place = f"{portal.archive}/05/{FRAME}/{pair}"
            files[f"{name}.xml"] = (
                f'<?xml version="1.0"?><entry><link rel="enclosure" type="image/tiff" href="{place}/{name}"/></entry>'.encode()
            )
    portal.faults = {}
    listing = portal.listing
    portal.listing = lambda form, path, entries: listing(  # type: ignore[method-assign]
        form,
        path,
        {name: body for name, body in entries.items() if form != "listing" or not name.endswith(("unw.tif", "cc.tif"))},
    )
    assert fetch(portal, tmp_path).skipped == []
    assert held(tmp_path) == expected(rasters, PAIRS)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"frame": "005A_07221_131313"}, ["no frame 005A_07221_131313", "the nearest 005A_07021_131313"]),
        ({"frame": "007A_07221_131313"}, ["no frames of track 7", "are 5"]),
        ({"frame": "005D_07021_131313"}, ["no frame 005D_07021_131313"]),
    ],
)
def test_a_frame_that_is_not_there(portal: LicsarPortal, tmp_path: Path, changes: dict[str, str], parts: list[str]) -> None:
    said = sentence(portal, tmp_path, **changes)
    for part in parts:
        assert part in said


def test_an_address_with_nothing_behind(portal: LicsarPortal, tmp_path: Path) -> None:
    assert "There is nothing at" in sentence(portal, tmp_path, url=f"{portal.base}/nowhere")
    assert "cannot be reached" in sentence(portal, tmp_path, url="http://127.0.0.1:9/x", attempts=1)


def test_places_beside_the_portal(portal: LicsarPortal, rasters: dict[str, bytes], tmp_path: Path) -> None:
    """LiCSAR_products.public has interferograms that LiCSAR_products does not list: it is waited for, and done without where it is closed."""
    root = portal.url("pages").removeprefix(portal.base)
    more = "20200206_20200218"
    files = {f"{more}.geo.{kind}.tif": rasters[kind] for kind in ("unw", "cc")}
    beside = f"{root}.public/5/{FRAME}/interferograms/"
    answers = {
        f"{root}.public/": '<a href="5/">5/</a>',
        f"{root}.public/5/": f'<a href="{FRAME}/">x</a>',
        beside: "".join(f'<a href="{pair}/">{pair}/</a>' for pair in (more, PAIRS[0])),
        f"{beside}{more}/": "".join(f'<a href="{name}">{name}</a>' for name in files),
    }
    respond = portal.respond

    def also(request: Request) -> Answer:
        if request.path in answers:
            return Answer.page(answers[request.path])
        name = request.path.removeprefix(f"{beside}{more}/")
        return Answer(200, files[name], {"Content-Type": "image/tiff"}) if name in files else respond(request)

    portal.respond = also  # type: ignore[method-assign]
    del portal.frames[FRAME]["interferograms"][PAIRS[0]]  # listed there, with nothing behind
    record = fetch(portal, tmp_path, "pages")
    assert record.pairs == [*PAIRS[1:], more]
    assert held(tmp_path) == expected(rasters, record.pairs)
    assert [entry["name"] for entry in record.skipped] == [PAIRS[0]]
    portal.faults = {beside: ["500"] * 9}
    assert beside in sentence(portal, tmp_path, "pages")
    portal.faults = {beside: ["400"] * 9}
    record = fetch(portal, tmp_path, "pages")
    assert record.pairs == PAIRS[1:]
    (entry,) = record.skipped
    assert (entry["what"], entry["name"]) == ("page", f"{portal.base}{beside}")


def test_empty_pages(portal: LicsarPortal, tmp_path: Path) -> None:
    portal.frames[FRAME]["interferograms"] = {}
    assert "lists no interferogram" in sentence(portal, tmp_path)


def test_disk_space_is_asked_for_before(portal: LicsarPortal, tmp_path: Path) -> None:
    said = sentence(portal, tmp_path, spare_gb=10**6)
    assert "14 files" in said or "10 files" in said
    assert downloads(portal) == {}


def test_what_left_the_cache_is_fetched_once_and_then_nothing_is_to_be_done(portal: LicsarPortal, tmp_path: Path) -> None:
    """The state that the rule is given changes when files go missing, and is the same after the run as what that ran with."""
    record = tmp_path / "frame.json"
    assert frame_losses(record, gacos=False) == ""
    fetch(portal, tmp_path)
    assert frame_losses(record, gacos=False) == ""
    ran_with = {""}
    frame = tmp_path / "cache/licsar" / FRAME
    for lost in (tmp_path / "cache", tmp_path / "cache", frame / "interferograms" / PAIRS[3], frame):
        shutil.rmtree(lost)
        state = frame_losses(record, gacos=False)
        assert state not in ran_with
        assert frame_losses(record, gacos=False) == state
        fetch(portal, tmp_path, losses=state)
        assert frame_losses(record, gacos=False) == state
        ran_with.add(state)
    record.write_text("{}")
    assert frame_losses(record, gacos=False) == "another version"
    record.unlink()
    assert frame_losses(record, gacos=False) == ""
    fetch(portal, tmp_path)  # as after a failed run, whose record Snakemake removed
    assert frame_losses(record, gacos=False) == ""
    (frame / "restored.json").write_text("broken")
    assert frame_losses(record, gacos=False) == ""


def test_a_pair_that_left_the_cache_is_left_out_or_a_sentence(portal: LicsarPortal, tmp_path: Path) -> None:
    found = fetch(portal, tmp_path)
    shutil.rmtree(tmp_path / "cache/licsar" / FRAME / "interferograms" / PAIRS[3])
    with pytest.raises(InsarcastError, match=f"{PAIRS[3]} in products.exclude"):
        find_licsar(Path(found.folder), PRODUCTS | NO_NAMES | {"only": found.pairs})
    left = find_licsar(
        Path(found.folder), PRODUCTS | NO_NAMES | {"only": found.pairs, "bad_file": "skip", "exclude": ["20300101"]}
    )
    assert [entry["name"] for entry in left.skipped if entry["what"] != "baseline"] == [PAIRS[3]]


EVERY = [*(f"metadata/{name}" for name in frame_files(FRAME)), *files_of((DATES[1], DATES[2])).values(), fetched_delay(DATES[0])]


@pytest.mark.parametrize("how", ["gone", "empty", "cut off"])
@pytest.mark.parametrize("name", EVERY)
def test_any_file_that_left_the_cache_or_changed_its_size_is_fetched_again(
    portal: LicsarPortal, tmp_path: Path, name: str, how: str
) -> None:
    record = tmp_path / "frame.json"
    first = fetch(portal, tmp_path, gacos=True)
    whole, path = held(tmp_path), tmp_path / "cache/licsar" / FRAME / name
    assert [entry["name"] for entry in first.skipped] == [DATES[3]]  # without a delay, at the portal too
    assert frame_losses(record, gacos=True) == ""
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: 0 if how == "empty" else -1])
    state = frame_losses(record, gacos=True)
    assert state == lost_since(record)
    said: list[str] = []
    assert fetch(portal, tmp_path, gacos=True, losses=state, screen=said.append) == first
    assert held(tmp_path) == whole | {"restored.json": held(tmp_path)["restored.json"]}
    assert any(f"for example {name}" in line for line in said) == (how != "gone")
    assert frame_losses(record, gacos=True) == state  # as it ran with: nothing is to be done


def test_a_layer_that_the_portal_lost_too_is_missed_once(portal: LicsarPortal, tmp_path: Path) -> None:
    record, folder = tmp_path / "frame.json", tmp_path / "cache/licsar" / FRAME
    before = fetch(portal, tmp_path)
    layer = f"{FRAME}.geo.E.tif"
    (folder / "metadata" / layer).unlink()
    (folder / "sizes.json").unlink()  # the record alone tells that it was there
    del portal.frames[FRAME]["metadata"][layer]
    state = frame_losses(record, gacos=False)
    assert state == lost_since(record)

    products = PRODUCTS | NO_NAMES | {"incidence": 39.0, "heading": -12.0, "original": None, "credits": []}

    def find(fetched: Fetched) -> Manifest:
        fetched.write(tmp_path / "fetched.json")
        out, gnss, cache = tmp_path / "manifest.json", {"folder": None, "original": None}, str(tmp_path / "cache")
        acquire_products(out, "licsar", products, gnss, None, "config/originals", cache, fetched=[tmp_path / "fetched.json"])
        return read_manifest(out)

    with pytest.raises(
        InsarcastError, match=f"^{layer} of the frame {FRAME} was fetched, but left the cache since .*--forcerun"
    ) as no:
        find(before)
    one_sentence(str(no.value))
    after = fetch(portal, tmp_path, losses=state)
    assert [entry["name"] for entry in after.skipped] == [layer]
    assert frame_losses(record, gacos=False) == state
    found = find(after)
    assert found.conventions["los"] is not None
    assert "<frame>.geo.E.tif" in [entry["name"] for entry in found.skipped]


def test_a_delay_that_the_portal_lists_and_does_not_give_is_missed_once(portal: LicsarPortal, tmp_path: Path) -> None:
    portal.faults = {rf".*/{DATES[0]}\.sltd\.geo\.tif": ["404"] * 9}
    record = fetch(portal, tmp_path, gacos=True)
    assert f"{DATES[0]}.sltd.geo.tif" in [entry["name"] for entry in record.skipped]
    assert frame_losses(tmp_path / "frame.json", gacos=True) == ""


def test_another_cube_of_the_frame_keeps_the_sizes_of_the_first(portal: LicsarPortal, tmp_path: Path) -> None:
    first = fetch(portal, tmp_path)
    kept = tmp_path / "first.json"
    first.write(kept)
    assert len(fetch(portal, tmp_path, end="2020-01-25").pairs) < len(first.pairs)
    path = tmp_path / "cache/licsar" / FRAME / files_of((DATES[2], DATES[3]))["unw"]
    path.write_bytes(b"")
    assert frame_losses(kept, gacos=False) == lost_since(kept)
    assert frame_losses(tmp_path / "frame.json", gacos=False) == ""  # it is none of its files


def test_what_is_done_stands_on_the_screen(portal: LicsarPortal, tmp_path: Path) -> None:
    said: list[str] = []
    fetch(portal, tmp_path, screen=said.append)
    assert said[:2] == [f"frame {FRAME}", "5 interferograms are wanted, 0 of them are in the cache"]
    assert [line.partition(" files")[0] for line in said[2:]] == [f"the LiCSAR portal: fetched {n} of {n}" for n in (10, 4)]
