"""The tokens of passages are stored by every way into the index, once, and go with their passages."""

from __future__ import annotations

import pytest
from support.openai_server import OpenAIServer

from rag_app import build
from rag_app.embeddings.token_codes import encode
from rag_app.index.identity import vector_key
from rag_app.index.tokens import token_codes, without_token_codes
from rag_app.ingestion.sync import Sync, silent
from rag_app.ingestion.tokens import read_missing_tokens

CATS = "# Cats\n\nA cat sat on the mat.\n\n## Food\n\nCats eat fish.\n"
DOGS = "# Dogs\n\nA dog barks at the postman.\n"


@pytest.fixture(scope="module")
def server():
    """Another embedder."""
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def notes(tmp_path):
    """A folder with two files of three chunks together."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "cats.md").write_text(CATS)
    (folder / "dogs.md").write_text(DOGS)
    return folder


@pytest.fixture
def make(tmp_path):
    """Makes applications over folders below one, and closes them."""
    made = []

    def made_app(name="data", **settings):
        made.append(build(data_dir=tmp_path / name, **settings))
        return made[-1]

    yield made_app
    for app in made:
        app._vectors.reopen()


class Seen(list):
    """Progress that was reported: what is at work, what is done, what there is in all."""

    def __call__(self, *step):
        self.append(step)


def stored(library):
    """Return what is stored of tokens, by key."""
    return dict(library.query("SELECT key, codes FROM token_codes"))


def expected(library, minilm):
    """Return what is to be stored: the tokens of every chunk as it is embedded, and nothing else."""
    passages = library.passages([row[0] for row in library.query("SELECT chunk_id FROM chunks")])
    texts = sorted({p.embedded_text for p in passages.values()})
    read = minilm.read_passages(texts)
    return {vector_key(text): encode(tokens) for text, tokens in zip(texts, read, strict=True)}


def test_an_index_without_tokens_gets_them_once(index, notes, minilm):
    """What was ingested without is read afterwards, with progress; a second run reads nothing."""
    index.ingest(notes)
    assert stored(index.library) == {}
    seen = Seen()
    read_missing_tokens(index.library, minilm, seen)
    assert seen == [("reading tokens", 0, 3)]
    assert stored(index.library) == expected(index.library, minilm)
    read_missing_tokens(index.library, minilm, seen)
    assert len(seen) == 1


def test_more_chunks_than_a_batch(index, tmp_path, minilm):
    """Chunks are read 128 at a time, until none is left; two with the same content are read as one."""
    sections = "\n\n".join(f"## S{i}\n\nCat number {i} sleeps." for i in range(150))
    (tmp_path / "a.md").write_text(f"# T\n\n{sections}\n\n## S3\n\nCat number 3 sleeps.")
    index.ingest(tmp_path / "a.md")
    seen = Seen()
    read_missing_tokens(index.library, minilm, seen)
    n_chunks = index.library.count_chunks()
    assert seen == [("reading tokens", 0, n_chunks), ("reading tokens", 128, n_chunks)]
    assert len(stored(index.library)) == n_chunks - 1
    assert without_token_codes(index.library, 5) == []
    ids = [row[0] for row in index.library.query("SELECT chunk_id FROM chunks")]
    assert token_codes(index.library, ids).keys() == set(ids)
    assert token_codes(index.library, ["unknown"]) == {}


def test_ingestion_stores_tokens_with_the_embeddings(index, notes, minilm):
    """With MiniLM as the embedder nothing is left to be read, and the vectors are the same as without."""
    index.ingest(notes)
    without = index.rows()["vectors"]
    for path in notes.iterdir():
        path.unlink()
    index.ingest(notes)
    sync = Sync(index.library, index.vectors, minilm, minilm=minilm)
    (notes / "cats.md").write_text(CATS)
    (notes / "dogs.md").write_text(DOGS)
    seen = Seen()
    sync.run([notes], seen)
    assert "reading tokens" not in [what for what, *_ in seen]
    assert stored(index.library) == expected(index.library, minilm)
    assert index.rows()["vectors"] == without


def test_ingestion_reads_what_was_ingested_without(index, notes, minilm):
    """Unchanged files whose tokens are not stored get them, and nothing is embedded again."""
    index.ingest(notes)
    receipt = Sync(index.library, index.vectors, minilm, minilm=minilm).run([notes])
    assert (receipt.count("unchanged"), receipt.n_embedded) == (2, 0)
    assert stored(index.library) == expected(index.library, minilm)


def test_the_tokens_of_what_has_gone_go_too(make, notes, minilm):
    """Whether a file was edited or deleted, or its source is forgotten: the words could be guessed from them."""
    app = make()
    app.ingest([notes])
    before = stored(app.library)
    (notes / "cats.md").write_text(CATS.replace("fish", "mice"))
    app.ingest([notes])
    after = stored(app.library)
    assert after == expected(app.library, minilm)
    assert len(before.keys() - after.keys()) == 1
    (notes / "dogs.md").unlink()
    app.ingest([notes])
    assert stored(app.library) == expected(app.library, minilm)
    assert len(stored(app.library)) == 2
    app.forget(["cats.md"])
    assert stored(app.library) == {}


def test_compaction_keeps_tokens(make, notes):
    """What is written anew holds the same."""
    app = make()
    app.ingest([notes])
    before = stored(app.library)
    app.compact()
    assert stored(app.library) == before != {}


def test_another_embedder_stores_tokens_of_minilm(make, notes, minilm, server):
    """Whatever gives the vectors, late interaction has its tokens, and a reindex to another embedder keeps them."""
    app = make(embeddings="openai:words", embeddings_base_url=server.url)
    app.ingest([notes])
    assert stored(app.library) == expected(app.library, minilm)
    app._vectors.reopen()
    app = make()
    app.reindex()
    assert stored(app.library) == expected(app.library, minilm)


def test_an_index_built_anew_has_tokens(make, notes, minilm):
    """Also where the old one had none."""
    make(late_interaction=False).ingest([notes])
    app = make()
    assert stored(app.library) == {}
    app.reindex()
    assert stored(app.library) == expected(app.library, minilm)


def test_an_imported_index_has_tokens(make, notes, minilm, tmp_path):
    """The file holds none: they are read when it is imported."""
    app = make()
    app.ingest([notes])
    app.export_index(tmp_path / "index.zip")
    other = make("other")
    other.import_index(tmp_path / "index.zip")
    assert stored(other.library) == stored(app.library) == expected(other.library, minilm)


def test_without_late_interaction_nothing_is_read(make, notes, tmp_path):
    """The setting says so for every way into the index."""
    app = make(late_interaction=False)
    app.ingest([notes])
    app.reindex()
    app.export_index(tmp_path / "index.zip")
    other = make("other", late_interaction=False)
    other.import_index(tmp_path / "index.zip")
    assert stored(app.library) == stored(other.library) == {}
    assert app.search("What do cats eat?")[0].text == "Food\n\nCats eat fish."


def test_nothing_is_read_of_an_empty_index(index, tmp_path, minilm):
    """No chunk, no token, no progress."""
    (tmp_path / "empty").mkdir()
    index.ingest(tmp_path / "empty")
    read_missing_tokens(index.library, minilm, silent)
    assert stored(index.library) == {}
