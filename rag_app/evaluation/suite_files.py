"""Suites as TOML files: what is wrong in one is named with its line."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from rag_app.content import content_dir
from rag_app.errors import RagAppError, SettingsError, UnknownNameError
from rag_app.evaluation.cases import Case, load_cases
from rag_app.evaluation.judges import judge_settings
from rag_app.evaluation.metrics.aggregates import aggregate_cards
from rag_app.evaluation.metrics.table import JUDGE, card_of, is_for
from rag_app.evaluation.suites import DEFAULT_MARGIN, Bound, Limits, Suite, Variant
from rag_app.evaluation.tables import (
    COUNT,
    MAPPING,
    NAME,
    NAMES,
    NUMBER,
    POSITIVE,
    SHARE,
    TEXT,
    WHOLE,
    Table,
    read_table,
)
from rag_app.prompting.templates import load_prompt
from rag_app.settings import Settings

COURSE = "course"
_TASKS = ("answer", "search", "label")
_FOLDER = "suites"


def list_suites() -> dict[str, Path]:
    """Return the shipped suites by name.

    Examples
    --------
    >>> "course" in list_suites()
    True
    """
    return {path.stem: path for path in sorted((content_dir("evals") / _FOLDER).glob("*.toml"))}


def find_suite(name: str) -> Path:
    """Return the file of a suite: a path, or the name of a shipped one.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return path
    shipped = list_suites()
    if name not in shipped:
        raise UnknownNameError(kind="suite", name=name, known=shipped)
    return shipped[name]


def load_suite(path: Path, *, prompts_dir: Path | None = None) -> Suite:
    """Return the suite of a file.

    Parameters
    ----------
    path : pathlib.Path
        Paths in it are relative to its folder.
    prompts_dir : pathlib.Path, optional
        Where prompts are taken from. Default: what the settings say.

    Raises
    ------
    EvaluationError
        If the file or its cases break a rule; the message names file and line.
    """
    table = read_table(path)
    metrics = _read_metrics(table)
    cases = _read_cases(table.take_table("cases"))
    task = table.take("task", ("answer, search or label", lambda v: v in _TASKS), "answer")
    for name in metrics:
        if not is_for(name, task):
            table.fail("metrics", f"the metric {name} looks at answers; the task {task} makes none.", "Leave it out.")
    labels = table.take("labels", NAME)
    rule = "a file of labels where the task is label, and left out otherwise"
    table.check((task == "label") == (labels is not None), "labels", rule, labels)
    suite = Suite(
        name=path.stem,
        path=path,
        cases=cases,
        metrics=metrics,
        variants=_read_matrix(table.take_table("matrix"), prompts_dir),
        description=table.take("description", TEXT, ""),
        task=task,
        corpus=_read_corpus(table),
        labels=None if labels is None else _existing(table, "labels", labels),
        bounds=_read_bounds(table.take_table("thresholds"), metrics),
        limits=_read_limits(table.take_table("limits")),
        repeats=table.take("repeats", COUNT, 1),
        seed=table.take("seed", WHOLE, 0),
        judge=table.take("judge", NAME, ""),
        judge_repeats=table.take("judge_repeats", COUNT, 1),
    )
    _check_judge(table, suite)
    table.close()
    return suite


def _read_metrics(table: Table) -> tuple[str, ...]:
    names: list[str] = table.require("metrics", NAMES)
    for name in names:
        try:
            card_of(name)
        except UnknownNameError as exc:
            table.fail("metrics", exc.message, f"{exc.hint} List them: rag eval metrics")
    table.check(len(set(names)) == len(names), "metrics", "names that differ", names)
    return tuple(names)


def _read_cases(table: Table) -> tuple[Case, ...]:
    file = table.require("file", NAME)
    path = _existing(table, "file", file)
    table.check(path.is_file(), "file", "a file, relative to the suite's folder", file)
    where: dict[str, Any] = table.take("where", MAPPING, {})
    every: int = table.take("every", COUNT, 1)
    cases = tuple(case for case in load_cases(path) if all(_value(case, k) == v for k, v in where.items()))
    table.check(cases, "where", "such that a case is left", where)
    table.close()
    return cases[::every]


def _value(case: Case, key: str) -> Any:  # noqa: ANN401  (any field)
    return getattr(case, key) if key in {"answerable", "source", "kind", "id"} else case.fields.get(key)


def _read_matrix(table: Table, prompts_dir: Path | None) -> tuple[Variant, ...]:
    prompts: list[str] = table.take("prompts", NAMES, [""])
    llms: list[str] = table.take("llms", NAMES, [""])
    rows: list[dict[str, Any]] = table.take("settings", ("a list of tables", _is_rows), [{}])
    variants = []
    for prompt, llm, row in product(prompts, llms, rows):
        settings = {**row, **({"llm": llm} if llm else {}), **_prompt_settings(table, prompt, prompts_dir)}
        _check_settings(table, settings)
        parts = [prompt] if len(prompts) > 1 else []
        parts += [llm] if len(llms) > 1 else []
        parts += [" ".join(f"{k}={v}" for k, v in row.items()) or "as set"] if len(rows) > 1 else []
        variants.append(Variant(", ".join(parts) or "default", settings))
    names = [variant.name for variant in variants]
    table.check(len(set(names)) == len(names), "settings", "such that the cells of the matrix differ", names)
    table.close()
    return tuple(variants)


def _prompt_settings(table: Table, prompt: str, prompts_dir: Path | None) -> dict[str, Any]:
    """Return the settings of a prompt: the name of one, or a folder of prompts, whose name has a slash."""
    own: dict[str, Any] = {} if prompts_dir is None else {"prompts_dir": prompts_dir}
    if "/" in prompt:
        return {"prompts_dir": _existing(table, "prompts", prompt)}
    if prompt:
        try:
            load_prompt(prompt, prompts_dir)
        except RagAppError as exc:
            table.fail("prompts", exc.message, exc.hint)
        return own | {"answer_prompt": prompt}
    return own


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _check_settings(table: Table, settings: Mapping[str, Any]) -> None:
    try:
        Settings.load(environ={}, file=Path(""), **settings)
    except SettingsError as exc:
        table.fail("llms" if "RAG_LLM must" in exc.message else "settings", exc.message, exc.hint)


def _read_corpus(table: Table) -> tuple[Path, ...]:
    names: list[str] = table.take("corpus", NAMES, [])
    return tuple(content_dir("knowledge") if name == COURSE else _existing(table, "corpus", name) for name in names)


def _existing(table: Table, key: str, name: str) -> Path:
    path = table.path.parent / Path(name).expanduser()
    table.check(path.exists(), key, "a path that exists, relative to the suite's folder", name)
    return path


def _read_bounds(table: Table, metrics: tuple[str, ...]) -> dict[str, Bound]:
    known = {*metrics, *aggregate_cards()}
    bounds = {}
    for name in list(table.values):
        table.check(name in known, name, "a table named after a metric of the suite or a figure of whole runs", name)
        own = table.take_table(name)
        bounds[name] = Bound(
            at_least=own.take("at_least", NUMBER),
            at_most=own.take("at_most", NUMBER),
            min_coverage=own.take("min_coverage", SHARE, 1.0),
            margin=own.take("margin", SHARE, DEFAULT_MARGIN),
        )
        least, most = bounds[name].at_least, bounds[name].at_most
        possible = least is None or most is None or least <= most
        table.check(possible, name, "such that at_least is not above at_most", f"{least} and {most}")
        own.close()
    return bounds


def _read_limits(table: Table) -> Limits:
    limits = Limits(
        cost=table.take("cost", POSITIVE),
        time_s=table.take("time_s", POSITIVE),
        concurrency=table.take("concurrency", COUNT, 1),
    )
    table.close()
    return limits


def _check_judge(table: Table, suite: Suite) -> None:
    judged = [name for name in suite.metrics if JUDGE in card_of(name).needs]
    if judged and not suite.judge:
        hint = 'Add a line such as: judge = "openai:gpt-4o-mini"'
        table.fail("metrics", f"the metric {judged[0]} needs a judge; the suite names none.", hint)
    if suite.judge:
        try:
            judge_settings(Settings.load(environ={}, file=Path("")), suite.judge)
        except SettingsError as exc:
            table.fail("judge", exc.message.replace("RAG_LLM must be extractive or", "judge must be"), exc.hint)
