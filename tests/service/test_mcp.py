"""MCP, as the SDK's own client and LangChain's adapters speak it, over HTTP and at standard input and output."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_mcp_adapters.client import MultiServerMCPClient
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from support.answers import app_on
from support.service import running

from rag_app.registry import entries
from rag_app.service.keys import load_keys

QUESTION = "What is mode collapse?"


def over_http(url: str, work: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """Return what comes of work in a session over HTTP."""

    async def talk() -> Any:
        async with (
            streamable_http_client(f"{url}/mcp") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await work(session)

    return asyncio.run(talk())


def call(url: str, name: str, arguments: dict[str, Any]) -> Any:
    """Return the result of a call over HTTP."""
    return over_http(url, lambda session: session.call_tool(name, arguments))


def test_every_tool_is_listed_with_its_schema(service_url: str) -> None:
    """The four doors of the documents and the whole register; no name is there twice."""
    tools = over_http(service_url, lambda session: session.list_tools()).tools
    names = [tool.name for tool in tools]
    assert names == ["ask", "search", "classify", "open_source", *(entry.name for entry in entries())]
    assert len(set(names)) == len(names) > 300
    assert all(tool.description and tool.inputSchema["type"] == "object" for tool in tools)
    ndcg = next(tool for tool in tools if tool.name == "ndcg")
    assert ndcg.inputSchema["required"] == ["ranking", "relevance"]
    assert all(p["description"] for p in ndcg.inputSchema["properties"].values())


def test_an_answer_is_readable_and_structured(service_url: str) -> None:
    """Its citations open in their source."""
    result = call(service_url, "ask", {"question": QUESTION})
    assert not result.isError
    assert "[1] 09-gans.md, " in result.content[0].text
    cited = result.structuredContent["citations"][0]
    place = {"name": cited["source"], "start": cited["start"], "end": cited["end"]}
    assert call(service_url, "open_source", place).content[0].text == cited["quote"]


def test_the_other_doors(service_url: str) -> None:
    """Search, classification, and a tool of the register."""
    found = call(service_url, "search", {"question": QUESTION, "k": 2}).structuredContent
    assert [p["source"] for p in found["passages"]] == ["09-gans.md"] * 2
    body = {"texts": ["Stir the sauce."], "labels": ["cooking", "football"]}
    assert call(service_url, "classify", body).structuredContent["classifications"][0]["label"] == "cooking"
    result = call(service_url, "ndcg", {"ranking": ["a"], "relevance": {"a": 1}})
    assert (result.structuredContent, result.content[0].text) == ({"result": 1.0}, "1.0")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ask", {}, "The arguments do not fit. question: field required."),
        ("ask", {"question": " "}, "The arguments do not fit. question: value error, must not be blank."),
        (
            "search",
            {"question": "x", "k": 99},
            "The arguments do not fit. k: input should be less than or equal to 50.",
        ),
        (
            "open_source",
            {"name": "none.md"},
            "There is no source named 'none.md'. Known: 08-autoencoders.md, 09-gans.md.",
        ),
        ("ndgc", {}, "There is no tool named 'ndgc'. Did you mean ndcg?"),
        ("ndcg", {"ranking": ["a"]}, "The arguments do not fit. relevance: field required. Run: rag tools show ndcg"),
    ],
)
def test_a_mistake_is_text_that_a_language_model_can_act_on(
    service_url: str, name: str, arguments: dict[str, Any], message: str
) -> None:
    """The call has failed, the session goes on."""
    result = call(service_url, name, arguments)
    assert (result.isError, result.content[0].text) == (True, message)


def test_langchain_uses_the_tools(service_url: str) -> None:
    """Its adapters make LangChain tools of them."""

    async def use() -> tuple[int, Any]:
        client = MultiServerMCPClient({"rag": {"transport": "streamable_http", "url": f"{service_url}/mcp"}})
        tools = {tool.name: tool for tool in await client.get_tools()}
        return len(tools), await tools["ask"].ainvoke({"question": QUESTION})

    n_tools, said = asyncio.run(use())
    assert n_tools > 300
    assert "[1] 09-gans.md" in str(said)


def test_at_standard_input_and_output(course_dir: Path, tmp_path: Path) -> None:
    """A client starts ``rag mcp`` and speaks to it; the process ends with the client."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    env = {**os.environ, "RAG_DATA_DIR": str(data_dir)}
    server = StdioServerParameters(command=sys.executable, args=["-m", "rag_app", "mcp"], env=env)

    async def talk() -> tuple[int, str]:
        async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            said = await session.call_tool("ask", {"question": QUESTION})
            return len(tools), said.content[0].text  # type: ignore[union-attr]  # it is text

    n_tools, said = asyncio.run(talk())
    assert n_tools > 300
    assert "[1] 09-gans.md" in said


def test_a_client_that_goes_away_is_no_error(course_dir: Path, tmp_path: Path) -> None:
    """The process ends with exit code 0 and says nothing."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    env = {**os.environ, "RAG_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "rag_app", "mcp"]
    done = subprocess.run(command, input=b"", capture_output=True, env=env, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_key_is_needed_where_there_is_one(course_dir: Path, tmp_path: Path) -> None:
    """Over HTTP, in the same header as everywhere."""
    app = app_on(Path(shutil.copytree(course_dir, tmp_path / "data")))
    key = load_keys(app.settings).add("agent")

    async def count(url: str) -> int:
        headers = {"authorization": f"Bearer {key}"}
        async with (
            httpx.AsyncClient(headers=headers) as http,
            streamable_http_client(f"{url}/mcp", http_client=http) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return len((await session.list_tools()).tools)

    with running(app) as url:
        assert httpx.post(f"{url}/mcp", json={}).status_code == 401
        assert asyncio.run(count(url)) > 300
