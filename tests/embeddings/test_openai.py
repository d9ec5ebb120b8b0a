"""The embedder behind the OpenAI protocol, against a server on loopback."""

from __future__ import annotations

import re
import socket

import numpy as np
import openai
import pytest
from support.openai_server import OpenAIServer

from rag_app.embeddings.openai import OpenAIEmbedder
from rag_app.errors import LLMError, LLMResponseError, SettingsError

KEY = "sk-very-secret-0123456789"
TEXTS = ["a cat", "a dog", "日本 😀"]
HINT = " Check the key and RAG_EMBEDDINGS_BASE_URL."


@pytest.fixture
def server():
    """A server with vectors of length 16."""
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def embedder(server):
    """An embedder behind it."""
    return OpenAIEmbedder("tiny", base_url=server.url)


def test_texts_are_sent_as_text(server, embedder):
    """The request holds the texts themselves, in order, whatever their length; never token ids."""
    texts = [*TEXTS, "long " * 20_000]
    embedder.embed(texts)
    assert [r.path for r in server.requests] == ["/v1/embeddings"]
    assert (server.last.body["model"], server.last.body["input"]) == ("tiny", texts)


def test_server_of_this_test_refuses_token_ids(server):
    """Were token ids sent, the strict server would say 400: the test above can fail."""
    client = openai.OpenAI(base_url=server.url, api_key="none")
    with client, pytest.raises(openai.BadRequestError, match="token ids"):
        client.embeddings.create(model="tiny", input=[[1, 2, 3]])


def test_vectors_are_the_servers_at_unit_length(server, embedder):
    """Rows come in the order of the texts and are normalised, as the server's are not."""
    vectors, raw = embedder.embed(TEXTS), np.array([server.embed(t) for t in TEXTS])
    assert (vectors.shape, vectors.dtype) == ((3, 16), np.float32)
    np.testing.assert_allclose(vectors, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)
    assert np.linalg.norm(raw, axis=1).max() > 1.1


def test_many_texts_keep_their_order(server, embedder):
    """More texts than one request may hold are sent in several, and come back in order."""
    texts = [f"text {i}" for i in range(2500)]
    vectors = embedder.embed(texts)
    assert len(server.requests) > 1
    assert [t for r in server.requests for t in r.body["input"]] == texts
    raw = np.array([server.embed(t) for t in texts[::499]])
    np.testing.assert_allclose(vectors[::499], raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)


def test_no_text_has_no_vectors(embedder):
    """No text gives an array without rows, of the right width."""
    assert embedder.embed([]).shape == (0, 16)


def test_dimension_is_asked_once(server, embedder):
    """The width is learnt from the server and kept."""
    assert [embedder.dimension, embedder.dimension] == [16, 16]
    assert len(server.requests) == 1


def test_identity(server, embedder, monkeypatch):
    """The name is the setting, and the revision tells one server from another."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert (embedder.name, embedder.revision) == ("openai:tiny", server.url)
    assert OpenAIEmbedder("tiny").revision == "api.openai.com"
    embedder.verify()
    assert server.requests == []


@pytest.mark.parametrize(("text", "n_tokens"), [("", 2), ("a", 3), ("ab", 3), ("abc", 4), ("日", 4), ("😀", 4)])
def test_token_count_is_an_upper_estimate(embedder, text, n_tokens):
    """A token is counted for every two bytes begun, and two for what a server adds."""
    assert embedder.count_tokens([text, text]) == [n_tokens, n_tokens]
    assert embedder.count_tokens([]) == []


@pytest.mark.parametrize(("key", "sent"), [(None, "Bearer none"), (KEY, f"Bearer {KEY}")])
def test_key_is_sent_if_there_is_one(server, monkeypatch, key, sent):
    """A server of the user's own works without a key; one that is set is sent."""
    if key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    OpenAIEmbedder("tiny", base_url=server.url).embed(["a"])
    assert server.last.headers["authorization"] == sent


@pytest.mark.parametrize("key", [None, ""])
def test_missing_key_of_openai(monkeypatch, key):
    """Without a key the user is told which variable it belongs into."""
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    message = (
        "The embedder openai:text-embedding-3-small needs a key in OPENAI_API_KEY. "
        "Export it, or set RAG_EMBEDDINGS_BASE_URL to a server of your own."
    )
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        OpenAIEmbedder("text-embedding-3-small")


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (403, False), (404, False), (429, True), (500, True), (503, True)],
)
def test_status_becomes_a_sentence(server, monkeypatch, status, retryable):
    """Each status is one sentence without the key that the server quoted; only passing troubles are tried again."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.status = status
    message = f"The embedder openai:tiny refused the request with status {status}.{HINT}"
    with pytest.raises(LLMError, match=f"^{re.escape(message)}$") as caught:
        OpenAIEmbedder("tiny", base_url=server.url).embed(["Hello"])
    assert caught.value.retryable is retryable
    assert KEY not in f"{caught.value}{caught.value!r}"
    assert len(server.requests) == (3 if retryable else 1)


def test_unreachable_server():
    """Where nothing listens, the user is sent to the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        embedder = OpenAIEmbedder("tiny", base_url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        with pytest.raises(LLMError, match=f"^{re.escape(f'The embedder openai:tiny cannot be reached.{HINT}')}$"):
            embedder.embed(["a"])


@pytest.mark.parametrize(
    "body",
    [
        "<html>It works!</html>",
        '{"error": "Unexpected endpoint"}',
        '{"object": "list", "data": []}',
        '{"object": "list", "data": [{"index": 0, "embedding": [1.0, 0.5]}]}',  # one vector for two texts
        '{"object": "list", "data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]}',
        '{"object": "list", "data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [NaN]}]}',
    ],
)
def test_reply_that_cannot_be_read(server, embedder, body):
    """A page, an error, too few vectors and vectors that are none are refused, not stored."""
    server.raw_body = body
    message = (
        "The embedder openai:tiny sent a reply that cannot be read. "
        "Check RAG_EMBEDDINGS_BASE_URL; the address often ends in /v1."
    )
    with pytest.raises(LLMResponseError, match=f"^{re.escape(message)}$"):
        embedder.embed(["a", "b"])


def test_server_that_knows_no_base64(server, embedder):
    """Lists of numbers are read too: many servers ignore the wish for base64."""
    server.raw_body = '{"object": "list", "data": [{"index": 0, "embedding": [3.0, 4.0]}]}'
    np.testing.assert_allclose(embedder.embed(["a"]), [[0.6, 0.8]], atol=1e-6)


def test_vector_of_zeros_stays_finite(server, embedder):
    """A server's zero vector is not divided by its length."""
    server.raw_body = '{"object": "list", "data": [{"index": 0, "embedding": [0.0, 0.0]}]}'
    np.testing.assert_array_equal(embedder.embed(["a"]), [[0, 0]])


def test_passing_trouble_is_overcome(server, embedder):
    """After two refusals for load, the third try is answered."""
    server.status, server.n_failures = 429, 2
    assert embedder.embed(["a"]).shape == (1, 16)
    assert len(server.requests) == 3


def test_server_that_hangs(server):
    """A server that says nothing is given up after three times the seconds of an attempt."""
    server.hang = True
    message = "The embedder openai:tiny did not answer in time. Raise RAG_LLM_TIMEOUT_S"
    with pytest.raises(LLMError, match=f"^{re.escape(message)}") as caught:
        OpenAIEmbedder("tiny", base_url=server.url, timeout_s=0.1).embed(["Hello"])
    assert caught.value.retryable
    assert len(server.requests) == 3
