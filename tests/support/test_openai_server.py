"""The scripted server is strict, or tests against it would prove little."""

from __future__ import annotations

import time

import httpx
import pytest
from support.openai_server import OpenAIServer

MESSAGES = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "m", "messages": MESSAGES}
EMBED = {"model": "m", "input": ["a"]}


def _post(server, path, body, **options):
    with httpx.Client(trust_env=False) as client:
        return client.post(server.url + path, json=body, **options)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", CHAT | {"temprature": 0}),
        ("/chat/completions", CHAT | {"temperature": "0"}),
        ("/chat/completions", CHAT | {"max_tokens": True}),
        ("/chat/completions", CHAT | {"n": 2}),
        ("/chat/completions", {"model": "m"}),
        ("/chat/completions", CHAT | {"messages": []}),
        ("/chat/completions", CHAT | {"messages": ["Hello"]}),
        ("/chat/completions", CHAT | {"messages": [{"role": "human", "content": "Hello"}]}),
        ("/chat/completions", CHAT | {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
        ("/chat/completions", [CHAT]),
        ("/embeddings", EMBED | {"input": [[1, 2, 3]]}),
        ("/embeddings", EMBED | {"input": [1, 2, 3]}),
        ("/embeddings", EMBED | {"input": [""]}),
        ("/embeddings", EMBED | {"input": []}),
        ("/embeddings", EMBED | {"encoding_format": "hex"}),
        ("/embeddings", {"model": "m"}),
    ],
)
def test_what_breaks_the_protocol_is_refused(path, body):
    """Unknown fields, wrong types, token ids and empty input are answered with 400."""
    with OpenAIServer() as server:
        assert _post(server, path, body).status_code == 400


def test_usage_in_a_stream_only_if_asked_for():
    """A client that forgets ``include_usage`` gets none."""
    with OpenAIServer() as server:
        plain = _post(server, "/chat/completions", CHAT | {"stream": True}).text
        asked = _post(
            server, "/chat/completions", CHAT | {"stream": True, "stream_options": {"include_usage": True}}
        ).text
    assert '"usage"' not in plain
    assert '"usage"' in asked
    assert plain.rstrip().endswith("data: [DONE]")


def test_replies_may_depend_on_the_messages():
    """A callable reply gets what was sent; parts of text are accepted as content."""
    content = [{"type": "text", "text": "Hello"}]
    with OpenAIServer([lambda messages: f"{len(messages)} sent", "fixed"]) as server:
        body = CHAT | {"messages": [*MESSAGES, {"role": "user", "content": content}]}
        texts = [_post(server, "/chat/completions", body).json()["choices"][0]["message"]["content"] for _ in range(3)]
    assert texts == ["2 sent", "fixed", "2 sent"]


def test_models_and_unknown_paths():
    """The list of models has one name, other paths are 404, and a wrong key is 401."""
    with OpenAIServer(api_key="right") as server, httpx.Client(trust_env=False) as client:
        right = {"Authorization": "Bearer right"}
        assert client.get(f"{server.url}/models", headers=right).json()["data"][0]["id"] == "scripted"
        assert client.get(f"{server.url}/model", headers=right).status_code == 404
        assert client.get(f"{server.url}/models").status_code == 401
        assert [r.path for r in server.requests] == ["/v1/models", "/v1/model", "/v1/models"]


def test_hanging_ends_with_the_server():
    """A hanging request is let go when the block ends, and at once when `hang` is taken back."""
    with OpenAIServer(hang=True) as server:
        with pytest.raises(httpx.ReadTimeout):
            _post(server, "/chat/completions", CHAT, timeout=0.1)
        server.hang = False
        assert _post(server, "/chat/completions", CHAT).status_code == 200
        server.hang = True
        with pytest.raises(httpx.ReadTimeout):
            _post(server, "/chat/completions", CHAT, timeout=0.1)
        start = time.monotonic()
    assert time.monotonic() - start < 5


def test_misspelt_behaviour_is_refused():
    """A test that asks for something the server cannot do fails at once."""
    with pytest.raises(TypeError, match="statuss"):
        OpenAIServer(statuss=500)
