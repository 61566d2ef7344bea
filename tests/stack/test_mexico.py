"""The real stack: what other tools and GNSS say of it, and what ours must say too."""

from pathlib import Path

import numpy as np

from insarcast.core import open_store
from insarcast.stack import invert
from insarcast.stack.network.closure import date_numbers
from tests.stack.conftest import solve


def test_the_cube_is_numpys_least_squares_and_agrees_with_published_facts(mexico: Path) -> None:
    cube, facts = solve(mexico, mask="insarcast")
    assert cube.sizes == {"time": 13, "y": 60, "x": 100, "enu": 3}
    assert (len(facts["triplets"]), sum(pair["kept"] for pair in facts["pairs"])) == (24, 30)
    assert facts["pixels"]["total"] - facts["pixels"]["inverted"] == 102  # 1.7 % are never measured
    assert 0.97 < float(cube.mask.mean()) < 0.99
    data = open_store(mexico / "ifgs.zarr").load()
    row, col = cube.attrs["reference_row"], cube.attrs["reference_col"]
    window = (slice(None), slice(row - 1, row + 2), slice(col - 1, col + 2))
    phase = data.phase.values.astype(float)
    millimetres = -data.attrs["wavelength"] * 1000 / (4 * np.pi) * (phase - phase[window].mean((1, 2))[:, None, None])
    times = cube.time.values
    matrix = (times[None, 1:] == data.date2.values[:, None]).astype(float) - (times[None, 1:] == data.date1.values[:, None])
    assert np.linalg.matrix_rank(matrix) == 12
    complete = np.isfinite(millimetres).all(0)
    expected = np.linalg.lstsq(matrix, millimetres[:, complete], rcond=None)[0]
    np.testing.assert_allclose(cube.displacement.values[1:, complete], expected, atol=1e-4)


def test_the_reference_is_found_beside_the_gnss_station_that_does_not_move(mexico: Path) -> None:
    """ICMX (19.4056 N, 99.1709 W) keeps its height; MMX1 sinks at some 300 mm/yr. The choice sees neither."""
    for vintage in ("full", "asof-20180611", "asof-20180623", "asof-20180705"):
        cube, _ = solve(mexico, vintage)
        north = (cube.attrs["reference_lat"] - 19.4056) * 111.2
        east = (cube.attrs["reference_lon"] + 99.1709) * 104.9
        assert np.hypot(north, east) < 2.0, vintage


def test_the_sinking_side_is_the_east_and_negative(mexico: Path) -> None:
    cube, _ = solve(mexico)
    velocity = cube.velocity.values
    assert np.nanmedian(velocity[:, -33:]) < -120
    assert abs(np.nanmedian(velocity[:, :33])) < 40


def test_closure_errors_are_as_few_as_published(mexico: Path) -> None:
    """Other tools find 0.02 to 0.1 % of the closures beyond pi in these 24 triplets, by how they remove the constants."""
    solve(mexico)
    loops = open_store(mexico / "closure.zarr")
    values = loops.closure.values - loops["median"].values[:, None, None]
    beyond = np.nanmean(np.abs(values[np.isfinite(values)]) > np.pi)
    assert beyond < 0.002


def test_a_held_out_interferogram_is_predicted_as_well_as_by_other_tools(mexico: Path) -> None:
    """Each testable pair predicted from the others, referenced at row 9, column 8, over the 5,882 complete pixels.

    LiCSBAS2, MintPy and plain numpy give 1.774 mm, coherence weights 1.863 mm, dolphin's L1 1.677 mm on this stack.
    """
    data = open_store(mexico / "ifgs.zarr").load()
    dates, numbers = date_numbers(data.date1.values, data.date2.values)
    pairs, days = np.array(numbers), (dates - dates[0]) / np.timedelta64(1, "D")
    phase = data.phase.values.astype(float)
    phase -= np.nanmean(phase[:, 8:11, 7:10], axis=(1, 2))[:, None, None]
    complete = np.isfinite(phase).all(0)
    assert complete.sum() == 5882
    values = -data.attrs["wavelength"] * 1000 / (4 * np.pi) * phase[:, complete]
    coherence = data.coherence.values[:, complete]
    for norm, weights, published in (
        ("l2", "none", 1.774),
        ("l2", "coherence", 1.863),
        ("l1", "none", 1.677),
        ("l2", "auto", 1.593),
    ):
        errors = []
        for k in range(len(pairs)):
            keep = np.arange(len(pairs)) != k
            if len(np.unique(pairs[keep])) == len(dates):
                solved = invert(values[keep], pairs[keep], days, norm=norm, weights=weights, coherence=coherence[keep], threads=2)
                error = solved.displacement[pairs[k, 1]] - solved.displacement[pairs[k, 0]] - values[k]
                errors.append(error - np.median(error))
        assert len(errors) == 29
        assert abs(np.sqrt(np.mean(np.square(errors))) - published) < 0.003, (norm, weights)
