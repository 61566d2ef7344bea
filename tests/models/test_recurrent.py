"""Recurrent networks: they learn what there is to learn, no more, and the same at any number of threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from insarcast.core import InsarcastError, Split
from insarcast.models import make_model
from insarcast.models.recurrent.model import LSTM
from insarcast.models.recurrent.network import Network, seeded
from insarcast.models.regression.model import Lesson
from insarcast.models.regression.windows import Channels, Windows, gather
from tests.models.windows_toy import data_of, rows_of, skill

QUICK = {"neighbours": "none", "hidden": 16, "window": 8, "batch": 128, "learning_rate": 0.01}


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_memory_of_one_step_is_learnt(cell: str) -> None:
    """Levels that return to 0 by half at each date: the best skill is 1 - sqrt(1 - 0.5^2) / sqrt(2 (1 - 0.5)) = 0.134."""
    rng = np.random.default_rng(0)
    level = np.zeros((80, 60))
    for index in range(1, 80):
        level[index] = 0.5 * level[index - 1] + rng.normal(0, 2, 60)
    found = skill(cell, data_of(level), (1,), **QUICK)[0]
    assert 0.06 < found < 0.16


def test_a_season_is_learnt() -> None:
    days = 12 * np.arange(130)
    phase = np.random.default_rng(1).uniform(0, 6.28, 40)
    wave = 6 * np.sin(2 * np.pi * days[:, None] / 365.25 + phase) + np.random.default_rng(2).normal(0, 1, (130, 40))
    assert skill("lstm", data_of(wave), (4,), **QUICK)[0] > 0.4


def test_min_max_scales_by_the_training_alone_and_back() -> None:
    rng = np.random.default_rng(3)
    values = 20 * np.sin(np.arange(60) / 5)[:, None] * rng.uniform(0.5, 2, 20) + rng.normal(0, 0.3, (60, 20))
    values[48:] *= 3.0  # beyond the range of the training
    data = data_of(values)
    model = LSTM(window=6, scaling="minmax")
    windows = Windows(data, model.channels(60), trained=48)
    rows = windows.rows(50, [1, 2], slice(None))
    sequence, known = model.inputs(rows)
    low, high = values[:48].min(axis=0), values[:48].max(axis=0)
    np.testing.assert_allclose(sequence[:, :, 0], ((values[44:51] - low) / (high - low)).T, atol=1e-4)
    assert known.shape == (20, 0)
    np.testing.assert_allclose(model._targets(rows), ((values[51:53] - low) / (high - low)).T, atol=1e-4)
    noise = data_of(rng.normal(0, 3, (80, 60)))
    assert skill("lstm", noise, (1,), **QUICK, scaling="minmax")[0] > 0.15, "what it says is turned back into increments"


def test_any_number_of_threads_learns_the_same() -> None:
    rows, data = rows_of()
    model = LSTM(window=4, neighbours="none", hidden=8, epochs=2)
    threads, weights = torch.get_num_threads(), []
    for count in (1, 2):
        torch.set_num_threads(count)
        learnt = model._train(Lesson(rows, rows, data, seed=1))
        weights.append(b"".join(learnt[name].tobytes() for name in sorted(learnt)))
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)
    assert weights[0] == weights[1]


def test_the_seed_decides_and_torch_is_left_alone() -> None:
    state = torch.random.get_rng_state()
    networks = []
    for seed in (0, 0, 1):
        with seeded(seed):
            networks.append(Network("gru", 1, 4, 1, 0, 2))
    first, again, other = (torch.cat([weight.flatten() for weight in network.parameters()]) for network in networks)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_cuda_where_there_is_none_has_a_sentence() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    data = data_of(np.random.default_rng(0).normal(size=(30, 20)))
    with pytest.raises(InsarcastError, match="no CUDA GPU"):
        make_model("gru", **QUICK).fit(data, Split(data.time[-1], (data.time[-1],), (1,)), device="cuda")


def test_a_training_that_diverges_names_its_settings() -> None:
    rows, data = rows_of()
    model = make_model("rnn", window=4, neighbours="none", hidden=4, loss="l2")
    huge = rows._replace(target=np.full_like(rows.target, 1e30))
    with pytest.raises(InsarcastError, match=r"lower models\.rnn\.learning_rate"):
        model._train(Lesson(huge, huge, data))


def test_other_models_do_not_import_torch() -> None:
    code = (
        "import sys; from insarcast.models import make_model;"
        "[make_model(name) for name in ('ridge', 'dlinear', 'eof', 'svr', 'boosting', 'lstm')]; sys.exit('torch' in sys.modules)"
    )
    path = [str(Path(__file__).parents[2] / "workflow")]
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {code}"], check=False)
    assert done.returncode == 0


def test_the_five_patterns_of_the_hlstm_paper() -> None:
    """Simulation of the HLSTM paper (2021, Table I): increments 0, 10, -10, 3 t and 3 t - 3 plus noise that is uniform on +-0.5.

    Who knows the pattern has a mean absolute error of 0.25 for the eleventh increment, the noise's own; the paper prints 0.2494 for its
    best network. Less would be a leak.
    """
    rng = np.random.default_rng(0)
    step = np.arange(1, 12)[:, None]
    each = 1200
    trends = [np.full(11, 0.0), np.full(11, 10.0), np.full(11, -10.0), 3.0 * step[:, 0], 3.0 * step[:, 0] - 3]
    increments = np.repeat(np.array(trends).T, each, axis=1) + rng.uniform(-0.5, 0.5, (11, 5 * each))
    level = np.concatenate([np.zeros((1, 5 * each)), increments.cumsum(axis=0)])
    order = rng.permutation(5 * each)
    learn, check = order[: 4 * each], order[4 * each :]
    data = data_of(level)
    rows = [gather(Windows(data.take(part), Channels(10), pooled=5.0), 10, 11, [1], 10**6, 0) for part in (learn, check)]
    assert rows[0] is not None
    assert rows[1] is not None
    cut = len(rows[0].target) * 4 // 5
    mixed = rng.permutation(len(rows[0].target))
    parts = [rows[0].__class__(*(part[at] for part in rows[0])) for at in (mixed[:cut], mixed[cut:])]
    model = LSTM(window=10, neighbours="none", season=False, hidden=32, batch=64, epochs=40, patience=40, learning_rate=0.01)
    learnt = model._train(Lesson(*parts, data))
    error = (rows[1].target - model._say(learnt, rows[1])) * rows[1].scatter[:, None]
    assert 0.245 < np.abs(error).mean() < 0.30
