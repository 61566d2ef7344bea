"""One layer of the ConvLSTM: all frames through it, layer by layer and not frame by frame.

Equations (6)-(10) of Leng et al. 2023 (doi 10.1007/s11442-023-2169-8), which are those of Shi et al. 2015 (NIPS, equation 3), with
``*`` a convolution and ``o`` a product pixel by pixel::

    i_t = sigma(W_xi * X_t + W_hi * H_t-1 + W_ci o C_t-1 + b_i)
    f_t = sigma(W_xf * X_t + W_hf * H_t-1 + W_cf o C_t-1 + b_f)
    C_t = f_t o C_t-1 + i_t o tanh(W_xc * X_t + W_hc * H_t-1 + b_c)
    o_t = sigma(W_xo * X_t + W_ho * H_t-1 + W_co o C_t   + b_o)
    H_t = o_t o tanh(C_t)

What does not wait for the frame before is done for all frames at once: the convolution of the inputs going forward, and going back the
gradients of both kernels and of the inputs. Only the convolution of H_t-1 and the gates stay in the loop, and at the first frame,
where H and C are zero, the former is left out.

That is the order for a GPU, with gates that ``torch.compile`` can fuse; a CPU is faster frame by frame (:mod:`.cpu`). The
gradients are written out in both, so that autograd keeps neither graph nor copies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d


class States(NamedTuple):
    """What a layer went through, one tensor ``(batch, channel, y, x)`` per frame.

    Attributes:
        active: i, f, the candidate and o after their functions, ``4 channel``.
        cell: C.
        hidden: H.
    """

    active: list[Tensor]
    cell: list[Tensor]
    hidden: list[Tensor]


Gates = Callable[[Tensor, Tensor | None, Tensor | None, Tensor | None], tuple[Tensor, Tensor, Tensor]]
GatesBack = Callable[
    [Tensor, Tensor | None, Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None], tuple[Tensor, Tensor | None]
]


def gates(z: Tensor, more: Tensor | None, c: Tensor | None, peephole: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The gates of one frame.

    Args:
        z: ``(batch, 4 channel, y, x)`` convolution of the input and bias, for i, f, the candidate and o.
        more: convolution of the hidden state, or None at the first frame.
        c: cell state before, or None for zero.
        peephole: ``(3, channel, 1 or y, 1 or x)`` W_ci, W_cf and W_co, or None.

    Returns:
        Activations like ``z`` in its precision, the new cell state (never below float32), and the new hidden state.
    """
    total = z if z.dtype == torch.float64 else z.float()
    i, f, g, o = (total if more is None else total + more).chunk(4, 1)
    if peephole is not None and c is not None:
        i, f = torch.addcmul(i, peephole[0], c), torch.addcmul(f, peephole[1], c)
    i, f, g = i.sigmoid(), f.sigmoid(), g.tanh()
    new = i * g if c is None else torch.addcmul(i * g, f, c)
    o = (o if peephole is None else torch.addcmul(o, peephole[2], new)).sigmoid()
    return torch.cat([i, f, g, o], 1).to(z.dtype), new, (o * new.tanh()).to(z.dtype)


def gates_back(
    active: Tensor,
    c: Tensor | None,
    new: Tensor,
    grad_h: Tensor,
    back_h: Tensor | None,
    back_c: Tensor | None,
    peephole: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Gradients through :func:`gates`.

    Args:
        active: its activations.
        c: cell state before, or None.
        new: cell state after.
        grad_h: gradient of the hidden state from the layer above.
        back_h: the same from the frame after, or None at the last frame.
        back_c: gradient of the cell state from the frame after, or None.
        peephole: as there.

    Returns:
        Gradient of ``z``, and of ``c`` (None where that is).
    """
    i, f, g, o = active.to(new.dtype).chunk(4, 1)
    dh = grad_h.to(new.dtype)
    if back_h is not None:
        dh = dh + back_h
    squashed = new.tanh()
    do = dh * squashed * (o - o * o)
    dc = dh * o * (1 - squashed * squashed)
    if back_c is not None:
        dc = dc + back_c
    if peephole is not None:
        dc = torch.addcmul(dc, do, peephole[2])
    di, dg = dc * g * (i - i * i), dc * i * (1 - g * g)
    if c is None:
        return torch.cat([di, torch.zeros_like(di), dg, do], 1).to(active.dtype), None
    df = dc * c * (f - f * f)
    before = dc * f
    if peephole is not None:
        before = torch.addcmul(torch.addcmul(before, di, peephole[0]), df, peephole[1])
    return torch.cat([di, df, dg, do], 1).to(active.dtype), before


class Loop:
    """The recurrence of a layer as functions, compiled or not.

    Args:
        forward_gates: :func:`gates` or a compiled form of it.
        backward_gates: :func:`gates_back` likewise.
    """

    def __init__(self, forward_gates: Gates = gates, backward_gates: GatesBack = gates_back) -> None:
        self.gates, self.gates_back = forward_gates, backward_gates

    def forward(self, z: Tensor, kernel: Tensor, peephole: Tensor | None) -> States:
        """From the convolved inputs ``(time, batch, 4 channel, y, x)`` to the states."""
        states = States([], [], [])
        more: Tensor | None = None
        for t in range(len(z)):
            if t:
                more = conv2d(states.hidden[-1], kernel, padding=kernel.shape[-1] // 2)
            done = self.gates(z[t], more, states.cell[-1] if t else None, peephole)
            for kept, made in zip(states, done, strict=True):
                kept.append(made)
        return states

    def backward(self, states: States, grad: Tensor, kernel: Tensor, peephole: Tensor | None) -> Tensor:
        """Gradient ``(time * batch, 4 channel, y, x)`` of what :meth:`forward` was given, from that of the hidden states."""
        last = len(grad) - 1
        parts: list[Tensor] = [grad] * len(grad)
        back_h: Tensor | None = None
        back_c: Tensor | None = None
        for t in range(last, -1, -1):
            if t < last:
                back_h = conv_transpose2d(parts[t + 1], kernel, padding=kernel.shape[-1] // 2)
            before = states.cell[t - 1] if t else None
            parts[t], back_c = self.gates_back(states.active[t], before, states.cell[t], grad[t], back_h, back_c, peephole)
        return torch.cat(parts)


class LayerPass(torch.autograd.Function):
    """All frames through one layer."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, input_kernel: Tensor, hidden_kernel: Tensor, bias: Tensor, peephole: Tensor | None, loop: Loop
    ) -> Tensor:
        """Hidden states ``(time, batch, channel, y, x)`` of frames ``(time, batch, channel, y, x)``, in the frames' precision."""
        time, batch = x.shape[:2]
        flat, wx, wh = x.flatten(0, 1), input_kernel.to(x.dtype), hidden_kernel.to(x.dtype)
        sums = conv2d(flat, wx, bias.to(x.dtype), padding=wx.shape[-1] // 2)
        states = loop.forward(sums.view(time, batch, *sums.shape[1:]), wh, peephole)
        hidden = torch.cat(states.hidden)
        ctx.save_for_backward(flat, input_kernel, hidden_kernel, peephole, hidden, *states.active, *states.cell)
        ctx.loop = loop
        return hidden.view(time, batch, *hidden.shape[1:])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the frames, both kernels, the bias and the peepholes."""
        x, input_kernel, hidden_kernel, peephole, hidden, *kept = ctx.saved_tensors
        grad = grads[0]
        time, batch = grad.shape[:2]
        states = States(kept[:time], kept[time:], [])
        wx, wh = input_kernel.to(x.dtype), hidden_kernel.to(x.dtype)
        dz = ctx.loop.backward(states, grad, wh, peephole)
        dx: Tensor | None = None
        if ctx.needs_input_grad[0]:
            dx = conv_transpose2d(dz, wx, padding=wx.shape[-1] // 2)
            dx = dx.view(time, batch, *dx.shape[1:])
        dwx = kernel_gradient(dz, x, wx).to(input_kernel.dtype)
        dwh = torch.zeros_like(hidden_kernel)
        if time > 1:
            dwh = kernel_gradient(dz[batch:], hidden[:-batch], wh).to(hidden_kernel.dtype)
        db = dz.sum((0, 2, 3), dtype=input_kernel.dtype)
        dp = None if peephole is None else peephole_gradient(dz.view(time, batch, *dz.shape[1:]), states.cell, peephole)
        return dx, dwx, dwh, db, dp, None


def kernel_gradient(grad: Tensor, x: Tensor, kernel: Tensor) -> Tensor:
    """Gradient of a kernel from that of the convolution ``(frame, out, y, x)`` of frames ``(frame, in, y, x)``."""
    pad = kernel.shape[-1] // 2
    mask = [False, True, False]
    done = torch.ops.aten.convolution_backward(grad, x, kernel, None, [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, mask)
    gradient: Tensor = done[1]
    return gradient


def peephole_gradient(grad: Tensor, cells: list[Tensor], peephole: Tensor) -> Tensor:
    """Gradient of the peepholes from that of the sums ``(time, batch, 4 channel, y, x)`` and the cell states."""
    total = torch.zeros((3, *cells[0].shape[1:]), dtype=cells[0].dtype, device=cells[0].device)
    for t, part in enumerate(grad):
        di, df, _, do = part.to(total.dtype).chunk(4, 1)
        if t:
            total[0] += (di * cells[t - 1]).sum(0)
            total[1] += (df * cells[t - 1]).sum(0)
        total[2] += (do * cells[t]).sum(0)
    return total if peephole.shape[-2:] == total.shape[-2:] else total.sum((2, 3), keepdim=True)
