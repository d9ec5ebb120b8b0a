"""What comes out of Ray is what comes out of this process, whoever dies on the way."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time

import pytest
from support.command_line import CommandLine
from support.openai_server import OpenAIServer
from support.ray_cluster import add_node, kill_workers, ray_nodes

from rag_app import build
from rag_app.errors import LLMError, SettingsError

CATS = "# Cats\n\nA cat sat on the mat.\n\n## Food\n\nCats eat fish.\n"
BROKEN = b"%PDF-1.7\0\0"
N_MANY = 120
BOTH_EMBED_S = 45.0


@pytest.fixture(scope="module")
def nodes():
    """A cluster of two nodes, which this process has joined."""
    with ray_nodes(2) as running:
        yield running


@pytest.fixture(scope="module")
def server():
    """An embedder that counts."""
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def make(tmp_path):
    """Makes applications over folders below one, and closes them."""
    made = []

    def made_app(name, **settings):
        made.append(build(data_dir=tmp_path / name, **settings))
        return made[-1]

    yield made_app
    for app in made:
        app._vectors.reopen()


@pytest.fixture
def notes(tmp_path, knowledge):
    """Two folders of everything: long and short, twice, broken, empty, of one name."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    shutil.copy(knowledge / "27-resources.md", one)
    (one / "cats.md").write_text(CATS)
    (one / "table.csv").write_text("name,price\nfish,3\nmilk,1\n")
    (one / "same.pdf").write_bytes(BROKEN)
    (one / "empty.txt").write_text(" \n")
    (two / "cats.md").write_text(CATS.replace("mat", "sofa"))
    (two / "copy.md").write_text(CATS)
    (two / "same.pdf").write_bytes(b"PDF? No.")
    (two / "same.txt").write_text("It is called like others.\n")
    return tmp_path


@pytest.fixture
def many(tmp_path):
    """A folder of many short files."""
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(N_MANY):
        (folder / f"{i:03}.md").write_text(
            f"# Note {i}\n\nThis is note number {i}.\n\n## More\n\nThere are {N_MANY}.\n"
        )
    return folder


def content(app, file):
    """Return what an index holds: everything that is exported, and the tokens, which are not."""
    app.export_index(file)
    return file.read_bytes(), app.library.query("SELECT key, codes FROM token_codes ORDER BY key")


def receipt_of(app, paths, **engine):
    """Return what an ingestion did, without how long it took, and what progress it told."""
    told = []
    receipt = app.ingest(paths, progress=lambda *step: told.append(step), **engine).to_json()
    return {k: v for k, v in receipt.items() if k != "duration_s"}, told


@pytest.mark.usefixtures("nodes")
def test_both_engines_give_the_same_index(make, notes, tmp_path):
    """Bit for bit, with the same receipts and progress: of new files, then of changed, removed, renamed and known."""
    local, ray = make("local"), make("ray")
    paths = [notes / "one", notes / "two"]
    assert receipt_of(ray, paths, engine="ray") == receipt_of(local, paths)
    first = content(local, tmp_path / "local.zip")
    assert content(ray, tmp_path / "ray.zip") == first
    assert {f["status"] for f in local.ingest(paths).to_json()["files"]} == {"unchanged", "failed", "duplicate-of"}
    (notes / "one" / "cats.md").write_text(CATS.replace("fish", "mice"))
    (notes / "one" / "table.csv").rename(notes / "two" / "prices.csv")
    (notes / "two" / "cats.md").unlink()
    (notes / "two" / "same.pdf").write_bytes(BROKEN + b"another")
    expected = receipt_of(local, paths)
    assert {status: n for status, n in expected[0].items() if n and status in {"new", "changed", "removed"}} == {
        "new": 2,
        "changed": 1,
        "removed": 2,
    }
    assert receipt_of(ray, paths, engine="ray") == expected
    second = content(local, tmp_path / "local.zip")
    assert content(ray, tmp_path / "ray.zip") == second != first


def test_a_death_costs_its_share_alone(nodes, make, many, server, tmp_path):
    """While both nodes embed, a worker of one and the whole other one are killed: the index is the same."""
    options = {"embeddings": "openai:words", "embeddings_base_url": server.url, "late_interaction": False}
    local, ray = make("local", **options), make("ray", **options)
    expected = local.ingest([many]).to_json()

    killed = []

    def kill_when_both_embed():
        deadline = time.monotonic() + BOTH_EMBED_S
        while time.monotonic() < deadline and not killed:
            if sum(request.path.endswith("embeddings") for request in server.requests) >= 2:
                first, second = nodes.list_all_nodes()
                nodes.remove_node(second, allow_graceful=False)
                killed.append(kill_workers(first, "ray::MapWorker"))
            time.sleep(0.01)
        server.hang = False

    killer = threading.Thread(target=kill_when_both_embed)

    def progress(_name, _done, _total):
        if killer.ident is None:
            server.requests.clear()
            server.hang = True
            killer.start()

    receipt = ray.ingest([many], progress=progress, engine="ray").to_json()
    killer.join()
    if not killed:
        pytest.skip("Ray gave the work to one node alone: nobody could be killed in the middle")
    add_node(nodes)
    assert killed[0] >= 1
    assert receipt | {"duration_s": 0} == expected | {"duration_s": 0}
    assert content(ray, tmp_path / "ray.zip") == content(local, tmp_path / "local.zip")
    n_asked = sum(len(request.body["input"]) for request in server.requests)
    assert 0 < n_asked - receipt["embedded"] <= receipt["embedded"] / 2  # two to four blocks of the eight


@pytest.mark.usefixtures("nodes")
def test_what_the_embedder_refuses_is_told_as_here(make, many, server):
    """An error of a worker reaches the user in the same words, and nothing else is lost."""
    options = {"embeddings": "openai:words", "embeddings_base_url": server.url, "late_interaction": False}
    app = make("data", **options)
    assert app.embedder.dimension
    server.status = 401
    told = []
    for engine in ({}, {"engine": "ray"}):
        with pytest.raises(LLMError) as caught:
            app.ingest([many], **engine)
        told.append(str(caught.value))
    server.status = 200
    refused = "The embedder openai:words refused the request with status 401."
    assert told == [f"{refused} Check the key and RAG_EMBEDDINGS_BASE_URL."] * 2


def test_a_cluster_of_other_versions_and_then_of_the_same(nodes, many, tmp_path):
    """Another Ray or Python is named; a cluster of the same is joined, and gives what is promised."""
    from ray.experimental import internal_kv

    rag = CommandLine(many, tmp_path / "data")
    given = ("ingest", "001.md", "--engine", "ray", "--address", nodes.address, "--json")
    kept = internal_kv._internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster")
    other = json.dumps(json.loads(kept) | {"ray_version": "2.40.0"}).encode()
    internal_kv._internal_kv_put(b"CLUSTER_METADATA", other, overwrite=True, namespace=b"cluster")
    transcript = rag(*given)
    internal_kv._internal_kv_put(b"CLUSTER_METADATA", kept, overwrite=True, namespace=b"cluster")
    assert transcript.code == 2
    assert re.fullmatch(
        rf"rag: The Ray cluster at {nodes.address} must run Ray [\d.]+ and Python [\d.]+; "
        r"got Ray: 2\.40\.0 Python: [\d.]+\. Install the same versions on every node\.\n",
        transcript.err,
    )
    transcript = rag(*given)
    assert transcript.code == 0, transcript.err
    assert json.loads(transcript.out)["new"] == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "spark"}, "engine must be local or ray; got 'spark'."),
        ({"address": "a:1"}, "address must be empty where the engine is local; got 'a:1'. Add --engine ray."),
    ],
)
def test_an_engine_that_is_none(make, given, message):
    """The rule, and what was given."""
    with pytest.raises(SettingsError, match=re.escape(message)):
        make("data").ingest(["notes"], **given)
