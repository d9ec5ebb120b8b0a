"""What is loaded when: help is instant, and answers without a language model never load torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag_app.cli.main import COMMANDS

HEAVY = {
    "chromadb",
    "langchain",
    "langchain_core",
    "numpy",
    "onnxruntime",
    "pandas",
    "prompt_toolkit",
    "pyarrow",
    "pydantic",
    "ray",
    "rich",
    "sqlalchemy",
    "torch",
}
TORCH = {"torch", "sentence_transformers", "transformers", "tensorflow", "openai", "langchain_openai", "tiktoken"}
RUN = """
import io, json, sys
from rag_app.cli.main import main
modules = {}
for arguments in json.loads(sys.argv[1]):
    try:
        code = main(arguments)
    except SystemExit as exc:
        code = exc.code
    assert code == 0, (arguments, code)
    modules[" ".join(arguments)] = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps(modules), file=sys.stderr)
"""


def loaded(commands: list[list[str]], data_dir: Path) -> dict[str, set[str]]:
    """Run commands one after the other in a new process; return what is loaded after each."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(commands)],
        input="What is mode collapse?\n",
        capture_output=True,
        text=True,
        env={**os.environ, "RAG_DATA_DIR": str(data_dir)},
        check=True,
    )
    return {name: set(modules) for name, modules in json.loads(done.stderr.splitlines()[-1]).items()}


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """Neither that of the program nor that of any command."""
    pages = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]
    after = loaded(pages, tmp_path)
    assert len(after) == len(COMMANDS) + 2
    assert {page: modules & HEAVY for page, modules in after.items() if modules & HEAVY} == {}


@pytest.mark.parametrize("command", [["index", "status", "--json"], ["prompts", "check"], ["tools", "show", "ndcg"]])
def test_commands_without_a_question_load_no_vendor(course_dir: Path, command: list[str]) -> None:
    """Neither Chroma, LangChain nor ONNX Runtime."""
    (modules,) = loaded([command], course_dir).values()
    assert modules & {"chromadb", "langchain", "langchain_core", "onnxruntime", "torch"} == set()


def test_without_a_language_model_torch_is_never_loaded(course_dir: Path, tmp_path: Path) -> None:
    """Nor any provider's package: by ingesting, searching, asking or chatting."""
    import shutil

    data_dir = tmp_path / "data"
    shutil.copytree(course_dir, data_dir)
    note = tmp_path / "note.md"
    note.write_text("# Ants\n\nAnts build nests.\n", encoding="utf-8")
    question = "What is mode collapse?"
    after = loaded([["ingest", str(note)], ["search", question], ["ask", question], ["chat"]], data_dir)
    assert after["chat"] & TORCH == set()
    assert after["search " + question] >= {"chromadb", "onnxruntime"}
    assert "sqlalchemy" in after["chat"] - after["ask " + question]
