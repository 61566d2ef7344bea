"""The recurrence of a ConvLSTM layer in place: on a CPU, passes over memory cost more than the arithmetic of the gates."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from .convlstm_cell import Loop, States


class InPlaceLoop(Loop):
    """As :class:`insarcast.models.convlstm_cell.Loop`, number for number, but the gates overwrite the sums they come from."""

    def forward(self, z: Tensor, kernel: Tensor, peephole: Tensor | None) -> States:
        """See there."""
        states = States([], [], [])
        for t, total in enumerate(z):
            channels = total.shape[1] // 4
            i, f, g, o = total.chunk(4, 1)
            new = torch.empty_like(i, memory_format=torch.contiguous_format)
            if t:
                total += conv2d(states.hidden[-1], kernel, padding=kernel.shape[-1] // 2)
                c = states.cell[-1]
                if peephole is not None:
                    i.addcmul_(peephole[0], c)
                    f.addcmul_(peephole[1], c)
            total[:, : 2 * channels].sigmoid_()
            g.tanh_()
            torch.mul(i, g, out=new)
            if t:
                new.addcmul_(f, c)
            if peephole is not None:
                o.addcmul_(peephole[2], new)
            o.sigmoid_()
            states.active.append(total)
            states.cell.append(new)
            states.hidden.append(torch.tanh(new).mul_(o))
        return states

    def backward(self, states: States, grad: Tensor, kernel: Tensor, peephole: Tensor | None) -> Tensor:
        """See there."""
        last = len(grad) - 1
        out = torch.empty((len(grad), *states.active[0].shape), dtype=grad.dtype)
        dh = torch.empty_like(states.cell[0])
        dc = torch.zeros_like(dh)
        spare = torch.empty_like(dh)
        for t in range(last, -1, -1):
            i, f, g, o = states.active[t].chunk(4, 1)
            di, df, dg, do = out[t].chunk(4, 1)
            torch.tanh(states.cell[t], out=spare)
            if t < last:
                torch.add(grad[t], conv_transpose2d(out[t + 1], kernel, padding=kernel.shape[-1] // 2), out=dh)
            else:
                dh.copy_(grad[t])
            dh.mul_(o)
            torch.mul(dh, spare, out=do)  # dh o tanh(c), which still lacks 1 - o
            do.addcmul_(do, o, value=-1)
            dc.add_(dh).addcmul_(dh, spare.square_(), value=-1)
            if peephole is not None:
                dc.addcmul_(do, peephole[2])
            torch.mul(dc, i, out=spare)
            torch.mul(spare, g, out=di)
            di.addcmul_(di, i, value=-1)
            torch.mul(spare, g, out=dg).mul_(g)
            torch.sub(spare, dg, out=dg)
            if not t:
                df.zero_()
                break
            dc.mul_(f)
            torch.mul(dc, states.cell[t - 1], out=df)
            df.addcmul_(df, f, value=-1)
            if peephole is not None:
                dc.addcmul_(di, peephole[0]).addcmul_(df, peephole[1])
        return out.flatten(0, 1)
