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
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

Gates = Callable[[Tensor, Tensor | None, Tensor | None], tuple[Tensor, Tensor, Tensor]]
GatesBack = Callable[
    [Tensor, Tensor | None, Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None], tuple[Tensor, Tensor | None]
]


def gates(z: Tensor, c: Tensor | None, peephole: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The gates of one frame.

    Args:
        z: ``(batch, 4 channel, y, x)`` sums of the convolutions for i, f, the candidate and o.
        c: cell state before, or None for zero.
        peephole: ``(3, channel, 1 or y, 1 or x)`` W_ci, W_cf and W_co, or None.

    Returns:
        Activations like ``z`` in its precision, the new cell state (never below float32), and the new hidden state.
    """
    i, f, g, o = (z if z.dtype == torch.float64 else z.float()).chunk(4, 1)
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
    dc = torch.addcmul(dh * o, dh * o, squashed * squashed, value=-1)
    if back_c is not None:
        dc = dc + back_c
    if peephole is not None:
        dc = torch.addcmul(dc, do, peephole[2])
    di, dg = dc * g * (i - i * i), dc * (i - i * g * g)
    if c is None:
        return torch.cat([di, torch.zeros_like(di), dg, do], 1).to(active.dtype), None
    df = dc * c * (f - f * f)
    before = dc * f
    if peephole is not None:
        before = torch.addcmul(torch.addcmul(before, di, peephole[0]), df, peephole[1])
    return torch.cat([di, df, dg, do], 1).to(active.dtype), before


class LayerPass(torch.autograd.Function):
    """All frames through one layer, with the gradients written out."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        input_kernel: Tensor,
        hidden_kernel: Tensor,
        bias: Tensor,
        peephole: Tensor | None,
        forward_gates: Gates,
        backward_gates: GatesBack,
    ) -> Tensor:
        """Hidden states ``(time, batch, channel, y, x)`` of frames ``(time, batch, channel, y, x)``, in the frames' precision."""
        time, batch = x.shape[:2]
        wx, wh = input_kernel.to(x.dtype), hidden_kernel.to(x.dtype)
        pad = wh.shape[-1] // 2
        sums = conv2d(x.flatten(0, 1), wx, bias.to(x.dtype), padding=pad)
        z = sums.view(time, batch, *sums.shape[1:])
        actives: list[Tensor] = []
        cells: list[Tensor] = []
        hiddens: list[Tensor] = []
        c: Tensor | None = None
        for t in range(time):
            total = z[t] + conv2d(hiddens[-1], wh, padding=pad) if t else z[t]
            active, c, h = forward_gates(total, c, peephole)
            actives.append(active)
            cells.append(c)
            hiddens.append(h)
        ctx.save_for_backward(x, input_kernel, hidden_kernel, peephole, *actives, *cells, *hiddens)
        ctx.gates = backward_gates
        return torch.stack(hiddens)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the frames, both kernels, the bias and the peepholes."""
        x, input_kernel, hidden_kernel, peephole, *states = ctx.saved_tensors
        time, batch = x.shape[:2]
        actives, cells, hiddens = states[:time], states[time : 2 * time], states[2 * time :]
        wx, wh = input_kernel.to(x.dtype), hidden_kernel.to(x.dtype)
        pad = wh.shape[-1] // 2
        sums: list[Tensor] = [x] * time
        back_h: Tensor | None = None
        back_c: Tensor | None = None
        for t in reversed(range(time)):
            c = cells[t - 1] if t else None
            sums[t], back_c = ctx.gates(actives[t], c, cells[t], grads[0][t], back_h, back_c, peephole)
            back_h = conv_transpose2d(sums[t], wh, padding=pad) if t else None
        dz = torch.cat(sums)
        dx, dwx, _ = _conv_back(dz, x.flatten(0, 1), wx, pad, (bool(ctx.needs_input_grad[0]), True, False))
        dwh = torch.zeros_like(wh)
        if time > 1:
            dwh = _conv_back(dz[batch:], torch.cat(hiddens[:-1]), wh, pad, (False, True, False))[1]
        db = dz.sum((0, 2, 3), dtype=input_kernel.dtype)
        dp = None if peephole is None else _peephole_back(sums, cells, peephole)
        dx = None if dx is None else dx.view(x.shape)
        return dx, dwx.to(input_kernel.dtype), dwh.to(hidden_kernel.dtype), db, dp, None, None


def _conv_back(grad: Tensor, x: Tensor, kernel: Tensor, pad: int, wanted: tuple[bool, bool, bool]) -> tuple[Any, Any, Any]:
    done = torch.ops.aten.convolution_backward(grad, x, kernel, None, [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, list(wanted))
    return done[0], done[1], done[2]


def _peephole_back(sums: list[Tensor], cells: list[Tensor], peephole: Tensor) -> Tensor:
    total = torch.zeros((3, *cells[0].shape[1:]), dtype=cells[0].dtype, device=cells[0].device)
    for t, grad in enumerate(sums):
        di, df, _, do = grad.to(total.dtype).chunk(4, 1)
        if t:
            total[0] += (di * cells[t - 1]).sum(0)
            total[1] += (df * cells[t - 1]).sum(0)
        total[2] += (do * cells[t]).sum(0)
    return total if peephole.shape[-2:] == total.shape[-2:] else total.sum((2, 3), keepdim=True)
