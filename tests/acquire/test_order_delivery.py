"""What is delivered is held against what was ordered, and fetched once however many cubes want it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from standins.desk import BURSTS, DAYS, Desk, job_of, write_plan
from standins.hyp3_api import Hyp3, granules, scene_name, zipped

from insarcast.acquire.interferograms.hyp3_product import parse_name
from insarcast.acquire.order.delivery import courier
from insarcast.acquire.order.delivery.claims import hold_products
from insarcast.acquire.order.delivery.held import Course, name_fault, text_fault

FIRST, SECOND = DAYS[:2]
PAIR = f"{FIRST}_{SECOND}"
MULTI = "S1_064_000000s1n00-136231s2n02-000000s3n00_IW_20210109_20210121_VV_INT80_AAAA"
ONE = "S1_136231_IW2_20210109_20210121_VV_INT80_AAAA"
GAMMA = "S1AA_20210109T022300_20210121T022300_VVP012_INT80_G_ueF_AAAA"
COURSE = Course(64, "descending")


def fault_of(name: str, kind: str, **settings: Any) -> str:
    product = parse_name(Path(name), name)
    assert product is not None
    return name_fault(product, job_of(FIRST, SECOND, kind, **settings))


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        (MULTI, "INSAR_ISCE_MULTI_BURST", {}),
        (MULTI.replace("S1_064", "S1_065"), "INSAR_ISCE_MULTI_BURST", {}),  # derived from the orbit where the scene begins
        (MULTI.replace("INT80", "INT20"), "INSAR_ISCE_MULTI_BURST", {"looks": "5x1"}),
        ("S1A_064_E053_1_N27_3_E054_1_N27_8_20210109_20210121_VV_INT80_7EB5", "INSAR_ISCE_MULTI_BURST", {}),
        (ONE, "INSAR_ISCE_BURST", {}),
        (MULTI.replace("n02", "n01"), "INSAR_ISCE_BURST", {}),
        (GAMMA, "INSAR_GAMMA", {}),
        (GAMMA.replace("_ueF_", "_weF_"), "INSAR_GAMMA", {"apply_water_mask": True}),
    ],
)
def test_names_of_what_was_ordered(name: str, kind: str, settings: dict[str, Any]) -> None:
    assert fault_of(name, kind, **settings) == ""


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        (MULTI.replace("n02", "n03"), "INSAR_ISCE_MULTI_BURST", "which has 3 bursts from 136231 on of subswath IW2, not 136231_IW2, 136232_IW2"),
        (MULTI.replace("000000s3n00", "136231s3n01"), "INSAR_ISCE_MULTI_BURST", "1 bursts from 136231 on of subswath IW3, not none"),
        (MULTI.replace("136231s2n02", "000000s2n00"), "INSAR_ISCE_MULTI_BURST", "which has no burst of subswath IW2"),
        (MULTI.replace("_VV_", "_HH_"), "INSAR_ISCE_MULTI_BURST", "which is of polarization HH, not VV"),
        (MULTI.replace("INT80", "INT40"), "INSAR_ISCE_MULTI_BURST", "whose pixels are of 40 m, not 80 m"),
        (ONE, "INSAR_ISCE_MULTI_BURST", "which is of burst 136231_IW2, not of 136231_IW2, 136232_IW2"),
        (GAMMA, "INSAR_ISCE_MULTI_BURST", "which is of a whole scene, not of INSAR_ISCE_MULTI_BURST"),
        (ONE.replace("136231", "136232"), "INSAR_ISCE_BURST", "which is of burst 136232_IW2, not of 136231_IW2"),
        (MULTI, "INSAR_ISCE_BURST", "which has 2 bursts from 136231 on"),
        (ONE, "INSAR_GAMMA", "which is of bursts, not of INSAR_GAMMA"),
        (GAMMA.replace("T022300", "T022325"), "INSAR_GAMMA", "begin at 20210109T022325 and 20210121T022325, not at 20210109T022300 and"),
    ],
)  # fmt: skip
def test_names_of_something_else(name: str, kind: str, said: str) -> None:
    assert said in fault_of(name, kind)


def text_of(tmp_path: Path, kind: str, *lines: str) -> str:
    """The fault of a product whose parameter file has these lines."""
    product = parse_name(tmp_path, MULTI)
    assert product is not None
    product.text.write_text("\n".join(lines))
    return text_fault(product, job_of(FIRST, SECOND, kind), COURSE)


def said_granules(first: list[str], second: list[str]) -> list[str]:
    return [f"Reference Granule: {', '.join(first)}", f"Secondary Granule: {', '.join(second)}"]


BOTH = said_granules(granules(FIRST, BURSTS), granules(SECOND, BURSTS))
SAFE = "S1A_IW_SLC__1SSV_{0}T022312_{0}T022315_036108_03CE65_ADF8"


@pytest.mark.parametrize(
    "lines",
    [
        BOTH,
        said_granules(granules(FIRST, BURSTS)[::-1], granules(SECOND, BURSTS)),
        [*BOTH, "Reference Pass Direction: DESCENDING", "Reference Orbit Number: 35136"],
        [*BOTH, "Reference Pass Direction: ASCENDING"],  # granules count, not what is derived
        ["Reference Pass Direction: ASCENDING"],  # so do burst numbers in the name
        said_granules([SAFE.format(FIRST)], [SAFE.format(SECOND)]),  # the first months of these jobs
        ["Baseline: 12.5"],
        ["no line of the kind"],
    ],
)
def test_parameter_files_of_what_was_ordered(tmp_path: Path, lines: list[str]) -> None:
    assert text_of(tmp_path, "INSAR_ISCE_MULTI_BURST", *lines) == ""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (said_granules(granules(DAYS[2], BURSTS), granules(SECOND, BURSTS)), "it is made of S1_136231_IW2_20210202T022312_VV"),
        (said_granules(granules(FIRST, BURSTS), granules(SECOND, BURSTS[:1])), "it is made of 1 granules, not of S1_136231_IW2"),
        (said_granules([SAFE.format(FIRST)], [SAFE.format(DAYS[2])]), "_20210202T022312_"),
    ],
)
def test_parameter_files_of_something_else(tmp_path: Path, lines: list[str], said: str) -> None:
    assert said in text_of(tmp_path, "INSAR_ISCE_MULTI_BURST", *lines)


CORNERS = "S1A_064_E053_1_N27_3_E054_1_N27_8_20210109_20210121_VV_INT80_7EB5"


@pytest.mark.parametrize(
    ("name", "lines", "course", "said"),
    [
        (GAMMA, ["Baseline: 1", "Reference Orbit Number: 35140"], Course(68), ""),
        (
            GAMMA,
            ["Baseline: 1", "Reference Orbit Number: 35140"],
            Course(64),
            "its parameter file says that it is of track 68, not 64",
        ),
        (GAMMA, ["Reference Pass Direction: ASCENDING"], COURSE, "its parameter file says that it was ascending, not descending"),
        (CORNERS, ["Baseline: 1"], Course(65), "its name says that it is of track 64, not 65"),
        (CORNERS, ["Baseline: 1"], Course(64), ""),
        (CORNERS, BOTH, Course(65), ""),
        (MULTI, ["Baseline: 1"], Course(65), ""),
        (GAMMA, [*said_granules([scene_name(FIRST)], [scene_name(SECOND)]), "Reference Orbit Number: 35140"], Course(64), ""),
    ],
)
def test_the_course_counts_where_no_granule_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, lines: list[str], course: Course, said: str
) -> None:
    product = parse_name(tmp_path, name)
    assert product is not None
    product.text.write_text("\n".join(lines))
    kind = "INSAR_GAMMA" if name == GAMMA else "INSAR_ISCE_MULTI_BURST"
    assert text_fault(product, job_of(FIRST, SECOND, kind), course) == said
    noted = not said and (name, course.track) in ((CORNERS, 65), (MULTI, 65), (GAMMA, 64))
    assert ("its granules are those that were ordered, so it is used" in capsys.readouterr().err) == noted


def test_a_file_behind_the_wrong_job_is_left_out_and_not_kept(desk: Desk) -> None:
    """The zip has the right name, and what is in it was made of another pair; another zip has the name of other bursts."""
    lists = said_granules(granules(DAYS[1], BURSTS), granules(DAYS[2], BURSTS))
    desk.stand.texts[PAIR] = "\n".join([*lists, "Baseline: 1"])
    other = f"{DAYS[1]}_{DAYS[2]}"
    desk.stand.names[other] = f"S1_136240_IW2_{other}_VV_INT80_AAAA.zip"
    record = desk.order()
    reasons = {entry["name"]: entry["reason"] for entry in record["skipped"]}
    assert f"its parameter file says that it is made of S1_136231_IW2_{DAYS[1]}" in reasons[PAIR]
    assert "which is of burst 136240_IW2, not of 136231_IW2, 136232_IW2" in reasons[other]
    assert set(reasons) == {PAIR, other}
    assert len(desk.names()) == 3
    assert not list(desk.products.rglob("*IW_20210109_20210121*"))


def test_single_bursts_in_the_names_of_several(desk: Desk) -> None:
    desk.stand.names_of_one = True
    write_plan(desk.plan, DAYS[:3], "INSAR_ISCE_BURST")
    assert len(desk.order()["pairs"]) == 3


def test_a_track_that_is_derived_refuses_nothing_that_was_paid(desk: Desk) -> None:
    desk.stand.flight = (137, "DESCENDING")
    plan = desk.plan.read_text()
    desk.plan.write_text(plan.replace('"project"', '"track": 64, "direction": "descending", "project"', 1))
    assert len(desk.order()["pairs"]) == 5


def test_what_was_refused_is_not_fetched_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.stand.texts[PAIR] = "\n".join(said_granules(granules(DAYS[1], BURSTS), granules(DAYS[2], BURSTS)))
    first = desk.order()
    assert len(desk.files_asked()) == 5
    assert desk.order()["skipped"] == first["skipped"]
    assert len(desk.files_asked()) == 5
    # Other checks look again.
    monkeypatch.setattr(courier, "CHECKS", "of tomorrow")
    desk.order()
    assert len(desk.files_asked()) == 6


def test_names_from_the_server_do_no_harm(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither to a terminal nor to a secret."""
    desk.stand.names[PAIR] = "\x1b[2Jgood\nname\u202e X-Amz-Sig\x1bnature=0123456789abcdef .zip"
    reason = desk.order()["skipped"][0]["reason"]
    assert reason.startswith("its job delivered '[2Jgood name X-Amz-Signature=")
    for text in (reason, capsys.readouterr().err.replace("\n", "")):
        assert text.isprintable()
        assert "0123456789abcdef" not in text


def test_when_all_that_came_is_refused(desk: Desk) -> None:
    """Nothing is wrong with the account then."""
    write_plan(desk.plan, DAYS[:3])
    desk.stand.names |= {f"{one}_{other}": "result.zip" for one in DAYS for other in DAYS}
    text = desk.sentence()
    assert text.endswith(
        "ask those who run the service, whose products of 3 pairs are not those that were ordered, or plan other pairs."
    )


def test_no_empty_folder_is_left(desk: Desk) -> None:
    desk.order()
    desk.order(write_plan(desk.folder / "b.json", DAYS, project="b"), reuse="any")
    assert not list((desk.cache / "hyp3").glob("*/.archives"))


def test_two_equal_cubes_at_the_same_moment_fetch_once(desk: Desk, tmp_path: Path) -> None:
    """Each finds the other's jobs; what one of them fetches the other links."""
    desk.stand.polls = 3
    (tmp_path / "b").mkdir()
    twin = Desk(tmp_path / "b", desk.stand)
    twin.cache, twin.screen = desk.cache, []
    write_plan(twin.plan, DAYS[:4], project="twin")
    results: list[dict[str, Any]] = []
    both = (desk, twin)
    threads = [threading.Thread(target=lambda one=one: results.append(one.order(reuse="any"))) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(result["pairs"]) for result in results] == [5, 5]
    assert results[0]["products"] == results[1]["products"]
    assert desk.stand.spent == 5
    assert len(desk.files_asked()) == 5
    assert list((desk.cache / "hyp3" / ".fetching").iterdir()) == []


def test_claims(tmp_path: Path) -> None:
    """What another run holds is left to it; where it holds all, the first that comes free is waited for."""
    seen: list[set[str]] = []
    waits, gone = threading.Event(), threading.Event()

    def other() -> None:
        with hold_products(tmp_path, ["b", "c"]) as mine:
            seen.append(mine)
        waits.set()
        with hold_products(tmp_path, ["a", "b"]) as mine:
            seen.append(mine)
        gone.set()

    thread = threading.Thread(target=other)
    with hold_products(tmp_path, ["a", "b"]) as mine:
        assert mine == {"a", "b"}
        thread.start()
        assert waits.wait(60)
        assert not gone.wait(0.2)
    assert gone.wait(60)
    thread.join()
    assert seen[0] == {"c"}
    assert seen[1] in ({"a"}, {"a", "b"})
    assert list(tmp_path.iterdir()) == []


def test_a_zip_of_another_name_is_still_told(desk: Desk) -> None:
    desk.stand.zips[PAIR] = zipped({f"{ONE}/readme": b"x"})
    assert f"its zip holds {ONE}" in desk.order()["skipped"][0]["reason"]


def test_a_product_without_a_scene_says_what_it_is_made_of() -> None:
    """The stand-in's products are such as the service's, or the tests above would prove nothing."""
    with Hyp3() as stand:
        job = {"job_id": "x", **job_of(FIRST, SECOND)}
        job["job_parameters"] |= {"apply_water_mask": False, "looks": "20x4"}
        assert b"Reference Granule: " + granules(FIRST, BURSTS)[0].encode() in stand._files(job, MULTI)[f"{MULTI}/{MULTI}.txt"]
