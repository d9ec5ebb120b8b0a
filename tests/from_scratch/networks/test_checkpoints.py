"""A run that is interrupted goes on as if nothing had happened."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.checkpoints import load_checkpoint, resumed_training, save_checkpoint
from rag_app.from_scratch.networks.layers import BatchNorm, Dropout, Linear, Sequential
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.training import Plan, Training

X = np.random.default_rng(1).normal(size=(30, 2))
Y = X[:, :1] * X[:, 1:]


def _run(optimiser="adam", width=4):
    rng = np.random.default_rng(0)
    network = Sequential(Linear(2, width, rng), BatchNorm(width), Dropout(0.2, rng), Linear(width, 1, rng))
    plan = Plan(batch_size=8, optimiser=optimiser)
    return Training(network, lambda rows: squared_loss(network(Tensor(X[rows])), Y[rows]), 30, plan, rng)


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
def test_ten_epochs_are_five_and_five(optimiser, tmp_path):
    """To the bit, with batch normalisation, dropout and shuffling, and with the learning rate that was reached."""
    whole, first, second = _run(optimiser), _run(optimiser), _run(optimiser)
    for run in (whole, first):
        for _ in range(5):
            run.fit_epoch()
        run.optimiser.learning_rate /= 2
    save_checkpoint(first, tmp_path / "run.npz")
    load_checkpoint(second, tmp_path / "run.npz")
    for run in (whole, second):
        for _ in range(5):
            run.fit_epoch()
    assert second.losses == whole.losses
    assert all(np.array_equal(a, b) for a, b in zip(whole.network.state(), second.network.state(), strict=True))
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_another_network_is_refused(tmp_path):
    """Before anything is changed."""
    save_checkpoint(_run(width=4), tmp_path / "run.npz")
    other = _run(width=5)
    before = other.network.state()
    with pytest.raises(InvalidInputError, match=r"^The network must have the shapes of the checkpoint, \[\(2, 4\)"):
        load_checkpoint(other, tmp_path / "run.npz")
    assert all(np.array_equal(a, b) for a, b in zip(before, other.network.state(), strict=True))


def test_another_optimiser_is_refused(tmp_path):
    """Its memory has another form."""
    save_checkpoint(_run("sgd"), tmp_path / "run.npz")
    with pytest.raises(InvalidInputError, match=r"^The optimiser must have the shapes of the checkpoint"):
        load_checkpoint(_run("adam"), tmp_path / "run.npz")


def test_what_is_no_checkpoint_is_refused(tmp_path):
    """A missing file, a text, an empty and a cut-off file, arrays of something else, and a wrong name or folder."""
    (tmp_path / "text.npz").write_text("no", encoding="utf-8")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    for name in ("missing.npz", "text.npz", "empty.npz", "cut.npz", "other.npz"):
        with pytest.raises(InvalidInputError, match=r"^path must be a file that save_checkpoint wrote; got "):
            load_checkpoint(_run(), tmp_path / name)
    with pytest.raises(InvalidInputError, match=r"^path must end in \.npz; got "):
        save_checkpoint(_run(), tmp_path / "run.pickle")
    with pytest.raises(InvalidInputError, match=r"^path must be a file that can be written; got .*: No such file"):
        save_checkpoint(_run(), tmp_path / "no" / "run.npz")


def test_a_crash_while_writing_leaves_the_last_one(tmp_path):
    """A disk that refuses the new file keeps the old one readable."""
    run = _run()
    save_checkpoint(run, tmp_path / "run.npz")
    (tmp_path / "run.part.npz").mkdir()
    run.fit_epoch()
    with pytest.raises(InvalidInputError, match=r"^path must be a file that can be written; got .*: Is a directory"):
        save_checkpoint(run, tmp_path / "run.npz")
    load_checkpoint(run, tmp_path / "run.npz")
    assert run.losses == []


def test_the_tool_shows_that_nothing_was_forgotten():
    """Whole and interrupted run agree; weights without the optimiser's memory and the generator do not suffice."""
    result = resumed_training(n_epochs=5, seed=3)
    assert len(result["losses"]) == 5
    assert result["losses"] == result["resumed_losses"]
    assert result["largest_difference"] == 0
    assert result["without_optimiser"] > 0
    assert resumed_training([[0.0], [1.0], [2.0]], n_epochs=2)["largest_difference"] == 0
    with pytest.raises(InvalidInputError, match="n_epochs must be a whole number of at least 2; got 1"):
        resumed_training(n_epochs=1)
