"""An index goes into one file and out of it again; what is not whole is refused."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import zipfile

import numpy as np
import pytest

from rag_app import build
from rag_app.errors import StoreError
from rag_app.index.swap import library_aside

QUESTIONS = ["What dims the lamp?", "Kaffee", "harbour"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory, notes_data):
    """A file with the three notes."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(notes_data / "data", folder / "data")
    file = folder / "index.zip"
    build(data_dir=folder / "data").export_index(file)
    return file


@pytest.fixture
def empty(tmp_path):
    """An application without an index."""
    made = build(data_dir=tmp_path / "new")
    yield made
    made._vectors.reopen()


def _parts(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(file, parts, *, honest=True):
    """Write an archive; an honest one states the sizes and hashes that its parts have."""
    manifest = json.loads(parts["manifest.json"])
    if honest:
        for name in manifest["parts"].keys() & parts.keys():
            digest = hashlib.sha256(parts[name]).hexdigest()
            manifest["parts"][name] = {"bytes": len(parts[name]), "sha256": digest}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, "manifest.json": json.dumps(manifest)}.items():
            archive.writestr(name, data)
    return file


def _changed(parts, part, line, /, **changes):
    """Return the parts with changes in one line of one of them."""
    lines = parts[part].splitlines()
    lines[line] = json.dumps({**json.loads(lines[line]), **changes}).encode()
    return {**parts, part: b"\n".join(lines) + b"\n"}


def test_an_import_equals_the_index_that_was_exported(notes_app, empty, tmp_path):
    """Search gives the same passages and scores, every check passes, and exporting again gives the same bytes."""
    did = notes_app.export_index(tmp_path / "index.zip")
    assert did == {
        "sources": 3,
        "chunks": notes_app.library.count_chunks(),
        "bytes": (tmp_path / "index.zip").stat().st_size,
    }
    assert empty.import_index(tmp_path / "index.zip") == {"sources": 3, "chunks": did["chunks"]}
    assert empty.verify().problems == ()
    for question in QUESTIONS:
        assert empty.search(question) == notes_app.search(question)
    for row in notes_app.library.sources():
        assert empty.source(row.name) == notes_app.source(row.name)
        assert empty.library.chunks(empty.source(row.name)) == notes_app.library.chunks(notes_app.source(row.name))
    empty.export_index(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "index.zip").read_bytes()
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(
        {"chroma", "library.sqlite", "lock"} | {p.name for p in (tmp_path / "new").glob("library.sqlite-*")}
    )


def test_an_imported_index_follows_the_files(empty, exported, notes_data):
    """The notes are known: reading them again embeds nothing."""
    empty.import_index(exported)
    receipt = empty.ingest([notes_data / "notes"])
    assert (receipt.count("unchanged"), receipt.n_embedded) == (3, 0)


def test_the_format_is_open(exported):
    """A manifest, two files with a JSON document in each line, and an array of NumPy."""
    parts = _parts(exported)
    assert list(parts) == ["sources.jsonl", "chunks.jsonl", "vectors.npy", "manifest.json"]
    manifest = json.loads(parts["manifest.json"])
    assert (manifest["format"], manifest["version"]) == ("rag_app index", 1)
    texts = {s["name"]: s["text"] for s in map(json.loads, parts["sources.jsonl"].splitlines())}
    chunks = [json.loads(line) for line in parts["chunks.jsonl"].splitlines()]
    assert manifest["counts"] == {"sources": 3, "chunks": len(chunks), "tokens": sum(c["n_tokens"] for c in chunks)}
    assert any("Kaffee ☕" in texts[c["source"]][c["start"] : c["end"]] for c in chunks)
    import io

    vectors = np.load(io.BytesIO(parts["vectors.npy"]), allow_pickle=False)
    assert vectors.shape == (len(chunks), 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)


def test_an_index_that_is_not_empty_is_refused(notes_app, exported):
    """And stays as it was."""
    before = notes_app.search("lamp")
    with pytest.raises(StoreError, match=r"must be empty; it holds 3 sources\. Set RAG_DATA_DIR to a new folder"):
        notes_app.import_index(exported)
    assert notes_app.search("lamp") == before


def _bomb(parts):
    return {**parts, "chunks.jsonl": b" " * 30_000_000}


def _pickled(parts):
    import io

    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], object), allow_pickle=True)
    return {**parts, "vectors.npy": out.getvalue()}


def _other_manifest(**changes):
    return lambda parts: {
        **parts,
        "manifest.json": json.dumps({**json.loads(parts["manifest.json"]), **changes}).encode(),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_other_manifest(version=2), "format and version must be"),
        (_other_manifest(format="other"), "format and version must be"),
        (_other_manifest(fingerprint={}), "'embedder'"),
        (_other_manifest(counts={"sources": 4, "chunks": 4, "tokens": 1}), "it must hold {'sources': 4"),
        (lambda p: {**p, "../evil": b"x"}, "must consist of"),
        (lambda p: {k: v for k, v in p.items() if k != "vectors.npy"} | {"vectors.txt": b""}, "must consist of"),
        (_bomb, "unpacks to more than 100 times its size"),
        (_pickled, "must be of shape"),
        (lambda p: {**p, "vectors.npy": b"\x93NUMPY\x01\x00\xff"}, "is not a whole export"),
        (lambda p: {**p, "vectors.npy": p["vectors.npy"][:-4]}, "is not a whole export"),
        (lambda p: {**p, "vectors.npy": p["vectors.npy"][:128] + b"\0" * (len(p["vectors.npy"]) - 128)}, "length 1"),
        (lambda p: {**p, "sources.jsonl": b"[]\n"}, "is not a whole export"),
        (lambda p: {**p, "sources.jsonl": b"{\n"}, "is not a whole export"),
        (lambda p: {**p, "chunks.jsonl": p["chunks.jsonl"] * 2}, "is not a whole export"),
        (lambda p: {**p, "sources.jsonl": p["sources.jsonl"] * 2}, "is not a whole export"),
        (lambda p: _changed(p, "sources.jsonl", 0, text="Another text of the same kind." * 99), "hash"),
        (lambda p: _changed(p, "sources.jsonl", 0, text="An escape \x1b[2J"), "control characters"),
        (lambda p: _changed(p, "sources.jsonl", 0, name="a\nb"), "control characters"),
        (lambda p: _changed(p, "sources.jsonl", 0, name=7), "name must be of type str; got int"),
        (lambda p: _changed(p, "sources.jsonl", 0, name="harbour.md"), "is not a whole export"),
        (lambda p: _changed(p, "sources.jsonl", 0, metadata={"a": 1}), "a must be of type str"),
        (lambda p: _changed(p, "chunks.jsonl", 0, end=10**9), "start and end must be within"),
        (lambda p: _changed(p, "chunks.jsonl", 0, start=1), "not named by what it holds"),
        (lambda p: _changed(p, "chunks.jsonl", 0, source="other"), "in the order of the sources"),
        (lambda p: _changed(p, "chunks.jsonl", 0, place={"floor": 3}), "is not a whole export"),
        (lambda p: _changed(p, "chunks.jsonl", 0, place={"line": [3]}), "numbers and strings"),
        (lambda p: _changed(p, "chunks.jsonl", 0, heading=[3]), "heading must be a list of strings"),
        (lambda p: _changed(p, "chunks.jsonl", 0, units=[{"start": 0, "end": 1, "kind": "song", "place": {}}]), "kind"),
    ],
)
def test_what_is_damaged_or_foreign_is_refused(empty, exported, tmp_path, change, reason):
    """With the reason; no exception of another kind, nothing is unpickled, and the index stays empty."""
    file = _write(tmp_path / "bad.zip", change(_parts(exported)))
    with pytest.raises(StoreError, match="is not a whole export of an index: ") as caught:
        empty.import_index(file)
    assert reason in caught.value.message
    assert empty.library.sources() == []
    assert not library_aside(empty.library).path.exists()


def test_a_part_that_was_changed_is_refused(empty, exported, tmp_path):
    """Its hash is not the one that the manifest states."""
    parts = _changed(_parts(exported), "chunks.jsonl", 0, n_tokens=9)
    with pytest.raises(StoreError, match=r"chunks\.jsonl must have the size and the hash that manifest\.json states"):
        empty.import_index(_write(tmp_path / "bad.zip", parts, honest=False))


@pytest.mark.parametrize("content", [b"", b"no archive", pickle.dumps({"a": 1}), "cut", None])
def test_what_is_no_archive_is_refused(empty, exported, tmp_path, content):
    """An empty file, another kind of file, half a file, no file."""
    file = tmp_path / "x.zip"
    if content is not None:
        whole = exported.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
    with pytest.raises(StoreError, match=r"is not a whole export of an index|cannot be read: no such file"):
        empty.import_index(file)


def test_a_file_that_cannot_be_written_is_one_sentence(notes_app, tmp_path):
    """And leaves nothing behind."""
    with pytest.raises(StoreError, match=r"none/index\.zip must be writable; no such file or directory\."):
        notes_app.export_index(tmp_path / "none" / "index.zip")
    notes_app.export_index(tmp_path / "index.zip")
    assert [p.name for p in tmp_path.glob("*.zip*")] == ["index.zip"]


@pytest.mark.parametrize("place", [".", "/", "docs"])
def test_an_index_is_not_exported_to_a_folder(notes_app, tmp_path, monkeypatch, place):
    """The sentence comes before the work."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    with pytest.raises(StoreError, match=rf"^An index must be exported to a file; got the folder '{place}'\. Name a"):
        notes_app.export_index(place)
    assert [p.name for p in (tmp_path / "docs").iterdir()] == []
