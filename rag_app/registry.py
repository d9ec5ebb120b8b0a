"""One register of what can be called by name: metrics, estimators and tools.

Adding an entry is writing a function or an estimator with a numpydoc docstring under ``@register(kind, …)`` in a
module listed in `_MODULES`; nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from rag_app.errors import UnknownNameError

Kind = Literal["metric", "estimator", "tool"]
Registered = TypeVar("Registered", bound=Callable[..., Any])

_MODULES = (
    "data.attribute_embedding",
    "data.balance",
    "data.cloze",
    "data.consistency",
    "data.differential_privacy",
    "data.exploration",
    "data.extraction",
    "data.features",
    "data.image_augmentation",
    "data.imputation",
    "data.masking",
    "data.outliers",
    "data.pseudonymisation",
    "data.scaling",
    "data.splitting",
    "data.synthesis",
    "data.text_augmentation",
    "data.vectorisation",
    "estimators.bayes",
    "estimators.boundary",
    "estimators.correlation",
    "estimators.gaussian_process",
    "estimators.kmeans",
    "estimators.linear",
    "estimators.logistic",
    "estimators.mixture",
    "estimators.neighbours",
    "estimators.online",
    "estimators.pca",
    "estimators.penalised",
    "estimators.perceptron",
    "estimators.platt",
    "estimators.prototypes",
    "estimators.quantiser",
    "estimators.segmentation",
    "estimators.spam",
    "estimators.stacking",
    "estimators.svd",
    "estimators.svm",
    "estimators.trees",
    "estimators.zero_shot",
    "explain.lime",
    "explain.lime_text",
    "explain.shapley",
    "fairness.adversary",
    "fairness.penalty",
    "fairness.reweighing",
    "fairness.thresholds",
    "language.byte_pairs",
    "language.embedding_uses",
    "language.in_context",
    "language.ngrams",
    "language.policy",
    "language.rankings",
    "language.reward_model",
    "language.sampling",
    "language.sentiment",
    "language.span_extraction",
    "language.summarisation",
    "language.word_vectors",
    "metrics.abstention",
    "metrics.agreement",
    "metrics.alignment",
    "metrics.answers",
    "metrics.calibration",
    "metrics.chain",
    "metrics.classification",
    "metrics.classification_losses",
    "metrics.curves",
    "metrics.distance",
    "metrics.distribution",
    "metrics.fairness",
    "metrics.generation",
    "metrics.likelihood",
    "metrics.loss_profile",
    "metrics.ranking",
    "metrics.rating",
    "metrics.regression",
    "metrics.regression_losses",
    "metrics.rephrasing",
    "metrics.routing",
    "metrics.similarity",
    "metrics.translation",
    "metrics.validation",
    "metrics.variance",
    "networks.activations",
    "networks.anomaly",
    "networks.attention",
    "networks.autoencoder",
    "networks.backpropagation",
    "networks.checkpoints",
    "networks.completion",
    "networks.continual",
    "networks.contrastive",
    "networks.convolution",
    "networks.cycle_gan",
    "networks.ddpm",
    "networks.depth",
    "networks.descent",
    "networks.diffusion",
    "networks.duel",
    "networks.embedding",
    "networks.encoder_attention",
    "networks.experts",
    "networks.features",
    "networks.fine_tuning",
    "networks.forecast",
    "networks.freezing",
    "networks.fusion",
    "networks.gan",
    "networks.hyperparameters",
    "networks.image_generation",
    "networks.line_gan",
    "networks.masked_language",
    "networks.masks",
    "networks.memory",
    "networks.meta_learning",
    "networks.mode_collapse",
    "networks.model_collapse",
    "networks.multilayer",
    "networks.next_token",
    "networks.positions",
    "networks.precision",
    "networks.preference_tuning",
    "networks.pruning",
    "networks.recurrent",
    "networks.regularisation",
    "networks.routers",
    "networks.scaling_laws",
    "networks.sequence_pairs",
    "networks.soft_prompt",
    "networks.style",
    "networks.transformer",
    "networks.translation",
    "networks.vae",
    "networks.vae_gan",
    "networks.vectorisation",
    "probabilistic.belief",
    "probabilistic.boltzmann",
    "probabilistic.deep_belief",
    "probabilistic.energy",
    "probabilistic.heat",
    "probabilistic.hmm",
    "probabilistic.inference",
    "probabilistic.mcmc",
    "probabilistic.noise_contrastive",
    "probabilistic.random_walk",
    "probabilistic.score_matching",
    "probabilistic.sigmoid_belief",
    "statistics.calculus",
    "statistics.description",
    "statistics.distributions",
    "statistics.intervals",
    "statistics.p_values",
    "statistics.significance",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered object under its name.

    Parameters
    ----------
    items : tuple of str
        What of the course it demonstrates: ids or section numbers of ``knowledge/catalogue.toml``.
    """

    name: str
    kind: Kind
    target: Callable[..., Any]
    items: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (self.target.__doc__ or "").strip().split("\n", 1)[0]


_entries: dict[str, Entry] = {}


def register(kind: Kind, *items: str) -> Callable[[Registered], Registered]:
    """Return a decorator that registers a function or class under its own name and returns it unchanged.

    Parameters
    ----------
    kind : {"metric", "estimator", "tool"}
        What it is.
    *items : str
        What of the course it demonstrates, such as "X025" or "22.3".

    Raises
    ------
    ValueError
        If the object has no docstring, or its name is taken. (A mistake of the programmer, not of the user.)
    """

    def add(target: Registered) -> Registered:
        name = target.__name__
        if not (target.__doc__ or "").strip():
            msg = f"{name} needs a docstring: its first line is what a language model reads."
            raise ValueError(msg)
        taken = _entries.get(name)
        if taken is not None and taken.target.__module__ != target.__module__:
            msg = f"{name} is registered already, by {taken.target.__module__}."
            raise ValueError(msg)
        _entries[name] = Entry(name, kind, target, items)
        return target

    return add


def entries(kind: Kind | None = None) -> Iterator[Entry]:
    """Yield every entry, in the order of names.

    Parameters
    ----------
    kind : {"metric", "estimator", "tool"}, optional
        Only entries of this kind.

    Examples
    --------
    >>> "ndcg" in {e.name for e in entries("metric")}
    True
    """
    _load()
    for name in sorted(_entries):
        if kind is None or _entries[name].kind == kind:
            yield _entries[name]


def get(name: str) -> Entry:
    """Return the entry with a name.

    Raises
    ------
    UnknownNameError
        If there is none; the error lists close names.

    Examples
    --------
    >>> get("ndcg").kind
    'metric'
    """
    _load()
    if name not in _entries:
        raise UnknownNameError(kind="tool", name=name, known=_entries)
    return _entries[name]


def _load() -> None:
    for module in _MODULES:
        importlib.import_module(f"rag_app.from_scratch.{module}")
