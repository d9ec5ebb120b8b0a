"""Layers that are frozen and released."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.freezing import FreezeSchedule, freeze, gradual_unfreezing, unfreezing_schedule
from rag_app.from_scratch.networks.layers import Linear, Sequential, dense
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.optimisers import SGD


def test_the_schedule_of_the_course():
    """100, 3,100, 5,100 and 6,100 parameters, two epochs each."""
    epochs = unfreezing_schedule([1000, 2000, 3000, 100], 1, 2, 10)
    assert [e["n_parameters"] for e in epochs] == [100, 100, 3100, 3100, 5100, 5100] + [6100] * 4
    assert epochs[2]["layers"] == [2, 3]


@pytest.mark.parametrize(("n_start", "every"), [(1, 1), (2, 3), (3, 1)])
def test_changed_layers_are_those_of_the_schedule(n_start, every):
    """In every epoch, to the bit; and the new task is learnt."""
    found = gradual_unfreezing(n_start, every, 12)
    schedule = FreezeSchedule(3, n_start, every)
    assert found["changed"] == found["trained"] == [schedule.trainable(e) for e in range(12)]
    assert found["losses"][-1] < found["losses"][0]


def test_the_new_task_is_learnt():
    """From three quarters to nine tenths."""
    found = gradual_unfreezing()
    assert found["accuracy"] > found["accuracy_before"] + 0.1


def test_the_two_updates_of_the_course():
    """ŷ = w₂ w₁ x from 2 and 1: with w₁ frozen w₂ becomes 1.4, then both move to 2.168 and 1.64."""
    rng = np.random.default_rng(0)
    first, second = Linear(1, 1, rng, bias=False), Linear(1, 1, rng, bias=False)
    first.W.data, second.W.data = np.array([[2.0]]), np.array([[1.0]])
    network = Sequential(first, second)

    def update():
        (squared_loss(network(Tensor([[1.0]])), [[4.0]]) * 0.5).backward()
        SGD(network.weights(), 0.1).step()

    freeze(first)
    update()
    assert (first.W.data.item(), second.W.data.item()) == pytest.approx((2, 1.4))
    freeze(first, frozen=False)
    update()
    assert (first.W.data.item(), second.W.data.item()) == pytest.approx((2.168, 1.64))


def test_frozen_weights_are_none_to_train():
    """They come back when they are released."""
    network = dense([2, 3, 1], np.random.default_rng(0))
    freeze(network)
    assert list(network.weights()) == []
    freeze(network, frozen=False)
    assert len(list(network.weights())) == 4


def test_mistakes_are_named():
    """More layers than there are, none, and epochs."""
    with pytest.raises(InvalidInputError, match="n_start must be a whole number of at least 1 and at most 2; got 3"):
        unfreezing_schedule([1, 1], 3)
    with pytest.raises(InvalidInputError, match="n_layers must be a whole number of at least 1; got 0"):
        unfreezing_schedule([])
    with pytest.raises(InvalidInputError, match=r"layer_sizes\[0\] must be a whole number of at least 0; got -1"):
        unfreezing_schedule([-1])
    with pytest.raises(InvalidInputError, match="every must be a whole number of at least 1; got 0"):
        gradual_unfreezing(every=0)
