"""What the README and docs/ say is what the program does."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docstring_parser import DocstringStyle, parse
from support.forked import ForkedPython, forked_python

from rag_app.cli.main import COMMANDS, build_parser
from rag_app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = ("cli.md", "tools.md")
PAGES = sorted(p for p in (ROOT / "docs").glob("*.md") if p.name not in GENERATED)
NOTES = """\
# Mode collapse

Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output.
Mode collapse is avoided by letting the discriminator see whole batches of samples.
"""


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedPython]:
    """Processes that have imported what others wrote, and nothing of ours."""
    with forked_python(tmp_path_factory.mktemp("python")) as running:
        yield running


def run(python: ForkedPython, code: str, folder: Path) -> str:
    """Run code in a folder, in a process of its own, and return what it printed."""
    (folder / "page.py").write_text(code, encoding="utf-8")
    python.start("page.py", folder=folder)
    exit_code, out, err = python.wait()
    assert (exit_code, err) == (0, "")
    return out


def test_the_block_of_the_readme_runs(python: ForkedPython, tmp_path: Path) -> None:
    """In a folder with nothing but the README; the answer is quoted from it, and nothing else is."""
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (block,) = blocks(README, "python")
    text, quote = run(python, block, tmp_path).strip().split(" [1] ")
    assert quote.startswith(text)
    assert "folder for user data" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_blocks_of_a_page_run_in_order(page: Path, python: ForkedPython, tmp_path: Path) -> None:
    """In one namespace, in a folder with a note about mode collapse, and without any output on the side."""
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    code = "\n".join(blocks(page.read_text(encoding="utf-8"), "python"))
    assert code.strip()
    printed = run(python, code, tmp_path)
    assert "notes.md" in printed
    assert "MODE COLLAPSE IS A FAILURE" in printed.upper()


def test_every_command_line_of_the_readme_parses() -> None:
    """So that a reader who copies one gets no usage error."""
    lines = [line for block in blocks(README, "console") for line in block.splitlines()]
    commands = [words for line in lines if (words := shlex.split(line, comments=True)) and "rag" in words]
    assert len(commands) > 5
    for words in commands:
        arguments = words[words.index("rag") + 1 :]
        assert build_parser(arguments[0]).parse_args(arguments).command in COMMANDS


def test_the_make_targets_of_the_readme_exist() -> None:
    """And every target has a line in ``make help``."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", README)) | set(re.findall(r"^\$ make ([a-z-]+)", README, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    assert {"ask", "test", "setup", "help"} <= named <= explained
    assert set(phony) == explained


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every relative link is a file or a folder."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 2
    assert [link for link in links if not (ROOT / link).exists()] == []


def documented_settings() -> dict[str, str]:
    """Return the variables of the README's table with their defaults."""
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    settings = {}
    for row in re.findall(r"^\| (`RAG_.*?) \|(.*?)\|.*\|$", table, re.MULTILINE):
        names = re.findall(r"`(\w+)`", row[0])
        defaults = [part.strip().strip("`") for part in row[1].split(",")]
        settings |= dict(zip(names, defaults, strict=True))
    return settings


def shown_default(value: object) -> str:
    """Return a default as a table shows it: nothing where nothing is set."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None or value == ():
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_readme_lists_every_setting_with_its_default() -> None:
    """And no other."""
    defaults = {}
    for field in dataclasses.fields(Settings):
        value = field.default
        named = {"data_dir": "user data folder", "min_evidence": "calibrated or 0.5"}
        defaults[f"RAG_{field.name.upper()}"] = named.get(field.name, shown_default(value))
    assert documented_settings() == defaults


def test_the_docstring_lists_every_setting_with_its_default() -> None:
    """In the order of the fields; the default stands in the type's place."""
    described = parse(Settings.__doc__ or "", style=DocstringStyle.NUMPYDOC).params
    assert [p.arg_name for p in described] == [f.name for f in dataclasses.fields(Settings)]
    defaults = {f.name: f.default for f in dataclasses.fields(Settings) if f.name != "data_dir"}
    assert {p.arg_name: str(p.default).strip("\"'") for p in described if p.arg_name != "data_dir"} == {
        name: str(value) for name, value in defaults.items()
    }
    assert all(p.description for p in described)


def test_only_settings_reads_the_environment() -> None:
    """RAG_* variables are named in messages elsewhere, but read in one place."""
    pattern = re.compile(r"environ|getenv")
    readers = {
        path.relative_to(ROOT).as_posix(): set(re.findall(r"(?:environ\.get|getenv|environ\[)\W*(\w+)", text))
        for path in (ROOT / "rag_app").rglob("*.py")
        if pattern.search(text := path.read_text(encoding="utf-8"))
    }
    assert readers.pop("rag_app/settings.py") == set()
    assert {name for names in readers.values() for name in names if name.startswith("RAG_")} == set()


def test_the_example_of_the_readme_is_what_the_program_prints(course_dir: Path) -> None:
    """Its first sentence and its citation, as ``make ask`` shows them."""
    (example,) = blocks(README, "text")
    shown = " ".join(example.partition(" [1] …")[0].split())
    place, quote = re.search(r"^\[1\] (.*?)\n\s+“(.*?)”", example, re.MULTILINE | re.DOTALL).groups()  # type: ignore[union-attr]
    done = subprocess.run(
        [sys.executable, "-m", "rag_app", "ask", "What is mode collapse?"],
        capture_output=True,
        text=True,
        env={**os.environ, "RAG_DATA_DIR": str(course_dir)},
        check=True,
    )
    assert done.stdout.startswith(f"{shown} [1]")
    assert f"\n[1] {place}\n    “{' '.join(quote.split())}”\n" in done.stdout
