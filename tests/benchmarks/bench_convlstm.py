"""A training step of the ConvLSTM against a plain cell, frame by frame, with the same weights, inputs and loss curve.

    python tests/benchmarks/bench_convlstm.py [--device auto] [--pixels 48] [--batch 1] [--repeat 7]

The peer is the paper's equations as they are usually written in PyTorch: one convolution of the input and the hidden state joined, at every
step of every layer, autograd for the rest; on CUDA both run with bfloat16 convolutions (the peer by autocast). Runs alternate, each with
the same threads; the ratio is the median of the pairs' ratios. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow"))

from insarcast.models.convlstm.network import Layer, Network
from insarcast.models.training import choose_device, reproducible

HIDDEN, KERNEL, FRAMES, HORIZONS = (32, 32, 32), 5, 10, 3
# Steps over which the loss curves must agree, and how closely: one step's rounding grows from step to step.
STEPS, AGREE = 5, {"cpu": 1e-6, "cuda": 2e-2}


class PlainCell(nn.Module):
    """One step of one layer, equations (6)-(10) of Leng et al. 2023 with channel-wise peepholes."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        inputs, out = layer.input_kernel.shape[1], layer.input_kernel.shape[0]
        self.conv = nn.Conv2d(inputs + out // 4, out, KERNEL, padding=KERNEL // 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.cat([layer.input_kernel, layer.hidden_kernel], 1))
            self.conv.bias.copy_(layer.bias)  # type: ignore[union-attr]
        self.peephole = nn.Parameter(layer.peephole.detach().clone())  # type: ignore[union-attr]

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = torch.split(self.conv(torch.cat([x, h], 1)), h.shape[1], dim=1)
        i = torch.sigmoid(i + self.peephole[0] * c)
        f = torch.sigmoid(f + self.peephole[1] * c)
        c = f * c + i * torch.tanh(g)
        o = torch.sigmoid(o + self.peephole[2] * c)
        return o * torch.tanh(c), c


class Plain(nn.Module):
    """The stack, frame by frame."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.cells = nn.ModuleList(PlainCell(layer) for layer in network.layers)  # type: ignore[arg-type]
        self.head = nn.Parameter(network.head.detach().clone())
        self.shift = nn.Parameter(network.shift.detach().clone())

    def forward(self, frames: Tensor, lead: Tensor) -> Tensor:
        batch, (height, width) = frames.shape[1], frames.shape[-2:]
        states = [[frames.new_zeros(batch, size, height, width)] * 2 for size in HIDDEN]
        for x in frames:
            for at, cell in enumerate(self.cells):
                states[at] = list(cell(x, *states[at]))
                x = states[at][0]
        offset, rate = nn.functional.conv2d(x, self.head, self.shift).chunk(2, 1)
        return offset + rate * lead[:, :, None, None]


def trainer(network: nn.Module, frames: Tensor, lead: Tensor, target: Tensor, autocast: bool):
    """A function that makes one training step and gives its loss."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=autocast):
            said = network(frames, lead)
        loss = (said.float() - target).abs().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    return step


def seconds(step, device: torch.device) -> tuple[float, float]:
    """Wall and CPU seconds of one step."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--pixels", type=int, help="edge of the tile; 48 on a CPU, 256 on CUDA")
    parser.add_argument("--batch", type=int, help="1 on a CPU, 4 on CUDA")
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    device = choose_device(options.device)
    cuda = device.type == "cuda"
    pixels, batch = options.pixels or (256 if cuda else 48), options.batch or (4 if cuda else 1)
    generator = torch.Generator().manual_seed(0)
    network = Network(4, HIDDEN, KERNEL, "channel", HORIZONS)
    network.reset(generator)
    with torch.no_grad():  # a head and peepholes at zero would hide half of the network from the comparison
        for weight in [network.head, *(layer.peephole for layer in network.layers)]:
            weight.copy_(0.1 * torch.randn(weight.shape, generator=generator))
    frames = torch.randn(FRAMES, batch, 4, pixels, pixels, generator=generator).to(device)
    target = torch.randn(batch, HORIZONS, pixels, pixels, generator=generator).to(device)
    lead = torch.tensor([[0.1, 0.2, 0.3]] * batch).to(device)
    if cuda:
        network.precision, network.fused = torch.bfloat16, True
    plain = Plain(network).to(device)
    fast = copy.deepcopy(network).to(device)
    with reproducible(device):
        ours, peer = trainer(fast, frames, lead, target, False), trainer(plain, frames, lead, target, cuda)
        curves = torch.stack([torch.stack([ours(), peer()]) for _ in range(STEPS)]).cpu()
        difference = float(((curves[:, 0] - curves[:, 1]).abs() / curves[:, 1]).max())
        fall = float(1 - curves[-1, 1] / curves[0, 1])
        pairs = [(seconds(ours, device), seconds(peer, device)) for _ in range(options.repeat)]
    if difference > AGREE[device.type]:
        sys.exit(f"The losses differ by {difference:.1e} of their size; not the same network.")
    wall = statistics.median(b[0] / a[0] for a, b in pairs)
    cpu = statistics.median(b[1] / a[1] for a, b in pairs)
    result = {
        "benchmark": "convlstm",
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "pixels": pixels,
        "batch": batch,
        "repeat": options.repeat,
        "ratio": round(wall, 3),
        "ratio_cpu_time": round(cpu, 3),
        "seconds": round(statistics.median(a[0] for a, _ in pairs), 4),
        "peer_seconds": round(statistics.median(b[0] for _, b in pairs), 4),
        "loss_difference": difference,
        "loss_fall": round(fall, 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
