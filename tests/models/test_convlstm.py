"""The ConvLSTM as a forecaster: what it must learn, what it must not see, what it refuses."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from insarcast.core import InsarcastError, Split
from insarcast.core.study import schema
from insarcast.models import TrainingData, load_model, make_model
from insarcast.models.convlstm import model as convlstm
from insarcast.models.convlstm.forecasting import forecast
from insarcast.models.convlstm.model import ConvLSTM
from insarcast.models.convlstm.settings import Settings

# Everything that a test relies on is said here, so that another default changes no test.
SMALL = {"base": "persistence", "hidden": [4], "kernel": 3, "window": 4, "batch": 4, "epochs": 4, "learning_rate": 0.01}
START = np.datetime64("2018-01-06", "D")


def bowl(dates: int = 40, size: int = 16, noise: float = 1.0, seed: int = 0, planned: int = 4) -> TrainingData:
    """A bowl that sinks by 1 mm a day at its middle, on a 6 or 12 day calendar, with white noise."""
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.choice([6, 12], dates + planned))
    y, x = np.mgrid[:size, :size]
    rate = -np.exp(-((y - size / 2) ** 2 + (x - size / 2) ** 2) / (2 * (size / 6) ** 2)).ravel()
    values = rate * days[:dates, None] + rng.normal(0, noise, (dates, size**2))
    calendar = START + days
    return TrainingData(
        values, np.ones(values.shape, bool), calendar[:dates], calendar, y.ravel().copy(), x.ravel().copy(), (size, size)
    )


def fitted(data: TrainingData, end: int, horizons=(1, 2), origins=None, **settings) -> ConvLSTM:
    split = Split(data.time[end], tuple(data.time[index] for index in origins or (end,)), tuple(horizons))
    return ConvLSTM(**{**SMALL, **settings}).fit(data, split)


def medians(model: ConvLSTM, data: TrainingData, indices, horizons=(1, 2)) -> np.ndarray:
    return model.predict(data, [data.time[index] for index in indices], horizons, (0.5,)).increment.values[:, :, 0]


def skill_in_the_bowl(model: ConvLSTM, data: TrainingData, indices, horizons) -> np.ndarray:
    """1 - MAE / MAE(persistence) per horizon, where the bowl sinks by more than a third of its most."""
    said = medians(model, data, indices, horizons)
    truth = np.stack([[data.displacement[i + h] - data.displacement[i] for h in horizons] for i in indices])
    days = (data.time[-1] - data.time[0]) / np.timedelta64(1, "D")
    deep = (data.displacement[-1] - data.displacement[0]) / days < -0.33
    assert deep.sum() > 10
    return 1 - np.abs(said - truth)[..., deep].mean((0, 2)) / np.abs(truth)[..., deep].mean((0, 2))


@pytest.mark.parametrize(
    "settings",
    [{}, {"multi_step": "recursive"}, {"base": "linear"}, {"base": "trend"}, {"base": "linear", "multi_step": "recursive"}],
    ids=["direct", "recursive", "linear", "trend", "recursive linear"],
)
def test_it_learns_a_sinking_bowl(settings: dict) -> None:
    """The truth is known: noise of 1 mm on both ends of steps of 6 to 36 mm. A perfect forecast has a skill of about 0.75 and 0.9."""
    data = bowl()
    model = fitted(data, 30, (1, 3), hidden=[6], epochs=30, **settings)
    skill = skill_in_the_bowl(model, data, range(30, 37), (1, 3))
    assert skill[0] > 0.4, skill
    assert skill[1] > 0.7, skill
    assert len(model.epochs) <= 30
    if "base" not in settings:  # a line through a linear truth may be beyond improvement
        assert model.best_epoch > 0
        assert model.epochs[model.best_epoch - 1]["validation"] < model.start


def test_its_interval_covers() -> None:
    """On dates and a noise that it never saw, 90 % of the truth lies within the 90 % interval, to a few percent."""
    data = bowl(dates=60)
    model = fitted(data, 40, (1, 2), epochs=15)
    indices = range(40, 58)
    limits = model.predict(data, [data.time[i] for i in indices], (1, 2), (0.05, 0.95)).increment.values
    truth = np.stack([[data.displacement[i + h] - data.displacement[i] for h in (1, 2)] for i in indices])
    inside = (limits[:, :, 0] <= truth) & (truth <= limits[:, :, 1])
    assert inside.mean() == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize(("base", "simple"), [("linear", ("linear", {})), ("trend", ("trend", {"dates": 8}))])
def test_a_base_is_the_simple_model(base: str, simple: tuple) -> None:
    """With weights at zero what is left is the straight line, here against the registered model, through gaps and bridges."""
    data = bowl(noise=3.0)
    rng = np.random.default_rng(5)
    values, observed = data.displacement.copy(), data.observed.copy()
    values[rng.random(values.shape) < 0.1] = np.nan
    observed[rng.random(values.shape) < 0.1] = False
    values[31] = 0.0
    observed[0] = True
    data = replace(data, displacement=values, observed=observed)
    model = fitted(data, 31, (1, 3), base=base, window=8, learning_rate=1e-12, tolerance=0.5)
    assert model.best_epoch == 0
    origin, (name, settings) = data.time[31], simple
    line = make_model(name, **settings).fit(data, Split(origin, (origin,), (1, 3)))
    limits = line.predict(data, [origin], (1, 3), (0.05, 0.5)).increment.values[0]
    known = np.isfinite(limits[:, 0]).all(axis=0)  # a line without a degree of freedom is not taken
    assert known.mean() > 0.8
    said = medians(model, data, [31], (1, 3))[0]
    np.testing.assert_allclose(said[:, known], limits[:, 1, known], atol=2e-2)


@pytest.mark.parametrize(
    "settings",
    [{"base": "linear"}, {"base": "trend"}, {"multi_step": "recursive"}, {"base": "trend", "multi_step": "recursive"}],
    ids=["linear", "trend", "recursive", "recursive trend"],
)
def test_the_future_changes_no_bit_whatever_the_settings(settings: dict) -> None:
    data = bowl()
    rng = np.random.default_rng(3)
    values, observed = data.displacement.copy(), data.observed.copy()
    values[29:], observed[29:] = rng.normal(0, 1e4, values[29:].shape), False
    values[29:, ::5] = np.nan
    other = replace(data, displacement=values, observed=observed)
    plain, perturbed = (medians(fitted(each, 25, epochs=2, **settings), each, [28]) for each in (data, other))
    assert np.isfinite(plain).all()
    assert plain.tobytes() == perturbed.tobytes()


@pytest.mark.parametrize("base", ["persistence", "linear", "trend"])
def test_a_jump_across_a_bridge_changes_no_bit(base: str) -> None:
    data = bowl()
    observed = data.observed.copy()
    observed[20] = False
    values = data.displacement.copy()
    values[20:] += 777.7
    first, second = (
        medians(fitted(each, 30, base=base, epochs=2), each, [30])
        for each in (replace(data, observed=observed), replace(data, observed=observed, displacement=values))
    )
    assert first.tobytes() == second.tobytes()


def test_recursive_steps_reach_every_horizon() -> None:
    data = bowl()
    model = fitted(data, 30, (1, 2, 4), multi_step="recursive", epochs=2)
    together = medians(model, data, [30], (1, 2, 4))
    assert together.shape == (1, 3, 256)
    assert together[:, 2:].tobytes() == medians(model, data, [30], (4,)).tobytes()
    assert (together[0, 2] != together[0, 1]).any()


@pytest.mark.parametrize("base", ["linear", "trend"])
def test_recursive_steps_keep_their_distance_from_the_line(base: str) -> None:
    """A network that says "the deviation from the line stays" keeps it, step for step, however many are fed back."""
    data = bowl()
    model = fitted(data, 30, (1, 2, 4), multi_step="recursive", epochs=1, base=base)
    model._network = lambda x, lead: x[-1][:, :1]
    tile = model._tile(data, torch.device("cpu"))
    line = tile.base(30, tile.lead(30, (1, 2, 4)))
    off = (forecast(model._network, model._view, tile, 30, (1, 2, 4)) - line).numpy()
    assert np.abs(off[0]).mean() > 0.1
    np.testing.assert_allclose(off, np.broadcast_to(off[:1], off.shape), atol=1e-3)
    np.testing.assert_allclose(off[0], -tile.offset[30].numpy(), atol=1e-3)


def test_a_masked_pixels_value_changes_nothing() -> None:
    data = bowl()
    gone = np.zeros(data.displacement.shape, bool)
    gone[:, 40:60] = True
    gone[10:20, 100:140] = True
    values = np.where(gone, np.nan, data.displacement)
    masked = replace(data, displacement=values)
    kept = np.flatnonzero(~gone.all(axis=0))
    without = masked.take(kept)
    first, second = (medians(fitted(each, 30), each, [30, 34]) for each in (masked, without))
    assert np.isnan(first[..., 40:60]).all()
    assert first[..., kept].tobytes() == second.tobytes(), "pixels without data and pixels that are not there are the same"
    assert np.isfinite(second).all()


def test_a_gap_is_neither_zero_nor_a_jump() -> None:
    """A pixel high above zero that is missing on some dates, or bridged, must look like its neighbours."""
    data = bowl(noise=0.0)
    values = data.displacement + 1000.0
    gaps = values.copy()
    gaps[26:28, ::7] = np.nan
    model = fitted(data, 20, hidden=[6], epochs=10)
    whole, holed = (medians(model, replace(data, displacement=each), [30]) for each in (values, gaps))
    assert np.abs(whole).max() > 3
    np.testing.assert_allclose(holed, whole, atol=0.35 * np.abs(whole).max())


def test_nothing_after_the_end_of_training_is_learnt() -> None:
    """Targets included: whatever follows ``train_end``, the weights are the same bits."""
    data = bowl()
    rng = np.random.default_rng(1)
    values = data.displacement.copy()
    values[26:] = rng.normal(0, 1e4, values[26:].shape)
    first, second = (fitted(each, 25) for each in (data, replace(data, displacement=values)))
    assert first.epochs == second.epochs
    for ours, other in zip(first._network.parameters(), second._network.parameters(), strict=True):
        assert torch.equal(ours, other)


def test_no_training_target_passes_the_first_validation_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last dates validate: noise on them changes the choice of the epoch, and no gradient."""
    data = bowl()
    first = 30 - round(0.2 * 31)
    values = data.displacement.copy()
    values[first + 1 :] += np.random.default_rng(2).normal(0, 50, values[first + 1 :].shape)
    plain, noisy = (fitted(each, 30) for each in (data, replace(data, displacement=values)))
    ratio = noisy.scale / plain.scale
    assert ratio > 1, "the scale comes from the whole training"
    losses = []
    for each, model in ((data, plain), (replace(data, displacement=values), noisy)):
        again = ConvLSTM(**SMALL)
        with monkeypatch.context() as patch:
            patch.setattr(convlstm, "units_of", lambda tiles, window, model=model: (plain.scale, model.unit))
            again.fit(each, Split(each.time[30], (each.time[30],), (1, 2)))
        losses.append([(row["training"], row["validation"]) for row in again.epochs])
    assert [row[0] for row in losses[0]] == [row[0] for row in losses[1]]
    assert losses[0][0][1] != losses[1][0][1]


@pytest.mark.parametrize("settings", [{}, {"augment": True, "crop": 8}])
def test_threads_change_no_bit(settings: dict) -> None:
    data, said = bowl(), []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            model = fitted(data, 30, hidden=[8], **settings)
            said.append(medians(model, data, [30]).tobytes())
            assert torch.get_num_threads() == threads, "it is given back"
    finally:
        torch.set_num_threads(before)
    assert said[0] == said[1]


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    fitted(bowl(), 30, augment=True)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_seed_makes_a_difference() -> None:
    data = bowl()
    split = Split(data.time[30], (data.time[30],), (1,))
    said = [medians(ConvLSTM(**SMALL).fit(data, split, seed=seed), data, [30], (1,)) for seed in (0, 1)]
    assert (said[0] != said[1]).any()


def test_many_tiles_one_network() -> None:
    """Tiles of two sizes; one that has no points at all is left out."""
    first, second = bowl(), bowl(size=20, seed=1)
    nothing = first.take(np.array([], int))
    split = Split(first.time[30], (first.time[30],), (1, 2))
    end = second.time[30]
    both = ConvLSTM(**SMALL)
    same_days = replace(second, time=first.time, calendar=first.calendar)
    both.fit_many([first, same_days, nothing], split)
    assert medians(both, first, [30]).shape == (1, 2, 256)
    assert medians(both, same_days, [30]).shape == (1, 2, 400)
    assert end != first.time[30]
    alone = ConvLSTM(**SMALL).fit(first, split)
    assert (medians(alone, first, [30]) != medians(both, first, [30])).any()
    with pytest.raises(InsarcastError, match="one size"):
        ConvLSTM(**SMALL, peephole="pixel").fit_many([first, same_days], split)


def test_peepholes_per_pixel_keep_to_their_size() -> None:
    data = bowl()
    model = fitted(data, 30, peephole="pixel", epochs=2)
    assert model.parameters == fitted(data, 30, peephole="none", epochs=2).parameters + 3 * 4 * 256
    with pytest.raises(InsarcastError, match="take 'channel'"):
        medians(model, bowl(size=12), [30])


def test_fine_tuning_goes_on_from_the_parent(tmp_path) -> None:
    data = bowl()
    split = Split(data.time[30], (data.time[30],), (1, 2))
    parent = fitted(data, 30, finetune_epochs=3, finetune_learning_rate=1e-3)
    parent.save(tmp_path / "parent")
    child = ConvLSTM.load(tmp_path / "parent").refine(data, split)
    assert child.start == pytest.approx(parent.epochs[parent.best_epoch - 1]["validation"], rel=1e-6)
    assert len(child.epochs) == 3
    assert child.epochs[0]["learning_rate"] == 1e-3
    assert child.scale == parent.scale
    still = ConvLSTM.load(tmp_path / "parent")
    still.settings = replace(still.settings, finetune_learning_rate=1e-12, tolerance=0.5)
    assert medians(still.refine(data, split), data, [30]).tobytes() == medians(parent, data, [30]).tobytes()
    with pytest.raises(InsarcastError, match="horizons"):
        child.refine(data, Split(data.time[30], (data.time[30],), (1, 2, 3)))


@pytest.mark.parametrize("name", ["convlstm", "convlstm_global", "convlstm_finetuned"])
def test_what_was_saved_is_all_there_is(name: str, tmp_path) -> None:
    data = bowl()
    model = fitted(data, 30, hidden=[4, 3])
    model.save(tmp_path)
    again = load_model(name, tmp_path)
    assert isinstance(again, ConvLSTM)
    for key in ("settings", "train_end", "horizons", "scale", "unit", "factor", "epochs", "best_epoch", "start", "parameters"):
        assert getattr(again, key) == getattr(model, key), key
    assert medians(again, data, [31]).tobytes() == medians(model, data, [31]).tobytes()
    again.save(tmp_path / "again")
    for name_ in ("model.json", "weights.safetensors"):
        assert (tmp_path / name_).read_bytes() == (tmp_path / "again" / name_).read_bytes()


def test_the_receptive_field_is_what_is_looked_at() -> None:
    """One layer of kernel 3 over the frames of a window of 2: at most 1 + 1 pixels in each direction; longer windows see farther."""
    data = bowl()
    short = fitted(data, 30, window=2, epochs=3)
    assert 0 < short.receptive_field(data) <= 2 * np.sqrt(2)
    wide = fitted(data, 30, window=6, kernel=5, epochs=3).receptive_field(data)
    assert short.receptive_field(data) < wide < 16
    never = fitted(data, 30, learning_rate=1e-12, tolerance=0.5, epochs=1)
    assert never.receptive_field(data) == 0.0


def test_a_window_longer_than_the_past() -> None:
    data = bowl()
    assert np.isfinite(medians(fitted(data, 12, window=30, epochs=2), data, [12])).all()


@pytest.mark.parametrize("scheduler", ["step", "cosine", "plateau", "none"])
def test_learning_rates(scheduler: str) -> None:
    model = fitted(bowl(), 30, scheduler=scheduler, step_size=2, gamma=0.1, epochs=4)
    rates = [row["learning_rate"] for row in model.epochs]
    cosine = [0.005 * (1 + np.cos(np.pi * epoch / 4)) for epoch in range(4)]
    expected = {"step": [0.01, 0.01, 0.001, 0.001], "cosine": cosine, "plateau": [0.01] * 4, "none": [0.01] * 4}[scheduler]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("settings", [{"optimizer": "adamw"}, {"optimizer": "sgd"}, {"optimizer": "rmsprop"}, {"clip": None}])
def test_optimizers(settings: dict) -> None:
    model = fitted(bowl(), 30, **settings)
    assert model.epochs[-1]["training"] < model.epochs[0]["training"]


@pytest.mark.parametrize("loss", ["mae", "mse", "huber"])
def test_losses_are_in_millimetres(loss: str) -> None:
    """At the start the network says zero: the validation loss is torch's own of the increments."""
    data = bowl()
    model = fitted(data, 30, (1,), loss=loss, epochs=1, huber_delta=0.5)
    first = 30 - round(0.2 * 31)
    steps = torch.tensor(np.diff(data.displacement[first:31], axis=0))
    function = {
        "mae": torch.nn.L1Loss(),
        "mse": torch.nn.MSELoss(),
        "huber": torch.nn.HuberLoss(delta=0.5 * model.scale),
    }[loss]
    assert model.start == pytest.approx(float(function(steps, torch.zeros_like(steps))), rel=1e-3)


def test_training_stops_early_and_keeps_the_best() -> None:
    model = fitted(bowl(), 30, epochs=60, patience=3, learning_rate=0.05)
    scores = [row["validation"] for row in model.epochs]
    assert len(scores) < 60
    assert len(scores) == model.best_epoch + 3
    assert scores[model.best_epoch - 1] == min(scores) or min(scores) > scores[model.best_epoch - 1] * 0.999


def test_a_training_that_diverges_is_a_sentence() -> None:
    data = bowl()
    with pytest.raises(InsarcastError, match="diverged in epoch"):
        fitted(data, 30, learning_rate=1e38, clip=None, optimizer="sgd", epochs=8, patience=8)


def test_too_few_dates_are_a_sentence() -> None:
    """The number it names is enough, one less is not."""
    data = bowl()
    with pytest.raises(InsarcastError, match=r"6 dates.*forecast\.history to at least 8"):
        fitted(data, 5, (1, 2, 3))
    with pytest.raises(InsarcastError, match=r"forecast\.history to at least 8"):
        fitted(data, 6, (1, 2, 3))
    fitted(data, 7, (1, 2, 3), epochs=1)
    with pytest.raises(InsarcastError, match=r"forecast\.history to at least 15.*convlstm\.validation"):
        fitted(data, 13, (1, 2, 3), validation=0.7)
    fitted(data, 14, (1, 2, 3), epochs=1, validation=0.7)


def test_nothing_to_learn_from_is_a_sentence() -> None:
    data = bowl()
    for what, part in (("training", slice(1, 25)), ("validation", slice(25, 31))):
        observed = data.observed.copy()
        observed[part] = False
        with pytest.raises(InsarcastError, match=f"windows of the {what}"):
            fitted(replace(data, observed=observed), 30)


def test_points_without_a_grid_are_a_sentence() -> None:
    data = replace(bowl(), row=None, col=None, shape=None)
    with pytest.raises(InsarcastError, match="model of series"):
        fitted(data, 30)


def test_a_horizon_it_was_not_trained_for_is_a_sentence() -> None:
    data = bowl()
    with pytest.raises(InsarcastError, match=r"not for \[3\]"):
        medians(fitted(data, 30, (1, 2)), data, [30], (1, 3))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_a_sentence() -> None:
    data = bowl()
    split = Split(data.time[30], (data.time[30],), (1,))
    with pytest.raises(InsarcastError, match=r"forecast\.device is cuda"):
        ConvLSTM(**SMALL).fit(data, split, device="cuda")
    ConvLSTM(**{**SMALL, "epochs": 1}).fit(data, split, device="auto")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mape"}, "mae, mse, huber"),
        ({"kernel": 4}, "odd"),
        ({"hidden": []}, "channels of each layer"),
        ({"window": 1}, "at least 2"),
        ({"validation": 1.0}, "between 0 and 1"),
        ({"learning_rate": 0}, "above 0"),
        ({"peephole": "pixel", "augment": True}, "neither augment nor crop"),
    ],
)
def test_wrong_settings_are_a_sentence(settings: dict, words: str) -> None:
    with pytest.raises(InsarcastError, match=words):
        ConvLSTM(**settings)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(TypeError, match="layers"):
        ConvLSTM(layers=3)


def test_the_schema_has_the_same_settings_and_defaults() -> None:
    section = schema()["$defs"]["convlstm"]["properties"]
    assert set(section) == {field.name for field in fields(Settings)} == set(inspect.signature(Settings).parameters)
    for name, node in section.items():
        default = getattr(Settings(), name)
        assert node["default"] == (list(default) if isinstance(default, tuple) else default), name
        assert node["description"], name
        for choice in node.get("enum", []):
            Settings(**{name: choice})


def test_progress_is_a_line_per_epoch(capsys) -> None:
    data = bowl()
    ConvLSTM(**SMALL).fit(data, Split(data.time[30], (data.time[30],), (1,)), progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", str(epoch)] for epoch in range(1, 5)]
