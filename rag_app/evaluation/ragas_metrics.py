"""The metrics of ragas, judged by any language model of ours, with what ragas does not check checked."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from rag_app.errors import MissingExtraError, RagAppError, UnknownNameError
from rag_app.evaluation.prompt_judges import NO_ANSWER, without_markers
from rag_app.evaluation.scores import Score, failed, not_applicable, scored
from rag_app.from_scratch.language.sentences import split_sentences

if TYPE_CHECKING:
    from rag_app.evaluation.judges import Judging
    from rag_app.evaluation.metrics.examples import Example
    from rag_app.evaluation.replies import Transcript
    from rag_app.evaluation.verdicts import Judge

_STATEMENTS_PER_SENTENCE = 3
_FLAGS = ("verdict", "attributed", "noncommittal")
# The class of each metric, and which of our fields it reads under which of its own names.
_QUESTION, _ANSWER, _REFERENCE, _PASSAGES = "user_input", "response", "reference", "retrieved_contexts"
_METRICS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ragas_faithfulness": ("Faithfulness", (_QUESTION, _ANSWER, _PASSAGES)),
    "ragas_response_relevancy": ("AnswerRelevancy", (_QUESTION, _ANSWER)),
    "ragas_context_precision": ("ContextPrecision", (_QUESTION, _REFERENCE, _PASSAGES)),
    "ragas_context_recall": ("ContextRecall", (_QUESTION, _PASSAGES, _REFERENCE)),
    "ragas_factual_correctness": ("FactualCorrectness", (_ANSWER, _REFERENCE)),
    "ragas_noise_sensitivity": ("NoiseSensitivity", (_QUESTION, _ANSWER, _REFERENCE, _PASSAGES)),
}


class _NoStatementError(RagAppError):
    """The judge found nothing in a text that could be true or false: no failure, but no score either."""


class _Text(str):
    """A prompt that knows how many statements it is about, and how many of them need a verdict."""

    __slots__ = ("n_statements", "n_verdicts")
    n_statements: int
    n_verdicts: int


class _Counted:
    """A prompt of ragas whose text knows how many statements it is about."""

    def __init__(self, prompt: Any) -> None:  # noqa: ANN401  (a class of ragas)
        self._prompt = prompt

    def to_string(self, data: Any) -> _Text:  # noqa: ANN401  (a class of ragas)
        text = _Text(self._prompt.to_string(data))
        text.n_verdicts = len(getattr(data, "statements", ()))
        texts = [str(getattr(data, name, "")) for name in ("answer", "response", "text")]
        n_sentences = sum(len(split_sentences(part)) for part in texts)
        text.n_statements = text.n_verdicts or _STATEMENTS_PER_SENTENCE * n_sentences
        return text


def load_ragas_metric(name: str) -> Judging:
    """Return a metric of ragas.

    Parameters
    ----------
    name : str
        Such as ``ragas_faithfulness``.

    Returns
    -------
    callable
        From an example, a judge and a transcript to a score: not applicable where the case lacks what it reads, or the
        judge finds no statement in the text; an error where the judge fails, or sends another number of verdicts than
        there are statements, or a verdict that is neither 0 nor 1.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    MissingExtraError
        If ragas is not installed in a version that can be imported.
    """
    if name not in _METRICS:
        raise UnknownNameError(kind="metric of ragas", name=name, known=_METRICS)
    of_class, fields = _METRICS[name]
    ragas = _import_ragas(name)
    return partial(_score, getattr(ragas, of_class), fields)


def _import_ragas(name: str) -> Any:  # noqa: ANN401  (a module)
    os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # before the import, which starts a thread that reports usage
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it deprecates parts of itself
            from ragas.metrics import collections
    except ImportError as exc:  # that of a newer langchain-community too, which lacks what ragas imports
        feature = f"The metric {name}"
        raise MissingExtraError(feature, "rag-app[ragas]") from exc
    return collections


async def _score(
    make: Callable[..., Any], fields: tuple[str, ...], example: Example, judge: Judge, transcript: Transcript
) -> Score:
    given = _given(example)
    for field, missing in _missing(example).items():
        if field in fields and not given[field]:
            return not_applicable(missing)
    if _ANSWER in fields and not example.answered:
        return not_applicable(NO_ANSWER)
    try:
        result = await _metric(make, judge, transcript).ascore(**{field: given[field] for field in fields})
    except _NoStatementError as exc:
        return not_applicable(exc.message)
    value = float(result.value)
    if not math.isfinite(value):
        return failed("ragas gave no number.")
    within = min(max(value, 0.0), 1.0)  # cosines can be below 0, and rounding errors above 1
    return scored(within, f"ragas says {value:.3g}.")


def _given(example: Example) -> dict[str, Any]:
    return {
        _QUESTION: example.question,
        _ANSWER: without_markers(example.answer),
        _REFERENCE: example.reference,
        _PASSAGES: list(example.passages),
    }


def _missing(example: Example) -> dict[str, str]:
    return {
        _ANSWER: "The answer is empty." if example.answered else NO_ANSWER,
        _REFERENCE: "The case has no reference answer.",
        _PASSAGES: "No passage was retrieved.",
    }


def _metric(make: Callable[..., Any], judge: Judge, transcript: Transcript) -> Any:  # noqa: ANN401  (a class of ragas)
    """Return a metric whose prompts know what they ask for, and whose language model is the judge."""
    from ragas.metrics.collections import AnswerRelevancy

    parts = {"llm": _bridge(judge, transcript)}
    if make is AnswerRelevancy:
        parts["embeddings"] = _embeddings(judge)
    metric = make(**parts)
    for name, value in list(vars(metric).items()):
        if hasattr(value, "to_string"):
            setattr(metric, name, _Counted(value))
    return metric


def _bridge(judge: Judge, transcript: Transcript) -> Any:  # noqa: ANN401  (a class of ragas)
    from ragas.llms.base import InstructorBaseRagasLLM

    class JudgeLLM(InstructorBaseRagasLLM):  # type: ignore[misc]
        def generate(self, prompt: _Text, response_model: type[Any]) -> Any:  # noqa: ANN401
            raise NotImplementedError  # the metrics that are used here call `agenerate`

        async def agenerate(self, prompt: _Text, response_model: type[Any]) -> Any:  # noqa: ANN401
            check = partial(_wrong, n_verdicts=prompt.n_verdicts)
            messages = [("user", str(prompt))]
            found = await judge.ask(messages, response_model, transcript, n_claims=prompt.n_statements, check=check)
            _refuse_nothing(found)
            return found

    return JudgeLLM()


def _embeddings(judge: Judge) -> Any:  # noqa: ANN401  (a class of ragas)
    from ragas.embeddings.base import BaseRagasEmbedding

    class JudgeEmbeddings(BaseRagasEmbedding):  # type: ignore[misc]
        def embed_text(self, text: str, **_: Any) -> list[float]:  # noqa: ANN401
            vector: list[float] = judge.embedder.embed([text])[0].tolist()
            return vector

        async def aembed_text(self, text: str, **_: Any) -> list[float]:  # noqa: ANN401
            return self.embed_text(text)

    return JudgeEmbeddings()


def _wrong(found: Any, *, n_verdicts: int) -> str:  # noqa: ANN401  (a form of ragas)
    """Return what is wrong with a reply that ragas would take."""
    lists = [value for value in vars(found).values() if isinstance(value, list)]
    entries = lists[0] if lists else [found]
    if n_verdicts and len(entries) != n_verdicts:
        return f"there must be one verdict for each of {n_verdicts} statements, but it has {len(entries)} verdicts"
    flags = [getattr(entry, flag) for entry in entries for flag in _FLAGS if hasattr(entry, flag)]
    strange = [flag for flag in flags if flag not in (0, 1)]
    if strange:
        return f"a verdict must be 0 or 1, but one is {strange[0]}"
    if not getattr(found, "question", "-").strip():
        return "the question must not be empty"
    return ""


def _refuse_nothing(found: Any) -> None:  # noqa: ANN401  (a form of ragas)
    if any(isinstance(value, list) and not value for value in vars(found).values()):
        msg = "The judge found no statement in the text."
        raise _NoStatementError(msg)
