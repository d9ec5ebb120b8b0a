"""What a suite will ask of language models, and what that costs, before any of them is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from statistics import fmean
from typing import TYPE_CHECKING

from rag_app.evaluation.judges import judge_settings
from rag_app.evaluation.metrics.table import JUDGE, card_of
from rag_app.evaluation.runner import missing_rows
from rag_app.evaluation.subjects import Subject, cost_usd
from rag_app.evaluation.suites import Suite
from rag_app.llms.tokens import count_tokens
from rag_app.settings import Settings

if TYPE_CHECKING:
    from rag_app.evaluation.caches import Cache
    from rag_app.llms.scripted import ScriptedChat

_SAMPLE = 20  # questions whose prompts are made, evenly spread
_JUDGE_OUTPUT = 1024  # tokens
_PASSAGE_TOKENS = 256  # at most, by the embedder's own count


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one language model is asked for.

    Parameters
    ----------
    what, llm : str
        A variant or the judge, and its language model.
    n_calls, n_cached : int
        Answers to make, and answers that are known already.
    input_tokens, output_tokens : int
        Of all calls: what prompts of a sample come to, and the most that may be said.
    cost : float or None
        US dollars at most; None where the price is unknown.
    """

    what: str
    llm: str
    n_calls: int
    n_cached: int
    input_tokens: int
    output_tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Probe:
    """A variant whose language model costs nothing and keeps what it was asked.

    Parameters
    ----------
    subject : Subject
        The variant with `llm` in place of its own.
    llm : ScriptedChat
        Says that there is no answer.
    settings : Settings
        Of the variant; its own language model is named there.
    """

    subject: Subject
    llm: ScriptedChat
    settings: Settings


def estimate(suite: Suite, probes: Mapping[str, Probe], cache: Cache | None) -> tuple[Estimate, ...]:
    """Return an estimate for each variant, and for the judge.

    Parameters
    ----------
    suite : Suite
        What would be run.
    probes : mapping of str to Probe
        What it would be run on, by variant.
    cache : Cache or None
        Answers that are known already.
    """
    missing = missing_rows(suite, {name: probe.subject for name, probe in probes.items()}, cache)
    n_all = len(suite.cases) * suite.repeats
    found, prompt_tokens = [], 0.0
    for name, probe in probes.items():
        n_calls = sum(variant == name for variant, _, _ in missing)
        share, tokens = _sampled(suite, probe)
        prompt_tokens = max(prompt_tokens, tokens)
        output = probe.settings.llm_max_tokens
        found.append(_estimate(name, probe.settings, (ceil(n_calls * share), n_all - n_calls), (tokens, output)))
    return (*found, *_judging(suite, len(missing), prompt_tokens))


def _sampled(suite: Suite, probe: Probe) -> tuple[float, float]:
    """Return the share of a sample of questions that reach the language model, and the mean tokens of their prompts."""
    if probe.settings.llm == "extractive":
        return 0.0, 0.0
    cases = suite.cases[:: max(1, len(suite.cases) // _SAMPLE)]
    for case in cases:
        probe.subject.reply(case)
    sent = probe.llm.received
    prompts = [sum(_count(message.text, probe.settings) for message in messages) for messages in sent]
    return len(prompts) / len(cases), fmean(prompts) if prompts else 0.0


def _judging(suite: Suite, n_rows: int, prompt_tokens: float) -> Iterator[Estimate]:
    """Yield what the judge is asked: it reads about what was sent before, and says a thousand tokens at most."""
    judged = [name for name in suite.metrics if JUDGE in card_of(name).needs]
    if judged:
        settings = judge_settings(Settings.load(), suite.judge)
        n_calls = n_rows * len(judged) * suite.judge_repeats
        yield _estimate("judge", settings, (n_calls, 0), (prompt_tokens or _PASSAGE_TOKENS * settings.k, _JUDGE_OUTPUT))


def _estimate(what: str, settings: Settings, calls: tuple[int, int], tokens: tuple[float, int]) -> Estimate:
    n_calls, n_cached = calls
    usage = {"input_tokens": round(n_calls * tokens[0]), "output_tokens": n_calls * tokens[1]}
    cost = cost_usd(settings, usage) if n_calls else 0.0
    return Estimate(what, settings.llm, n_calls, n_cached, usage["input_tokens"], usage["output_tokens"], cost)


def _count(text: str, settings: Settings) -> int:
    return count_tokens(text, llm=settings.llm, base_url=settings.llm_base_url)
