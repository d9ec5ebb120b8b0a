"""The table of commands: help, exit codes, and what happens to the output when its reader goes away."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import RAG, CommandLine, Transcript

from rag_app import __version__
from rag_app.cli.main import COMMANDS, build_parser, main

HELP = """\
usage: rag [-h] [--version] COMMAND ...

Answers with verified citations from your documents, with or without a
language model.

positional arguments:
  COMMAND
    ingest    read files into the index (default: the packaged course)
    ask       answer a question, with citations
    chat      ask in a conversation, also for calculations
    feedback  list or export the ratings of answers in rag chat
    verify    check the citations of a kept answer against the index
    search    show the passages that match a question
    classify  label texts by similarity, without examples
    tools     list, show or run the metrics and models of the course
    prompts   list, show, check or try the prompts
    eval      measure answers, and whether a change made them better
    quiz      ask the cards of the course, when you are about to forget them
    serve     answer over HTTP, the OpenAI protocol and MCP
    mcp       answer an MCP client at standard input and output
    doctor    check the installation, the settings, the parts and the index
    index     show, check, rebuild, shrink, move or forget what the index
              holds

options:
  -h, --help  show this help message and exit
  --version   show program's version number and exit

Every setting is a RAG_* variable or a line of rag.toml: see the README. rag
COMMAND --help has more.
"""


def test_help_lists_every_command_in_one_line_each(rag: CommandLine) -> None:
    """The whole page."""
    assert rag("--help") == Transcript(0, HELP, "")


def test_no_command_shows_the_help_and_says_that_something_is_missing(rag: CommandLine) -> None:
    """Exit code 2, as nothing was done."""
    assert rag() == Transcript(2, HELP, "")


def test_version(rag: CommandLine) -> None:
    """The program's name and version."""
    assert rag("--version") == Transcript(0, f"rag {__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example_that_parses(rag: CommandLine, command: str) -> None:
    """The example at the end of the page is a command line that the command's own parser takes."""
    done = rag(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: rag {command} ")
    example = done.out.partition("\nexample:\n  rag ")[2].splitlines()[0]
    words = shlex.split(example.partition(" < ")[0])
    assert words[0] == command
    assert build_parser(command).parse_args(words).command == command


@pytest.mark.parametrize("arguments", [["tools", "run"], ["tools", "show"], ["prompts", "show"], ["index", "status"]])
def test_actions_of_a_command_have_help_too(rag: CommandLine, arguments: list[str]) -> None:
    """``rag tools run --help`` works as ``rag tools --help`` does."""
    done = rag(*arguments, "--help")
    assert done.code == 0
    assert done.out.startswith(f"usage: rag {' '.join(arguments)} ")


def test_parser_of_all_commands_for_the_documentation() -> None:
    """`build_parser` with every name knows every argument at once."""
    parsed = build_parser(*COMMANDS).parse_args(["search", "mode collapse", "-k", "3", "--where", "source=a.md"])
    assert (parsed.query, parsed.k, parsed.where) == (["mode collapse"], 3, ["source=a.md"])


def test_main_takes_its_arguments_from_the_process_or_from_its_caller(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ways reach the same command."""
    assert main(["prompts", "check"]) == 0
    monkeypatch.setattr(sys, "argv", ["rag", "prompts", "check"])
    assert main() == 0
    assert len(set(capsys.readouterr().out.splitlines())) == 1


def test_main_writes_where_there_is_no_process_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller may have replaced the standard streams by ones without a file descriptor."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["prompts", "check"]) == 0
    assert out.getvalue().endswith("prompts are in order.\n")


MISTAKES = [
    (["serch", "x"], "There is no command named 'serch'. Did you mean search or serve?"),
    (
        ["frobnicate"],
        (
            "There is no command named 'frobnicate'. "
            "Known: ask, chat, classify, doctor, eval, feedback, index, ingest, mcp, prompts, quiz, search, …."
        ),
    ),
    (["--verbose", "ask", "x"], "unrecognized arguments: --verbose. Run: rag --help"),
    (["ask", "--verbose", "x"], "unrecognized arguments: --verbose. Run: rag ask --help"),
    (["ask"], "the following arguments are required: QUESTION. Run: rag ask --help"),
    (["tools"], "the following arguments are required: list|show|run|gallery. Run: rag tools --help"),
    (["tools", "show"], "the following arguments are required: NAME. Run: rag tools show --help"),
    (
        ["index", "frobnicate"],
        (
            "argument status|verify|reindex|forget|compact|export|publish|import: invalid choice: 'frobnicate' "
            "(choose from 'status', 'verify', 'reindex', 'forget', 'compact', 'export', 'publish', 'import'). "
            "Run: rag index --help"
        ),
    ),
    (
        ["ask", b"caf\xe9"],
        "An argument must be text in UTF-8; got 'caf\\udce9'. Convert the text, or rename the file.",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_wrong_command_line_is_one_sentence(rag: CommandLine, arguments: list[str | bytes], message: str) -> None:
    """Exit code 2, one line on stderr, nothing on stdout, and no data folder appears."""
    assert rag(*arguments) == Transcript(2, "", f"rag: {message}\n")
    assert not rag.data_dir.exists()


@pytest.mark.parametrize("arguments", [["--help"], ["tools", "show", "ndcg"], ["search", "gan", "-k", "50"]])
def test_a_reader_that_goes_away_is_no_error(rag_on_course: CommandLine, arguments: list[str]) -> None:
    """``rag … | head -1``: nothing on stderr; the exit code is that of SIGPIPE, or 0 if all was written before."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*RAG, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        env=rag_on_course.environment(),
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", [["prompts", "check"], ["prompts", "list"]])
def test_a_full_disk_under_the_output_is_one_sentence(rag: CommandLine, arguments: list[str]) -> None:
    """Whether it shows at once or when the buffer is written."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RAG, *arguments], stdout=full, stderr=subprocess.PIPE, env=rag.environment(), check=False
        )
    assert done.returncode == 2
    assert done.stderr == b"rag: the system refused: [Errno 28] No space left on device.\n"


def test_closed_standard_streams_do_no_harm(rag: CommandLine) -> None:
    """``rag … >&- 2>&- <&-``: the exit code still tells."""
    line = f"{shlex.join(RAG)} prompts check >&- 2>&- <&-; echo $?; {shlex.join(RAG)} frobnicate >&- 2>&- <&-; echo $?"
    done = subprocess.run(["sh", "-c", line], capture_output=True, env=rag.environment(), check=True)
    assert done.stdout == b"0\n2\n"


def test_piped_output_has_no_escape_sequences(rag_on_course: CommandLine) -> None:
    """Whatever the terminal's variables say, a file or a pipe gets plain text."""
    env = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for arguments in (["ask", "What is mode collapse?"], ["tools", "list"], ["index", "status"]):
        done = rag_on_course(*arguments, env=env)
        assert done.code == 0
        assert "\x1b" not in done.out + done.err


def test_a_terminal_gets_colours_and_a_wide_enough_line(rag_on_course: CommandLine) -> None:
    """The same command is coloured there, and no line is longer than the terminal is wide."""
    terminal = rag_on_course.at_terminal("search", "What is mode collapse?", columns=60)
    lines = terminal.read_to_end()
    assert "\x1b[36m1. 09-gans.md: Generative adversarial networks" in terminal.raw
    assert len(lines) > 10
    assert max(map(len, terminal.raw_lines())) <= 60
    assert terminal.exit_code == 0


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_without_unicode_shows_question_marks(rag_on_course: CommandLine, encoding: str) -> None:
    """The heading path's › cannot be shown there; the passage is."""
    done = rag_on_course("search", "mode collapse", "-k", "1", env={"PYTHONIOENCODING": encoding})
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1. 09-gans.md: Generative adversarial networks ? ")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_json_is_the_same_in_every_encoding(rag_on_notes: CommandLine, encoding: str) -> None:
    """Characters that the encoding lacks are escaped, so a program reads what it would have read."""
    done = rag_on_notes("search", "Kaffee", "-k", "1", "--json", env={"PYTHONIOENCODING": encoding})
    assert json.loads(done.out)[0]["text"].endswith("Ein Kaffee ☕ kostet 3 €.")


def test_ctrl_c_during_an_ingestion_keeps_what_was_finished(rag: CommandLine, knowledge: Path) -> None:
    """Exit code 130 and one sentence; the next run goes on where this one stopped, and its result is complete."""
    notes = rag.folder / "notes"
    notes.mkdir()
    many = "".join(f"## Nest {i}\n\nNest {i} lies under a stone.\n\n" for i in range(130))  # more than a batch
    (notes / "a.md").write_text(f"# Ants\n\nAnts build nests under the ground.\n\n{many}", encoding="utf-8")
    for name in ("b", "c"):
        (notes / f"{name}.md").write_bytes((knowledge / "10-diffusion.md").read_bytes() + f"\nThe {name}.\n".encode())
    running = rag.start("ingest", "notes")
    assert running.stderr is not None
    while not running.stderr.readline().startswith("1/3 b.md"):
        pass
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "rag: interrupted; what was finished is kept.\n")
    for name in ("b", "c"):
        (notes / f"{name}.md").write_text(f"# {name}\n\nThe letter {name} follows another.\n", encoding="utf-8")
    done = rag.inside("ingest", "notes")
    assert re.search(r"^new 2, changed 0, unchanged 1, removed 0, duplicate-of 0, failed 0$", done.out, re.MULTILINE)
    assert rag.inside("ask", "Where do ants build nests?").out.startswith("Ants build nests under the ground. [1]")
