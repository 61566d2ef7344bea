"""The layer against the paper's equations written out number by number, and its gradients against finite differences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from insarcast.models.convlstm import network as convlstm_network
from insarcast.models.convlstm.cell import LayerPass, Loop, kernel_gradient
from insarcast.models.convlstm.cpu import LayerInPlace
from insarcast.models.convlstm.network import Network

PEEPHOLES = {"none": None, "channel": (1, 1), "pixel": (5, 4)}
LAYERS = {"layer by layer": lambda *parts: LayerPass.apply(*parts, Loop()), "in place": LayerInPlace.apply}


def weights(peephole: str, time: int = 3, batch: int = 2, inputs: int = 2, hidden: int = 2, kernel: int = 3) -> list:
    """Frames, kernels, bias and peepholes in double precision."""
    generator = torch.Generator().manual_seed(0)
    size = PEEPHOLES[peephole]
    shapes = [
        (time, batch, inputs, 5, 4),
        (4 * hidden, inputs, kernel, kernel),
        (4 * hidden, hidden, kernel, kernel),
        (4 * hidden,),
    ]
    made = [0.7 * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    made.append(None if size is None else 0.7 * torch.randn((3, hidden, *size), generator=generator, dtype=torch.float64))
    return made


def by_hand(x, wx, wh, bias, peephole) -> np.ndarray:
    """Equations (6)-(10) of Leng et al. 2023 for one sample, pixel by pixel: no array arithmetic, no library function but exp."""
    time, _, height, width = x.shape
    hidden, edge = wh.shape[1], wh.shape[-1] // 2
    sigma = lambda value: 1 / (1 + math.exp(-value))  # noqa: E731
    h = np.zeros((hidden, height, width))
    c = np.zeros((hidden, height, width))
    out = []

    def convolve(kernel, image, channel, row, col) -> float:
        total = 0.0
        for source in range(image.shape[0]):
            for dy in range(-edge, edge + 1):
                for dx in range(-edge, edge + 1):
                    if 0 <= row + dy < height and 0 <= col + dx < width:
                        total += kernel[channel, source, dy + edge, dx + edge] * image[source, row + dy, col + dx]
        return total

    def sums(gate, k, row, col, t) -> float:
        at = gate * hidden + k
        return convolve(wx, x[t], at, row, col) + convolve(wh, h, at, row, col) + bias[at]

    def peep(which, state, k, row, col) -> float:
        if peephole is None:
            return 0.0
        there = peephole[which, k]
        return there[row % there.shape[0], col % there.shape[1]] * state[k, row, col]

    for t in range(time):
        h_new, c_new = np.zeros_like(h), np.zeros_like(c)
        for k, row, col in itertools.product(range(hidden), range(height), range(width)):
            at = (k, row, col)
            i, f = sigma(sums(0, *at, t) + peep(0, c, *at)), sigma(sums(1, *at, t) + peep(1, c, *at))
            c_new[at] = f * c[at] + i * math.tanh(sums(2, *at, t))
            h_new[at] = sigma(sums(3, *at, t) + peep(2, c_new, *at)) * math.tanh(c_new[at])
        h, c = h_new, c_new
        out.append(h)
    return np.stack(out)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("peephole", PEEPHOLES)
def test_the_papers_equations(peephole: str, layer: str) -> None:
    x, *rest = weights(peephole)
    said = LAYERS[layer](x, *rest).numpy()
    for sample in range(2):
        expected = by_hand(x[:, sample].numpy(), *(None if part is None else part.numpy() for part in rest))
        np.testing.assert_allclose(said[:, sample], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("peephole", PEEPHOLES)
def test_gradients_are_finite_differences(peephole: str, layer: str) -> None:
    parts = [None if part is None else part.requires_grad_() for part in weights(peephole)]
    assert torch.autograd.gradcheck(LAYERS[layer], parts)


@pytest.mark.parametrize("layer", LAYERS)
def test_one_frame_has_no_hidden_gradient(layer: str) -> None:
    parts = [None if part is None else part.requires_grad_() for part in weights("channel", time=1)]
    LAYERS[layer](*parts).sum().backward()
    assert (parts[2].grad == 0).all()
    kernels = parts[1].grad.unflatten(0, (4, -1))
    assert (kernels[[0, 2, 3]] != 0).all()
    assert (kernels[1] == 0).all(), "there is nothing to forget yet"


@pytest.mark.parametrize("channels", [3, 12])
def test_gradient_of_a_kernel_is_autograds(channels: int) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(4, channels, 6, 7, generator=generator, dtype=torch.float64)
    kernel = torch.randn(8, channels, 5, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    out = torch.nn.functional.conv2d(x, kernel, padding=2)
    above = torch.randn(out.shape, generator=generator, dtype=torch.float64)
    (expected,) = torch.autograd.grad(out, kernel, above)
    torch.testing.assert_close(kernel_gradient(above, x, kernel.detach()), expected)


def frame_by_frame(network: Network, frames: torch.Tensor, lead: torch.Tensor) -> torch.Tensor:
    """The network with torch's own operations, frame by frame through all layers, autograd for everything."""
    sizes = [layer.bias.numel() // 4 for layer in network.layers]
    h = [frames.new_zeros(frames.shape[1], size, *frames.shape[-2:]) for size in sizes]
    c = [state.clone() for state in h]
    for x in frames:
        for at, layer in enumerate(network.layers):
            pad = layer.hidden_kernel.shape[-1] // 2
            total = torch.nn.functional.conv2d(x, layer.input_kernel, layer.bias, padding=pad)
            i, f, g, o = (total + torch.nn.functional.conv2d(h[at], layer.hidden_kernel, padding=pad)).chunk(4, 1)
            p = torch.zeros(3) if layer.peephole is None else layer.peephole
            c_before, i = c[at], torch.sigmoid(i + p[0] * c[at])
            c[at] = torch.sigmoid(f + p[1] * c_before) * c_before + i * torch.tanh(g)
            x = h[at] = torch.sigmoid(o + p[2] * c[at]) * torch.tanh(c[at])
    offset, rate = torch.nn.functional.conv2d(x, network.head, network.shift).chunk(2, 1)
    return offset + rate * lead[:, :, None, None]


@pytest.mark.parametrize("peephole", ["none", "channel", "pixel"])
def test_layer_by_layer_is_frame_by_frame(peephole: str) -> None:
    generator = torch.Generator().manual_seed(2)
    network = Network(4, (6, 5), 5, peephole, 2, (16, 12))
    network.reset(generator)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    frames = torch.randn(6, 3, 4, 16, 12, generator=generator)
    lead = torch.rand(3, 2, generator=generator)
    said, expected = network(frames, lead), frame_by_frame(network, frames, lead)
    torch.testing.assert_close(said, expected, rtol=1e-5, atol=1e-6)
    above = torch.randn(said.shape, generator=generator)
    both = [torch.autograd.grad(out, list(network.parameters()), above) for out in (said, expected)]
    for ours, autograds in zip(*both, strict=True):
        torch.testing.assert_close(ours, autograds, rtol=1e-4, atol=1e-4)


def test_an_untrained_network_says_nothing_changes() -> None:
    network = Network(4, (6, 5), 3, "channel", 3)
    network.reset(torch.Generator().manual_seed(0))
    assert (network(torch.randn(4, 1, 4, 8, 8), torch.ones(1, 3)) == 0).all()


def test_half_precision_stays_close() -> None:
    """bfloat16 convolutions have 8 bits; the cell state is float32, so errors do not pile up over the frames."""
    generator = torch.Generator().manual_seed(3)
    network = Network(4, (8,), 3, "channel", 1)
    network.reset(generator)
    with torch.no_grad():
        network.head.copy_(torch.randn(network.head.shape, generator=generator))
    frames, lead = torch.randn(20, 1, 4, 16, 16, generator=generator), torch.ones(1, 1)
    full = network(frames, lead)
    network.precision = torch.bfloat16
    half = network(frames, lead)
    assert half.dtype == torch.float32
    assert float((half - full).detach().abs().max() / full.detach().abs().max()) < 0.03
    half.sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


def test_a_compiler_that_fails_is_a_line_and_no_stop(monkeypatch, capsys) -> None:
    def compile_(function, **_options):
        def fail(*_args):
            raise RuntimeError("no tool chain")

        return fail

    monkeypatch.setattr(torch, "compile", compile_)
    add = convlstm_network._guarded(lambda a, b: a + b)
    assert [add(1, 2), add(3, 4)] == [3, 7]
    assert capsys.readouterr().err.count("torch.compile does not work here (RuntimeError)") == 1


def test_the_forget_gate_starts_open() -> None:
    network = Network(4, (6, 5), 3, "none", 3)
    network.reset(torch.Generator().manual_seed(0))
    for layer, (inputs, size) in zip(network.layers, itertools.pairwise((4, 6, 5)), strict=True):
        assert layer.bias.tolist() == [0.0] * size + [1.0] * size + [0.0] * (2 * size)
        assert float(layer.input_kernel.detach().abs().max()) <= (6 / (9 * (inputs + size))) ** 0.5
