"""Learning from human feedback, whole: a network writes, rankings teach a reward, the reward tunes the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_count, check_range
from rag_app.from_scratch.language.reward_model import RewardModel
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.next_token import (
    generate,
    language_network,
    sequence_log_probabilities,
    train_language_network,
)
from rag_app.from_scratch.networks.optimisers import Adam
from rag_app.from_scratch.networks.training import Plan
from rag_app.from_scratch.networks.transformer import Tokens
from rag_app.registry import register

_N_LETTERS = 4
_LETTERS = ".abcd"  # the first begins every text
_LENGTH = 5
_N_DRAWN = 64


@register("tool", "M096", "M097", "M098")
def preference_tuning(beta: float = 2.0, n_rankings: int = 50, n_steps: int = 60, seed: int = 0) -> dict[str, Any]:
    """Return how a small language network is tuned by a reward that was learnt from rankings of what it writes.

    Parameters
    ----------
    beta : float, default=2.0
        Weight β of the penalty for leaving the original network, at least 0.
    n_rankings : int, default=50
        Rankings of four texts each, at least 1; evaluators rank by how many a's a text has, and draw lots for ties.
    n_steps : int, default=60
        Steps of REINFORCE, each on 64 texts that the network writes, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``reward_weights`` learnt for each letter, and ``reward_accuracy`` on the pairs; ``rewards`` and ``divergences``
        (KL to the original network, in nats a text, estimated from the drawn texts) at each step; ``share_before`` and
        ``share_after``, of a's in 256 texts; ``samples_before`` and ``samples_after``.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    1. The network learns to continue random texts. 2. It writes four texts, they are ranked, and a Bradley–Terry reward
    r of the letters is fitted to the pairs. 3. It writes x, is given ``R = r(x) - β ln(p(x) / p₀(x))``, and follows
    ``(R - mean R) ∇ ln p(x)``, again and again. Ouyang et al., "Training language models to follow instructions with
    human feedback", NeurIPS 2022, who use PPO for the third step; Williams, Machine Learning 8 (1992).

    Examples
    --------
    >>> result = preference_tuning(n_steps=30)
    >>> result["rewards"][-1] > result["rewards"][0], result["share_after"] > result["share_before"]
    (True, True)
    """
    check_range("beta", beta, 0, np.finfo(float).max)
    check_count("n_rankings", n_rankings)
    check_count("n_steps", n_steps)
    rng = as_generator(seed)
    network = _Tuned(_base(seed), _base(seed), rng)
    before = network.write(256)
    drawn = network.write(4 * n_rankings)
    reward = RewardModel(alpha=1.0).fit(_counts(drawn), _ranked(drawn, rng))
    optimiser = Adam(network.policy.weights(), 0.01)
    history = [network.step(reward, beta, optimiser) for _ in range(n_steps)]
    after = network.write(256)
    return {
        "reward_weights": dict(zip(_LETTERS[1:], reward.weights_.tolist(), strict=True)),
        "reward_accuracy": reward.accuracy_,
        "rewards": [r for r, _ in history],
        "divergences": [d for _, d in history],
        "share_before": float((before[:, 1:] == 1).mean()),
        "share_after": float((after[:, 1:] == 1).mean()),
        "samples_before": _spelt(before[:5]),
        "samples_after": _spelt(after[:5]),
    }


@dataclass(frozen=True, slots=True)
class _Tuned:
    """A network that is tuned, the one that it was, and where its draws come from."""

    policy: Any
    original: Any
    rng: np.random.Generator

    def write(self, n: int) -> Tokens:
        return generate(self.policy, np.zeros((n, 1), int), _LENGTH, rng=self.rng)

    def step(self, reward: RewardModel, beta: float, optimiser: Adam) -> tuple[float, float]:
        """Follow REINFORCE once, and return the mean reward and divergence of what was drawn."""
        texts = self.write(_N_DRAWN)
        everywhere = np.ones(texts.shape, bool)
        log_p = sequence_log_probabilities(self.policy, texts, everywhere)
        log_ratio: Array = log_p.data - sequence_log_probabilities(self.original, texts, everywhere).data
        rewards = reward.predict(_counts(texts))
        score = rewards - beta * log_ratio
        loss: Tensor = (log_p * (score.mean() - score)).mean()
        loss.backward()
        optimiser.step()
        return float(rewards.mean()), float(log_ratio.mean())


def _base(seed: int) -> Any:  # noqa: ANN401  (of two kinds)
    """Return a network that writes random letters, the same each time."""
    texts = as_generator(seed).integers(1, _N_LETTERS + 1, (200, _LENGTH + 1))
    texts[:, 0] = 0
    network = language_network("gru", _N_LETTERS + 1, _LENGTH + 1, 16, seed)
    train_language_network(network, texts, Plan(n_epochs=5), seed)
    return network


def _counts(texts: Tokens) -> Array:
    counts: Array = (texts[:, :, None] == np.arange(1, _N_LETTERS + 1)).sum(axis=1).astype(float)
    return counts


def _ranked(texts: Tokens, rng: np.random.Generator) -> list[list[int]]:
    """Return rankings of four rows each, by the number of a's; lots decide between equal ones."""
    merit = _counts(texts)[:, 0] + rng.uniform(0, 0.5, len(texts))
    groups = np.arange(len(texts)).reshape(-1, 4)
    order = np.argsort(-merit[groups], axis=1)
    rankings: list[list[int]] = np.take_along_axis(groups, order, axis=1).tolist()
    return rankings


def _spelt(texts: Tokens) -> list[str]:
    return ["".join(_LETTERS[t] for t in row[1:]) for row in texts]
