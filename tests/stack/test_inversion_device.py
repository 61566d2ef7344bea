"""The inversion in torch, run here on a CPU: the same numbers as the compiled kernel, whose oracle is numpy."""

import numpy as np
import pytest

from insarcast.core import InsarcastError
from insarcast.stack import invert
from insarcast.stack.inversion import gpu
from insarcast.stack.inversion.gpu import DeviceSolver
from tests.stack.conftest import lags
from tests.stack.test_inversion import observe


@pytest.fixture
def on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """``device="cuda"`` runs the same code on torch's CPU."""

    def make(operands: object, device: str, *rest: object) -> DeviceSolver:
        return DeviceSolver(operands, "cpu", *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("insarcast.stack.inversion.gpu.DeviceSolver", make)


@pytest.mark.usefixtures("on_torch")
@pytest.mark.parametrize("norm", ["l2", "l1", "huber", "student"])
@pytest.mark.parametrize("weights", ["none", "auto"])
def test_the_device_gives_the_kernels_numbers(norm: str, weights: str) -> None:
    n, pairs = 14, lags(14, 1, 2, 3, 6)
    _, data = observe(n, 700, pairs, 0.8, missing=0.12, seed=5)
    data[7, :40] += 28.0
    coherence = np.random.default_rng(1).uniform(0.3, 0.95, data.shape).astype(np.float32)
    options = {"weights": weights, "coherence": coherence, "norm": norm, "correct_unwrapping": True}
    kernel, device = (invert(data, pairs, np.arange(n) * 12.0, device=name, **options) for name in ("cpu", "cuda"))  # type: ignore[arg-type]
    for name in ("displacement", "sigma", "resid_rms", "temporal_coherence"):
        np.testing.assert_allclose(getattr(device, name), getattr(kernel, name), rtol=1e-6, atol=2e-6, err_msg=name)
    assert (device.filled == kernel.filled).all()
    assert kernel.cycles is not None
    assert device.cycles is not None
    assert (kernel.cycles.pixel == device.cycles.pixel).all()


def test_a_gpu_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    data = np.zeros((3, 4))
    with pytest.raises(InsarcastError, match="no CUDA GPU"):
        invert(data, [(0, 1), (1, 2), (0, 2)], np.array([0.0, 12.0, 24.0]), device="cuda")
    assert not gpu.has_gpu()
    assert np.isfinite(invert(data, [(0, 1), (1, 2), (0, 2)], np.array([0.0, 12.0, 24.0]), device="auto").displacement).all()


@pytest.mark.skipif(not gpu.has_gpu(), reason="there is no CUDA GPU")
def test_a_real_gpu_gives_the_kernels_numbers() -> None:
    n, pairs = 30, lags(30, 1, 2, 3, 8)
    _, data = observe(n, 5000, pairs, 0.8, missing=0.05, seed=6)
    one, two = (invert(data, pairs, np.arange(n) * 12.0, device=name) for name in ("cpu", "cuda"))
    np.testing.assert_allclose(two.displacement, one.displacement, atol=1e-6)
