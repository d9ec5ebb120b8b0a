"""One HTML file about runs, which needs neither a network nor another file, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rag_app.errors import EvaluationError, InvalidInputError
from rag_app.evaluation.charts import Axes, render_curves, render_histogram, render_history
from rag_app.evaluation.comparison import compare_runs
from rag_app.evaluation.html_data import Column, build_data, split_columns
from rag_app.evaluation.metrics.aggregates import aggregate_cards, risk_coverage_area
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.runs import Run
from rag_app.evaluation.summaries import judge_run, summarise
from rag_app.evaluation.wording import comparison_rows, headline, run_rows

_ASSETS = Path(__file__).resolve().parent / "assets"
_SIDE_BY_SIDE = 2  # runs whose answers are shown; earlier ones are history
_BAD = ("worse", "not covered")
_SETTINGS = ("llm", "prompts", "k", "reranker", "reader")


def render_page(runs: Sequence[Run]) -> str:
    """Return the report of one run, or of several: the answers of the last two side by side, the others as history.

    Parameters
    ----------
    runs : sequence of Run
        Oldest first.

    Returns
    -------
    str
        A whole HTML file. Everything from a run is text in it, whatever an answer or a document holds.

    Raises
    ------
    InvalidInputError
        If there is no run.
    """
    if not runs:
        msg = "runs must hold at least one run; got none."
        raise InvalidInputError(msg)
    shown = runs[-_SIDE_BY_SIDE:]
    columns = split_columns(shown)
    cards = list({card.name: card for run in shown for card in run.metrics}.values())
    style, script = ((_ASSETS / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    title = escape(f"{shown[-1].name}, {shown[-1].began[:10]}")
    parts = [_head(shown[-1]), _figures_of(shown, columns), _meanings(cards), _charts(columns, cards)]
    parts += [_history(runs, cards), _CASES]
    return _PAGE.format(
        policy=policy,
        title=title,
        style=style,
        body="".join(parts),
        data=_embedded(build_data(columns, cards)),
        script=script,
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""

_CASES = """<section aria-labelledby="cases-title">
<h2 id="cases-title">Cases</h2>
<div class="tools" role="search">
<label>Search <input id="search" type="search" placeholder="words of question or answer"></label>
<label>Show <select id="show"></select></label>
<label>Kind <select id="kind"></select></label>
<label>Metric <select id="metric"></select></label>
<label>Order <select id="order"></select></label>
</div>
<p id="count" role="status"></p>
<div id="cases"></div>
<button id="more" type="button" hidden>Show more</button>
<noscript><p>The cases need JavaScript; it is part of this file and loads nothing.</p></noscript>
</section>
"""


def _head(run: Run) -> str:
    """Return what the suite is."""
    description = str(run.suite.get("description", ""))
    return (
        f"<header><h1>{escape(run.name)}</h1>" + (f"<p>{escape(description)}</p>" if description else "") + "</header>"
    )


def _figures_of(runs: Sequence[Run], columns: Sequence[Column]) -> str:
    """Return what the runs come to, one after the other, and how the last differs from the one before."""
    titles = ["A: before", "B: after"] if len(runs) > 1 else ["Results"]
    parts = [_run_section(run, title) for run, title in zip(runs, titles, strict=True)]
    return "".join([*parts, _comparison(columns)])


def _run_section(run: Run, title: str) -> str:
    summaries, outcomes = summarise(run), judge_run(run)
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    parts = [_note(f"{run.began} · {headline(run)} · {versions}")]
    parts += [f'<p class="error">Stopped: {escape(run.stopped)}</p>'] if run.stopped else []
    for variant, settings in run.variants.items():
        listed = ", ".join(f"{k} {settings[k]}" for k in _SETTINGS if settings.get(k) not in {None, ""})
        parts += [_note(f"{variant}: {listed}" if listed else variant)]
        parts += [_table(run_rows(variant, summaries, outcomes))]
    return _section(title, "".join(parts))


def _comparison(columns: Sequence[Column]) -> str:
    """Return how two variants differ, where they have something in common."""
    if len(columns) != _SIDE_BY_SIDE:
        return ""
    one, other = columns
    try:
        found = compare_runs(one.run, other.run, one.variant, other.variant)
    except EvaluationError as exc:
        return _note(exc.message)
    notes = "".join(_note(note) for note in found.notes)
    return _section(f"{other.name} against {one.name}", _table(comparison_rows(found)) + notes)


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _meanings(cards: Sequence[Card]) -> str:
    """Return what the metrics measure, what they miss, and how far they are known to agree with people."""
    rows: list[Mapping[str, str]] = [
        {
            "metric": f"{card.name} {'↑' if card.direction == 'higher' else '↓'}",
            "measures": card.definition,
            "misses": card.misses,
            "agreement with people": card.known_agreement,
        }
        for card in [*cards, *aggregate_cards().values()]
    ]
    note = _note("↑ higher is better, ↓ lower is better")
    return f'<details class="meanings"><summary>What the metrics mean</summary>{note}{_table(rows)}</details>'


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    body = "".join(f"<tr>{''.join(_cell(name, text) for name, text in row.items())}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(name: str, text: str) -> str:
    if name == "metric":
        return f'<th scope="row">{escape(text)}</th>'
    verdict = text.partition(" (")[0] if name == "verdict" else ""
    is_incomplete = name == "scored" and len(set(text.split("/"))) > 1  # errors are among the answers
    if "FAILED" in text or is_incomplete or verdict in _BAD:
        return f'<td class="worse">{escape(text)}</td>'
    return f'<td class="better">{escape(text)}</td>' if verdict == "better" else f"<td>{escape(text)}</td>"


def _section(title: str, body: str) -> str:
    name = "".join(c if c.isalnum() else "-" for c in title.lower())
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>{body}</section>'


def _charts(columns: Sequence[Column], cards: Sequence[Card]) -> str:
    """Return pictures of how scores are distributed, and of risk and coverage."""
    pictures = [*_distributions(columns, cards), *_risk(columns)]
    return _figures("Distributions", pictures)


def _distributions(columns: Sequence[Column], cards: Sequence[Card]) -> Iterator[str]:
    for card in cards:
        series = {column.name: _values(column, card.name) for column in columns}
        if any(series.values()):  # one without values keeps its colour and its name
            yield render_histogram(card.name, series, card.low, card.high)


def _risk(columns: Sequence[Column]) -> Iterator[str]:
    curves = {}
    for column in columns:
        curve = risk_coverage_area(column.rows).details.get("curve")
        if curve:
            curves[column.name] = list(zip(curve["coverages"], curve["risks"], strict=True))
    if curves:
        highest = max(risk for points in curves.values() for _, risk in points)
        axes = Axes("Risk and coverage", "share of questions answered", "wrong answers", (0, 1), (0, highest or 1))
        yield render_curves(axes, curves)


def _history(runs: Sequence[Run], cards: Sequence[Card]) -> str:
    if len(runs) <= 1:
        return ""
    pictures = []
    for card in cards:
        series: dict[str, list[float | None]] = {}
        for i, run in enumerate(runs):
            for variant in run.variants:
                values = _values(Column(variant, run, variant), card.name)
                own = series.setdefault(variant, [None] * len(runs))
                own[i] = statistics.fmean(values) if values else None
        if any(value is not None for own in series.values() for value in own):
            pictures.append(render_history(card.name, [run.began[:10] for run in runs], series))
    return _figures("History", pictures)


def _figures(title: str, pictures: Sequence[str]) -> str:
    if not pictures:
        return ""
    return _section(
        title, f'<div class="charts">{"".join(f"<figure>{picture}</figure>" for picture in pictures)}</div>'
    )


def _values(column: Column, metric: str) -> list[float]:
    scores = [row.scores[metric].value for row in column.rows if metric in row.scores]
    return [value for value in scores if value is not None]


def _embedded(data: Mapping[str, Any]) -> str:
    """Return JSON that nothing in it can end: no tag, no comment."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def script_hash() -> str:
    """Return what lets the script of the page run under a Content-Security-Policy.

    Examples
    --------
    >>> script_hash()[:8]
    "'sha256-"
    """
    return _hash((_ASSETS / "report.js").read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
