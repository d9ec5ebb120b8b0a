"""The OpenAI protocol, as the official client, LangChain's and Hugging Face's speak it, and as it is written down."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from huggingface_hub import InferenceClient
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from support.openai_server import OpenAIServer
from support.service import running

from rag_app import build

QUESTION = "What is mode collapse?"
ASKED: list[Any] = [{"role": "user", "content": QUESTION}]
TALK: list[Any] = [
    *ASKED,
    {"role": "assistant", "content": "A failure."},
    {"role": "user", "content": "How is it avoided?"},
]


@pytest.fixture
def official(service_url: str) -> openai.OpenAI:
    """The official client."""
    return openai.OpenAI(base_url=f"{service_url}/v1", api_key="none", max_retries=0)


def test_the_official_client_gets_an_answer_with_citations(official: openai.OpenAI, client: httpx.Client) -> None:
    """The same text and the same quotations as ``/ask`` gives."""
    ours = client.post("/ask", json={"question": QUESTION}).json()
    completion = official.chat.completions.create(model="extractive", messages=ASKED)
    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == (ours["answer"], "stop")
    citations = choice.message.model_extra["citations"]
    assert [c["number"] for c in citations] == list(range(1, len(citations) + 1))
    assert [{k: v for k, v in c.items() if k not in {"index", "number"}} for c in citations] == ours["citations"]
    assert completion.model_extra["rag"]["answered"] is True
    assert completion.usage is not None
    assert completion.usage.total_tokens == 0  # nothing was read by a language model


def test_citations_survive_streaming(official: openai.OpenAI) -> None:
    """The client's own joining of pieces gives the message that is given without a stream."""
    whole = official.chat.completions.create(model="extractive", messages=TALK).choices[0].message
    with official.chat.completions.stream(model="extractive", messages=TALK) as stream:
        streamed = stream.get_final_completion()
    (choice,) = streamed.choices
    assert choice.message.content == whole.content
    assert choice.message.model_extra["citations"] == whole.model_extra["citations"] != []
    assert choice.finish_reason == "stop"


def test_a_stream_tells_of_the_usage_where_it_is_asked_to(official: openai.OpenAI) -> None:
    """In a last piece without a choice; otherwise not at all."""
    options: Any = {"include_usage": True}
    pieces = list(
        official.chat.completions.create(model="extractive", messages=ASKED, stream=True, stream_options=options)
    )
    assert (pieces[-1].choices, pieces[-1].usage.total_tokens) == ([], 0)
    assert {p.usage for p in pieces[:-1]} == {None}
    pieces = list(official.chat.completions.create(model="extractive", messages=ASKED, stream=True))
    assert all(p.choices for p in pieces)
    assert len({p.id for p in pieces}) == 1


def test_the_asynchronous_client_works_too(service_url: str) -> None:
    """Several at once."""

    async def ask() -> list[str | None]:
        async with openai.AsyncOpenAI(base_url=f"{service_url}/v1", api_key="none") as client:
            asked = (client.chat.completions.create(model="extractive", messages=ASKED) for _ in range(3))
            return [done.choices[0].message.content for done in await asyncio.gather(*asked)]

    assert len(set(asyncio.run(ask()))) == 1


def test_langchain_gets_answers_and_streams(service_url: str) -> None:
    """As from any other provider; the text's markers are those of the citations."""
    llm = ChatOpenAI(base_url=f"{service_url}/v1", api_key="none", model="extractive", stream_usage=True)
    answer = llm.invoke(QUESTION)
    assert "[1]" in answer.text
    assert answer.usage_metadata is not None
    assert "".join(piece.text for piece in llm.stream(QUESTION)) == answer.text


def test_hugging_face_gets_answers_and_streams(service_url: str) -> None:
    """By a client that was written without the official one; citations are there too."""
    client = InferenceClient(base_url=f"{service_url}/v1", api_key="none")
    (choice,) = client.chat_completion(ASKED, model="extractive").choices
    assert "[1]" in str(choice.message.content)
    assert choice.message["citations"][0]["source"] == "09-gans.md"
    pieces = list(client.chat_completion(ASKED, model="extractive", stream=True))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == choice.message.content


def test_embeddings_are_those_of_the_index(official: openai.OpenAI, service_url: str, minilm: Any) -> None:
    """As numbers and in base64, by the official client and by LangChain's."""
    expected = minilm.embed(["a cat", "a dog"])
    as_numbers = official.embeddings.create(model="minilm", input=["a cat", "a dog"], encoding_format="float")
    assert np.allclose([d.embedding for d in as_numbers.data], expected, atol=1e-6)
    assert as_numbers.usage.prompt_tokens == sum(minilm.count_tokens(["a cat", "a dog"]))
    body = {"model": "minilm", "input": "a cat", "encoding_format": "base64"}
    (found,) = httpx.post(f"{service_url}/v1/embeddings", json=body).json()["data"]
    assert np.allclose(struct.unpack("<384f", base64.b64decode(found["embedding"])), expected[0], atol=1e-6)
    theirs = OpenAIEmbeddings(
        base_url=f"{service_url}/v1", api_key="none", model="minilm", check_embedding_ctx_length=False
    )
    assert np.allclose(theirs.embed_query("a cat"), expected[0], atol=1e-6)


def test_what_there_is_is_listed(official: openai.OpenAI) -> None:
    """The chain and the embedder; another name is not found."""
    assert [listed.id for listed in official.models.list()] == ["extractive", "minilm"]
    assert official.models.retrieve("minilm").owned_by == "rag_app"
    with pytest.raises(openai.NotFoundError):
        official.models.retrieve("gpt-4o")


def test_a_language_model_behind_it_is_named_with_its_prompt(course_dir: Path) -> None:
    """Its usage is passed on, its markers become citations."""
    reply = "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output [1]."
    with OpenAIServer(replies=[reply]) as provider:
        app = build(data_dir=course_dir, llm="openai:tiny", llm_base_url=provider.url)
        with running(app) as url:
            official = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
            assert [listed.id for listed in official.models.list()] == ["openai:tiny/answer", "minilm"]
            done = official.chat.completions.create(model="openai:tiny/answer", messages=ASKED)
    assert done.usage is not None
    assert done.usage.prompt_tokens > 100
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert len(done.choices[0].message.model_extra["citations"]) == 1


def test_the_provider_fails(course_dir: Path) -> None:
    """Plain: the status of a bad gateway. On the way: an error in the stream, which the official client raises."""
    with OpenAIServer(replies=["One two three four."], status=401) as provider:
        app = build(data_dir=course_dir, llm="openai:tiny", llm_base_url=provider.url)
        with running(app) as url:
            official = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
            with pytest.raises(openai.InternalServerError) as caught:
                official.chat.completions.create(model="openai:tiny/answer", messages=ASKED)
            assert caught.value.status_code == 502
            with pytest.raises(openai.APIError, match="refused the request with status 401"):
                list(official.chat.completions.create(model="openai:tiny/answer", messages=ASKED, stream=True))


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"model": "gpt-4o"}, 404, "There is no llm or embedder named 'gpt-4o'."),
    ({"n": 2}, 422, "/n"),
    ({"messages": []}, 422, "/messages"),
    ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "The last message must be the user's"),
    ({"messages": [{"role": "user", "content": " "}]}, 400, "The last message must be the user's"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, 422, "/messages/0/content"),
    ({"tool_choice": "required"}, 422, "/tool_choice"),
    ({"response_format": {"type": "json_object"}}, 422, "/response_format"),
]


@pytest.mark.parametrize(("change", "status", "message"), REFUSED)
def test_what_would_be_misunderstood_is_refused(
    client: httpx.Client, change: dict[str, Any], status: int, message: str
) -> None:
    """In the form that clients of the protocol read, which is a problem besides."""
    response = client.post("/v1/chat/completions", json={"model": "extractive", "messages": ASKED, **change})
    assert response.status_code == status
    error = response.json()["error"]
    assert message in error["message"]
    assert (error["type"], error["param"]) == ("invalid_request_error", None)
    assert response.json()["status"] == status


def test_what_is_not_known_is_let_through(client: httpx.Client) -> None:
    """Decoding settings, tools that need not be called, and fields of other servers."""
    extra = {"temperature": 2, "max_tokens": 1, "seed": 3, "stop": ["."], "user": "me", "safe_prompt": True, "n": 1}
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "mode collapse?"}]
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "tool", "content": "3", "tool_call_id": "x"},
        {"role": "user", "name": "me", "content": parts},
    ]
    body = {"model": "extractive", "messages": messages, "tools": [tool], "tool_choice": "auto", **extra}
    assert "[1]" in client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"input": [1, 2]}, 422),
        ({"input": [[1, 2]]}, 422),
        ({"input": []}, 422),
        ({"input": ["a", " "]}, 422),
        ({"dimensions": 64}, 422),
        ({"model": "extractive"}, 404),
        ({"input": ["x" * 4_000] * 101}, 400),
    ],
)
def test_what_cannot_be_embedded_is_refused(client: httpx.Client, change: dict[str, Any], status: int) -> None:
    """Token ids of another vocabulary above all."""
    response = client.post("/v1/embeddings", json={"model": "minilm", "input": "x", **change})
    assert response.status_code == status
    assert response.json()["error"]["message"]


def test_the_pieces_of_a_stream_are_those_of_the_protocol(client: httpx.Client) -> None:
    """A role first, a reason to finish in the last choice, then the end."""
    body = {"model": "extractive", "messages": ASKED, "stream": True}
    lines = [line for line in client.post("/v1/chat/completions", json=body).text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    pieces = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert pieces[0]["choices"][0]["delta"]["role"] == "assistant"
    assert {p["object"] for p in pieces} == {"chat.completion.chunk"}
    assert [p["choices"][0]["finish_reason"] for p in pieces] == [None] * (len(pieces) - 1) + ["stop"]
    assert pieces[-1]["rag"]["answered"] is True
