"""ARIMA against covariance matrices written out, against statsmodels, and where the past is poor."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.arima_process import arma_acovf

from insarcast.core import InsarcastError, Split
from insarcast.models import TrainingData, make_model
from insarcast.models.arima import kernel
from insarcast.models.arima.compiled import MAX_ORDER
from insarcast.models.arima.conditional import constrain, css
from insarcast.models.arima.fit import Fits, fit_series
from insarcast.models.arima.models import AutoArima
from insarcast.models.arima.past import Spec, columns_of

STEPS = np.array([1, 2, 5])


def simulate(count: int, n: int, phi: float = 0.6, theta: float = 0.3, rate: float = -0.2, seed: int = 0) -> np.ndarray:
    """``(time, series)`` ARIMA(1, 1, 1) with drift and innovations of standard deviation 1."""
    e = np.random.default_rng(seed).normal(size=(n + 50, count))
    w = np.zeros_like(e)
    for t in range(1, len(e)):
        w[t] = phi * w[t - 1] + e[t] + theta * e[t - 1]
    return np.cumsum(w[50:] + rate, axis=0)


def data_of(values: np.ndarray, days: int = 12, later: int = 5, **layers) -> TrainingData:
    calendar = np.datetime64("2018-01-06", "D") + days * np.arange(len(values) + later)
    observed = layers.pop("observed", np.ones(values.shape, bool))
    return TrainingData(values, observed, calendar[: len(values)], calendar, **layers)


def predict(name: str, data: TrainingData, starts: list[int] | None = None, horizons=(1, 2, 5), **settings) -> np.ndarray:
    """``(origin, horizon, quantile, point)`` quantiles 0.05, 0.5, 0.95."""
    origins = [data.time[index] for index in (starts or [len(data.time) - 1])]
    model = make_model(name, **settings).fit(data, Split(origins[0], tuple(origins), horizons))
    return model.predict(data, origins, horizons, (0.05, 0.5, 0.95)).increment.values


def written_out(values, broken, columns, order, arma, steps):
    """Criterion, coefficients, variance, and centre and variance of forecasts, from covariance matrices of the increments.

    Increments run between consecutive values with no broken step between them; each is a sum of the ARMA process' values, so that
    their covariance is one of matrices. Forecasts are best linear unbiased predictions.
    """
    p, d, q = order
    n, far = len(values), len(values) + steps[-1]
    acov = arma_acovf(np.r_[1, -arma[:p]], np.r_[1, arma[MAX_ORDER : MAX_ORDER + q]], far)
    gamma = acov[np.abs(np.subtract.outer(np.arange(far), np.arange(far)))]
    first = int(np.flatnonzero(np.isfinite(values))[0])
    levels = np.eye(far)  # of the ARMA process
    for _ in range(d):
        levels[:, : first + 1] = 0.0
        levels = np.cumsum(levels, axis=0)
    pairs, last = [], None
    for t in range(n):
        if broken[t]:
            last = None
        if np.isfinite(values[t]):
            if last is not None:
                pairs.append((last, t))
            last = t
    rows = np.array([levels[b] - levels[a] for a, b in pairs])
    x = np.array([columns[:, b] - columns[:, a] for a, b in pairs])
    v = np.array([values[b] - values[a] for a, b in pairs])
    ahead = levels[n - 1 + steps] - levels[n - 1]
    ahead_x = (columns[:, n - 1 + steps] - columns[:, [n - 1]]).T
    cov = rows @ gamma @ rows.T
    inverse = np.linalg.inv(cov)
    normal = x.T @ inverse @ x
    beta = np.linalg.solve(normal, x.T @ inverse @ v)
    rest = v - x @ beta
    count = len(v) - (d == 2)
    sigma2 = rest @ inverse @ rest / count
    logs = np.linalg.slogdet(cov)[1] + (np.log(normal[0, 0]) if d == 2 else 0.0)
    criterion = count * (np.log(2 * np.pi * sigma2) + 1) + logs
    cross = ahead @ gamma @ rows.T @ inverse
    due = ahead_x - cross @ x
    centre = cross @ rest + ahead_x @ beta
    variance = np.diag(ahead @ gamma @ ahead.T - cross @ (rows @ gamma @ ahead.T) + due @ np.linalg.solve(normal, due.T))
    return criterion, beta, sigma2, centre, variance, len(v)


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("order", [(1, 1, 1), (0, 1, 2), (2, 1, 0), (3, 1, 2), (1, 0, 1), (2, 0, 0), (0, 2, 2), (1, 2, 1)])
def test_likelihood_and_forecast_written_out(order: tuple[int, int, int], holes: bool) -> None:
    rng = np.random.default_rng(3)
    n = 70
    values = simulate(1, n, phi=-0.4, theta=0.5, seed=sum(order))
    if order[1] == 0:
        values = np.diff(values, axis=0, prepend=0.0)
    broken = np.zeros(values.shape, bool)
    if holes:
        values[rng.choice(np.arange(2, n - 2), 12, replace=False)] = np.nan
        values[:2] = np.nan
        broken[[20, 45, 46]] = True
        values[20:] += 30.0
    spec = Spec(order, True, harmonics=1)
    columns = columns_of(12.0 * np.arange(n + 5), spec)
    fits = fit_series(values, broken, columns, order, STEPS, drift=True)
    args = (values[:, 0], broken[:, 0], columns, order)
    criterion, beta, sigma2, centre, variance, count = written_out(*args, fits.arma[0], STEPS)
    assert count == fits.innovations[0]
    k = spec.parameters + 1 - (order[1] == 2)
    effective = count - (order[1] == 2)
    np.testing.assert_allclose(fits.aicc[0], criterion + 2 * k * effective / (effective - k - 1), rtol=1e-8)
    np.testing.assert_allclose(fits.beta[0], beta, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fits.sigma2[0], sigma2, rtol=1e-8)
    np.testing.assert_allclose(fits.centre[0], centre, rtol=1e-6, atol=1e-8)
    freedom = count - spec.parameters
    assert fits.freedom[0] == freedom
    np.testing.assert_allclose(fits.scale[0] ** 2, variance * sigma2 * effective / freedom, rtol=1e-6)
    at = [i for i in range(2 * MAX_ORDER) if fits.arma[0, i]]
    for index in at:  # nowhere near is it more likely; beyond the end of the parameters there is no need to look
        for move in (-0.02, 0.02):
            other = fits.arma[0].copy()
            other[index] += move
            roots = [np.roots(np.r_[1, -other[:MAX_ORDER]]), np.roots(np.r_[1, other[MAX_ORDER:]])]
            if max(np.abs(each).max() for each in roots) < 0.999:
                assert written_out(*args, other, STEPS)[0] > criterion - 1e-5


def quiet(*args, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ARIMA(*args, **keywords).fit()


@pytest.mark.parametrize("gaps", [False, True])
def test_statsmodels(gaps: bool) -> None:
    """Parameters, likelihood, forecasts and their standard errors: the same, where both find the same maximum."""
    values = simulate(6, 90)
    if gaps:
        values[30:33, :3] = np.nan
        values[[10, 50, 70]] = np.nan
    n = 89 if not gaps else None
    fits = fit_series(values, np.zeros(values.shape, bool), np.arange(100.0)[None], (1, 1, 1), STEPS, drift=True)
    flat = fit_series(values, np.zeros(values.shape, bool), np.zeros((0, 100)), (1, 1, 1), STEPS, drift=False)
    for at in range(6):
        theirs = quiet(values[:, at], order=(1, 1, 1), trend="t")
        n = int(fits.innovations[at])
        likelihood = -(fits.aicc[at] - 2 * 4 * n / (n - 5)) / 2
        assert likelihood > theirs.llf - 1e-3
        assert likelihood < theirs.llf + 0.05
        np.testing.assert_allclose([fits.beta[at, 0], *fits.arma[at, [0, 3]]], theirs.params[:3], atol=0.01)
        np.testing.assert_allclose(fits.sigma2[at], theirs.params[3], rtol=0.01)
        np.testing.assert_allclose(fits.centre[at], theirs.forecast(5)[STEPS - 1] - values[-1, at], atol=0.02)
        plain = quiet(values[:, at], order=(1, 1, 1), trend="n")
        scale = flat.scale[at] * np.sqrt(flat.freedom[at] / n)  # of the maximum-likelihood variance
        np.testing.assert_allclose(scale, plain.get_forecast(5).se_mean[STEPS - 1], rtol=0.005)


def test_psi_weights() -> None:
    """Far from its start the filter's variance is the sum of squared psi weights of the integrated process."""
    values = simulate(1, 400)
    fits = fit_series(values, np.zeros(values.shape, bool), np.zeros((0, 405)), (1, 1, 1), STEPS, drift=False)
    phi, theta = fits.arma[0, [0, 3]]
    psi = np.cumsum(np.r_[1, (phi + theta) * phi ** np.arange(4)])
    expected = np.cumsum(psi**2)[STEPS - 1] * fits.sigma2[0] * fits.innovations[0] / fits.freedom[0]
    np.testing.assert_allclose(fits.scale[0] ** 2, expected, rtol=1e-6)


def test_derivatives_of_the_conditional_innovations() -> None:
    rng = np.random.default_rng(0)
    n, p, q = 40, 2, 2
    z, known = rng.normal(size=n), rng.random(n) > 0.2
    z[~known] = 0.0
    arma = np.array([0.5, -0.2, 0.4, 0.1])

    def run(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual, slopes = np.zeros(n), np.zeros((4, n))
        total = css.py_func(z, known, at, p, q, residual, slopes, np.zeros(n), np.zeros((4, n)))
        assert total == pytest.approx(residual @ residual)
        assert (residual[~known] == 0).all()
        return residual, slopes

    slopes = run(arma)[1]
    for which in range(4):
        move = np.zeros(4)
        move[which] = 1e-6
        quotient = (run(arma + move)[0] - run(arma - move)[0]) / 2e-6
        np.testing.assert_allclose(slopes[which], quotient, atol=1e-8)


def test_any_number_makes_a_stationary_and_invertible_process() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        p, q = rng.integers(0, 4, 2)
        u = rng.normal(0, 2, p + q)
        arma, jacobian = np.zeros(p + q), np.zeros((p + q, p + q))
        constrain.py_func(u, p, q, arma, jacobian)
        assert np.abs(np.roots(np.r_[1, -arma[:p]])).max(initial=0) < 1
        assert np.abs(np.roots(np.r_[1, arma[p:]])).max(initial=0) < 1
        for which in range(p + q):
            ends = []
            for move in (-1e-6, 1e-6):
                ends.append(np.zeros(p + q))
                other = u.copy()
                other[which] += move
                constrain.py_func(other, p, q, ends[-1], np.zeros_like(jacobian))
            np.testing.assert_allclose(jacobian[:, which], (ends[1] - ends[0]) / 2e-6, atol=1e-6)


def test_each_series_is_on_its_own() -> None:
    values = simulate(1500, 40)
    values[5:8, ::7] = np.nan
    broken = np.random.default_rng(0).random(values.shape) < 0.02

    def run(part: slice, threads: int) -> Fits:
        return fit_series(values[:, part], broken[:, part], np.arange(45.0)[None], (1, 1, 1), STEPS, drift=True, threads=threads)

    whole, some = run(slice(None), 3), run(slice(1200, 1300), 1)
    for one, other in zip(whole, some, strict=True):
        assert one[1200:1300].tobytes() == other.tobytes()


def test_too_short_or_constant() -> None:
    """Then the random walk with drift stands in, without where there is next to nothing, and never a warning."""
    line = np.repeat(np.arange(12.0)[:, None], 5, axis=1) * -2
    line[:, 1] += np.random.default_rng(0).normal(size=12)  # long enough for (1, 1, 1), not for (2, 1, 2)
    line[:-2, 2] = np.nan  # one step
    line[:-1, 3] = np.nan  # one value
    line[-1, 4] = np.nan
    data = data_of(line)
    values = predict("arima", data, order=(2, 1, 2))[0]
    drift = predict("drift", data)[0]
    np.testing.assert_allclose(values[:, 1, 0], [-2, -4, -10], rtol=1e-9)
    np.testing.assert_allclose(values[:, 0, 0], [-2, -4, -10], rtol=1e-9)
    np.testing.assert_allclose(values[..., 1], drift[..., 1], rtol=1e-9)
    np.testing.assert_array_equal(values[:, 1, 2:4], 0)
    assert np.isnan(values[:, 0, 3]).all()
    assert np.isnan(values[..., 4]).all()
    fitted = predict("arima", data)[0]
    assert (np.abs(fitted[:, 1, 1] - drift[:, 1, 1]) > 0.01).any()


@pytest.mark.parametrize("name", ["arima", "auto_arima", "sarima"])
def test_a_join_is_nobodys_evidence(name: str) -> None:
    values = simulate(4, 60)
    jump = np.zeros(values.shape, bool)
    jump[30] = True
    moved = values.copy()
    moved[30:] += 80.0
    plain, after = (predict(name, data_of(each, jump=jump)) for each in (values, moved))
    np.testing.assert_allclose(after, plain, rtol=1e-9, atol=1e-9)
    assert (np.abs(predict(name, data_of(moved)) - plain) > 1).any()


def test_auto_arima_finds_what_there_is() -> None:
    rng = np.random.default_rng(0)
    n, count = 120, 30
    wave = 5 * np.sin(2 * np.pi * 12 * np.arange(n) / 365.25)[:, None]
    walk = np.cumsum(rng.normal(size=(n, count)), axis=0)
    noise = rng.normal(size=(n, count)) - 0.3 * np.arange(n)[:, None]
    model = AutoArima(p=1, q=1, d=(0, 1))
    data = data_of(np.concatenate([walk, noise, noise + wave], axis=1))
    model.fit(data, Split(data.time[-1], (data.time[-1],), (1,)))
    specs, which = model._choose(data)
    chosen = [specs[index] for index in which]
    assert sum(spec.order[1] == 1 for spec in chosen[:count]) > 0.55 * count  # the others wander back slowly
    assert sum(spec.order[1] == 0 and spec.drift for spec in chosen[count : 2 * count]) > 0.8 * count
    assert all(spec.harmonics for spec in chosen[2 * count :])
    assert sum(spec.harmonics for spec in chosen[: 2 * count]) < 0.35 * 2 * count


def test_the_order_is_chosen_before_the_end_of_training() -> None:
    data = data_of(simulate(20, 80))
    split = Split(data.time[59], (data.time[59],), (1,))
    model = AutoArima().fit(data, split)
    later = replace(data, displacement=np.where(np.arange(80)[:, None] > 59, 1e3 * data.displacement, data.displacement))
    assert (model._choose(data)[1] == model._choose(later)[1]).all()


def test_the_wave_helps_where_it_is_known() -> None:
    rng = np.random.default_rng(0)
    n = 100
    wave = 10 * np.sin(2 * np.pi * 12 * np.arange(n + 5) / 365.25)
    data = data_of(rng.normal(size=(n, 20)) + wave[:n, None])
    truth = wave[n - 1 + STEPS][:, None] - data.displacement[-1]
    sarima, arima = (np.abs(predict(name, data)[0, :, 1] - truth).mean() for name in ("sarima", "arima"))
    assert sarima < 0.7
    assert arima > 2 * sarima
    young = data_of(data.displacement[:40])
    assert predict("sarima", young).tobytes() == predict("arima", young).tobytes()


def test_intervals_cover() -> None:
    values = simulate(2000, 66)
    data = data_of(values)
    quantiles = predict("arima", data, starts=[60])[0]
    truth = values[60 + STEPS] - values[60]
    share = ((quantiles[:, 0] <= truth) & (truth <= quantiles[:, 2])).mean(axis=1)
    assert ((share > 0.86) & (share < 0.91)).all(), "0.9 less what phi and theta add, which is neglected"


def test_horizons_in_any_order() -> None:
    data = data_of(simulate(3, 40))
    plain, turned = predict("arima", data, horizons=(1, 2, 5)), predict("arima", data, horizons=(5, 1, 2))
    assert plain[:, [2, 0, 1]].tobytes() == turned.tobytes()


def test_engine_statsmodels() -> None:
    """The same forecasts on the same interface, a bridged step and a gap included."""
    values = simulate(3, 60, theta=0.0)
    observed = np.ones(values.shape, bool)
    observed[20] = False
    values[20:] += 40.0
    values[33, 0] = np.nan
    values[:-2, 2] = np.nan
    data = data_of(values, observed=observed)
    own, theirs = (predict("arima", data, order=(1, 1, 0), engine=engine) for engine in ("numba", "statsmodels"))
    np.testing.assert_allclose(theirs[:, :, 1], own[:, :, 1], atol=0.02)
    np.testing.assert_allclose(theirs[..., :2], own[..., :2], rtol=0.1, atol=0.1)
    assert theirs[..., 2].tobytes() == own[..., 2].tobytes(), "too short: the random walk stands in"


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("arima", {"order": (4, 1, 1)}, r"models\.arima\.order .* not \[4, 1, 1\]"),
        ("sarima", {"order": (1, 3, 1)}, r"models\.sarima\.order"),
        ("sarima", {"harmonics": 4}, "harmonics"),
        ("auto_arima", {"d": (2,)}, "auto_arima"),
        ("auto_arima", {"harmonics": -1}, "harmonics"),
    ],
)
def test_what_cannot_be(name: str, settings: dict, words: str) -> None:
    with pytest.raises(InsarcastError, match=words):
        make_model(name, **settings)


def test_the_cache_of_compiled_code_notices_a_change_of_any_piece() -> None:
    """numba looks at the file of the kernel alone; after a change of a piece, :data:`PARTS_HASH` takes the hash that this test says."""
    folder = Path(kernel.__file__).parent
    compiled = {
        path.stem for path in folder.glob("*.py") if "compiled import" in path.read_text() and "@inner" in path.read_text()
    }
    assert set(kernel.PARTS) == (compiled | {"compiled"}) - {"kernel"}
    text = b"".join((folder / f"{name}.py").read_bytes() for name in kernel.PARTS)
    assert hashlib.sha256(text).hexdigest()[:16] == kernel.PARTS_HASH
