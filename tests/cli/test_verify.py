"""``rag verify``: whole transcripts."""

from __future__ import annotations

import json

import pytest
from support.command_line import CommandLine, Transcript

QUESTION = "When was the lamp lit?"
HOLDS = """\
When was the lamp lit?
[1] holds lighthouse.md: the quotation stands where it stood; what was said is supported

answers 1, citations 1, failing 0
"""
GONE = """\
When was the lamp lit?
[1] fails lighthouse.md: the quotation is no longer in its source; the text of the source has changed
    “The lamp was lit for the first time in 1861.”

answers 1, citations 1, failing 1
"""


@pytest.fixture
def rag_with_answer(rag_with_notes: CommandLine) -> CommandLine:
    """``rag`` over two notes, with an answer in answer.json."""
    rag_with_notes.inside("ingest", "notes")
    done = rag_with_notes.inside("ask", QUESTION, "--json")
    (rag_with_notes.folder / "answer.json").write_text(done.out, encoding="utf-8")
    return rag_with_notes


def edit(rag: CommandLine, old: str, new: str) -> None:
    """Change the note, and ingest it again."""
    note = rag.folder / "notes" / "lighthouse.md"
    note.write_text(note.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert rag.inside("ingest", "notes").code == 0


def test_an_answer_holds_until_its_source_says_something_else(rag_with_answer: CommandLine) -> None:
    """Text before the quotation may change; when the quotation itself does, the exit code is 1."""
    assert rag_with_answer("verify", "answer.json") == Transcript(0, HOLDS, "")
    edit(rag_with_answer, "stands on a rock", "has stood on a black rock for ages")
    moved = rag_with_answer.inside("verify", "answer.json")
    assert moved.code == 0
    assert "the quotation stands elsewhere in its source now; the text of the source has changed; what was" in moved.out
    edit(rag_with_answer, "in 1861", "in 1862")
    assert rag_with_answer.inside("verify", "answer.json") == Transcript(1, GONE, "")


def test_an_answer_without_citations_holds(rag_with_answer: CommandLine) -> None:
    """A file with several answers is checked answer by answer."""
    nothing = rag_with_answer.inside("ask", "What is the capital of France?", "--json").out
    both = [json.loads((rag_with_answer.folder / "answer.json").read_text(encoding="utf-8")), json.loads(nothing)]
    (rag_with_answer.folder / "both.jsonl").write_text("\n".join(map(json.dumps, both)), encoding="utf-8")
    done = rag_with_answer.inside("verify", "both.jsonl")
    end = "\nWhat is the capital of France?\nno citations\n\nanswers 2, citations 1, failing 0\n"
    assert (done.code, done.out.endswith(end)) == (0, True)


def test_no_transcript_can_steer_the_terminal(rag_with_answer: CommandLine) -> None:
    """Control characters of a file that came from somebody are left out."""
    kept = json.loads((rag_with_answer.folder / "answer.json").read_text(encoding="utf-8"))
    kept["question"] += "\x1b[2J"
    kept["citations"][0] |= {"source": "note\x1b[8m.md", "quote": "So\x1b]0;title\x07."}
    done = rag_with_answer.inside("verify", "-", stdin=json.dumps(kept))
    assert (done.code, "So]0;title." in done.out) == (1, True)
    assert not any(character in done.out for character in "\x1b\x07")


def test_json_and_standard_input(rag_with_answer: CommandLine) -> None:
    """For programs: a list with an object for each answer."""
    kept = json.loads((rag_with_answer.folder / "answer.json").read_text(encoding="utf-8"))
    kept["answer"] = "Whales danced at noon in Paris [1]. So it is [2]."
    done = rag_with_answer("verify", "-", "--json", stdin=json.dumps(kept))
    assert (done.code, done.err) == (1, "")
    (found,) = json.loads(done.out)
    assert (found["question"], found["ok"], found["markers_without_citation"]) == (QUESTION, False, [2])
    (citation,) = found["citations"]
    assert (citation["state"], citation["verdict"], citation["ok"]) == ("holds", "unsupported", False)
    shown = rag_with_answer.inside("verify", "-", stdin=json.dumps(kept)).out
    assert "[2] fails: the answer has no such citation\n" in shown
    assert shown.endswith("answers 1, citations 2, failing 2\n")


def test_what_cannot_be_checked(rag: CommandLine) -> None:
    """A file that is missing or holds no answer, and an index that is missing: one sentence, exit code 2."""
    (rag.folder / "a.json").write_text('{"answer": "A", "citations": []}', encoding="utf-8")
    (rag.folder / "b.json").write_bytes(b"\xff")
    hint = 'Write one, for example: rag ask --json "What is a GAN?" > answer.json'
    missing = f"rag: The transcript none.json cannot be read: no such file or directory. {hint}\n"
    assert rag.inside("verify", "none.json") == Transcript(2, "", missing)
    binary = f"rag: The transcript b.json cannot be read: it is not text in UTF-8. {hint}\n"
    assert rag.inside("verify", "b.json") == Transcript(2, "", binary)
    no_index = f"rag: There is no index in {rag.data_dir}. Run: rag ingest\n"
    assert rag.inside("verify", "a.json") == Transcript(2, "", no_index)
