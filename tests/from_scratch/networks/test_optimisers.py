"""Optimisers walk the same path as torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.optimisers import OPTIMISERS, SGD, Adam, RMSProp, clip_gradients

START = np.array([[1.0, -2.0], [0.5, 3.0]])
PULL = np.array([[3.0, 0.2], [1.0, 5.0]])


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (lambda w: SGD(w, 0.01), lambda w: torch.optim.SGD(w, lr=0.01)),
        (lambda w: SGD(w, 0.01, momentum=0.9), lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.9)),
        (lambda w: RMSProp(w, 0.02, decay=0.9), lambda w: torch.optim.RMSprop(w, lr=0.02, alpha=0.9)),
        (lambda w: Adam(w, 0.05), lambda w: torch.optim.Adam(w, lr=0.05)),
        (
            lambda w: Adam(w, 0.05, beta1=0.8, beta2=0.99, eps=1e-6),
            lambda w: torch.optim.Adam(w, lr=0.05, betas=(0.8, 0.99), eps=1e-6),
        ),
        (lambda w: Adam(w, 0.05, weight_decay=0.1), lambda w: torch.optim.AdamW(w, lr=0.05, weight_decay=0.1)),
    ],
    ids=["sgd", "momentum", "rmsprop", "adam", "adam with other parameters", "adamw"],
)
def test_a_hundred_steps_are_those_of_torch(own, other):
    """On a quadratic with a sine, to ten decimals."""
    a, b = Tensor(START, requires_grad=True), torch.tensor(START, requires_grad=True)
    optimiser, others = own([a]), other([b])
    for _ in range(100):
        ((a * a * PULL).sum() + (a**3 * 0.01).sum()).backward()
        ((b * b * torch.tensor(PULL)).sum() + (b**3 * 0.01).sum()).backward()
        optimiser.step()
        others.step()
        others.zero_grad()
    assert np.allclose(a.data, b.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_weight_without_a_gradient_stays(name):
    """It took no part in the loss."""
    used, unused = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    optimiser = OPTIMISERS[name]([used, unused])
    (used * 2).sum().backward()
    optimiser.step()
    assert (unused.data.tolist(), used.grad) == ([1.0], None)
    assert used.data[0] < 1


@pytest.mark.parametrize("name", OPTIMISERS)
def test_what_an_optimiser_remembers_is_kept_and_restored(name):
    """From the same weights and the same memory, the next steps are the same to the bit."""
    a, b = Tensor(START, requires_grad=True), Tensor(START, requires_grad=True)
    one, other = OPTIMISERS[name]([a]), OPTIMISERS[name]([b])

    def walk(weight, optimiser):
        for _ in range(3):
            (weight * weight * PULL).sum().backward()
            optimiser.step()

    walk(a, one)
    kept, b.data = one.state(), a.data.copy()
    walk(a, one)
    other.load_state(kept)
    walk(b, other)
    assert np.array_equal(a.data, b.data)


def test_the_first_step_of_adam_is_the_learning_rate():
    """Whatever the size of the gradient: -η g / (|g| + ε)."""
    w = Tensor([1.0, 1.0], requires_grad=True)
    (w * [1e3, -1e-3]).sum().backward()
    Adam([w], 0.1).step()
    assert w.data == pytest.approx([0.9, 1.1], abs=1e-5)


def test_gradients_are_shortened_together():
    """Only where they are longer than the limit; a weight without one is passed over."""
    a, b, c = (Tensor([1.0], requires_grad=True) for _ in range(3))
    (a * 3 + b * 4).sum().backward()
    assert clip_gradients([a, b, c], 10.0) == 5.0
    assert (a.grad.tolist(), b.grad.tolist(), c.grad) == ([3.0], [4.0], None)
    assert clip_gradients([a, b, c], 1.0) == 5.0
    assert (a.grad.tolist(), b.grad.tolist()) == (pytest.approx([0.6]), pytest.approx([0.8]))
