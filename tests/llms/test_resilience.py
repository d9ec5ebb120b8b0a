"""The chat model around others, over HTTP: what is sent, what comes back, and what it reports."""

from __future__ import annotations

import asyncio
import json
import re
import time

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from support.openai_server import OpenAIServer

from rag_app.errors import LLMError
from rag_app.llms.attempts import Attempts, Member
from rag_app.llms.cache import ReplyCache
from rag_app.llms.factory import load_llm
from rag_app.llms.resilience import ResilientChat
from rag_app.llms.scripted import ScriptedChat
from rag_app.llms.tally import OWN, Tally
from rag_app.llms.tokens import load_counter
from rag_app.settings import Settings

LATE = "The language model openai:a did not answer in time."
KEPT = "The reply was kept from an earlier request (RAG_LLM_CACHE)."


def _load(server: OpenAIServer, **settings):
    return load_llm(Settings.load(environ={}, **{"llm": "openai:a", "llm_base_url": server.url, **settings}))


def _stream(llm, prompt="Hello"):
    """The whole reply of a stream."""
    whole = None
    for piece in llm.stream(prompt):
        whole = piece if whole is None else whole + piece
    return whole


def _invoke(llm, prompt="Hello"):
    return llm.invoke(prompt)


def _tally(message):
    tally = Tally()
    tally.add(message)
    return tally


@pytest.fixture
def server():
    """A server with two replies in turn."""
    with OpenAIServer(["Hello to you, too.", "Hello again."]) as running:
        yield running


@pytest.fixture
def other():
    """A second server, for fallbacks."""
    with OpenAIServer(["From the other one."]) as running:
        yield running


@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_reply_reports_what_it_came_to(server, ask, tmp_path):
    """Who answered, tokens, cost and nothing to note; streamed or not, the same."""
    prices = tmp_path / "prices.toml"
    prices.write_text('["openai:a"]\ninput = 1000000\noutput = 10\n')
    message = ask(_load(server, llm_prices=prices))
    assert message.text == "Hello to you, too."
    tally = _tally(message)
    assert (tally.llm, tally.usage, tally.notes) == ("openai:a", {"input_tokens": 5, "output_tokens": 6}, [])
    assert tally.cost_usd == pytest.approx(5 + 6e-5)


@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_cost_of_a_server_of_ones_own_is_not_known(server, ask):
    """A name alone, even one of OpenAI's, says nothing about the price of another server."""
    assert _tally(ask(_load(server, llm="openai:gpt-4o-mini"))).cost_usd is None


@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_reply_that_was_cut_says_so(server, ask):
    """The reader learns that the text goes no further because of a limit."""
    server.ending = "length"
    assert _tally(ask(_load(server))).notes == [
        "The reply was cut off at its greatest length: raise RAG_LLM_MAX_TOKENS for a whole one."
    ]


@pytest.mark.parametrize("ask", [_stream, _invoke])
@pytest.mark.parametrize(("reported", "is_cut"), [(900, True), (2400, False), (5000, False)])
def test_server_that_cuts_the_prompt_is_found_out(server, ask, reported, is_cut):
    """Far fewer tokens than were counted cannot be the whole prompt; English text may well need fewer."""
    server.prompt_tokens = reported
    prompt = "A sentence of English. " * 450  # 3,750 tokens by the estimate
    found = [note for note in _tally(ask(_load(server), prompt)).notes if "may have cut the prompt" in note]
    assert found == (
        [f"The server read {reported} tokens of a prompt of about 3758: it may have cut the prompt."] * is_cut
    )


@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_prompt_that_does_not_fit_is_not_sent(server, ask):
    """It is refused with what to do; the server hears nothing."""
    llm = _load(server, llm_context_tokens=700, llm_max_tokens=600)
    message = "The prompt must fit into 100 tokens; it has about 108. Raise RAG_LLM_CONTEXT_TOKENS"
    with pytest.raises(LLMError, match=f"^{re.escape(message)}"):
        ask(llm, "abc" * 100)
    assert server.requests == []
    assert ask(llm, "abc" * 92).text


@pytest.mark.parametrize("ask", [_stream, _invoke])
@pytest.mark.parametrize("trouble", [{"status": 503}, {"status": 401}, {"hang": True}, {"raw_body": "<html>"}])
def test_fallback_answers(server, other, ask, trouble):
    """Whatever the first one's failure, the fallback's reply is given, with a note and its name."""
    for name, value in trouble.items():
        setattr(server, name, value)
    llm = _load(server, llm_fallbacks=[f"openai:b@{other.url}"], llm_timeout_s=1)
    message = ask(llm)
    assert message.text == "From the other one."
    tally = _tally(message)
    assert tally.llm == "openai:b"
    (note,) = tally.notes
    assert re.fullmatch(r"The language model openai:a .*\. openai:b answered in its place\.", note)
    assert other.last.body["model"] == "b"
    assert len(server.requests) == (3 if trouble == {"status": 503} else 1)


def test_no_fallback_after_a_piece_was_given(server, other):
    """A stream that breaks off is an error: two half answers would be none."""
    server.cut_after = 2
    with pytest.raises(LLMError, match=r"openai:a cannot be reached"):
        _stream(_load(server, llm_fallbacks=[f"openai:b@{other.url}"]))
    assert other.requests == []


def test_whole_stream_has_a_deadline(server):
    """Pieces that come slowly do not make a request last for ever."""
    server.replies, server.delay_s = ["word " * 100], 0.05
    llm = _load(server, llm_timeout_s=0.4)
    seen = []
    with pytest.raises(LLMError, match=f"^{re.escape(LATE)}"):
        seen.extend(llm.stream("Hello"))
    assert 0 < len(seen) < 50


@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_silence_is_not_tried_again(server, ask):
    """A server that does not answer in time gets one request, not three."""
    server.hang = True
    with pytest.raises(LLMError, match=f"^{re.escape(LATE)}"):
        ask(_load(server, llm_timeout_s=0.2))
    assert len(server.requests) == 1


@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_used_up_account_is_not_tried_again(server, ask):
    """A refusal for money looks like one for load; waiting does not help against it."""
    server.status, server.code = 429, "insufficient_quota"
    with pytest.raises(LLMError, match="status 429"):
        ask(_load(server))
    assert len(server.requests) == 1


def _wait_until(condition):
    for _ in range(1000):
        if condition():
            return True
        time.sleep(0.005)
    return False


def test_closing_a_stream_closes_the_connection(server):
    """A reader who goes away ends the work of the provider: its server sees the connection close."""
    server.replies, server.delay_s = ["word " * 400], 0.005
    pieces = _load(server).stream("Hello")
    assert next(pieces).text is not None
    pieces.close()
    assert _wait_until(lambda: server.n_disconnected == 1)


def test_cancelling_a_task_closes_the_connection(server):
    """The same holds where the reader is a task that is cancelled."""
    server.replies, server.delay_s = ["word " * 400], 0.005

    async def read_and_cancel():
        begun = asyncio.Event()

        async def read():
            async for _ in _load(server).astream("Hello"):
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(read_and_cancel())
    assert _wait_until(lambda: server.n_disconnected == 1)


@pytest.mark.parametrize("again", [_stream, _invoke])
@pytest.mark.parametrize("ask", [_stream, _invoke])
def test_kept_reply_is_given_again(server, ask, again, tmp_path):
    """The same request, streamed or not, is sent once; the reply is the same and says that it was kept."""
    first = ask(_load(server, llm_cache=True, data_dir=tmp_path))
    kept = again(_load(server, llm_cache=True, data_dir=tmp_path))
    assert len(server.requests) == 1
    assert kept.text == first.text == "Hello to you, too."
    assert _tally(kept).usage == _tally(first).usage
    assert (_tally(first).notes, _tally(kept).notes) == ([], [KEPT])


@pytest.mark.parametrize(
    "change",
    [{"llm": "openai:z"}, {"llm_temperature": 0.7}, {"llm_seed": 1}, {"llm_stop": ["x"]}, {"llm_max_tokens": 9}],
)
def test_other_settings_are_other_requests(server, tmp_path, change):
    """Whatever a reply depends on tells requests apart."""
    _invoke(_load(server, llm_cache=True, data_dir=tmp_path))
    assert _invoke(_load(server, llm_cache=True, data_dir=tmp_path, **change)).text == "Hello again."
    assert len(server.requests) == 2


def test_other_messages_are_other_requests(server, tmp_path):
    """One more message, or another role, is another request; ids that LangChain gives are not."""
    llm = _load(server, llm_cache=True, data_dir=tmp_path)
    llm.invoke([HumanMessage("Hello", id="1")])
    llm.invoke([HumanMessage("Hello", id="2")])
    assert len(server.requests) == 1
    llm.invoke([AIMessage("Hello")])
    llm.invoke([HumanMessage("Hello"), HumanMessage("?")])
    assert len(server.requests) == 3


def test_without_the_setting_nothing_is_kept(server, tmp_path):
    """Each request is sent, and no file is made."""
    llm = _load(server, data_dir=tmp_path / "data")
    assert [_invoke(llm).text, _invoke(llm).text] == ["Hello to you, too.", "Hello again."]
    assert not (tmp_path / "data").exists()


def test_reply_of_a_fallback_is_not_kept(server, other, tmp_path):
    """When the first one answers again, it is asked again."""
    llm = _load(server, llm_fallbacks=[f"openai:b@{other.url}"], llm_cache=True, data_dir=tmp_path)
    server.status = 401
    assert _invoke(llm).text == "From the other one."
    server.status = 0
    assert _invoke(llm).text == "Hello to you, too."


def test_broken_stream_is_not_kept(server, tmp_path):
    """Half a reply is none."""
    llm = _load(server, llm_cache=True, data_dir=tmp_path)
    server.cut_after = 2
    with pytest.raises(LLMError):
        _stream(llm)
    server.cut_after = None
    assert _stream(llm).text == "Hello again."


def test_pace_holds(server):
    """Requests of one process are sent one after the other at the pace of the setting; none is lost."""
    llm = _load(server, llm_requests_per_minute=1200)
    assert len(llm.batch(["Hello"] * 4)) == 4
    assert len(server.requests) == 4
    assert llm.attempts.pace.requests_per_second == pytest.approx(20)


@tool
def double(n: int) -> int:
    """Return twice a number."""
    return 2 * n


def test_tools_are_bound_in_the_form_of_the_provider(server):
    """The request has OpenAI's form of a tool, a choice, and messages of calls and results in their order."""
    llm = _load(server).bind_tools([double], tool_choice="any")
    call = {"name": "double", "args": {"n": 2}, "id": "a", "type": "tool_call"}
    llm.invoke([HumanMessage("Double 2."), AIMessage("", tool_calls=[call]), ToolMessage("4", tool_call_id="a")])
    body = server.last.body
    assert [t["function"]["name"] for t in body["tools"]] == ["double"]
    assert body["tool_choice"] == "required"
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "tool"]
    assert json.loads(body["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {"n": 2}


def test_tools_count_into_the_size_of_a_prompt(server):
    """What describes the tools is sent too, so it must fit too."""
    llm = _load(server, llm_context_tokens=640, llm_max_tokens=600)
    assert llm.invoke("Hello").text
    with pytest.raises(LLMError, match="must fit into 40 tokens"):
        llm.bind_tools([double]).invoke("Hello")


def test_chat_model_without_tools_says_so_when_they_are_bound():
    """Who wants to call tools can tell before the first question."""
    with pytest.raises(NotImplementedError):
        _around(FakeListChatModel(responses=["x"])).bind_tools([double])


def _around(*llms, **options):
    members = tuple(Member(f"scripted:{i}", llm) for i, llm in enumerate(llms))
    return ResilientChat(attempts=Attempts(members, 5), room=1000, counter=load_counter("x:y"), **options)


def test_calls_of_tools_are_kept_too(tmp_path):
    """A kept reply that calls a tool calls it again, streamed or not."""
    call = {"name": "double", "args": {"n": 2}, "id": "a", "type": "tool_call"}
    cache = ReplyCache(tmp_path / "replies.sqlite")
    llm = _around(ScriptedChat(replies=["unused"]), replies=cache)
    llm._keep(llm._key([HumanMessage("Hi")], None, {}), llm._preferred, _reported(AIMessage("", tool_calls=[call])))
    assert llm.invoke("Hi").tool_calls == [call]
    assert _stream(llm, "Hi").tool_calls == [call]


def _reported(message):
    message.response_metadata = {OWN: {"llm": "x", "cost_usd": None, "notes": []}}
    return message


class _Runs(BaseCallbackHandler):
    """Counts what callbacks see."""

    def __init__(self) -> None:
        self.started, self.tokens, self.ended = 0, "", 0

    def on_chat_model_start(self, *_args, **_kwargs):
        self.started += 1

    def on_llm_new_token(self, token, **_kwargs):
        self.tokens += token

    def on_llm_end(self, *_args, **_kwargs):
        self.ended += 1


def test_callbacks_see_one_run(server):
    """However many attempts are made, a trace has one call of a chat model, and each piece once."""
    server.status, server.n_failures = 503, 2
    runs = _Runs()
    list(_load(server).stream("Hello", config={"callbacks": [runs]}))
    assert (runs.started, runs.tokens, runs.ended) == (1, "Hello to you, too.", 1)
