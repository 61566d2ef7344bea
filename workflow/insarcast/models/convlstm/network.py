"""Layers of ConvLSTM and a head that turns the last hidden state into increments."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from .cell import LayerPass, Loop, gates, gates_back
from .cpu import LayerInPlace


class Layer(nn.Module):
    """Weights of one layer; see :mod:`insarcast.models.convlstm.cell`."""

    def __init__(self, inputs: int, hidden: int, kernel: int, peephole: str, shape: tuple[int, int]) -> None:
        super().__init__()
        self.input_kernel = nn.Parameter(torch.zeros(4 * hidden, inputs, kernel, kernel))
        self.hidden_kernel = nn.Parameter(torch.zeros(4 * hidden, hidden, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        size = {"none": None, "channel": (1, 1), "pixel": shape}[peephole]
        self.peephole = None if size is None else nn.Parameter(torch.zeros(3, hidden, *size))

    def reset(self, generator: torch.Generator) -> None:
        """Glorot's uniform kernels, forget gates open (bias 1: Jozefowicz et al. 2015), peepholes closed."""
        hidden = self.bias.numel() // 4
        area = self.input_kernel.shape[-1] ** 2
        with torch.no_grad():
            for kernel in (self.input_kernel, self.hidden_kernel):
                bound = (6 / (area * (kernel.shape[1] + hidden))) ** 0.5
                kernel.copy_((2 * torch.rand(kernel.shape, generator=generator) - 1) * bound)
            self.bias.zero_()
            self.bias[hidden : 2 * hidden] = 1.0
            if self.peephole is not None:
                self.peephole.zero_()


class Network(nn.Module):
    """Frames in, increments out.

    The head gives each horizon two maps A and B; the increment is A + B times the lead time: what the last value is off by, and a
    rate, so that irregular dates need nothing more. It starts at zero, so an untrained network says "nothing changes".

    Attributes:
        precision: of the convolutions; the cell state and the sums of the gates are never below float32.
        fused: whether the gates are compiled: only they, for a whole unrolled recurrence compiles for minutes.
    """

    def __init__(
        self, inputs: int, hidden: Sequence[int], kernel: int, peephole: str, horizons: int, shape: tuple[int, int] = (1, 1)
    ) -> None:
        super().__init__()
        sizes = [inputs, *hidden]
        self.layers = nn.ModuleList(Layer(below, size, kernel, peephole, shape) for below, size in pairwise(sizes))
        self.head = nn.Parameter(torch.zeros(2 * horizons, hidden[-1], 1, 1))
        self.shift = nn.Parameter(torch.zeros(2 * horizons))
        self.precision = torch.float32
        self.fused = False

    def reset(self, generator: torch.Generator) -> None:
        """New weights; everything random comes from ``generator``."""
        for layer in self.layers:
            cast(Layer, layer).reset(generator)
        with torch.no_grad():
            self.head.zero_()
            self.shift.zero_()

    def forward(self, frames: Tensor, lead: Tensor) -> Tensor:
        """Increments ``(batch, horizon, y, x)``.

        Args:
            frames: ``(time, batch, channel, y, x)``.
            lead: ``(batch, horizon)`` lead times, in a unit of about the window's length.
        """
        x = frames.to(self.precision) if self.precision != torch.float32 else frames
        if x.device.type == "cuda":
            x = x.flatten(0, 1).contiguous(memory_format=torch.channels_last).view(x.shape)
        in_place = x.device.type == "cpu" and x.dtype == torch.float32
        loop = _fused() if self.fused else Loop()
        for layer in self.layers:
            at = cast(Layer, layer)
            weights = (at.input_kernel, at.hidden_kernel, at.bias, at.peephole)
            x = LayerInPlace.apply(x, *weights) if in_place else LayerPass.apply(x, *weights, loop)  # type: ignore[no-untyped-call]
        maps = torch.nn.functional.conv2d(x[-1].to(self.head.dtype), self.head, self.shift)
        offset, rate = maps.chunk(2, 1)
        return torch.addcmul(offset, rate, lead[:, :, None, None])


@cache
def _fused() -> Loop:
    """The gates compiled, once for all networks of a process."""
    return Loop(_guarded(gates), _guarded(gates_back))


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled function that falls back to itself, with a line, where it cannot be compiled."""
    compiled, works = torch.compile(function, dynamic=False), True

    def call(*args: Tensor | None) -> Any:
        nonlocal works
        if works:
            try:
                return compiled(*args)
            except Exception as error:  # whatever the compiler's tool chain lacks, the eager function works
                works = False
                print(f"torch.compile does not work here ({type(error).__name__}); the gates run uncompiled.", file=sys.stderr)
        return function(*args)

    return call
