"""``rag feedback``."""

from __future__ import annotations

import json

from support.command_line import CommandLine, Transcript

CHAT = """\
What dims the lamp?
/good
What is the capital of France?
/good as it should
Who is the keeper?
/bad the surname is missing
"""


def test_ratings_are_listed(rag_on_notes: CommandLine) -> None:
    """In the order in which they were given, with their reasons."""
    rag_on_notes.inside("chat", stdin=CHAT)
    done = rag_on_notes("feedback", "list")
    assert done == Transcript(
        0,
        "good\n    What dims the lamp?\n    Salt on the glass dims the lamp. [1]\n"
        "good: as it should\n    What is the capital of France?\n    No answer found.\n"
        "bad: the surname is missing\n    Who is the keeper?\n    The keeper of the lighthouse is Ann. [1]\n"
        "good 2, bad 1. /good and /bad in rag chat rate the answer before them.\n",
        "",
    )


def test_nothing_that_was_said_can_steer_the_terminal(rag_on_notes: CommandLine) -> None:
    """Control characters of a language model's answer and of a reason are left out, here and where a chat goes on."""
    (rag_on_notes.folder / "replies.txt").write_text("The keeper is Ann\x1b[8m [1].\n", encoding="utf-8")
    talk = "Who is the keeper?\n/good so\x1b[2J\n"
    rag_on_notes.inside("chat", stdin=talk, env={"RAG_LLM": "scripted:replies.txt"})
    for command in (["feedback", "list"], ["chat", "--continue"]):
        out = rag_on_notes.inside(*command).out
        assert "The keeper is Ann[8m" in out
        assert "\x1b" not in out


def test_ratings_as_json(rag_on_notes: CommandLine) -> None:
    """With the whole answers."""
    rag_on_notes.inside("chat", stdin=CHAT)
    first, *_, last = json.loads(rag_on_notes.inside("feedback", "list", "--json").out)
    assert (first["rating"], first["why"], first["question"]) == ("good", "", "What dims the lamp?")
    assert first["answer"]["citations"][0]["quote"] == "Salt on the glass dims the lamp."
    assert last["why"] == "the surname is missing"


def test_ratings_are_exported_as_cases(rag_on_notes: CommandLine) -> None:
    """One on a line; the bad answer makes none; the file serves for a calibration."""
    rag_on_notes.inside("chat", stdin=CHAT + "When was the lamp lit?\n/good\nWhat is the price of tea?\n/good\n")
    done = rag_on_notes("feedback", "export", "--as", "cases")
    assert done.code == 0
    cases = [json.loads(line) for line in done.out.splitlines()]
    assert [case["answerable"] for case in cases] == [True, False, True, False]
    assert cases[0]["evidence"] == ["Salt on the glass dims the lamp."]
    assert done.err.startswith("ratings 5, cases 4: ")
    (rag_on_notes.folder / "cases.jsonl").write_text(done.out, encoding="utf-8")
    assert rag_on_notes.inside("eval", "calibrate", "cases.jsonl", "--dry-run").code == 0


def test_ratings_are_exported_as_preferences(rag_on_notes: CommandLine) -> None:
    """Two answers to one question, of which one was good."""
    replies = rag_on_notes.folder / "replies.txt"
    replies.write_text("The keeper is Bob.\n\nThe keeper of the lighthouse is Ann [1].\n", encoding="utf-8")
    talk = "Who is the keeper?\n/bad\n"
    rag_on_notes.inside("chat", stdin=talk, env={"RAG_LLM": "scripted:replies.txt"})
    rag_on_notes.inside("chat", stdin="Who is the keeper?\n/good\n")
    done = rag_on_notes.inside("feedback", "export", "--as", "preferences")
    (pair,) = [json.loads(line) for line in done.out.splitlines()]
    assert pair["prompt"] == "Who is the keeper?"
    assert pair["chosen"] == "The keeper of the lighthouse is Ann. [1]"
    assert pair["rejected"].startswith("The keeper is Bob.")
    assert done.err.startswith("ratings 2, preferences 1: ")


def test_without_a_rating_there_is_nothing(rag: CommandLine) -> None:
    """And no file is made."""
    assert (
        rag.inside("feedback", "list").out == "good 0, bad 0. /good and /bad in rag chat rate the answer before them.\n"
    )
    assert rag.inside("feedback", "list", "--json").out == "[]\n"
    assert rag.inside("feedback", "export", "--as", "cases").out == ""
    assert not rag.data_dir.exists()


def test_ratings_go_with_a_forgotten_source(rag_on_notes: CommandLine) -> None:
    """The exchange was quoted from it."""
    rag_on_notes.inside("chat", stdin=CHAT)
    assert rag_on_notes.inside("index", "forget", "lighthouse.md").code == 0
    assert json.loads(rag_on_notes.inside("feedback", "list", "--json").out) == []
