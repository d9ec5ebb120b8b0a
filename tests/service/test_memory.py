"""What was worked out lately, and when it does not hold any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
from support.answers import app_on
from support.service import running

from rag_app.service.memory import Memory


def test_what_is_kept_is_found_in_its_state(course_dir: Path) -> None:
    """And in no other."""
    memory = Memory(app_on(course_dir).library)
    memory.keep(memory.state(), "x", 1)
    assert memory.get(memory.state(), "x") == 1
    assert memory.get(memory.state(), "y") is None
    assert memory.get("another", "x") is None


def test_memory_is_bounded(course_dir: Path) -> None:
    """Of a thousand and one results that which was used least lately is forgotten."""
    memory = Memory(app_on(course_dir).library)
    state = memory.state()
    for n in range(1_000):
        memory.keep(state, n, str(n))
    memory.get(state, 0)
    memory.keep(state, 1_000, "1000")
    assert (memory.get(state, 0), memory.get(state, 1), memory.get(state, 1_000)) == ("0", None, "1000")


def test_what_was_worked_out_while_the_index_changed_is_not_kept(course_dir: Path, tmp_path: Path) -> None:
    """Nobody can say for which of the two it holds."""
    shutil.copytree(course_dir, tmp_path / "data")
    app = app_on(tmp_path / "data")
    memory = Memory(app.library)
    before = memory.state()
    app.library.set_meta("generation", "1000")
    memory.keep(before, "x", 1)
    assert (memory.get(before, "x"), memory.get(memory.state(), "x")) == (None, None)


def test_an_index_that_changes_or_comes_to_be_is_another_state(course_dir: Path, tmp_path: Path) -> None:
    """Whoever changed it."""
    memory = Memory(app_on(tmp_path / "data").library)
    states = [memory.state()]
    shutil.copytree(course_dir, tmp_path / "data")
    states.append(memory.state())
    app_on(tmp_path / "data").library.set_meta("generation", "1000")
    states.append(memory.state())
    assert len(set(states)) == 3


def test_the_same_question_has_the_same_answer_until_the_index_changes(course_dir: Path, tmp_path: Path) -> None:
    """By `/ask`, streamed or not, and by `/search`."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    body = {"question": "When was the lamp of the lighthouse lit?"}
    with running(app_on(data_dir)) as url, httpx.Client(base_url=url, timeout=60) as client:
        first, again = (client.post("/ask", json=body).json() for _ in range(2))
        assert {**first, "id": ""} == {**again, "id": ""}
        assert first["id"] != again["id"]
        assert client.post("/search", json=body).json() == client.post("/search", json=body).json()
        (tmp_path / "light.md").write_text("# Lighthouse\n\nThe lamp was lit in 1861.\n", encoding="utf-8")
        app_on(data_dir).ingest([tmp_path / "light.md"])
        assert client.post("/ask", json=body).json()["citations"][0]["source"] == "light.md"
        assert client.post("/search", json=body).json()["passages"][0]["source"] == "light.md"
