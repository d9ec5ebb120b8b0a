"""A published index is served from a copy, which is exchanged for a newer one between two questions."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from support.answers import app_on
from support.republished import republish
from support.service import problem, running, until

from rag_app.errors import SettingsError, StoreError
from rag_app.index.storage import Storage
from rag_app.service.replica import Replica, following

QUESTION = "What is mode collapse?"
NOTE = "# Mode collapse\n\nMode collapse is a failure in which the generator produces only a few kinds of output.\n"
NEWER = NOTE + "\nMode collapse is seen on a ring of eight Gaussians.\n"


def untimed(answer):
    """Return an answer as JSON without what differs from run to run."""
    return {name: value for name, value in answer.to_json().items() if name != "timings_s"}


class Shelf:
    """A shelf on which two generations lie, of a note before and after a change; one of them is the latest."""

    def __init__(self, folder, minilm, pointers):
        self.folder, self.path = folder, folder / "shelf"
        self.minilm, self.pointers = minilm, pointers

    def app(self):
        """Return an application with a data folder of its own, and an embedder that is loaded already."""
        made = app_on(self.folder / "replica")
        vars(made)["_minilm"] = self.minilm
        return made

    def name_latest(self, text):
        """Do the last step of publishing the index of a note; return the id of the generation."""
        Storage(str(self.path)).write("latest.json", self.pointers[text])
        return json.loads(self.pointers[text])["id"]

    def replica(self):
        """Return a replica of what lies on it."""
        return Replica(self.app(), Storage(str(self.path)))

    def change(self, change):
        """Change the manifest of the latest generation as somebody would who can write there."""
        republish(self.path, change)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The application over the changed note, a shelf to be copied, and what named each of its generations."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "notes").mkdir()
    app, pointers = app_on(folder / "own"), {}
    for text in (NOTE, NEWER):
        (folder / "notes" / "note.md").write_text(text, encoding="utf-8")
        app.ingest([folder / "notes"])
        app.publish(str(folder / "shelf"))
        pointers[text] = (folder / "shelf" / "latest.json").read_bytes()
    yield app, folder / "shelf", pointers
    app._vectors.reopen()


@pytest.fixture
def shelf(tmp_path, published):
    """A shelf whose latest generation is the one before the change."""
    app, folder, pointers = published
    shutil.copytree(folder, tmp_path / "shelf")
    made = Shelf(tmp_path, app._minilm, pointers)
    made.name_latest(NOTE)
    return made


def test_a_replica_answers_as_the_index_does(shelf, published):
    """The same passages, answers and sources; nothing of its own data folder's index is used."""
    app = published[0]
    shelf.name_latest(NEWER)
    with closing(shelf.replica()) as replica:
        assert [p.to_json() for p in replica.search(QUESTION, 3)] == [p.to_json() for p in app.search(QUESTION, 3)]
        answers = [list(one.stream(QUESTION))[-1].answer for one in (replica, app)]
        assert untimed(answers[0]) == untimed(answers[1])
        assert answers[0].answered
        assert replica.source("note.md") == app.source("note.md")
        assert replica.library.sources() == app.library.sources()
        assert replica.library.exists()
        assert replica.classifier(["harbour", "statistics"]).predict(["A ship"])[0].label == "harbour"
        assert not (shelf.folder / "replica" / "library.sqlite").exists()


def test_a_new_generation_waits_for_nobody_and_breaks_nobody_off(shelf):
    """Who began before goes on with what was there; who comes after sees the new one; then the old files go."""
    with closing(shelf.replica()) as replica:
        begun = replica.stream(QUESTION)
        first = next(begun)
        new = shelf.name_latest(NEWER)
        taking = threading.Thread(target=replica.take)
        taking.start()
        until(lambda: replica.state()["generation"] == new)
        assert "ring of eight Gaussians" in "".join(p.text for p in replica.search(QUESTION))
        assert taking.is_alive()
        assert len(list((shelf.folder / "replica" / "snapshots").glob("*-0"))) == 2
        last = list(begun)[-1].answer
        taking.join()
        assert {p.sha256 for p in first.passages} == {c.sha256 for c in last.citations}
        assert "Gaussians" not in last.text
        assert [path.name for path in (shelf.folder / "replica" / "snapshots").glob("*-0")] == [f"{new}-0"]
        assert (replica.n_taken, replica.n_refused, replica.take()) == (2, 0, False)


def test_a_broken_generation_is_refused_and_the_old_one_served(shelf, caplog):
    """The log says why, once; /healthz that it is not the latest; mended, it is taken."""
    with closing(shelf.replica()) as replica:
        before = replica.state()["generation"]
        new = shelf.name_latest(NEWER)
        library = shelf.path / "generations" / new / "library.sqlite"
        content = library.read_bytes()
        library.write_bytes(content[: len(content) // 2])
        with caplog.at_level(logging.INFO, "rag_app.service.replica"):
            for _ in range(2):
                replica.look()
            assert [record.levelname for record in caplog.records] == ["WARNING"]
            assert f"The generation {new[:12]} at {shelf.path} is not whole: library.sqlite has" in caplog.text
            assert (replica.state()["generation"], replica.state()["is_latest"]) == (before, False)
            assert str(shelf.path) not in json.dumps(dict(replica.state()))
            assert "Gaussians" not in "".join(p.text for p in replica.search(QUESTION))
            library.write_bytes(content)
            replica.look()
            assert caplog.messages[-1] == f"generation {new} is served: sources 1"
        assert (replica.state()["generation"], replica.state()["is_latest"]) == (new, True)
        assert (replica.n_taken, replica.n_refused) == (2, 2)


def test_an_address_that_goes_away_is_no_end(shelf):
    """What was taken is served on."""
    with closing(shelf.replica()) as replica:
        shelf.path.rename(shelf.folder / "elsewhere")
        replica.look()
        assert replica.problem.startswith(f"There is no published index at {shelf.path}.")
        assert replica.search(QUESTION)
        (shelf.folder / "elsewhere").rename(shelf.path)
        replica.look()
        assert replica.problem == ""


def test_back_to_an_older_generation(shelf):
    """It is one like any other."""
    first = json.loads((shelf.path / "latest.json").read_text())["id"]
    shelf.name_latest(NEWER)
    with closing(shelf.replica()) as replica:
        shelf.name_latest(NOTE)
        assert replica.take()
        assert replica.state()["generation"] == first
        assert "Gaussians" not in "".join(p.text for p in replica.search(QUESTION))


UNFIT = [
    (
        lambda m: m["fingerprint"].update(revision="other"),
        r"was built by minilm \(other, 384 dimensions, chunker \d+\); the settings ask for minilm \(.*\)\. Reindex it",
    ),
    (
        lambda m: m["fingerprint"].update(embedder="openai:tiny"),
        r"was built by openai:tiny .*\. Set RAG_EMBEDDINGS=openai:tiny, or publish an index that was built by minilm",
    ),
    (lambda m: m.update(fingerprint={"embedder": 3}), r"is not whole: nobody can tell what built it\."),
    (lambda m: m.update(chroma="1.7.0"), r"must be of Chroma 1\.5; got 1\.7\.0\. Install the same version of rag_app"),
    (lambda m: m["counts"].update(chunks=9), r"is not whole: it has \d+ chunks and \d+ vectors in place of 9\."),
]


@pytest.mark.parametrize(("change", "reason"), UNFIT)
def test_what_cannot_be_read_here_is_refused(shelf, change, reason):
    """By what built it, by the version of Chroma, by what it holds."""
    shelf.change(change)
    with pytest.raises(StoreError, match=reason):
        shelf.replica()


def test_a_shelf_without_an_index(tmp_path):
    """One sentence, with the command."""
    with pytest.raises(
        StoreError, match=r"There is no published index at .*/none\. Run, where the index is: rag index"
    ):
        Replica(app_on(tmp_path / "data"), Storage(str(tmp_path / "none")))


def test_a_restart_fetches_only_what_has_changed(shelf):
    """The library stays as it was fetched, and is not asked for again; leftovers are removed."""
    with closing(shelf.replica()):
        pass
    generation = shelf.name_latest(NOTE)
    (shelf.path / "generations" / generation / "library.sqlite").unlink()
    (shelf.folder / "replica" / "snapshots" / "left").mkdir()
    with closing(shelf.replica()) as replica:
        assert replica.search(QUESTION)
    assert not (shelf.folder / "replica" / "snapshots" / "left").exists()


def test_one_replica_for_each_data_folder(shelf):
    """The second is refused, and told what to do."""
    app = shelf.app()
    with (
        following(app, str(shelf.path), 60),
        pytest.raises(
            StoreError, match=r"must be one replica's alone; .*\. Set RAG_DATA_DIR to another folder for each"
        ),
        following(app, str(shelf.path), 60),
    ):
        pass


def test_the_service_says_which_generation_it_serves(shelf):
    """In /healthz, /readyz and /metrics; what is sent to be ingested is refused with the reason."""
    with closing(shelf.replica()) as replica, running(replica) as url, httpx.Client(base_url=url) as client:
        state = client.get("/healthz").json()
        assert state == {"status": "ok", "index": dict(replica.state())}
        assert client.get("/readyz").json() == state
        figures = client.get("/metrics").text
        for line in ("rag_generations_taken 1.0", "rag_generations_refused 0.0", "rag_index_is_latest 1.0"):
            assert f"\n{line}\n" in figures
        status, detail = problem(client.post("/ingest", files={"files": ("a.md", b"# A note")}))
        assert (status, detail) == (403, "This service reads an index that was published elsewhere.")
        assert client.get("/sources").json()["sources"][0]["name"] == "note.md"


def test_no_request_is_lost_while_generations_change(shelf):
    """Under load every answer is right for the generation before or after; none is remembered from the one before."""
    with following(shelf.app(), str(shelf.path), 0.1) as replica, running(replica) as url:
        ended, seen = threading.Event(), []

        def ask():
            with httpx.Client(base_url=url, timeout=60) as client:
                while not ended.is_set():
                    answer = client.post("/ask", json={"question": QUESTION})
                    passage = client.post("/search", json={"question": QUESTION}).json()["passages"][0]
                    source = client.get("/sources/note.md").json()
                    whole = hashlib.sha256(source["text"].encode()).hexdigest() == source["sha256"]
                    seen.append((answer.status_code, passage["text"] in NEWER, whole))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(4):
            new = shelf.name_latest((NEWER, NOTE)[number % 2])
            until(lambda new=new: replica.state()["generation"] == new)
            n_before = len(seen)
            until(lambda n=n_before: len(seen) > n + 3)
            answer = httpx.post(f"{url}/search", json={"question": "eight Gaussians"}).json()
            assert ("Gaussians" in json.dumps(answer)) == (number % 2 == 0)
        ended.set()
        for thread in threads:
            thread.join()
        open_files = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
        assert [name for name in open_files if "snapshots" in name and name.endswith("(deleted)")] == []
        assert set(seen) == {(200, True, True)}
        assert replica.n_refused == 0


def test_uploads_are_not_for_replicas(tmp_path):
    """The command line says so before anything is fetched."""
    import argparse

    from rag_app.cli.serve import add_arguments, read_options

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(["--index", str(tmp_path), "--uploads", str(tmp_path)])
    with pytest.raises(SettingsError, match="--uploads must not be given with --index"):
        read_options(arguments)
    with pytest.raises(SettingsError, match=r"poll_s must be between 0\.1 and 86400; got 0\.0\."):
        read_options(parser.parse_args(["--poll", "0"]))


def test_deleting_the_copies_costs_a_fetch(shelf):
    """They are copies: nothing else is lost."""
    with closing(shelf.replica()):
        pass
    shutil.rmtree(shelf.folder / "replica")
    with closing(shelf.replica()) as replica:
        assert replica.search(QUESTION)
