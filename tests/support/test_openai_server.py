"""The scripted server is strict, or tests against it would prove little."""

from __future__ import annotations

import time

import httpx
import pytest
from support.openai_schema import CHAT_FIELDS
from support.openai_server import OpenAIServer

MESSAGES = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "m", "messages": MESSAGES}
EMBED = {"model": "m", "input": ["a"]}
FUNCTION = {"name": "f1_score", "arguments": '{"y_true": [1]}'}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": FUNCTION}]}
TOOL = {"type": "function", "function": {"name": "f1_score", "description": "F1.", "parameters": {"type": "object"}}}


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
        ("/chat/completions", CHAT | {"messages": [{"role": "user", "content": None}]}),
        ("/chat/completions", CHAT | {"messages": [{"role": "user", "content": []}]}),
        ("/chat/completions", CHAT | {"messages": [{"role": "user", "content": "Hello", "id": "1"}]}),
        ("/chat/completions", CHAT | {"messages": [{"role": "tool", "content": "1", "tool_call_id": "a"}]}),
        ("/chat/completions", CHAT | {"messages": [*MESSAGES, CALL]}),
        ("/chat/completions", CHAT | {"messages": [*MESSAGES, CALL, *MESSAGES]}),
        ("/chat/completions", CHAT | {"messages": [*MESSAGES, CALL | {"tool_calls": []}]}),
        ("/chat/completions", CHAT | {"temperature": 2.5}),
        ("/chat/completions", CHAT | {"top_p": -0.1}),
        ("/chat/completions", CHAT | {"max_tokens": 0}),
        ("/chat/completions", CHAT | {"max_tokens": 1, "max_completion_tokens": 1}),
        ("/chat/completions", CHAT | {"stop": list("abcde")}),
        ("/chat/completions", CHAT | {"stop": [1]}),
        ("/chat/completions", CHAT | {"seed": 1.5}),
        ("/chat/completions", CHAT | {"stream_options": {"include_usage": True}}),
        ("/chat/completions", CHAT | {"stream": True, "stream_options": {"include_usages": True}}),
        ("/chat/completions", CHAT | {"tool_choice": "auto"}),
        ("/chat/completions", CHAT | {"tools": []}),
        ("/chat/completions", CHAT | {"tools": [{"type": "function", "function": {"name": "two words"}}]}),
        ("/chat/completions", CHAT | {"tools": [{"type": "function", "name": "f"}]}),
        ("/chat/completions", CHAT | {"top_k": 5}),
        ("/chat/completions", CHAT | {"timeout": 5}),
        ("/chat/completions", CHAT | {"response_format": {"type": "json_object"}}),
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


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0, "top_p": 1, "max_tokens": 5, "seed": 1, "stop": ["a", "b"], "user": "x"},
        {"stop": "a", "max_completion_tokens": 5, "presence_penalty": -1.5, "logprobs": True, "top_logprobs": 2},
        {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False},
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f1_score"}}},
        {"messages": [*MESSAGES, CALL, {"role": "tool", "content": "0.8", "tool_call_id": "a"}]},
        {"messages": [{"role": "developer", "content": "Be brief.", "name": "x"}, *MESSAGES]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}, "strict": True}}},
    ],
)
def test_what_the_protocol_allows_is_taken(more):
    """Each field in its range, tools with their calls and results, and schemas where the server knows them."""
    with OpenAIServer(schemas=True) as server:
        reply = _post(server, "/chat/completions", CHAT | more)
        assert reply.status_code == 200, reply.text


def test_fields_are_those_of_openais_own_client():
    """The strict schema knows no field that OpenAI's client does not."""
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming as Params

    assert set(CHAT_FIELDS) <= Params.__required_keys__ | Params.__optional_keys__


def test_clients_that_go_away_are_counted():
    """A client that closes its connection within a stream is noticed by the next pieces."""
    with OpenAIServer(["word " * 200], delay_s=0.005) as server, httpx.Client(trust_env=False) as client:
        address = f"{server.url}/chat/completions"
        with client.stream("POST", address, json=CHAT | {"stream": True}) as stream:
            next(stream.iter_lines())
        for _ in range(400):
            if server.n_disconnected:
                break
            time.sleep(0.005)
        assert server.n_disconnected == 1


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
