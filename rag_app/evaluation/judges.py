"""The metrics that a language model judges: their cards, and how their scores are asked for."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rag_app.errors import RagAppError, UnknownNameError
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.scores import Score, failed, scored

if TYPE_CHECKING:
    from rag_app.evaluation.replies import Transcript
    from rag_app.evaluation.verdicts import Judge
    from rag_app.settings import Settings

    Judging = Callable[[Example, Judge, Transcript], Awaitable[Score]]

_NEEDS = frozenset(("judge",))
_NOTE = "that of the judge you name; measure it on labels of your own: rag eval align"
_SPLITS = "What the judge leaves out when it splits the text into statements; the judge's own errors."


def _card(name: str, definition: str, misses: str, direction: str = "higher") -> Card:
    return Card(
        name=name,
        definition=definition,
        misses=misses,
        direction="lower" if direction == "lower" else "higher",
        agreement_note=_NOTE,
        needs=_NEEDS,
    )


JUDGE_CARDS: tuple[Card, ...] = (
    _card(
        "judge_faithfulness",
        "Share of the answer's sentences that the passages support, as a language model judges with our prompt.",
        "A sentence half of which is supported counts as unsupported; the judge's own errors.",
    ),
    _card(
        "judge_relevance",
        "How well the answer addresses the question: a language model's grade from 1 to 5 with our prompt, as 0 to 1.",
        "Whether the answer is true; the judge's own errors.",
    ),
    _card(
        "ragas_faithfulness",
        "Share of the answer's statements that can be inferred from the passages, by ragas.",
        _SPLITS,
    ),
    _card(
        "ragas_response_relevancy",
        "Mean similarity of the question to three questions that the judge makes up for the answer, by ragas; "
        "0 where all of them find the answer evasive.",
        "Whether the answer is true or complete; it measures similar wording, so scores of good answers vary widely.",
    ),
    _card(
        "ragas_context_precision",
        "Average precision of the passages, by ragas: the judge says of each whether it was useful for the reference.",
        "Passages that were not retrieved; the judge's own errors.",
    ),
    _card(
        "ragas_context_recall",
        "Share of the reference's statements that the passages support, by ragas.",
        "The judge splits the reference itself: a statement that it leaves out is not noticed; the judge's own errors.",
    ),
    _card(
        "ragas_factual_correctness",
        "F1 of the statements of answer and reference that the other one supports, by ragas, with two decimals.",
        _SPLITS,
    ),
    _card(
        "ragas_noise_sensitivity",
        "Share of the answer's statements that are wrong by the reference but supported by a useful passage, by ragas.",
        _SPLITS,
        direction="lower",
    ),
)


def judge_settings(settings: Settings, llm: str) -> Settings:
    """Return the settings of a language model that judges.

    Parameters
    ----------
    settings : Settings
        Decoding, time limit and context are the judge's too. It has no fallback, no kept replies and no texts at which
        a reply ends: another language model would be another judge.
    llm : str
        Its name, with ``@`` and an address where it has one of its own: ``openai:qwen3@http://127.0.0.1:8080/v1``. The
        address of the settings is that of the language model in them, and of no other one.

    Raises
    ------
    SettingsError
        If the name is none.

    Examples
    --------
    >>> from rag_app.settings import Settings
    >>> judge_settings(Settings.load(environ={}), "openai:qwen3@http://127.0.0.1:8080/v1").llm_base_url
    'http://127.0.0.1:8080/v1'
    """
    name, found, address = llm.rpartition("@http")
    own = (name, f"http{address}") if found else (llm, settings.llm_base_url if llm == settings.llm else "")
    return replace(settings, llm=own[0], llm_base_url=own[1], llm_fallbacks=(), llm_cache=False, llm_stop=())


def load_judge(settings: Settings, llm: str, *, repeats: int = 1) -> Judge:
    """Return the language model that judges: see `judge_settings`.

    Parameters
    ----------
    settings, llm
        See `judge_settings`, whose errors are raised too.
    repeats : int, default=1
        How often it is asked for each score.

    Raises
    ------
    InvalidInputError
        If the language model is ``extractive``, or `repeats` is below 1.
    """
    from rag_app.evaluation.verdicts import Judge

    return Judge(judge_settings(settings, llm), repeats=repeats)


def load_judge_metric(name: str, judge: Judge) -> Callable[[Example], Score]:
    """Return a metric that a language model judges.

    Parameters
    ----------
    name : str
        As `JUDGE_CARDS` names it.
    judge : Judge
        Who judges, and how often.

    Returns
    -------
    callable
        From an `Example` to its `Score`, callable from several threads. Where the judge fails, the score is an error
        with the replies as they came. Where it is asked several times, the score is the mean of what it said, and the
        details hold the ``values`` and their ``spread``, the standard deviation.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    MissingExtraError
        If it is one of ragas, which is not installed.

    Examples
    --------
    >>> from rag_app.evaluation.verdicts import Judge
    >>> from rag_app.llms.scripted import ScriptedChat
    >>> from rag_app.settings import Settings
    >>> llm = ScriptedChat(replies=['{"reason": "It names the cause.", "score": 4}'])
    >>> relevance = load_judge_metric("judge_relevance", Judge(Settings.load(environ={}), llm=llm))
    >>> relevance(Example("Why?", "Because of the rain.")).value
    0.75
    """
    known = [card.name for card in JUDGE_CARDS]
    if name not in known:
        raise UnknownNameError(kind="judged metric", name=name, known=known)
    judging = _judging(name)

    def score(example: Example) -> Score:
        return judge.scheduler.run(_ask(judging, example, judge))

    return score


def _judging(name: str) -> Judging:
    if name.startswith("ragas_"):
        from rag_app.evaluation.ragas_metrics import load_ragas_metric

        return load_ragas_metric(name)
    from rag_app.evaluation import prompt_judges

    judging: Judging = getattr(prompt_judges, name)
    return judging


async def _ask(judging: Judging, example: Example, judge: Judge) -> Score:
    scores = await asyncio.gather(*(_ask_once(judging, example, judge) for _ in range(judge.repeats)))
    return scores[0] if len(scores) == 1 else _mean(scores)


async def _ask_once(judging: Judging, example: Example, judge: Judge) -> Score:
    from rag_app.evaluation.replies import Transcript

    transcript = Transcript()
    try:
        score = await judging(example, judge, transcript)
    except RagAppError as exc:
        return failed(str(exc), judge=judge.name, **transcript.to_json())
    if not transcript.replies:  # the judge was not asked
        return score
    return Score(score.status, score.value, score.why, {**score.details, "judge": judge.name, **transcript.to_json()})


def _mean(scores: list[Score]) -> Score:
    """Return the mean of repeated scores with their spread; where none has a value, the first, with what all took."""
    details = {"usage": _total_usage(scores), "repeats": [score.to_json() for score in scores]}
    values = [score.value for score in scores if score.value is not None]
    if not values:
        return Score(scores[0].status, None, scores[0].why, {**scores[0].details, **details})
    why = f"Mean of the {len(values)} values that the judge gave when it was asked {len(scores)} times."
    spread = statistics.stdev(values) if len(values) > 1 else None
    return scored(statistics.fmean(values), why, values=values, spread=spread, **details)


def _total_usage(scores: list[Score]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for score in scores:
        total.update(score.details.get("usage", {}))
    return dict(total)
