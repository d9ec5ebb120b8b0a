"""The latest evaluation report, for the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from rag_app.errors import EvaluationError
from rag_app.service.doors import NOT_FOUND, REFUSALS, engine_of
from rag_app.service.problems import Problem, RefusedError

if TYPE_CHECKING:
    from rag_app.evaluation.runs import Run

_MOST_RUNS = 20  # of one suite, for its history

router = APIRouter(responses=REFUSALS)


@router.get("/reports/latest", tags=["operations"], response_class=HTMLResponse, responses=NOT_FOUND)
async def latest_report(request: Request) -> Response:
    """Show the latest run of an evaluation suite as an HTML page, beside the earlier runs of the suite."""
    engine = engine_of(request)
    return HTMLResponse(await engine.run(render_latest, engine.options.runs_dir))


def render_latest(folder: Path) -> str:
    """Return the page of the latest run in a folder.

    Raises
    ------
    RefusedError
        If the folder holds no run.
    EvaluationError
        If the latest run cannot be read.
    """
    from rag_app.evaluation.html import render_page
    from rag_app.evaluation.runs import load_run

    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    if not paths:
        raise RefusedError(Problem(404, "There is no evaluation run yet.", "Run: rag eval run course"))
    latest = load_run(paths[-1])
    return render_page([*_earlier(paths[-_MOST_RUNS:-1], latest.name), latest])


def _earlier(paths: Sequence[Path], suite: str) -> Iterator[Run]:
    """Yield the runs of a suite; what another version wrote, or is no run, is left out of its history."""
    from rag_app.evaluation.runs import load_run

    for path in paths:
        try:
            run = load_run(path)
        except EvaluationError:
            continue
        if run.name == suite:
            yield run
