"""The course: every chapter has one form, and every program in it runs."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from rag_app.evaluation.deck import load_cards
from rag_app.reading.overlap import stem

ROOT = Path(__file__).resolve().parents[2]
KNOWLEDGE = ROOT / "knowledge"
CHAPTERS = sorted(KNOWLEDGE.glob("*.md"))
CATALOGUE = KNOWLEDGE / "catalogue.toml"
SOURCES = Path(os.environ.get("COURSE_SOURCES", ROOT.parent / "shared" / "course" / "sources"))
ITEMS = {"M": 133, "X": 43, "D": 21, "R": 18, "P": 14, "E": 10, "K": 54, "S": 26}  # what the course must explain
PARSER = MarkdownIt("commonmark").use(front_matter_plugin)
_WORD = re.compile(r"[^\W_]+")
_LIST_MARK = re.compile(r"^ *(?:[-*]|\d+\.) ")
_NOT_PROSE = re.compile(r"^```.*?^```$|\$\$.*?\$\$|^\|.*?$", re.MULTILINE | re.DOTALL)
_FEWEST_WORDS, _MOST_WORDS = 150, 400  # of a section: enough to stand alone, and read at once
_RUN = 8  # words in a row that are the same are copied


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


def test_every_item_of_the_course_has_its_home(catalogue: list[dict[str, object]]) -> None:
    """133 models, 43 metrics, and so on, 26 errata among them: none is missing, none is unknown."""
    ids = {i for c in catalogue for s in sections(c) for i in s["ids"]}  # type: ignore[attr-defined]
    assert ids == {
        f"{kind}{number:0{2 if kind == 'S' else 3}}" for kind, n in ITEMS.items() for number in range(1, n + 1)
    }


class Section(NamedTuple):
    """What stands between a heading and the next one, of any level."""

    file: str
    heading: str
    lines: list[str]
    is_divided: bool  # the next heading is one below it, so that the text here is an introduction

    @property
    def n_words(self) -> int:
        """Words of prose, lists included; programs, tables and displayed formulas are read in another way."""
        return len(_NOT_PROSE.sub("", "\n".join(self.lines)).split())


def all_sections() -> Iterator[Section]:
    """Yield the sections of all chapters."""
    for path in CHAPTERS:
        lines = path.read_text(encoding="utf-8").split("\n")
        starts = [
            (token.map[0], token.tag, inline.content)
            for token, inline in itertools.pairwise(tokens(path))
            if token.type == "heading_open" and token.map
        ]
        for (line, tag, text), (end, after, _) in itertools.pairwise([*starts, (len(lines), "h1", "")]):
            yield Section(path.name, text, lines[line + 1 : end], after > tag)


SECTIONS = list(all_sections())


def test_a_section_names_its_topic_in_its_first_sentence() -> None:
    """A passage that is quoted alone must say what it is about; the glossary's entries do so one by one."""
    silent = [
        (section.file, section.heading)
        for section in SECTIONS
        if not section.heading.startswith("Glossary ")
        and not _stems(section.heading) & _stems(next(filter(None, section.lines), ""))
    ]
    assert silent == []


def test_a_section_can_be_read_at_once_and_stands_alone() -> None:
    """It has 150 to 400 words; a text that only introduces the headings below it may be shorter."""
    assert sum(not section.is_divided for section in SECTIONS) > 600
    assert {
        (section.file, section.heading): section.n_words
        for section in SECTIONS
        if not (1 if section.is_divided else _FEWEST_WORDS) <= section.n_words <= _MOST_WORDS
    } == {}


def test_a_list_ends_with_an_empty_line() -> None:
    """Otherwise Markdown takes the sentence after it for a part of its last item."""
    run_on = [
        (file, after)
        for file, _, lines, _ in SECTIONS
        for before, after in itertools.pairwise(lines)
        if _LIST_MARK.match(before) and after and not _LIST_MARK.match(after)
    ]
    assert run_on == []


def test_the_glossary_is_sorted_counted_and_knows_every_abbreviation() -> None:
    """Letter by letter; an abbreviation is one that a chapter introduces in brackets or by "abbreviated"."""
    text = (KNOWLEDGE / "00-orientation.md").read_text(encoding="utf-8")
    glossary = text[text.index("### Glossary A") : text.index("## First-day")]
    entries = re.findall(r"^\*\*(.+?)\*\* ", glossary, re.MULTILINE)
    keys = [" ".join(_WORD.findall(entry.casefold().replace("²", ""))) for entry in entries]
    assert keys == sorted(set(keys))
    assert f"The glossary holds {len(entries)} entries" in text
    introduced = re.compile(r"\(([A-Z][A-Za-z]*[A-Z][A-Za-z]*?)s?\)|abbreviated ([A-Z][A-Za-z]*[A-Z])\b")
    prose = [re.sub(r"```.*?```|\$.*?\$|`[^`]*`", "", p.read_text(encoding="utf-8"), flags=re.DOTALL) for p in CHAPTERS]
    found = {match[1] or match[2] for chapter in prose for match in introduced.finditer(chapter)}
    assert len(found) > 100
    assert {a for a in found if not re.search(rf"\b{re.escape(a)}s?\b", glossary)} == set()


@pytest.mark.parametrize("path", [*CHAPTERS, *sorted(KNOWLEDGE.glob("cards/*.csv"))], ids=lambda p: p.name)
def test_nothing_is_copied_from_the_sources(path: Path) -> None:
    """No eight words in a row are the same; COURSE_SOURCES names the folder, without which this is skipped."""
    if not SOURCES.is_dir():
        pytest.skip("the sources are not here")
    copied = _runs(path.read_text(encoding="utf-8")) & _source_runs()
    assert [" ".join(run) for run in copied] == []


def test_the_questions_on_the_course_rest_on_sentences_that_it_has() -> None:
    """Each piece of evidence stands in its chapter under its heading, or in its card under its question."""
    lines = (ROOT / "evals" / "data" / "course" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {(section.file, section.heading): _plain("\n".join(section.lines)) for section in SECTIONS}
    texts |= {
        (f"cards/{Path(c.source).stem}.csv", c.question): _plain(c.answer) for c in load_cards(KNOWLEDGE / "cards")
    }
    missing = [
        (case["id"], sentence)
        for case in map(json.loads, lines)
        for place in ([case, *case.get("also", [])] if case["answerable"] else [])
        for sentence in place["evidence"]
        if _plain(sentence) not in texts.get((place["source"], place["heading"]), "")
    ]
    assert missing == []


def _stems(text: str) -> set[str]:
    return {stem(word) for word in _WORD.findall(text.casefold())} - {"a", "an", "and", "of", "the", "in", "is", "to"}


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("**", "").replace("`", ""))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return {tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)}


@cache
def _source_runs() -> set[tuple[str, ...]]:
    files = sorted(SOURCES.glob("*.txt"))
    return set().union(*(_runs(path.read_text(encoding="utf-8", errors="replace")) for path in files))
