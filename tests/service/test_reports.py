"""The latest evaluation report, as the page asks for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.eval_runs import lamps

from rag_app.errors import EvaluationError
from rag_app.evaluation.runs import save_run
from rag_app.service.problems import RefusedError
from rag_app.service.reports import render_latest


def write(folder: Path, name: str, when_s: int, text: str = "") -> None:
    """Write a run, or a text in the place of one, as it was written at some time."""
    path = folder / name
    if text:
        path.write_text(text, encoding="utf-8")
    else:
        save_run(lamps(), path)
    os.utime(path, (when_s, when_s))


def test_an_earlier_file_that_is_no_run_is_left_out(tmp_path: Path) -> None:
    """The history is what can be read; the page is that of the latest run."""
    write(tmp_path, "a.json", 1)
    write(tmp_path, "b.json", 2, '{"format": 0}')
    write(tmp_path, "c.json", 3)
    with_junk = render_latest(tmp_path)
    (tmp_path / "b.json").unlink()
    assert with_junk == render_latest(tmp_path)


def test_the_latest_must_be_a_run(tmp_path: Path) -> None:
    """Otherwise an older one would pass for it; a folder without any is refused."""
    with pytest.raises(RefusedError, match="There is no evaluation run yet"):
        render_latest(tmp_path)
    write(tmp_path, "a.json", 1)
    write(tmp_path, "b.json", 2, "{}")
    with pytest.raises(EvaluationError, match="must be a run file"):
        render_latest(tmp_path)
