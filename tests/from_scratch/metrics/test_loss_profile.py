"""The role of a loss: what the profile says is what the loss computes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.loss_profile import loss_profile
from rag_app.registry import entries, get

CALLS = {  # a loss, its targets for n outputs, and how outputs are given to it
    "mse_loss": (np.zeros, {}),
    "mae_loss": (np.zeros, {}),
    "huber_loss": (np.zeros, {"delta": 1.0}),
    "logcosh_loss": (np.zeros, {}),
    "quantile_loss": (np.zeros, {"tau": 0.9}),
    "bce_loss": (np.ones, {}),
    "bce_with_logits_loss": (np.ones, {}),
    "hinge_loss": (np.ones, {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_profile_is_the_loss_along_its_outputs(name):
    """Losses and slopes are those that the tool of the same name computes, one output at a time."""
    targets, parameters = CALLS[name]
    profile = loss_profile(name)
    for i, output in enumerate(profile["outputs"]):
        found = get(name).target(targets(1), [output], **parameters)
        assert found == {"loss": pytest.approx(profile["losses"][i]), "gradient": pytest.approx([profile["slopes"][i]])}


def test_cross_entropy_is_profiled_in_the_logit_of_the_true_class():
    """Against a logit of 0 it equals the binary form."""
    found, binary = loss_profile("cross_entropy_loss"), loss_profile("bce_with_logits_loss")
    assert found["losses"] == pytest.approx(binary["losses"])
    assert found["slopes"] == pytest.approx(binary["slopes"])


def test_every_loss_of_these_modules_has_a_profile():
    """Whatever is registered as a loss in the two modules of losses can be looked up."""
    modules = ("regression_losses", "classification_losses")
    names = [e.name for e in entries("metric") if e.target.__module__.endswith(modules)]
    assert len(names) == 9
    for name in names:
        profile = loss_profile(name)
        assert {"formula", "gradient", "use", "axis", "outputs", "losses", "slopes"} == set(profile)
        assert len(profile["outputs"]) == len(profile["losses"]) == len(profile["slopes"]) == 61
        assert min(profile["losses"]) >= 0


def test_an_unknown_loss_is_refused():
    """The error lists those that exist."""
    with pytest.raises(
        InvalidInputError, match=f"^{re.escape('loss must be one of mse_loss, mae_loss, ')}.*; got 'l2'.$"
    ):
        loss_profile("l2")
