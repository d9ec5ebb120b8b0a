"""A run of training on disk: everything that the next step depends on, so that it can go on as if nothing happened."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count
from rag_app.from_scratch.estimators.estimator import UNREADABLE
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.training import Plan, Training
from rag_app.registry import register


def save_checkpoint(training: Training, path: str | os.PathLike[str]) -> None:
    """Write the state of a run: weights, running statistics, optimiser, generator and losses so far.

    Parameters
    ----------
    training : Training
        The run, between two epochs.
    path : path-like
        A name that ends in ``.npz``.

    Raises
    ------
    InvalidInputError
        If the name does not end in ``.npz``, or the file cannot be written.

    Notes
    -----
    The file is NumPy's ``.npz``, a zip of arrays, and nothing in it is pickled. It holds numbers and not the network
    that they belong to: that is the program's. It is written aside and then renamed, so that a crash while writing
    leaves the last good one.
    """
    if Path(path).suffix != ".npz":
        msg = f"path must end in .npz; got {os.fspath(path)!r}."
        raise InvalidInputError(msg)
    run = {"generator": training.rng.bit_generator.state, "learning_rate": training.optimiser.learning_rate}
    network, optimiser = training.network.state(), training.optimiser.state()
    arrays = {f"network{i}": a for i, a in enumerate(network)} | {f"optimiser{i}": a for i, a in enumerate(optimiser)}
    aside = Path(path).with_suffix(".part.npz")
    try:
        np.savez(aside, allow_pickle=False, run=np.array(json.dumps(run)), losses=np.array(training.losses), **arrays)
        aside.replace(path)
    except OSError as exc:
        msg = f"path must be a file that can be written; got {os.fspath(path)!r}: {exc.strerror}."
        raise InvalidInputError(msg) from exc


def load_checkpoint(training: Training, path: str | os.PathLike[str]) -> None:
    """Set a run, made as the saved one was made, to the state that `save_checkpoint` wrote.

    Raises
    ------
    InvalidInputError
        If the file cannot be read as a checkpoint, or belongs to another network or optimiser; the run is then as it
        was.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            held = dict(archive)
        run = json.loads(str(held["run"]))
        losses, generator, learning_rate = held["losses"].tolist(), run["generator"], float(run["learning_rate"])
    except UNREADABLE as exc:
        msg = f"path must be a file that save_checkpoint wrote; got {os.fspath(path)!r}."
        raise InvalidInputError(msg) from exc
    network, optimiser = _numbered("network", held), _numbered("optimiser", held)
    _check_shapes("network", network, training.network.state())
    _check_shapes("optimiser", optimiser, training.optimiser.state())
    training.network.load_state(network)
    training.optimiser.load_state(optimiser)
    training.optimiser.learning_rate = learning_rate
    training.rng.bit_generator.state = generator
    training.losses = losses


def _numbered(name: str, held: dict[str, Array]) -> list[Array]:
    count = sum(key.startswith(name) for key in held)
    return [held[f"{name}{i}"] for i in range(count)]


def _check_shapes(name: str, stored: list[Array], wanted: list[Array]) -> None:
    found, own = [a.shape for a in stored], [a.shape for a in wanted]
    if found != own:
        msg = f"The {name} must have the shapes of the checkpoint, {found}; got {own}."
        raise InvalidInputError(msg, hint="Build the run as the saved one was built.")


@register("tool", "M117")
def resumed_training(X: Matrix | None = None, n_epochs: int = 10, seed: int = 0) -> dict[str, object]:
    """Return what training gives in one run and in two halves with a checkpoint between them: the same, to the bit.

    Parameters
    ----------
    X : array-like of shape (n, d), optional
        Rows whose sum of sines is learnt; by default 64 rows of 3 numbers.
    n_epochs : int, default=10
        Epochs in all, at least 2.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``losses`` of the run in one piece; ``resumed_losses`` of the run that was interrupted after half its epochs;
        ``largest_difference`` between their weights, 0 when nothing was forgotten; ``without_optimiser``, the same
        difference when only the weights are kept; ``bytes`` of the checkpoint.

    Notes
    -----
    A checkpoint holds weights, running statistics, the moments of the optimiser, the state of the generator and the
    losses so far. Abadi et al., "TensorFlow: a system for large-scale machine learning", OSDI (2016).

    Examples
    --------
    >>> result = resumed_training()
    >>> result["largest_difference"], result["without_optimiser"] > 0.001
    (0.0, True)
    """
    check_count("n_epochs", n_epochs, 2)
    rows = as_generator(seed).normal(size=(64, 3)) if X is None else as_matrix("X", X)
    whole, first, second, forgetful = (_sine_run(rows, n_epochs, seed) for _ in range(4))
    _fit(whole, n_epochs)
    _fit(first, n_epochs // 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.npz"
        save_checkpoint(first, path)
        load_checkpoint(second, path)
        size = path.stat().st_size
    forgetful.network.load_state(first.network.state())
    for run in (second, forgetful):
        _fit(run, n_epochs - n_epochs // 2)
    return {
        "losses": whole.losses,
        "resumed_losses": second.losses,
        "largest_difference": _difference(whole, second),
        "without_optimiser": _difference(whole, forgetful),
        "bytes": size,
    }


def _sine_run(rows: Array, n_epochs: int, seed: int) -> Training:
    rng = as_generator(seed)
    network = dense([rows.shape[1], 8, 1], rng, activation="tanh", dropout=0.1)
    targets = np.sin(rows).sum(axis=1, keepdims=True)
    plan = Plan(n_epochs=n_epochs, batch_size=16)
    return Training(network, lambda i: squared_loss(network(Tensor(rows[i])), targets[i]), len(rows), plan, rng)


def _fit(training: Training, n_epochs: int) -> None:
    for _ in range(n_epochs):
        training.fit_epoch()


def _difference(a: Training, b: Training) -> float:
    pairs = zip(a.network.state(), b.network.state(), strict=True)
    return max(float(np.abs(x - y).max()) for x, y in pairs)
