"""``rag quiz``: asked, answered, scored, cited, remembered; piped, typed and by a program."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest
from support.command_line import CommandLine, Transcript

SECTION = ("quiz", "--section", "09.3")
GOOD = "The generator makes only a few kinds of output and ignores the variety of the training data."


def test_a_piped_quiz_reads_as_a_conversation(rag_on_course: CommandLine) -> None:
    """Question, reply, verdict, answer and passage; an empty line is "I don't know"; the sum at the end."""
    done = rag_on_course(*SECTION, "-n", "2", stdin=f"{GOOD}\n\n")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:5] == [
        "4 cards, 2 of them now. An empty line shows the answer; /quit leaves.",
        "",
        "1/2  09.3 Mode collapse",
        "What is mode collapse?",
        f"> {GOOD}",
    ]
    assert re.fullmatch(r"right, 0\.\d\d; again in 2 days", lines[5])
    assert lines[6].startswith("    In mode collapse a GAN's generator produces only a few kinds of output")
    assert lines[7].startswith("[1] 09-gans.md: Generative adversarial networks › Mode collapse, line ")
    assert lines[8].startswith(
        "    “Mode collapse is a failure of GAN training in which the generator produces only a few"
    )
    assert lines[9:13] == ["", "2/2  09.3 Mode collapse", "What is the main cause of mode collapse?", "> "]
    assert lines[13] == "not yet, 0.00; again tomorrow"
    assert lines[-2:] == ["1 of 2 right.", "2 more to ask today."]


def test_cards_come_again_when_their_day_has_come(rag_on_course: CommandLine) -> None:
    """Not on the same day; what was wrong yesterday comes first today."""
    first = rag_on_course.inside(*SECTION, "-n", "4", stdin=f"{GOOD}\n\n\n\n")
    assert first.out.endswith("\n1 of 4 right.\nThe next one comes tomorrow.\n")
    again = rag_on_course.inside(*SECTION)
    assert again == Transcript(0, "No card is due. The next one comes tomorrow.\n", "")
    with closing(sqlite3.connect(rag_on_course.data_dir / "quiz.sqlite")) as db, db:
        db.execute("UPDATE reviews SET due = '2026-01-01' WHERE card_id = '09-08'")
    today = rag_on_course.inside(*SECTION, stdin="/quit\n")
    assert "1/1  09.3 Mode collapse\nWhat is the main cause of mode collapse?\n" in today.out


def test_the_end_of_input_ends_the_quiz(rag_on_course: CommandLine) -> None:
    """The card that was asked and not answered is asked again."""
    for _ in range(2):
        done = rag_on_course.inside(*SECTION)
        assert done.out.endswith("1/4  09.3 Mode collapse\nWhat is mode collapse?\n4 more to ask today.\n")


def test_a_program_reads_one_object_a_line(rag_on_course: CommandLine) -> None:
    """What comes, each question, each result with its citation, and the sum."""
    done = rag_on_course.inside(*SECTION, "-n", "1", "--json", stdin=GOOD)
    begin, question, result, end = map(json.loads, done.out.splitlines())
    assert begin == {"event": "quiz", "cards": 4, "asked": 1}
    assert question == {
        "event": "question",
        "number": 1,
        "of": 1,
        "id": "09-07",
        "section": "09.3 Mode collapse",
        "tags": ["definition", "gans"],
        "question": "What is mode collapse?",
    }
    assert (result["event"], result["id"], result["reply"], result["right"]) == ("result", "09-07", GOOD, True)
    assert result["citations"][0]["source"] == "09-gans.md"
    assert end == {"event": "sum", "answered": 1, "right": 1, "left": 3, "next": result["due"]}


def test_an_index_without_the_chapter_is_told(rag_on_course: CommandLine) -> None:
    """The quiz goes on without a passage."""
    done = rag_on_course.inside("quiz", "--section", "14.1", "-n", "1", stdin="The unit of text of a language model.\n")
    assert "The index does not hold 14-tokens-decoding.md. Run: rag ingest\n" in done.out


def test_a_quiz_at_a_terminal(rag_on_course: CommandLine) -> None:
    """The reply is typed at a prompt; Ctrl-D leaves with the sum."""
    quiz = rag_on_course.at_terminal(*SECTION, columns=80)
    quiz.wait_for_prompt()
    shown = quiz.ask(GOOD)
    assert "right, " in shown
    assert "What is the main cause of mode collapse?" in shown
    quiz.send("\x04")
    lines = quiz.read_to_end()
    assert "1 of 1 right." in lines
    assert quiz.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tag", "defintion"], "There is no tag named 'defintion'. Did you mean definition"),
        (["--section", "31"], "There is no section named '31'."),
        (["-n", "0"], "argument -n: must be a whole number from 1 to 1000; got '0'. Run: rag quiz --help"),
    ],
    ids=["tag", "section", "n"],
)
def test_what_is_wrong_is_said_before_any_work(rag: CommandLine, arguments: list[str], message: str) -> None:
    """Exit code 2, one line, no index is built for it."""
    done = rag.inside("quiz", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"rag: {message}")
    assert not rag.data_dir.exists()
