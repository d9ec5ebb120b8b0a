"""Runs a suite: asks every question of every variant, scores the answers, and keeps each row as it comes."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from rag_app.errors import InvalidInputError, LLMError, UnknownNameError
from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.table import JUDGE, Metric
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.scores import Score, failed
from rag_app.evaluation.subjects import Reply, Subject, code_hash, hash_json, metrics_hash
from rag_app.evaluation.suites import Suite, Variant

if TYPE_CHECKING:
    from rag_app.evaluation.caches import Cache
    from rag_app.evaluation.journals import Journal

_MOST_SHOWN = 40  # characters of a question
_PACKAGES = ("rag-app", "chromadb", "langchain-core", "langchain-openai", "numpy", "onnxruntime", "ragas")

Progress = Callable[[str, int, int], None]
Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run uses besides the suite.

    Parameters
    ----------
    metrics : sequence of Metric
        Those of the suite, loaded.
    cache : Cache or None
        Answers and judged scores of earlier runs.
    journal : callable
        Opens the journal of a run, given what the run is made by.
    judge : mapping
        What judged scores depend on, as JSON.
    judge_cost : callable
        Returns what tokens of the judge cost in US dollars, or None.
    progress : callable
        Called with a question, answers done and answers in all.
    """

    metrics: Sequence[Metric]
    journal: Callable[[Mapping[str, Any]], Journal]
    cache: Cache | None = None
    judge: Mapping[str, Any] = field(default_factory=dict)
    judge_cost: Callable[[Mapping[str, int]], float | None] = lambda _usage: None
    progress: Progress = lambda _name, _done, _total: None


def run_suite(suite: Suite, subjects: Mapping[str, Subject], tools: Tools) -> Run:
    """Return the run of a suite.

    Parameters
    ----------
    suite : Suite
        What is asked.
    subjects : mapping of str to Subject
        What is put to the test, by the name of the variant.
    tools : Tools
        Metrics, cache, journal and progress.

    Returns
    -------
    Run
        A row for each case, variant and repeat; where an answer failed, it has an error, and so have its scores.
        Where a limit of the suite was reached, `Run.stopped` says which, and the rows after it are missing.

    Raises
    ------
    StoreError
        If there is no index.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    fingerprint = _fingerprint(suite, subjects)
    with tools.journal({"suite": suite.to_json(), "seed": suite.seed, "fingerprint": fingerprint}) as journal:
        work = _Work(suite, subjects, tools, journal, clock)
        rows = work.rows()
        return Run(
            suite=suite.to_json(),
            variants={v.name: _shown_settings(v) for v in suite.variants},
            metrics=tuple(metric.card for metric in tools.metrics),
            rows=rows,
            seed=suite.seed,
            fingerprint=fingerprint,
            versions=_versions(),
            began=began.isoformat(timespec="seconds"),
            duration_s=time.monotonic() - clock,
            stopped=work.stopped,
        )


class _Work:
    """The rows of a run: those of the journal, then those that are made."""

    def __init__(
        self, suite: Suite, subjects: Mapping[str, Subject], tools: Tools, journal: Journal, began: float
    ) -> None:
        self._suite, self._subjects, self._tools, self._journal, self._began = suite, subjects, tools, journal, began
        self._spent = 0.0
        self._lock = threading.Lock()
        self.stopped = ""

    def rows(self) -> tuple[Row, ...]:
        """Return all rows in the order of variants, cases and repeats."""
        plan = list(_plan(self._suite))
        made = {(row.variant, row.case_id, row.repeat): row for row in self._journal.found}
        left = [(variant, case, n) for variant, case, n in plan if (variant.name, case.id, n) not in made]
        for row in self._make_all(left):
            made[row.variant, row.case_id, row.repeat] = row
            self._journal.add(row)
            self._spend(0.0 if row.cached else row.cost)
            self._tools.progress(shorten(row.question, _MOST_SHOWN, placeholder=" …"), len(made), len(plan))
        places = [(variant.name, case.id, n) for variant, case, n in plan]
        return tuple(made[place] for place in places if place in made)

    def _make_all(self, left: Sequence[tuple[Variant, Case, int]]) -> Iterator[Row]:
        n_workers = self._suite.limits.concurrency
        if n_workers == 1:
            yield from (self._make(*one) for one in left if not self._must_stop())
            return
        with ThreadPoolExecutor(n_workers) as pool:
            waiting = iter(left)
            running: set[Future[Row]] = set()
            try:
                while True:
                    while len(running) < n_workers and not self._must_stop() and (one := next(waiting, None)):
                        running.add(pool.submit(self._make, *one))
                    if not running:
                        return
                    done = next(as_completed(running))
                    running.remove(done)
                    yield done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _must_stop(self) -> bool:
        limits = self._suite.limits
        if limits.cost is not None and self._spent >= limits.cost:
            self.stopped = f"the limit of US$ {limits.cost:g} was reached"
        elif limits.time_s is not None and time.monotonic() - self._began >= limits.time_s:
            self.stopped = f"the limit of {limits.time_s:g} s was reached"
        return bool(self.stopped)

    def _make(self, variant: Variant, case: Case, repeat: int) -> Row:
        subject = self._subjects[variant.name]
        row = Row(case, variant.name, repeat)
        try:
            reply, cached = self._reply(subject, case, repeat)
        except (LLMError, InvalidInputError, UnknownNameError) as exc:
            scores = {metric.name: failed(f"There is no answer: {exc.message}") for metric in self._tools.metrics}
            return replace(row, error=str(exc), scores=scores)
        row = replace(
            row,
            answer=reply.answer,
            latency_s=reply.latency_s,
            usage=reply.usage,
            cost=reply.cost,
            cached=cached,
            strength=reply.strength,
        )
        return replace(row, scores={metric.name: self._score(metric, row) for metric in self._tools.metrics})

    def _reply(self, subject: Subject, case: Case, repeat: int) -> tuple[Reply, bool]:
        made_by = subject.key(case) | {"repeat": repeat}
        cache = self._tools.cache
        found = cache.find_reply(made_by, subject.prompts()) if cache else None
        if found is not None and (found.strength is not None or not subject.strength):
            return found, True
        reply = subject.reply(case)
        if cache:
            cache.add_reply(made_by, reply)
        return reply, False

    def _score(self, metric: Metric, row: Row) -> Score:
        cache = self._tools.cache
        if JUDGE not in metric.card.needs:
            return metric.score(row.example)
        if cache is None:
            return self._judged(metric, row)
        answer = {key: row.answer.get(key) for key in ("answer", "answered", "citations", "retrieved")}
        made_by = {"metric": [metric.name, metric.card.version], "case": row.case.to_json(), "answer": answer}
        made_by |= {"judge": dict(self._tools.judge)}
        score = cache.find_score(made_by)
        if score is None:
            score = self._judged(metric, row)
            cache.add_score(made_by, score)
        return score

    def _judged(self, metric: Metric, row: Row) -> Score:
        score = metric.score(row.example)
        self._spend(self._tools.judge_cost(score.details.get("usage") or {}))
        return score

    def _spend(self, cost: float | None) -> None:
        with self._lock:
            self._spent += cost or 0.0


def missing_rows(suite: Suite, subjects: Mapping[str, Subject], cache: Cache | None) -> list[Place]:
    """Return variant, case and repeat of the answers that the cache does not hold."""
    return [
        (variant.name, case.id, n)
        for variant, case, n in _plan(suite)
        if cache is None
        or not cache.find_reply(subjects[variant.name].key(case) | {"repeat": n}, subjects[variant.name].prompts())
    ]


def _plan(suite: Suite) -> Iterable[tuple[Variant, Case, int]]:
    return ((variant, case, n) for variant in suite.variants for case in suite.cases for n in range(suite.repeats))


def _fingerprint(suite: Suite, subjects: Mapping[str, Subject]) -> dict[str, str]:
    keys = {variant.name: subjects[variant.name].key(Case("", answerable=True)) for variant in suite.variants}
    prompts = {variant.name: subjects[variant.name].prompts() for variant in suite.variants}
    return {
        "code": code_hash(),
        "metrics": metrics_hash(),
        "cases": hash_json([case.to_json() for case in suite.cases]),
        "subjects": hash_json(keys),
        "prompts": hash_json(prompts),
    }


def _shown_settings(variant: Variant) -> dict[str, Any]:
    """Return the settings of a variant without the folders of this machine."""
    return {k: v for k, v in variant.settings.items() if k != "prompts_dir"}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
