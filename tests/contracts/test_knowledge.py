"""The course: every chapter has one form, and every program in it runs."""

from __future__ import annotations

import ast
import itertools
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"
CHAPTERS = sorted(KNOWLEDGE.glob("*.md"))
CATALOGUE = KNOWLEDGE / "catalogue.toml"
PARSER = MarkdownIt("commonmark").use(front_matter_plugin)


def tokens(path: Path) -> list[Token]:
    """Return a chapter's Markdown."""
    return PARSER.parse(path.read_text(encoding="utf-8"))


def headings(path: Path) -> list[tuple[int, str]]:
    """Return level and text of each heading; what stands in a code block is none."""
    parsed = tokens(path)
    return [
        (int(token.tag[1]), parsed[i + 1].content) for i, token in enumerate(parsed) if token.type == "heading_open"
    ]


def programs() -> Iterator[tuple[str, str]]:
    """Yield name and code of every Python block of the course."""
    for path in CHAPTERS:
        fences = [t for t in tokens(path) if t.type == "fence" and t.info == "python"]
        yield from ((f"{path.stem}, line {t.map[0] + 1}", t.content) for t in fences if t.map)


PROGRAMS = dict(programs())


def test_there_is_a_course() -> None:
    """The other tests here would pass on an empty folder."""
    assert len(CHAPTERS) > 20
    assert len(PROGRAMS) > 20


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_the_form_of_a_chapter(path: Path) -> None:
    """Front matter with title and number, one first heading that is the title, no heading twice, no level left out."""
    first = tokens(path)[0]
    assert first.type == "front_matter"
    head = yaml.safe_load(first.content)
    assert set(head) == {"title", "chapter"}
    assert head["chapter"] == path.name[:2]
    levels = [level for level, _ in headings(path)]
    texts = [text for _, text in headings(path)]
    assert headings(path)[0] == (1, head["title"])
    assert levels.count(1) == 1
    assert [text for text, n in Counter(texts).items() if n > 1] == []
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_every_section_says_something(path: Path) -> None:
    """A heading is followed by text or by a heading below it, never by its neighbour."""
    parsed = tokens(path)
    starts = [i for i, token in enumerate(parsed) if token.type == "heading_open"]
    empty = [
        parsed[i + 1].content
        for i in starts
        if i + 3 >= len(parsed) or (parsed[i + 3].type == "heading_open" and parsed[i + 3].tag <= parsed[i].tag)
    ]
    assert empty == []


def test_file_names_are_numbered_without_a_repetition() -> None:
    """Two digits, a dash, small letters."""
    assert [p.name for p in CHAPTERS if not re.fullmatch(r"\d\d-[a-z0-9-]+\.md", p.name)] == []
    assert len({p.name[:2] for p in CHAPTERS}) == len(CHAPTERS)


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """Every program of the course, two at a time, each in a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    env |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def start(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            env=env,
            check=False,
        )

    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(start, code) for name, code in PROGRAMS.items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_the_course_runs(runs: dict[str, Future[subprocess.CompletedProcess[str]]], name: str) -> None:
    """With NumPy and the standard library, without a warning; and it shows or asserts its result."""
    tree = ast.parse(PROGRAMS[name])
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {n for n in names if n.partition(".")[0] not in sys.stdlib_module_names} <= {"numpy"}
    done = runs[name].result()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() or any(isinstance(node, ast.Assert) for node in ast.walk(tree))


@pytest.fixture(scope="module")
def catalogue() -> list[dict[str, object]]:
    """The chapters of the catalogue."""
    if not CATALOGUE.exists():
        pytest.skip("the catalogue is being written")
    return list(tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["chapter"])


def sections(chapter: dict[str, object]) -> list[dict[str, object]]:
    """Return the sections of a chapter of the catalogue."""
    return list(chapter.get("section", []))  # type: ignore[call-overload]


def test_the_catalogue_lists_every_chapter_under_its_title(catalogue: list[dict[str, object]]) -> None:
    """In the order of the files."""
    assert [c["file"] for c in catalogue] == [p.name for p in CHAPTERS]
    titles = {p.name: headings(p)[0][1] for p in CHAPTERS}
    assert {c["file"]: c["title"] for c in catalogue} == titles


def test_the_sections_of_the_catalogue_are_headings_of_their_files(catalogue: list[dict[str, object]]) -> None:
    """So that every topic is found where the catalogue says."""
    missing = []
    for chapter in catalogue:
        known = {text for _, text in headings(KNOWLEDGE / str(chapter["file"]))}
        missing += [f"{chapter['file']}: {s['heading']}" for s in sections(chapter) if s["heading"] not in known]
    assert missing == []


def test_numbers_and_ids_of_the_catalogue_are_unique(catalogue: list[dict[str, object]]) -> None:
    """A section's number begins with its chapter's; a topic has one home."""
    numbers = [(str(c["file"]), str(s["number"])) for c in catalogue for s in sections(c)]
    assert [n for file, n in numbers if not re.fullmatch(rf"{file[:2]}\.\d+", n)] == []
    assert [n for n, count in Counter(n for _, n in numbers).items() if count > 1] == []
    ids = Counter(i for c in catalogue for s in sections(c) for i in s["ids"])  # type: ignore[attr-defined]
    assert ids
    assert [i for i, count in ids.items() if count > 1] == []
