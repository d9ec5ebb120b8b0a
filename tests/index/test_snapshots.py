"""A published index is whole or it is not there; what was changed on the way is refused."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys

import pytest
from support.republished import republish
from support.s3_server import environment, faulty_s3

from rag_app import build
from rag_app.chains.gate import Calibration
from rag_app.errors import InvalidInputError, StoreError
from rag_app.index.snapshots import fetch, read_latest, read_manifest
from rag_app.index.storage import Storage
from rag_app.ingestion.sync import silent

CALIBRATION = Calibration(threshold=0.4, low=0.3, high=0.5, n_answerable=30, n_unanswerable=30, max_false_refusals=0.03)
QUESTIONS = ["What dims the lamp?", "Kaffee", "harbour"]


@pytest.fixture(scope="module")
def published(tmp_path_factory, notes_data):
    """A folder with a snapshot of the three notes: to be copied, not written to."""
    folder = tmp_path_factory.mktemp("published")
    shutil.copytree(notes_data / "data", folder / "data")
    made = build(data_dir=folder / "data")
    made.publish(str(folder / "shelf"))
    made._vectors.reopen()
    return folder / "shelf"


@pytest.fixture
def shelf(tmp_path, published):
    """A copy of it."""
    return shutil.copytree(published, tmp_path / "shelf")


def take(shelf, folder):
    """Bring what is published into a folder."""
    storage = Storage(str(shelf))
    latest = read_latest(storage)["id"]
    fetch(storage, latest, read_manifest(storage, latest), folder, silent)


def test_what_is_taken_equals_what_was_published(notes_app, published, tmp_path):
    """Sources, chunks, token vectors, passages and scores; and everything in it agrees."""
    take(published, tmp_path / "taken")
    made = build(data_dir=tmp_path / "taken")
    assert made.verify().problems == ()
    for question in QUESTIONS:
        assert made.search(question) == notes_app.search(question)
    for sql in ("SELECT * FROM sources", "SELECT key, vector FROM vectors", "SELECT * FROM token_codes"):
        assert made.library.query(sql) == notes_app.library.query(sql)
        assert made.library.query(sql)
    made._vectors.reopen()


def test_nothing_but_the_index_is_published(published):
    """Two small files around it; and nothing of the history of the machine."""
    names = {path.relative_to(published).parts[0] for path in published.rglob("*")}
    assert names == {"latest.json", "generations"}
    (generation,) = (published / "generations").iterdir()
    assert {path.name for path in generation.iterdir()} == {"manifest.json", "library.sqlite", "chroma"}
    manifest = json.loads((generation / "manifest.json").read_text())
    assert (manifest["format"], manifest["version"], manifest["counts"]["sources"]) == ("rag_app snapshot", 1, 3)
    assert generation.name == hashlib.sha256((generation / "manifest.json").read_bytes()).hexdigest()[:32]
    for name, part in manifest["parts"].items():
        content = (generation / name).read_bytes()
        assert part == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_the_same_index_is_published_once(notes_app, tmp_path):
    """However its files have been laid out meanwhile; a changed one is another generation.

    Older ones stay, unless somebody says how many; what an interrupted run left goes with them.
    """
    shelf = tmp_path / "shelf"
    first = notes_app.publish(str(shelf))
    before = {path: path.stat().st_mtime_ns for path in shelf.rglob("*")}
    notes_app.library.query("VACUUM")
    again = notes_app.publish(str(shelf))
    assert (first.is_new, again.is_new, again.generation) == (True, False, first.generation)
    assert {path: path.stat().st_mtime_ns for path in shelf.rglob("*")} == before
    notes_app.set_calibration(CALIBRATION)
    (shelf / "generations" / "half").mkdir()
    changed = notes_app.publish(str(shelf), keep=2)
    assert (changed.is_new, changed.counts, changed.removed) == (True, first.counts, ("half",))
    assert read_latest(Storage(str(shelf)))["generations"] == [changed.generation, first.generation]
    assert not (notes_app.settings.data_dir / "publishing" / "copy").exists()
    alone = notes_app.publish(str(shelf), keep=1)
    assert (alone.is_new, alone.removed) == (False, (first.generation,))
    assert [path.name for path in (shelf / "generations").iterdir()] == [changed.generation]
    take(shelf, tmp_path / "taken")


def test_at_least_one_generation_is_kept(notes_app, tmp_path):
    """Nothing is done otherwise."""
    with pytest.raises(InvalidInputError, match=r"keep must be at least 1; got 0\."):
        notes_app.publish(str(tmp_path / "shelf"), keep=0)
    assert not (notes_app.settings.data_dir / "publishing").exists()


def test_what_is_not_whole_is_not_published(notes_app, tmp_path):
    """An ingestion was interrupted, there is no source, or the index does not agree with itself."""
    shelf = str(tmp_path / "shelf")
    with notes_app.library.transaction() as db:
        db.execute("INSERT INTO meta VALUES ('unfinished', '1')")
    with pytest.raises(
        StoreError, match=r"must be whole; an ingestion was interrupted\. Run the same rag ingest again"
    ):
        notes_app.publish(shelf)
    with notes_app.library.transaction() as db:
        db.execute("DELETE FROM meta WHERE key = 'unfinished'")
        db.execute("UPDATE sources SET sha256 = 'other' WHERE name = 'harbour.md'")
    with pytest.raises(StoreError, match=r"must agree with itself to be published\. The text of harbour\.md"):
        notes_app.publish(shelf)
    (tmp_path / "nothing").mkdir()
    empty = build(data_dir=tmp_path / "empty")
    empty.ingest([tmp_path / "nothing"])
    with pytest.raises(StoreError, match=r"must hold a source to be published\. Run: rag ingest"):
        empty.publish(shelf)
    assert not (tmp_path / "shelf").exists()


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def _turn(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = [
    (lambda g: (g / "library.sqlite").unlink(), "is not whole: library.sqlite is missing"),
    (lambda g: _cut(g / "library.sqlite"), "is not whole: library.sqlite has "),
    (lambda g: _turn(g / "library.sqlite"), "is not whole: library.sqlite has another hash than manifest.json states"),
    (lambda g: _turn(g / "chroma" / "chroma.sqlite3"), "is not whole: chroma/chroma.sqlite3 has another hash"),
    (lambda g: (g / "manifest.json").unlink(), "is not whole: its manifest.json is missing"),
    (lambda g: _turn(g / "manifest.json"), "is not whole: its manifest.json has another hash than its name"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGES, ids=[reason for _, reason in DAMAGES])
def test_what_is_damaged_is_refused(shelf, tmp_path, damage, reason):
    """With what is wrong with it, and how it is mended."""
    (generation,) = (shelf / "generations").iterdir()
    damage(generation)
    with pytest.raises(StoreError) as caught:
        take(shelf, tmp_path / "taken")
    assert reason in caught.value.message
    assert caught.value.hint == f"Remove generations/{generation.name} there, and publish the index again."


def test_what_was_lost_is_written_when_the_index_is_published_again(shelf, notes_app, tmp_path):
    """Sizes tell that something is missing."""
    (generation,) = (shelf / "generations").iterdir()
    _cut(generation / "library.sqlite")
    assert notes_app.publish(str(shelf)).is_new
    take(shelf, tmp_path / "taken")


FOREIGN = [
    (lambda m: m.update(version=2), "must be of format 1.3; got 2.3"),
    (lambda m: m.update(library=9), "must be of format 1.3; got 1.9"),
    (lambda m: m.update(format="other"), "cannot be understood"),
    (lambda m: m.pop("counts"), "cannot be understood"),
    (lambda m: m.update(parts=[]), "cannot be understood"),
    (lambda m: m["parts"].pop("library.sqlite"), "names parts that no snapshot has"),
    (lambda m: m["parts"].update({"../evil": {"bytes": 1, "sha256": ""}}), "names parts that no snapshot has"),
    (
        lambda m: m["parts"].update({"chroma/../../evil": {"bytes": 1, "sha256": ""}}),
        "names parts that no snapshot has",
    ),
    (lambda m: m["parts"].update({"/etc/evil": {"bytes": 1, "sha256": ""}}), "names parts that no snapshot has"),
]


@pytest.mark.parametrize(("change", "reason"), FOREIGN)
def test_what_another_program_wrote_is_refused(shelf, tmp_path, change, reason):
    """Before anything is fetched, and nothing is written outside the folder."""
    republish(shelf, change)
    with pytest.raises(StoreError) as caught:
        take(shelf, tmp_path / "taken")
    assert reason in caught.value.message
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"format": "other"}', '{"format": "rag_app snapshot", "version": 1, "id": "../x"}']
)
def test_a_file_of_that_name_that_is_not_ours(tmp_path, notes_app, content):
    """It is neither read nor overwritten."""
    (tmp_path / "latest.json").write_text(content)
    for attempt in (lambda: read_latest(Storage(str(tmp_path))), lambda: notes_app.publish(str(tmp_path))):
        with pytest.raises(StoreError, match=r"must hold a published index; its latest\.json is not one of ours\."):
            attempt()
    assert (tmp_path / "latest.json").read_text() == content


def test_nothing_is_fetched_twice(shelf, tmp_path):
    """What is here and whole stays, also where the shelf has lost it."""
    take(shelf, tmp_path / "taken")
    (generation,) = (shelf / "generations").iterdir()
    (generation / "library.sqlite").unlink()
    take(shelf, tmp_path / "taken")
    _turn(tmp_path / "taken" / "library.sqlite")
    with pytest.raises(StoreError, match=r"library\.sqlite is missing"):
        take(shelf, tmp_path / "taken")


def test_a_snapshot_in_a_bucket(bucket_url, published, tmp_path, monkeypatch):
    """Over S3's protocol it is the same."""
    for name, value in environment(bucket_url).items():
        monkeypatch.setenv(name, value)
    bucket = Storage(f"s3://shelf/{tmp_path.name}")
    for path in published.rglob("*"):
        if path.is_file():
            bucket.upload(path, path.relative_to(published).as_posix())
    generation = read_latest(bucket)["id"]
    manifest = read_manifest(bucket, generation)
    fetch(bucket, generation, manifest, tmp_path / "taken", silent)
    for name in manifest.parts:
        assert (tmp_path / "taken" / name).read_bytes() == (published / "generations" / generation / name).read_bytes()


def test_an_interrupted_publication_is_not_seen(notes_app, monkeypatch):
    """A bucket is full in the middle: no generation is named; with room again the next run completes it."""
    pytest.importorskip("s3fs", reason="the extra cloud is not installed")
    is_full = [True]

    def refuse(method, path):
        if method == "PUT" and path.endswith("library.sqlite") and is_full[0]:
            return 507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold."
        return None

    with faulty_s3(refuse) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StoreError, match=r"s3://half/shelf cannot be written: it is full\. Free some space there"):
            notes_app.publish("s3://half/shelf")
        assert read_latest(Storage("s3://half/shelf")) is None
        is_full[0] = False
        did = notes_app.publish("s3://half/shelf")
        assert read_latest(Storage("s3://half/shelf"))["id"] == did.generation


def test_a_full_disk_is_one_sentence(notes_app, tmp_path):
    """Nothing is published, and nothing stays behind in the data folder."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY)); "
        "from rag_app.cli.main import main; sys.exit(main(['index', 'publish', sys.argv[1]]))"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "shelf")],
        capture_output=True,
        text=True,
        env={"RAG_DATA_DIR": str(notes_app.settings.data_dir), "PATH": ""},
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("rag: ") == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "shelf" / "latest.json").exists()
    assert not (notes_app.settings.data_dir / "publishing" / "copy").exists()
