"""Attention over encoder outputs: what a decoder looks at before it writes the next element."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_choice
from rag_app.from_scratch.networks.attention import masked_softmax, sized
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import softmax, tanh
from rag_app.from_scratch.networks.layers import Layer, Linear
from rag_app.from_scratch.networks.masks import Mask
from rag_app.registry import register

_SCORES = ("dot", "additive")


def additive_scores(projected_query: Tensor, projected_keys: Tensor, v: Tensor) -> Tensor:
    """Return ``vᵀ tanh(W s + U h_j)`` for queries of shape (…, 1, k) and keys of shape (…, m, k): shape (…, m)."""
    return (tanh(projected_query + projected_keys) * v).sum(-1)


class AdditiveAttention(Layer):
    """Attention of a decoder's state over encoder outputs, scored by a small network (Bahdanau, Cho & Bengio, 2015).

    Parameters
    ----------
    size : int
        Length of the state and of the encoder outputs.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.W, self.U = Linear(size, size, rng, bias=False), Linear(size, size, rng, bias=False)
        self.v = Linear(size, 1, rng, bias=False)

    def __call__(self, state: Tensor, outputs: Tensor, mask: Mask | None = None) -> tuple[Tensor, Tensor]:
        """Return the context vectors, (b, k), and the weights, (b, m), for states (b, k) and outputs (b, m, k)."""
        query = self.W(state).reshape(len(state), 1, -1)
        weights = masked_softmax(additive_scores(query, self.U(outputs), self.v.W.reshape(-1)), mask)
        return (weights.reshape(*weights.shape, 1) * outputs).sum(1), weights


@register("tool", "M084")
def encoder_attention(
    query: Vector,
    encoder_outputs: Matrix,
    score: str = "dot",
    W: Matrix | None = None,
    U: Matrix | None = None,
    v: Vector | None = None,
) -> dict[str, list[float]]:
    """Return the context vector of a decoder's state: the mean of encoder outputs, weighted by their match.

    Parameters
    ----------
    query : array-like of shape (k,)
        State of the decoder.
    encoder_outputs : array-like of shape (m, d)
        Outputs of the encoder: one for each word of the source, or for each region of an image.
    score : {"dot", "additive"}, default="dot"
        The product of both, or a small network that compares them.
    W : array-like of shape (k, a), optional
        Weights of the state in the additive score; by default the identity.
    U : array-like of shape (d, a), optional
        Weights of the encoder outputs in the additive score; by default the identity.
    v : array-like of shape (a,), optional
        Weights of the hidden units in the additive score; by default ones.

    Returns
    -------
    dict
        ``scores``, ``weights``, which are not negative and sum to 1, and ``context``. Equal scores give the mean of the
        encoder outputs; one score far above the rest gives that output.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or the score is unknown.

    Notes
    -----
    ``α_j = softmax(s)_j`` and ``c = Σ α_j h_j``, with ``s_j = q · h_j`` or ``s_j = vᵀ tanh(W q + U h_j)``. Bahdanau,
    Cho & Bengio, "Neural machine translation by jointly learning to align and translate", ICLR 2015.

    Examples
    --------
    Scores 2, 1 and 3.

    >>> result = encoder_attention([2, 1], [[1, 0], [0, 1], [1, 1]])
    >>> [round(w, 4) for w in result["weights"]], [round(c, 4) for c in result["context"]]
    ([0.2447, 0.09, 0.6652], [0.91, 0.7553])
    """
    check_choice("score", score, _SCORES)
    q, H = as_vector("query", query), as_matrix("encoder_outputs", encoder_outputs)
    if score == "dot":
        if len(q) != H.shape[1]:
            msg = f"query must be of the length of the encoder outputs, {H.shape[1]}; got {len(q)} numbers."
            raise InvalidInputError(msg, hint="Use score='additive' with W and U for different sizes.")
        scores = H @ q
    else:
        scores = _additive(q, H, W, U, v)
    weights = softmax(Tensor(scores)).data
    return {"scores": scores.tolist(), "weights": weights.tolist(), "context": (weights @ H).tolist()}


def _additive(
    q: NDArray[np.float64], H: NDArray[np.float64], W: Matrix | None, U: Matrix | None, v: Vector | None
) -> NDArray[np.float64]:
    first = np.eye(len(q)) if W is None else as_matrix("W", W)
    second = np.eye(H.shape[1]) if U is None else as_matrix("U", U)
    last = np.ones(first.shape[1]) if v is None else as_vector("v", v)
    sized("W", first, (len(q), len(last)))
    sized("U", second, (H.shape[1], len(last)))
    scores = additive_scores(Tensor((q @ first)[None]), Tensor(H @ second), Tensor(last))
    return np.asarray(scores.data, np.float64)
