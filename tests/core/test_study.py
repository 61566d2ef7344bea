"""Studies: every mistake ends in one sentence that names the key."""

from pathlib import Path

import pytest
import yaml

from insarcast.core import InsarcastError, Study, list_studies
from insarcast.core.study import schema

GOOD = """
cubes:
  east:
    source: geotiff
    products: {folder: x, unwrapped: "{date1}_{date2}.tif"}
  west:
    source: geotiff
    products: {folder: y, unwrapped: "{date1}_{date2}.tif"}
    stack: {inversion: {norm: l1}}
    forecast: {origins: 2}
forecast: {models: [linear], origins: 5}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "area.yaml"
    path.write_text(text)
    return path


def test_defaults_are_filled_and_a_cube_overrides_its_study(tmp_path: Path) -> None:
    study = Study(write(tmp_path, GOOD))
    assert study.cubes == ["east", "west"]
    assert study.get("stack.inversion.norm", "east") == "l2"
    assert study.get("stack.inversion.norm", "west") == "l1"
    assert study.get("stack.inversion.weights", "west") == "auto"  # the rest of the overridden section keeps its defaults
    assert (study.get("forecast.origins", "east"), study.get("forecast.origins", "west")) == (5, 2)
    assert study.get("forecast.models", "west") == ["linear"]
    assert study.get("products.sign", "east") is None


def test_values_are_copies(tmp_path: Path) -> None:
    study = Study(write(tmp_path, GOOD))
    study.get("stack", "east")["inversion"]["norm"] = "broken"
    assert study.get("stack.inversion.norm", "east") == "l2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("forecast:", "forcast:"), ["forcast", "did you mean 'forecast'"]),
        (("origins: 5}", "origins: 5}\nmodels: {ses: {alpa: 0.3}}"), ["unknown key 'models.ses.alpa'", "did you mean 'alpha'?"]),
        (("norm: l1", "norm: l3"), ["cubes.west.stack.inversion.norm", "'l3'", "l2, l1"]),
        (("source: geotiff\n    products: {folder: x", "products: {folder: x"), ["cubes.east.source", "missing"]),
        (("origins: 5", "origins: -1"), ["forecast.origins", ">= 0"]),
        (("folder: x", "folder: 7"), ["cubes.east.products.folder", "string"]),
        (("origins: 5}", "origins: 5"), ["YAML", "line"]),
        (("origins: 5}", "origins: 5, history: 2}"), ["forecast.history", ">= 3"]),
        (("  east:", "  'ea st':"), ["cubes", "letters"]),
        (("folder: x", 'folder: x, start: "1 May"'), ["cubes.east.products.start", "2018-01-06"]),
        (
            ("forecast: {models", "decompose: {cubes: [west]}\nforecast: {models"),
            ["decompose.cubes", "two or more different cubes"],
        ),
        (
            ("forecast: {models", "decompose: {cubes: [west, west]}\nforecast: {models"),
            ["decompose.cubes", "two or more different"],
        ),
        (("models: [linear]", "models: [linear, linear]"), ["forecast.models", "no entry twice"]),
        (("models: [linear]", "models: []"), ["forecast.models", "at least 1"]),
        (
            ("norm: l1}", "norm: l1}, mask: {thresholds: {temporal_coh: 0.8}}"),
            ["unknown key 'cubes.west.stack.mask.thresholds.temporal_coh'", "did you mean 'temporal_coherence'?"],
        ),
        (("folder: y", 'folder: y, start: "20189999"'), ["cube 'west'", "products.start is '20189999', which is no date"]),
        (("folder: y", 'folder: y, end: "2018-13-99"'), ["cube 'west'", "products.end is '2018-13-99', which is no date"]),
        (("folder: y", 'folder: y, exclude: ["20180106_20180230"]'), ["products.exclude has '20180230', which is no date"]),
        (("norm: l1}", 'norm: l1}, velocity: {steps: ["20180229"]}'), ["stack.velocity.steps has '20180229', which is no date"]),
        (("origins: 2", 'origins: ["20180106", "20181399"]'), ["forecast.origins has '20181399', which is no date"]),
        (
            ("folder: y", 'folder: y, start: "2019-01-06", end: "20180106"'),
            ["products.start, 2019-01-06, is after products.end, 20180106; swap them"],
        ),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, change: tuple[str, str], words: list[str]) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    assert path.read_text() != GOOD
    with pytest.raises(InsarcastError) as error:
        Study(path)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("name", ["87", "005", "2018-01-01", "on"])
def test_a_cube_name_that_yaml_reads_as_no_text_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InsarcastError, match=r"cubes\..*write it in quotes"):
        Study(write(tmp_path, GOOD.replace("  east:", f"  {name}:")))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("norm: l1", "weights: coherence"),
            "cube 'west': stack.inversion.weights is 'coherence', but products.coherence names no files",
        ),
        (
            ("stack: {inversion", "stack: {reference: {lon: 3}, inversion"),
            "cube 'west': stack.reference has only one of lon and lat",
        ),
    ],
)
def test_keys_that_need_each_other(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(InsarcastError, match=words):
        Study(write(tmp_path, GOOD.replace(*change)))


def test_missing_file_and_unknown_cube(tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match="There is no study file"):
        Study(tmp_path / "none.yaml")
    with pytest.raises(InsarcastError, match="has no cube 'north'; it has east, west"):
        Study(write(tmp_path, GOOD)).get("source", "north")


def test_listing_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("{")
    assert list(list_studies(tmp_path)) == ["broken"]


ORDER = """
cubes:
  west:
    source: simulate
    simulate: {seed: 3, bowls: [{kind: steady, rate: -9, place: [0.5, 0.5], radius: 300}], area: {rows: 40, columns: 60}}
    stack: {mask: {thresholds: {n_gap: 5, coherence: 0.2}}, reference: {move: {lon: 3, lat: 4}}}
  east: {source: simulate, forecast: {origins: 2, seed: 1}}
gnss: {stations: {B: [1, 2], A: [3, 4]}, radius: 90}
stack: {inversion: {weights: none, norm: l1}, quality: {min_coverage: 0.2, min_coherence: 0.1}}
"""


def _turned(value: object) -> object:
    """Mappings with their keys the other way round, but the cubes in their own order."""
    if isinstance(value, list):
        return [_turned(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _turned(item) for key, item in (value.items() if "west" in value else reversed(value.items()))}


def test_the_order_of_keys_says_nothing(tmp_path: Path) -> None:
    """Snakemake compares settings as text, so that equal dictionaries are not enough."""
    one = Study(write(tmp_path, ORDER))
    turned = yaml.safe_dump(_turned(yaml.safe_load(ORDER)), sort_keys=False)
    assert turned.index("norm") < turned.index("weights")
    other = Study(write(tmp_path, turned))
    assert one.cubes == other.cubes == ["west", "east"]
    for key in schema()["$defs"]["cube"]["properties"]:
        for cube in one.cubes:
            assert repr(one.get(key, cube)) == repr(other.get(key, cube))
        if key in schema()["properties"]:
            assert repr(one.get(key)) == repr(other.get(key))
    assert one.get("stack.reference.move", "west") == {"lon": 3, "lat": 4, "window": 3}  # its default, in a cube's section too
