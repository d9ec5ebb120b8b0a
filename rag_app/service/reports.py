"""The latest evaluation report, for the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

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
    runs: list[Run] = [run for run in map(load_run, paths[-_MOST_RUNS:-1]) if run.name == latest.name]
    return render_page([*runs, latest])
