"""What users get wrong: one sentence, a hint, exit code 2, no traceback; and what was ingested stays."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from support.command_line import CommandLine, Transcript
from support.openai_server import OpenAIServer

from rag_app.settings import Settings

KNOWN = ", ".join(sorted(field.name for field in fields(Settings)))
EMPTY = 'The question must not be empty. Ask, for example: rag ask "What is mode collapse?"'
NO_PATH = "Name a file, a folder, a glob such as 'notes/*.md', or the URL of a web page."


def contents(data_dir: Path) -> list[tuple[object, ...]]:
    """Return every source and every chunk of an index."""
    with closing(sqlite3.connect(data_dir / "library.sqlite")) as db:
        return [
            *db.execute("SELECT name, sha256 FROM sources ORDER BY name"),
            *db.execute("SELECT chunk_id, in_chroma FROM chunks ORDER BY chunk_id"),
        ]


@pytest.fixture(scope="module")
def shared(course_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """``rag`` over two chapters, in a folder with files of every wrong kind; no test changes it."""
    folder = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(course_dir, folder / "data")
    (folder / "empty").mkdir()
    (folder / "notes.pdf").write_bytes(b"%PDF-1.7\n")
    (folder / "noname").write_text("Text.\n", encoding="utf-8")
    (folder / "replies.txt").write_text("\n\n", encoding="utf-8")
    return CommandLine(folder, folder / "data")


MISTAKES: list[tuple[list[str], dict[str, str], str]] = [
    (["ask", ""], {}, EMPTY),
    (["ask", "  ", "\n"], {}, EMPTY),
    (["search", "\t"], {}, EMPTY),
    (
        ["search", "gan", "-k", "0"],
        {},
        "argument -k: must be a whole number from 1 to 1000; got '0'. Run: rag search --help",
    ),
    (
        ["search", "gan", "-k", "-1"],
        {},
        "argument -k: must be a whole number from 1 to 1000; got '-1'. Run: rag search --help",
    ),
    (
        ["search", "gan", "-k", "many"],
        {},
        "argument -k: must be a whole number from 1 to 1000; got 'many'. Run: rag search --help",
    ),
    (
        ["search", "gan", "--where", "source"],
        {},
        "--where must be KEY=VALUE; got 'source'. Filter, for example: --where source=09-gans.md",
    ),
    (
        ["search", "gan", "--where", "=a.md"],
        {},
        "--where must be KEY=VALUE; got '=a.md'. Filter, for example: --where source=09-gans.md",
    ),
    (["ingest", "nowhere"], {}, f"The path nowhere does not exist. {NO_PATH}"),
    (["ingest", "empty", "nowhere.md"], {}, f"The path nowhere.md does not exist. {NO_PATH}"),
    (["ingest", "*.md"], {}, "The pattern *.md matches no file. Try the pattern with ls first."),
    (["ask", "x"], {"RAG_TOP_K": "3"}, f"There is no setting named RAG_TOP_K. Known: {KNOWN}."),
    (["ask", "x"], {"RAG_LM": "3"}, "There is no setting named RAG_LM. Did you mean RAG_LLM?"),
    (["ask", "x"], {"RAG_K": "many"}, "RAG_K must be a whole number; got 'many'."),
    (["ask", "x"], {"RAG_K": "0"}, "RAG_K must be between 1 and 50; got 0."),
    (["ask", "x"], {"RAG_MIN_EVIDENCE": "2"}, "RAG_MIN_EVIDENCE must be between 0 and 1; got 2.0."),
    (["ask", "x"], {"RAG_LLM": "gpt-4o"}, "RAG_LLM must be extractive or provider:NAME; got 'gpt-4o'."),
    (
        ["chat"],
        {"RAG_LLM": "extractve"},
        "RAG_LLM must be extractive or provider:NAME; got 'extractve'. Did you mean extractive?",
    ),
    (
        ["ask", "x"],
        {"RAG_LLM": "openai:gpt-4o"},
        (
            "The language model openai:gpt-4o needs a key in OPENAI_API_KEY. "
            "Export it, or set RAG_LLM_BASE_URL to a server of your own."
        ),
    ),
    (
        ["ask", "x"],
        {"RAG_LLM": "scripted:nowhere.txt"},
        "RAG_LLM=scripted:FILE must name a text file; 'nowhere.txt' cannot be read.",
    ),
    (
        ["ask", "x"],
        {"RAG_LLM": "scripted:replies.txt"},
        "RAG_LLM=scripted:FILE must name a file with replies; 'replies.txt' has none.",
    ),
    (
        ["ask", "x"],
        {"RAG_LLM_BASE_URL": "localhost:8000"},
        "RAG_LLM_BASE_URL must start with http:// or https://; got 'localhost:8000'.",
    ),
    (
        ["ask", "x"],
        {"RAG_EMBEDDINGS": "minilm-l6"},
        (
            "RAG_EMBEDDINGS must be minilm or sentence-transformers:NAME or openai:NAME; got 'minilm-l6'. "
            "Did you mean minilm?"
        ),
    ),
    (
        ["search", "x"],
        {"RAG_EMBEDDINGS": "openai:text-embedding-3-small"},
        (
            "The embedder openai:text-embedding-3-small needs a key in OPENAI_API_KEY. "
            "Export it, or set RAG_EMBEDDINGS_BASE_URL to a server of your own."
        ),
    ),
    (["tools", "show", "ndgc"], {}, "There is no tool named 'ndgc'. Did you mean ndcg?"),
    (
        ["tools", "run", "ndcg", "ranking"],
        {},
        "An argument must be KEY=JSON; got 'ranking'. Run: rag tools show ndcg",
    ),
    (["prompts", "show", "anser"], {}, "There is no prompt named 'anser'. Did you mean answer?"),
    (
        ["classify", "--labels", "nowhere.txt", "x"],
        {},
        "--labels must name a text file; 'nowhere.txt' cannot be read. Write a label on each line of a file, in UTF-8.",
    ),
]


@pytest.mark.parametrize(("arguments", "env", "message"), MISTAKES)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    shared: CommandLine, arguments: list[str], env: dict[str, str], message: str
) -> None:
    """The sentence is all that is printed."""
    before = contents(shared.data_dir)
    assert shared.inside(*arguments, env=env) == Transcript(2, "", f"rag: {message}\n")
    assert contents(shared.data_dir) == before


TOML = [
    ("top_k = 3\n", f"There is no setting named top_k in rag.toml. Known: {KNOWN}."),
    ('k = "many"\n', "k in rag.toml must be a whole number; got 'many'."),
    ("k = [1]\n", "k in rag.toml must be a whole number; got [1]."),
]


@pytest.mark.parametrize(("text", "message"), TOML)
def test_a_mistake_in_rag_toml_names_the_file(rag: CommandLine, text: str, message: str) -> None:
    """The line of the file is to be changed, not a variable."""
    (rag.folder / "rag.toml").write_text(text, encoding="utf-8")
    assert rag.inside("ask", "x") == Transcript(2, "", f"rag: {message}\n")


@pytest.mark.parametrize("text", [b"k 3\n", b"k = 3\nllm = '\xff'\n", b"[a"])
def test_a_rag_toml_that_is_no_toml(rag: CommandLine, text: bytes) -> None:
    """What the parser found is quoted, and a line that would parse is shown."""
    (rag.folder / "rag.toml").write_bytes(text)
    done = rag.inside("ask", "x")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("rag: rag.toml must be a TOML file; it does not parse: ")
    assert done.err.endswith(' Write lines such as: llm = "openai:gpt-4o-mini"\n')


def test_files_that_cannot_be_read_are_listed_and_the_others_are_kept(rag: CommandLine) -> None:
    """Binary, damaged and empty files fail one by one; the good ones beside them are ingested; exit code 2."""
    (rag.folder / "ants.md").write_text("# Ants\n\nAnts build nests under the ground.\n", encoding="utf-8")
    (rag.folder / "binary.md").write_bytes(b"\x7fELF\0\0\0\0")
    (rag.folder / "empty.txt").write_bytes(b"\n \n")
    (rag.folder / "latin.txt").write_bytes("Crème brûlée.\n".encode("latin-1"))
    done = rag.inside("ingest", ".")
    assert done.code == 2
    assert done.out.splitlines()[:5] == [
        "new ants.md: chunks 1, tokens 10",
        "failed binary.md: The file is binary, not text. Export it as text, Markdown or HTML.",
        "failed empty.txt: empty.txt holds no text. Leave it out, or export it with its text.",
        "new latin.txt: chunks 1, tokens 8",
        "new 2, changed 0, unchanged 0, removed 0, duplicate-of 0, failed 2",
    ]
    assert done.out.endswith("\ncompleted with errors\n")
    assert rag.inside("ask", "Where do ants build nests?").out.startswith("Ants build nests under the ground. [1]")


def test_a_file_that_becomes_unreadable_keeps_what_it_had(rag: CommandLine) -> None:
    """The old text stays until there is a new one."""
    ants = rag.folder / "ants.md"
    ants.write_text("# Ants\n\nAnts build nests under the ground.\n", encoding="utf-8")
    assert rag.inside("ingest", "ants.md").code == 0
    ants.write_bytes(b"\xff\x00\x00")
    assert rag.inside("ingest", "ants.md").code == 2
    assert rag.inside("ask", "Where do ants build nests?").out.startswith("Ants build nests under the ground. [1]")


def test_a_data_folder_that_cannot_be_made(rag: CommandLine) -> None:
    """A file stands in its place: even the administrator cannot write there."""
    (rag.folder / "file").write_text("", encoding="utf-8")
    (rag.folder / "ants.md").write_text("Ants build nests.\n", encoding="utf-8")
    reason = "not a directory. Set RAG_DATA_DIR to a folder of your own."
    done = rag.inside("ingest", "ants.md", env={"RAG_DATA_DIR": "file/data"})
    assert done == Transcript(2, "", f"rag: The data folder file/data must be writable; {reason}\n")
    done = rag.inside("ask", "x", env={"RAG_DATA_DIR": "file/data"})
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "There is no index yet: reading the packaged course, once.\n"
        f"rag: The data folder file/data must be writable; {reason}\n"
    )


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="the system has no /proc")
def test_a_read_only_data_folder(rag: CommandLine) -> None:
    """One that the kernel refuses to anybody."""
    (rag.folder / "ants.md").write_text("Ants build nests.\n", encoding="utf-8")
    done = rag.inside("ingest", "ants.md", env={"RAG_DATA_DIR": "/proc/data"})
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "rag: The data folder /proc/data must be writable; no such file or directory. "
        "Set RAG_DATA_DIR to a folder of your own.\n"
    )


@pytest.mark.parametrize("arguments", [["index", "status"], ["search", "x"], ["ask", "x"], ["ingest", "ants.md"]])
def test_a_library_that_is_no_database(rag: CommandLine, arguments: list[str]) -> None:
    """Random bytes in place of the SQLite file; they are left as they are."""
    (rag.folder / "ants.md").write_text("Ants build nests.\n", encoding="utf-8")
    rag.data_dir.mkdir()
    library = rag.data_dir / "library.sqlite"
    library.write_bytes(b"not a database, but long enough to be one. " * 100)
    done = rag.inside(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"rag: The index {library} cannot be opened: file is not a database. "
        "Set RAG_DATA_DIR to another folder, or move this one away.\n"
    )
    assert library.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize("arguments", [["index", "status"], ["search", "gan"], ["ask", "What is a GAN?"]])
def test_a_damaged_library(rag_on_course: CommandLine, arguments: list[str]) -> None:
    """Only the first page is whole, so SQLite notices at the first query: that is one sentence too."""
    library = rag_on_course.data_dir / "library.sqlite"
    with closing(sqlite3.connect(library)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = library.read_bytes()
    library.write_bytes(data[:4096] + b"\x55" * (len(data) - 4096))
    done = rag_on_course(*arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"rag: The index {library} ")


def test_a_damaged_chroma_folder(rag_on_course: CommandLine) -> None:
    """Garbage in place of Chroma's database: a small index is searched without it; whoever needs it is told."""
    before = contents(rag_on_course.data_dir)
    (rag_on_course.data_dir / "chroma" / "chroma.sqlite3").write_bytes(b"garbage " * 1000)
    assert rag_on_course("search", "gan").code == 0
    done = rag_on_course("index", "verify")
    assert done.code == 2
    assert f"Chroma: Chroma cannot use {rag_on_course.data_dir / 'chroma'}: " in " ".join(done.out.split())
    assert contents(rag_on_course.data_dir) == before


def test_an_index_of_another_embedder(rag_on_course: CommandLine) -> None:
    """A server's embedder of the same dimension is refused for reading and for writing; the index stays."""
    before = contents(rag_on_course.data_dir)
    (rag_on_course.folder / "ants.md").write_text("Ants build nests.\n", encoding="utf-8")
    with OpenAIServer(dimension=384) as server:
        env = {"RAG_EMBEDDINGS": "openai:words", "RAG_EMBEDDINGS_BASE_URL": server.url}
        for arguments in (["search", "gan"], ["ask", "What is a GAN?"], ["ingest", "ants.md"]):
            done = rag_on_course.inside(*arguments, env=env)
            assert (done.code, done.out) == (2, "")
            assert done.err == (
                f"rag: The index in {rag_on_course.data_dir} was built by "
                "minilm (53aa51172d142c89, 384 dimensions, chunker 2); "
                f"the settings ask for openai:words ({server.url}, 384 dimensions, chunker 2). "
                "Run: rag index reindex, or set RAG_EMBEDDINGS=minilm.\n"
            )
    assert contents(rag_on_course.data_dir) == before


@pytest.fixture
def writer(rag_on_course: CommandLine) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the write lock until its input ends."""
    code = (
        "import sys; from pathlib import Path; from rag_app.index.lock import write_lock\n"
        "with write_lock(Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", code, str(rag_on_course.data_dir)], stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process


def test_an_index_that_another_process_writes_to(rag_on_course: CommandLine, writer: subprocess.Popen[str]) -> None:
    """Other writers give up after ten seconds and name the first; readers are not held up."""
    (rag_on_course.folder / "ants.md").write_text("Ants build nests.\n", encoding="utf-8")
    waiting = [rag_on_course.start("ingest", "ants.md"), rag_on_course.start("index", "compact")]
    assert rag_on_course("search", "mode collapse", "-k", "1").out.startswith("1. 09-gans.md: ")
    assert [process.poll() for process in waiting] == [None, None]
    for process in waiting:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (2, "")
        assert err == (
            f"rag: Another process (id {writer.pid}) is writing to the index in {rag_on_course.data_dir}. "
            "Wait until it has finished, then run this again.\n"
        )
    writer.communicate("")
    assert rag_on_course.inside("ingest", "ants.md").code == 0


def test_a_language_model_that_does_not_run(rag_on_course: CommandLine) -> None:
    """Nothing listens at the address."""
    with OpenAIServer() as server:
        url = server.url
    env = {"RAG_LLM": "openai:any", "RAG_LLM_BASE_URL": url}
    done = rag_on_course.inside("ask", "What is mode collapse?", env=env)
    assert done == Transcript(
        2,
        "",
        "rag: The language model openai:any cannot be reached. Check RAG_LLM_BASE_URL and that the server runs.\n",
    )


def test_a_key_is_never_printed(rag_on_course: CommandLine) -> None:
    """The server refuses it and quotes it; our sentence does not."""
    with OpenAIServer(api_key="right") as server:
        env = {"RAG_LLM": "openai:any", "RAG_LLM_BASE_URL": server.url, "OPENAI_API_KEY": "sk-secret"}
        done = rag_on_course.inside("ask", "What is mode collapse?", env=env)
    assert done == Transcript(
        2, "", "rag: The language model openai:any refused the request with status 401. Check the key.\n"
    )
