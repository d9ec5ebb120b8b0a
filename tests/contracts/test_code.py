"""Rules that hold for every module and every test."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "rag_app").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "core"}
MAX_LINES = 400


def name_of(path: Path) -> str:
    """Return a path as it is written in a message."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a module, those of its classes too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(path: Path) -> set[str]:
    """Return the modules that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(f"{'.' * node.level}{node.module or ''}")
    return names


def test_there_is_something_to_look_at() -> None:
    """The other tests here would pass on an empty folder."""
    assert len(MODULES) > 50
    assert len(TESTS) > 5


def test_every_test_states_a_behaviour() -> None:
    """Each test function has a docstring."""
    silent = [
        f"{name_of(path)}: {function.name}"
        for path in TESTS
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_modules_are_short() -> None:
    """At most 400 lines."""
    lengths = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}


def test_every_module_says_what_it_is() -> None:
    """Each module with code in it has a docstring."""
    texts = {name_of(p): p.read_text(encoding="utf-8") for p in MODULES}
    assert [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []


def test_modules_are_named_by_what_they_hold() -> None:
    """No utils, helpers, common."""
    assert [name_of(p) for p in MODULES if {p.stem, p.parent.name} & VAGUE] == []


def test_packages_import_nothing() -> None:
    """Every ``__init__.py`` is empty but the first, whose names are loaded when they are used."""
    first = ROOT / "rag_app" / "__init__.py"
    assert [name_of(p) for p in MODULES if p.name == "__init__.py" and p != first and p.read_text()] == []
    top = [node for node in ast.parse(first.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    assert {node.module for node in top} == {"__future__", "typing"}


@pytest.mark.parametrize("path", sorted((ROOT / "rag_app" / "from_scratch").rglob("*.py")), ids=name_of)
def test_from_scratch_is_from_scratch(path: Path) -> None:
    """NumPy, the standard library, our errors and our register: nothing else."""
    allowed = sys.stdlib_module_names | {"numpy"}
    own = ("rag_app.errors", "rag_app.registry", "rag_app.from_scratch")
    foreign = {m for m in imported(path) if m.partition(".")[0] not in allowed and not m.startswith(own)}
    assert foreign == set()


def test_no_path_of_a_machine() -> None:
    """What is written here works on other machines."""
    pattern = re.compile(r"(?<![\w.])/(?:work|root)/\w")
    suspects = [*MODULES, *TESTS, *(ROOT / "tests" / "support").glob("*.py"), *(ROOT / "docs").rglob("*.md")]
    suspects += [*(ROOT / "benchmarks").rglob("*.py"), ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"]
    found = [name_of(p) for p in suspects if p != Path(__file__) and pattern.search(p.read_text(encoding="utf-8"))]
    assert found == []
