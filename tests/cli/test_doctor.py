"""``rag doctor``: a line for each part, and what to do about those that are not well."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from support.command_line import CommandLine
from support.cross_encoder import save_cross_encoder
from support.openai_server import OpenAIServer
from support.span_network import save_span_network

CHECKS = (
    "Python packages settings data_folder weights embedder language_model reranker reader Chroma index "
    "threshold conversations prompts knowledge"
).split()
KEY = "sk-not-to-be-seen"
ANSWERS = "openai:tiny answers; tokens are counted by an estimate on the safe side"


def findings(rag: CommandLine, **env: str) -> dict[str, dict[str, str]]:
    """Return the findings that are printed as JSON, by check; no key is among them."""
    done = rag.inside("doctor", "--json", env=env)
    assert KEY not in done.out + done.err
    found = {f["check"].replace(" ", "_"): f for f in json.loads(done.out)}
    assert done.code == (2 if any(not f["ok"] for f in found.values()) else 0)
    return found


def wrong(rag: CommandLine, **env: str) -> dict[str, tuple[str, str]]:
    """Return result and hint of the checks that fail."""
    return {name: (f["result"], f["hint"]) for name, f in findings(rag, **env).items() if not f["ok"]}


def test_all_is_well(rag_on_notes: CommandLine) -> None:
    """A table of checks and results."""
    done = rag_on_notes("doctor")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) == len(CHECKS) + 2
    assert lines[0].split() == ["check", "result"]
    assert all("  ok  " in line for line in lines[1:-1])
    assert lines[-1] == "Nothing must be changed."
    assert f"data_dir={rag_on_notes.data_dir} (RAG_DATA_DIR)" in done.out
    assert "extractive: nothing needed" in done.out
    assert "sources 2, chunks 4, as many vectors; built by these settings" in done.out


def test_before_anything_was_ingested(rag: CommandLine) -> None:
    """Nothing is wrong, and nothing is made."""
    found = findings(rag)
    assert list(found) == CHECKS
    assert all(f["ok"] for f in found.values())
    assert found["index"]["result"] == "none yet: the first question makes one of the packaged course"
    assert not rag.data_dir.exists()


def test_a_reranker(rag: CommandLine, tmp_path: Path) -> None:
    """It scores a pair of texts, or the user is told what to do."""
    name = f"sentence-transformers:{save_cross_encoder(tmp_path / 'cross_encoder')}"
    assert findings(rag, RAG_RERANKER=name)["reranker"]["result"] == f"{name} scores passages"
    rule = "RAG_RERANKER must name a cross-encoder on this machine; 'none-such' cannot be loaded."
    found = wrong(rag, RAG_RERANKER="sentence-transformers:none-such")
    assert found == {"reranker": (rule, "Give the path of its folder.")}


def test_a_reader(rag: CommandLine, tmp_path: Path) -> None:
    """It marks an answer in a text, or the user is told what to do."""
    name = f"transformers:{save_span_network(tmp_path / 'span_network')}"
    assert findings(rag, RAG_READER=name)["reader"]["result"] == f"{name} marks answers"
    rule = "RAG_READER must name a question-answering network on this machine; 'none-such' cannot be loaded."
    assert wrong(rag, RAG_READER="transformers:none-such") == {"reader": (rule, "Give the path of its folder.")}


def test_where_a_setting_comes_from(rag: CommandLine) -> None:
    """The variable before the file; a password in an address is not shown."""
    (rag.folder / "rag.toml").write_text('k = 3\nllm_timeout_s = 5\nllm_base_url = "http://me:secret@127.0.0.1:9/v1"\n')
    result = findings(rag, RAG_K="7")["settings"]["result"]
    assert "k=7 (RAG_K)" in result
    assert "llm_timeout_s=5.0 (rag.toml)" in result
    assert "llm_base_url=http://…@127.0.0.1:9/v1 (rag.toml)" in result
    assert "secret" not in result


def test_a_wrong_setting(rag: CommandLine) -> None:
    """An unknown variable is named; the checks that need the settings are left out."""
    found = wrong(rag, RAG_MODEL="x", RAG_K="3")
    assert list(found) == ["settings"]
    assert found["settings"][0] == "There is no setting named RAG_MODEL."
    out = rag.inside("doctor", env={"RAG_K": "900"}).out
    assert "settings  WRONG  RAG_K must be between 1 and 50; got 900." in out
    assert out.endswith("To be changed: 1.\n")


def test_a_data_folder_that_cannot_be_written_to(rag: CommandLine) -> None:
    """A path below a file."""
    (rag.folder / "file").write_text("")
    result, hint = wrong(rag, RAG_DATA_DIR=str(rag.folder / "file" / "data"))["data_folder"]
    assert "must be writable; not a directory." in result
    assert hint == "Set RAG_DATA_DIR to a folder of your own."


def test_a_language_model_that_answers_refuses_or_is_not_there(rag: CommandLine) -> None:
    """One small request is sent; a missing key is named, and a key that is refused is not shown."""
    with OpenAIServer(replies=["OK."], api_key=KEY) as server:
        env = {"RAG_LLM": "openai:tiny", "RAG_LLM_BASE_URL": server.url}
        assert findings(rag, OPENAI_API_KEY=KEY, **env)["language_model"]["result"] == ANSWERS
        assert len(server.requests) == 1
        result, hint = wrong(rag, OPENAI_API_KEY=f"{KEY}-wrong", **env)["language_model"]
        assert (result, hint) == (
            "The language model openai:tiny refused the request with status 401.",
            "Check the key.",
        )
    result, hint = wrong(rag, **env)["language_model"]
    assert (result, hint) == (
        "The language model openai:tiny cannot be reached.",
        "Check RAG_LLM_BASE_URL and that the server runs.",
    )
    result, hint = wrong(rag, RAG_LLM="openai:gpt-4o-mini")["language_model"]
    assert result == "The language model openai:gpt-4o-mini needs a key in OPENAI_API_KEY."


def test_an_index_by_another_embedder(rag_on_notes: CommandLine) -> None:
    """The two ways out are told."""
    with OpenAIServer() as server:
        env = {"RAG_EMBEDDINGS": "openai:words", "RAG_EMBEDDINGS_BASE_URL": server.url}
        result, hint = wrong(rag_on_notes, **env)["index"]
    assert "was built by minilm" in result
    assert hint == "Run: rag index reindex, or set RAG_EMBEDDINGS=minilm."


def test_an_index_that_is_not_whole(rag_on_notes: CommandLine) -> None:
    """Counts that differ, and what an interruption left."""
    with closing(sqlite3.connect(rag_on_notes.data_dir / "library.sqlite")) as db, db:
        db.execute("DELETE FROM lexical WHERE rowid = 1")
    result, hint = wrong(rag_on_notes)["index"]
    assert result == "The index must hold as many of each; got 4 chunks, 3 rows of words, 4 vectors."
    assert hint == "Run: rag index verify"
    with closing(sqlite3.connect(rag_on_notes.data_dir / "library.sqlite")) as db, db:
        db.execute("INSERT INTO meta VALUES ('unfinished', '')")
    assert wrong(rag_on_notes)["index"] == ("An ingestion was interrupted.", "Run the same rag ingest again.")


def test_a_chroma_server_that_is_not_there(rag: CommandLine) -> None:
    """Its address is named."""
    result, _ = wrong(rag, RAG_CHROMA_URL="http://127.0.0.1:9")["Chroma"]
    assert result.startswith("The Chroma server http://127.0.0.1:9 cannot be used: ")
