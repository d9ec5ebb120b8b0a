"""Rows on disk while a run goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rag_app.errors import EvaluationError
from rag_app.evaluation.cases import Case
from rag_app.evaluation.journals import Journal
from rag_app.evaluation.runs import Row
from rag_app.evaluation.scores import failed, scored

OTHER = """
import sys
from pathlib import Path
from rag_app.evaluation.journals import Journal
with Journal(Path(sys.argv[1]), {}):
    pass
"""
MADE_BY = {"suite": {"name": "small"}, "seed": 0}
ROWS = [Row(Case(f"{i}?", answerable=True, id=str(i)), "default", scores={"cost": scored(i)}) for i in range(3)]


@pytest.fixture
def path(tmp_path):
    """A journal of three rows, then one that failed and one whose judge did."""
    path = tmp_path / "deep" / "a.partial.jsonl"
    with Journal(path, MADE_BY) as journal:
        assert journal.found == ()
        for row in ROWS:
            journal.add(row)
        journal.add(Row(Case("9?", answerable=True, id="9"), "default", error="The server is down."))
        journal.add(Row(Case("8?", answerable=True, id="8"), "default", scores={"cost": failed("No reply came.")}))
    return path


def test_rows_are_on_disk_at_once(tmp_path):
    """Before the journal is closed."""
    with Journal(tmp_path / "a.jsonl", MADE_BY) as journal:
        journal.add(ROWS[0])
        assert (tmp_path / "a.jsonl").read_text(encoding="utf-8").count("\n") == 2


def test_what_was_answered_is_found_again(path):
    """What failed is not: it is asked again."""
    with Journal(path, MADE_BY) as journal:
        assert [row.case_id for row in journal.found] == ["0", "1", "2"]
        assert journal.found[2].scores == ROWS[2].scores
    with Journal(path, MADE_BY) as journal:
        assert len(journal.found) == 3


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_that_was_cut_is_left_out(path, cut):
    """The process was killed while it wrote."""
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(lines[:3]) + b"\n" + lines[3][:-cut])
    with Journal(path, MADE_BY) as journal:
        assert [row.case_id for row in journal.found] == ["0", "1"]


@pytest.mark.parametrize("text", ["", "no JSON", '{"suite": {}}\n{}'])
def test_another_file_begins_anew(path, text):
    """So does one that was made by something else."""
    path.write_text(text, encoding="utf-8")
    with Journal(path, MADE_BY) as journal:
        assert journal.found == ()


def test_other_makers_begin_anew(path):
    """Another seed is enough."""
    with Journal(path, MADE_BY | {"seed": 1}) as journal:
        assert journal.found == ()


def test_one_process_at_a_time(path):
    """Two would write into each other's lines; when the first is done, the next may begin."""
    with Journal(path, MADE_BY):
        done = subprocess.run([sys.executable, "-c", OTHER, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "Another process is running this suite: it writes to" in done.stderr
    subprocess.run([sys.executable, "-c", OTHER, str(path)], check=True)


def test_a_folder_that_cannot_be_written(tmp_path):
    """Is named."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"a\.jsonl must be a file that can be written; the system says: "):
        Journal(tmp_path / "file" / "a.jsonl", MADE_BY)
