"""``rag eval draft``: proposals reviewed by a person, piped or typed, and kept as cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine

from rag_app.evaluation.cases import load_cases


def drafted(rag: CommandLine, stdin: str, *arguments: str):
    """Run the command on a file of cases."""
    return rag.inside("eval", "draft", "cases.jsonl", *arguments, stdin=stdin)


def test_a_review_reads_as_a_conversation(rag_on_course: CommandLine):
    """Accepted, rejected, edited; each proposal with its place and sentence, the sum at the end."""
    done = drafted(rag_on_course, "a\nr\ne\nWhat is it then?\n\nq\n", "-n", "8", "--unanswerable", "0")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "8 proposals. a accept, r reject, e edit, q quit."
    assert lines[2].startswith("1/8  ")
    assert any(line.startswith(("    09-gans.md › ", "    08-autoencoders.md › ")) for line in lines)
    assert "accept, reject, edit or quit? a" in lines
    assert "question: What is it then?" in lines
    assert lines[-1] == "2 accepted, in cases.jsonl"
    first, second = load_cases(rag_on_course.folder / "cases.jsonl")
    assert first.evidence
    assert second.question == "What is it then?"
    assert second.answer


def test_unanswerable_questions_are_shown_with_what_is_nearest(rag_on_course: CommandLine):
    """So that a person can see whether the documents answer them after all."""
    done = drafted(rag_on_course, "a\na\n", "-n", "2", "--unanswerable", "1")
    assert done.out.count("unanswerable, unless one of these answers it (evidence 0.") == 2
    cases = load_cases(rag_on_course.folder / "cases.jsonl")
    assert [(case.answerable, case.answer, case.evidence) for case in cases] == [(False, "", ())] * 2


def test_what_is_in_the_file_is_not_proposed_again(rag_on_course: CommandLine):
    """The file grows; the same seed goes on where it ended, and an edited question is no repetition either."""
    drafted(rag_on_course, "a\na\na\n", "-n", "3")
    drafted(rag_on_course, "a\na\na\n", "-n", "3")
    cases = load_cases(rag_on_course.folder / "cases.jsonl")
    assert len(cases) == 6
    done = drafted(rag_on_course, f"e\n{cases[0].question}\n\n", "-n", "1")
    assert "That question is in the file already." in done.out
    assert done.out.endswith("none accepted\n")


def test_a_last_line_without_an_end_stays_whole(rag_on_course: CommandLine):
    """What is accepted stands on a line of its own."""
    path = rag_on_course.folder / "cases.jsonl"
    path.write_text('{"question": "Who?", "answerable": false}', encoding="utf-8")
    drafted(rag_on_course, "a\n", "-n", "1")
    first, second = load_cases(path)
    assert (first.question, second.answerable) == ("Who?", True)


def test_where_nothing_is_left_to_propose(rag: CommandLine):
    """That is said, and nothing is asked."""
    (rag.folder / "note.txt").write_text("ok", encoding="utf-8")
    rag.inside("ingest", "note.txt")
    done = drafted(rag, "", "--unanswerable", "0")
    assert (done.code, done.out[:19]) == (0, "Nothing to propose:")


def test_another_word_is_asked_again_and_the_end_of_input_ends(rag_on_course: CommandLine):
    """Nothing is accepted that was not."""
    done = drafted(rag_on_course, "yes\n", "-n", "2")
    assert "'yes' is none of: a accept, r reject, e edit, q quit." in done.out
    assert done.out.endswith("none accepted\n")
    assert not (rag_on_course.folder / "cases.jsonl").exists()


def test_a_review_at_a_terminal(rag_on_course: CommandLine):
    """What is edited begins with what is proposed; Ctrl-D leaves, and what was accepted stays."""
    review = rag_on_course.at_terminal("eval", "draft", "cases.jsonl", "-n", "3", "--unanswerable", "0", columns=200)
    review.wait_for("accept, reject, edit or quit?")
    review.send("e\r")
    review.wait_for("question: ")
    review.send(" Really?\r")
    review.wait_for("answer: ")
    review.send("\r")
    review.wait_until(lambda screen: sum(line.startswith("accept, reject") for line in screen.lines()) == 2)
    review.send("\x04")
    lines = review.read_to_end()
    assert "1 accepted, in cases.jsonl" in lines
    (case,) = load_cases(rag_on_course.folder / "cases.jsonl")
    assert case.question.endswith(" Really?")
    assert case.answer


def test_a_language_model_may_write_them(rag_on_course: CommandLine):
    """With the sentence that it quotes; one that it invents is not proposed."""
    quote = "GANs were introduced by Ian Goodfellow and colleagues in 2014."
    reply = {"question": "Who introduced GANs?", "answer": "Goodfellow.", "quote": quote, "unanswerable": "Where?"}
    (rag_on_course.folder / "script.txt").write_text(json.dumps(reply), encoding="utf-8")
    done = drafted(rag_on_course, "a\n", "-n", "60", "--llm", "scripted:script.txt", "--unanswerable", "0")
    assert done.code == 0
    assert (
        "passages gave no question. The language model scripted:script.txt sent no reply that can be used: quote"
        in done.out
    )
    (case,) = load_cases(rag_on_course.folder / "cases.jsonl")
    assert (case.question, case.evidence, case.source) == ("Who introduced GANs?", (quote,), "09-gans.md")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--unanswerable", "2"), "argument --unanswerable: must be a number from 0 to 1; got '2'"),
        (("-n", "0"), "argument -n: must be a whole number from 1 to 1000; got '0'"),
        (("--llm",), "--llm must name a language model; got 'extractive'. Write --llm openai:gpt-4o-mini"),
    ],
)
def test_mistakes_are_named(rag_on_course: CommandLine, arguments: tuple[str, ...], message: str):
    """In one sentence, with exit code 2."""
    done = drafted(rag_on_course, "", *arguments)
    assert done.code == 2
    assert message in done.err


def test_a_file_that_cannot_be_written_is_named(rag_on_course: CommandLine, tmp_path: Path):
    """Before anything is lost."""
    for name in (str(tmp_path), "/proc/none/cases.jsonl"):
        done = rag_on_course.inside("eval", "draft", name, "-n", "1", stdin="a\n")
        assert done.code == 2
        assert name in done.err
