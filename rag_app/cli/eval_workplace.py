"""Where suites are run: a folder with the runs, the cache of answers, and the indexes of what suites ask about."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_app.cli.arguments import read_count
from rag_app.cli.engine import LOCAL, Engine
from rag_app.cli.terminal import progress_bar
from rag_app.errors import EvaluationError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag_app.app import App
    from rag_app.evaluation.caches import Cache
    from rag_app.evaluation.runs import Run
    from rag_app.evaluation.subjects import Subject
    from rag_app.evaluation.suites import Suite, Variant
    from rag_app.evaluation.verdicts import Judge
    from rag_app.settings import Settings

_FOLDER = "eval-runs"
_STRENGTH, _JUDGE = "strength", "judge"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what commands that run suites have in common."""
    parser.add_argument(
        "--out", default=_FOLDER, metavar="FOLDER", help="for runs and the cache (default: %(default)s)"
    )
    parser.add_argument("--no-cache", action="store_true", help="ask everything anew")
    parser.add_argument("--max-cost", type=_read_cost, metavar="US$", help="ask nothing more once so much is spent")
    parser.add_argument("--concurrency", type=read_count, metavar="N", help="questions asked at the same time")


def load_suite(arguments: argparse.Namespace) -> Suite:
    """Return the suite that the arguments name, with the limits that they set."""
    from rag_app.evaluation.suite_files import find_suite
    from rag_app.evaluation.suite_files import load_suite as load

    return limited(load(find_suite(arguments.suite)), arguments)


def limited(suite: Suite, arguments: argparse.Namespace) -> Suite:
    """Return a suite with the limits that the arguments set."""
    given = {"cost": arguments.max_cost, "concurrency": arguments.concurrency}
    return replace(suite, limits=replace(suite.limits, **{k: v for k, v in given.items() if v is not None}))


@dataclass(frozen=True)
class Workplace:
    """A folder in which suites are run.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.
    with_cache : bool, default=True
        Whether answers of earlier runs are used.
    scratch : pathlib.Path, optional
        A folder that will vanish: what is asked about in it is indexed there.
    engine : Engine, optional
        Where questions are answered. Default: in this process.
    """

    folder: Path
    with_cache: bool = True
    scratch: Path | None = None
    engine: Engine = LOCAL

    @cached_property
    def cache(self) -> Cache | None:
        """Answers of earlier runs."""
        from rag_app.evaluation.caches import Cache

        return Cache(self.folder / "cache.sqlite") if self.with_cache else None

    def run(self, suite: Suite, label: str = "") -> tuple[Run, Path]:
        """Return the run of a suite, and the file that it was written to.

        Parameters
        ----------
        suite : Suite
            What is asked.
        label : str, default=""
            A part of the file's name.
        """
        from rag_app.evaluation.journals import Journal
        from rag_app.evaluation.metrics.table import load_metrics
        from rag_app.evaluation.runner import Tools, run_suite
        from rag_app.evaluation.runs import save_run
        from rag_app.evaluation.subjects import cost_usd

        self._check_prices(suite)
        subjects = {variant.name: self.subject(suite, variant) for variant in suite.variants}
        judge = self._judge(suite)
        name = f"{suite.name}-{label}" if label else suite.name
        partial = self.folder / f"{name}.partial.jsonl"
        with progress_bar() as progress:
            tools = Tools(
                metrics=load_metrics(suite.metrics, judge),
                journal=lambda made_by: Journal(partial, made_by),
                cache=self.cache,
                judge=_judge_json(suite),
                judge_cost=lambda usage: cost_usd(_judge_settings(suite), usage),
                progress=progress,
            )
            with self.at_work(suite, subjects) as (suite_there, subjects_there):
                found = run_suite(suite_there, subjects_there, tools)
        path = self._free_path(name)
        save_run(found, path)
        if not found.stopped:
            partial.unlink(missing_ok=True)
        return found, path

    def subject(self, suite: Suite, variant: Variant, llm: BaseChatModel | None = None) -> Subject:
        """Return what a variant is run on; what the suite asks about is indexed first.

        Parameters
        ----------
        suite : Suite
            The suite.
        variant : Variant
            One of its own.
        llm : BaseChatModel, optional
            In place of the language model that the settings name, unless that is none.
        """
        from rag_app.app import App

        settings = self.settings(suite, variant)
        app = App(settings, llm=llm if settings.llm != "extractive" else None)
        if suite.labels is None:
            app.check_settings()
            if suite.corpus:
                _ingest(app, suite)
        return _subject(app, suite)

    @contextmanager
    def at_work(self, suite: Suite, subjects: Mapping[str, Subject]) -> Iterator[tuple[Suite, Mapping[str, Subject]]]:
        """Yield the suite and the subjects as the engine runs them."""
        if self.engine == LOCAL:
            yield suite, subjects
            return
        from rag_app.evaluation.ray_subjects import subjects_on_ray

        settings = {v.name: replace(self.settings(suite, v), database_url="") for v in suite.variants}
        make = {name: partial(_subject_there, own, replace(suite, cases=())) for name, own in settings.items()}
        most = min((s.llm_requests_per_minute for s in settings.values() if s.llm_requests_per_minute), default=None)
        held = subjects_on_ray(subjects, make, self.engine.address, suite.limits.concurrency, most)
        with held as (there, together):
            yield replace(suite, limits=replace(suite.limits, concurrency=together)), there

    def settings(self, suite: Suite, variant: Variant) -> Settings:
        """Return the settings of a variant; a suite that says what it asks about has an index of its own."""
        from rag_app.settings import Settings

        given: dict[str, Any] = dict(variant.settings)
        if suite.corpus and "data_dir" not in given:
            embedder = Settings.load(**given).embeddings
            what = "\0".join([*(str(path.resolve()) for path in suite.corpus), embedder])
            inside = self.scratch and any(path.is_relative_to(self.scratch) for path in suite.corpus)
            folder = self.scratch if inside and self.scratch else self.folder
            given["data_dir"] = folder / "indexes" / hashlib.sha256(what.encode()).hexdigest()[:12]
            given["chroma_url"] = ""
        return Settings.load(**given)

    def _judge(self, suite: Suite) -> Judge | None:
        if not suite.judge:
            return None
        from rag_app.evaluation.verdicts import Judge

        return Judge(_judge_settings(suite), repeats=suite.judge_repeats)

    def _check_prices(self, suite: Suite) -> None:
        """Raise an `EvaluationError` where a limit of cost could not be kept, because a price is unknown."""
        from rag_app.evaluation.subjects import cost_usd

        asked = [self.settings(suite, variant) for variant in suite.variants] if suite.limits.cost is not None else []
        asked += [_judge_settings(suite)] if asked and suite.judge else []
        for settings in asked:
            if cost_usd(settings, {"input_tokens": 1, "output_tokens": 1}) is None:
                msg = f"The limit of cost cannot be kept: the price of {settings.llm} is unknown."
                raise EvaluationError(msg, hint="Name it in a file of prices (RAG_LLM_PRICES), or set no limit.")

    def _free_path(self, name: str) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path, n = self.folder / f"{name}-{stamp}.json", 2
        while path.exists():
            path, n = self.folder / f"{name}-{stamp}-{n}.json", n + 1
        return path


def _subject(app: App, suite: Suite) -> Subject:
    from rag_app.evaluation.metrics.table import card_of
    from rag_app.evaluation.subjects import Answering, Labelling, Searching

    if suite.labels is not None:
        from rag_app.chains.label_file import load_labels

        return Labelling(app.classifier(load_labels(suite.labels)), app.settings, suite.labels)
    if suite.task == "search":
        return Searching(app)
    return Answering(app, strength=any(_STRENGTH in card_of(name).needs for name in suite.metrics))


def _subject_there(settings: Settings, suite: Suite, n_workers: int) -> Subject:
    """Return a subject in a worker, which has its share of the requests that may be sent."""
    from rag_app.app import App

    rate = settings.llm_requests_per_minute
    own = None if rate is None else rate // n_workers
    return _subject(App(replace(settings, llm_requests_per_minute=own)), suite)


def _ingest(app: App, suite: Suite) -> None:
    receipt = app.ingest(list(suite.corpus))
    if receipt.count("failed"):
        failed = next(file for file in receipt.files if file.status == "failed")
        msg = f"What the suite {suite.name} asks about must be readable; {failed.name} is not: {failed.detail}"
        raise EvaluationError(msg)


def _judge_json(suite: Suite) -> dict[str, Any]:
    """Return what judged scores depend on besides the example."""
    if not suite.judge:
        return {}
    from rag_app.evaluation.subjects import prompt_hashes, settings_json

    settings = _judge_settings(suite)
    prompts = {name: found for name, found in prompt_hashes(settings.prompts_dir).items() if name.startswith(_JUDGE)}
    return {"settings": settings_json(settings), "repeats": suite.judge_repeats, "prompts": prompts}


def _judge_settings(suite: Suite) -> Settings:
    from rag_app.evaluation.judges import judge_settings
    from rag_app.settings import Settings

    return judge_settings(Settings.load(), suite.judge)


def _read_cost(text: str) -> float:
    try:
        cost = float(text)
    except ValueError:
        cost = 0.0
    if not 0 < cost < float("inf"):
        msg = f"must be a positive number; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return cost
