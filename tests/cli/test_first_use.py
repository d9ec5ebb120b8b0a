"""The first question on a fresh machine. The packaged course is replaced by a small one, in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from support.command_line import CommandLine, Transcript

PACKAGE = Path(__file__).resolve().parents[2] / "rag_app"
READ = "There is no index yet: reading the packaged course, once.\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, knowledge: Path) -> Path:
    """A folder with the package as a wheel would install it, but with one short chapter as its course."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, site / "rag_app", ignore=shutil.ignore_patterns("__pycache__", "_content"))
    content = site / "rag_app" / "_content"
    shutil.copytree(knowledge.parent / "prompts", content / "prompts")
    (content / "knowledge").mkdir()
    (content / "knowledge" / "1-ants.md").write_text(
        "---\ntitle: Ants\n---\n# Ants\n\nAnts build nests under the ground.\n", encoding="utf-8"
    )
    return site


@pytest.fixture
def fresh(rag: CommandLine, site: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """``rag`` from that folder, without a data folder."""
    monkeypatch.setenv("PYTHONPATH", str(site))
    return rag


def test_the_first_question_ingests_the_course_and_says_so(fresh: CommandLine) -> None:
    """On stderr, so that the answer alone is on stdout; the second question finds the index."""
    first = fresh("ask", "Where do ants build nests?")
    assert first.code == 0
    assert first.out.startswith("Ants build nests under the ground. [1]\n\n[1] 1-ants.md: Ants, line 6\n")
    progress = r"0/1 1-ants\.md\n1/1 storing vectors\nRead 1 files, 1 chunks in \d s\.\n\n"
    assert re.fullmatch(re.escape(READ) + progress, first.err)
    assert fresh("ask", "Where do ants build nests?") == Transcript(0, first.out, "")


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["ask", " "], {}),
        (["search", "ants", "-k", "0"], {}),
        (["search", "ants", "--where", "x"], {}),
        (["ask", "ants"], {"RAG_LLM": "openai:gpt-4o"}),
        (["chat"], {"RAG_LLM": "scripted:nowhere"}),
    ],
)
def test_a_mistake_is_found_before_the_course_is_read(
    fresh: CommandLine, arguments: list[str], env: dict[str, str]
) -> None:
    """Nobody waits a minute to read that a question was empty or a key is missing."""
    done = fresh(*arguments, env=env)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert not fresh.data_dir.exists()


def test_a_first_reading_that_was_interrupted_is_finished(fresh: CommandLine, site: Path, knowledge: Path) -> None:
    """The next question goes on where it stopped."""
    long = site / "rag_app" / "_content" / "knowledge" / "2-long.md"
    shutil.copy(knowledge / "10-diffusion.md", long)
    running = fresh.start("ask", "Where do ants build nests?")
    assert running.stderr is not None
    while not running.stderr.readline().startswith("1/2 2-long.md"):
        pass
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "rag: interrupted; what was finished is kept.\n")
    long.write_text("# Bees\n\nBees build combs of wax.\n", encoding="utf-8")
    done = fresh("ask", "What do bees build?")
    assert done.err.startswith(READ)
    assert done.out.startswith("Bees build combs of wax. [1]")
    long.unlink()


def test_an_interrupted_ingestion_of_ones_own_is_not_mixed_with_the_course(fresh: CommandLine, knowledge: Path) -> None:
    """The question is refused: the user's own files are to be ingested again, not the course."""
    notes = fresh.folder / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# Bees\n\nBees build combs of wax.\n", encoding="utf-8")
    shutil.copy(knowledge / "10-diffusion.md", notes / "b.md")
    running = fresh.start("ingest", "notes")
    assert running.stderr is not None
    while not running.stderr.readline().startswith("1/2 b.md"):
        pass
    os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    done = fresh("ask", "What do bees build?")
    assert done == Transcript(2, "", f"rag: The index in {fresh.data_dir} is empty. Run: rag ingest\n")
