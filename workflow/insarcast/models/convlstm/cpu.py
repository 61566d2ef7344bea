"""A ConvLSTM layer on a CPU: the equations of :mod:`insarcast.models.convlstm.cell`, frame by frame and in place.

On one core the arithmetic of the convolutions is the time, and what is lost is lost to memory. So here a frame's input and hidden state
lie side by side in one buffer (the gates write the hidden state where the next frame's convolution reads it), one call convolves both, the
gates overwrite the sums they come from, and the gradients of a frame are taken while they are in the cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from .cell import kernel_gradient


class LayerInPlace(torch.autograd.Function):
    """As :class:`insarcast.models.convlstm.cell.LayerPass`, number for number."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, input_kernel: Tensor, hidden_kernel: Tensor, bias: Tensor, peephole: Tensor | None
    ) -> Tensor:
        """Hidden states ``(time, batch, channel, y, x)`` of frames ``(time, batch, channel, y, x)``."""
        time, batch, inputs = x.shape[:3]
        channels, pad = hidden_kernel.shape[1], hidden_kernel.shape[-1] // 2
        kernel = torch.cat([input_kernel, hidden_kernel], 1)
        joined = x.new_empty((time, batch, inputs + channels, *x.shape[-2:]))
        joined[:, :, :inputs] = x
        joined[0, :, inputs:] = 0.0
        hidden = x.new_empty((time, batch, channels, *x.shape[-2:]))
        cells = torch.empty_like(hidden)
        actives: list[Tensor] = []
        for t in range(time):
            z = conv2d(joined[t], kernel, bias, padding=pad) if t else conv2d(x[0], input_kernel, bias, padding=pad)
            _gates(z, cells[t - 1] if t else None, cells[t], hidden[t], peephole)
            actives.append(z)
            if t + 1 < time:
                joined[t + 1, :, inputs:] = hidden[t]
        ctx.save_for_backward(joined, input_kernel, hidden_kernel, peephole, cells, *actives)
        return hidden

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the frames, both kernels, the bias and the peepholes."""
        joined, input_kernel, hidden_kernel, peephole, cells, *actives = ctx.saved_tensors
        grad, inputs, pad = grads[0], input_kernel.shape[1], hidden_kernel.shape[-1] // 2
        kernel = torch.cat([input_kernel, hidden_kernel], 1)
        dk, db = torch.zeros_like(kernel), kernel.new_zeros(kernel.shape[0])
        dp = None if peephole is None else torch.zeros_like(peephole)
        dx = grad.new_empty((*joined.shape[:2], inputs, *joined.shape[-2:])) if ctx.needs_input_grad[0] else None
        dz, dc, spare = torch.empty_like(actives[0]), torch.zeros_like(cells[0]), torch.empty_like(cells[0])
        dh = torch.empty_like(dc)
        back: Tensor | None = None
        for t in range(len(grad) - 1, -1, -1):
            torch.add(grad[t], back, out=dh) if back is not None else dh.copy_(grad[t])
            _gates_back(actives[t], cells[t - 1] if t else None, cells[t], dh, dc, dz, spare, peephole)
            if dx is not None:
                both = conv_transpose2d(dz, kernel if t else input_kernel, padding=pad)
                dx[t] = both[:, :inputs]
                back = both[:, inputs:]
            elif t:
                back = conv_transpose2d(dz, hidden_kernel, padding=pad)
            if t:
                dk += kernel_gradient(dz, joined[t], kernel)
            else:
                dk[:, :inputs] += kernel_gradient(dz, joined[0, :, :inputs], input_kernel)
            db += dz.sum((0, 2, 3))
            if dp is not None:
                _add_peephole_gradient(dp, dz, cells, t, spare)
        return dx, dk[:, :inputs], dk[:, inputs:], db, dp


def _gates(z: Tensor, c: Tensor | None, new: Tensor, hidden: Tensor, peephole: Tensor | None) -> None:
    """Sums ``z`` into activations in place; writes the cell and the hidden state."""
    i, f, g, o = z.chunk(4, 1)
    if peephole is not None and c is not None:
        i.addcmul_(peephole[0], c)
        f.addcmul_(peephole[1], c)
    z[:, : 2 * i.shape[1]].sigmoid_()
    g.tanh_()
    torch.mul(i, g, out=new)
    if c is not None:
        new.addcmul_(f, c)
    if peephole is not None:
        o.addcmul_(peephole[2], new)
    o.sigmoid_()
    torch.tanh(new, out=hidden)
    hidden.mul_(o)


def _gates_back(
    active: Tensor, c: Tensor | None, new: Tensor, dh: Tensor, dc: Tensor, dz: Tensor, spare: Tensor, peephole: Tensor | None
) -> None:
    """Writes the gradient of the sums into ``dz`` and turns ``dc``, that of the cell state after, into that before; spoils ``dh``."""
    i, f, g, o = active.chunk(4, 1)
    di, df, dg, do = dz.chunk(4, 1)
    torch.tanh(new, out=spare)
    dh.mul_(o)
    torch.mul(dh, spare, out=do)
    do.addcmul_(do, o, value=-1)
    dc.add_(dh).addcmul_(dh, spare.square_(), value=-1)
    if peephole is not None:
        dc.addcmul_(do, peephole[2])
    torch.mul(dc, i, out=spare)
    torch.mul(spare, g, out=di)
    torch.mul(di, g, out=dg)
    torch.sub(spare, dg, out=dg)
    di.addcmul_(di, i, value=-1)
    if c is None:
        df.zero_()
        return
    dc.mul_(f)
    torch.mul(dc, c, out=df)
    df.addcmul_(df, f, value=-1)
    if peephole is not None:
        dc.addcmul_(di, peephole[0]).addcmul_(df, peephole[1])


def _add_peephole_gradient(total: Tensor, dz: Tensor, cells: Tensor, t: int, spare: Tensor) -> None:
    """Adds one frame's gradient of the peepholes."""
    di, df, _, do = dz.chunk(4, 1)
    shared = total.shape[-1] == 1 and total.shape[-2] == 1
    axes, keep = ((0, 2, 3), total.shape[1:]) if shared else ((0,), total.shape[1:])
    for which, part in enumerate((di, df, do)):
        if t or which == 2:
            torch.mul(part, cells[t if which == 2 else t - 1], out=spare)
            total[which] += spare.sum(axes).view(keep)
