"""One step of training a multilayer perceptron: forward, backward and Adam, beside torch on one thread.

Both hold 64-bit numbers, take turns and are timed by the processor's clock of the process.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy reads it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import itertools
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from report import spread, write_report

from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.optimisers import Adam

_TURNS, _STEPS = 7, 60
_SIZES = ((32, [2, 32, 32, 2]), (32, [20, 64, 64, 4]), (128, [20, 128, 128, 4]), (256, [64, 256, 256, 10]))


def main() -> None:
    """Measure and report."""
    torch.set_num_threads(1)
    rows = []
    for n_rows, sizes in _SIZES:
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(n_rows, sizes[0])), rng.normal(size=(n_rows, sizes[-1]))
        own, other = _own_step(x, y, sizes), _torch_step(x, y, sizes)
        turns = [(_seconds(own), _seconds(other)) for _ in range(_TURNS + 1)][1:]  # the first warms up
        rows.append(
            {
                "batch": n_rows,
                "layers": "-".join(map(str, sizes)),
                "rag_app, microseconds: median (min–max)": spread([1e6 * a / _STEPS for a, _ in turns]),
                "torch, microseconds: median (min–max)": spread([1e6 * b / _STEPS for _, b in turns]),
                "ratio: median (min–max)": spread([a / b for a, b in turns]),
                "within 3 times": statistics.median(a / b for a, b in turns) <= 3,
            }
        )
    write_report("networks", rows, torch=torch.__version__, numpy=np.__version__, turns=_TURNS, steps=_STEPS)


def _own_step(x: np.ndarray, y: np.ndarray, sizes: Sequence[int]) -> Callable[[], None]:
    network = dense(sizes, np.random.default_rng(0))
    optimiser = Adam(network.weights())
    inputs, targets = Tensor(x), Tensor(y)

    def step() -> None:
        squared_loss(network(inputs), targets).backward()
        optimiser.step()

    return step


def _torch_step(x: np.ndarray, y: np.ndarray, sizes: Sequence[int]) -> Callable[[], None]:
    layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in itertools.pairwise(sizes)]
    curved = [step for layer in layers[:-1] for step in (layer, torch.nn.ReLU())]
    network = torch.nn.Sequential(*curved, layers[-1])
    optimiser = torch.optim.Adam(network.parameters())
    inputs, targets = torch.tensor(x), torch.tensor(y)

    def step() -> None:
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(network(inputs), targets).backward()
        optimiser.step()

    return step


def _seconds(step: Callable[[], None]) -> float:
    start = time.process_time()
    for _ in range(_STEPS):
        step()
    return time.process_time() - start


if __name__ == "__main__":
    main()
