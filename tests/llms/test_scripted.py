"""The scripted chat model."""

from __future__ import annotations

import asyncio
import re
from functools import partial

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from pydantic import ValidationError

from rag_app.errors import SettingsError
from rag_app.llms.scripted import ScriptedChat


class _Tokens(BaseCallbackHandler):
    """Collects what is announced while streaming."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_llm_new_token(self, token, **_kwargs):
        self.seen.append(token)


def test_replies_come_in_turn_and_start_again():
    """Each call takes the next reply, however it is made; after the last comes the first."""
    llm = ScriptedChat(replies=["one", "two", "three"])
    texts = [llm.invoke("?").text, "".join(c.text for c in llm.stream("?")), asyncio.run(llm.ainvoke("?")).text]
    assert texts == ["one", "two", "three"]
    assert llm.invoke("?").text == "one"
    assert llm.n_calls == 4


@pytest.mark.parametrize("reply", ["Two words.", " leading", "trailing \n", "a\n\n  b\tc", "机器 学习", "one", " ", ""])
def test_stream_is_the_reply_in_words(reply):
    """The pieces of a stream join to the reply exactly, white space included."""
    llm = ScriptedChat(replies=[reply])
    pieces = [c.text for c in llm.stream("?")]
    assert "".join(pieces) == reply == llm.invoke("?").text
    assert len([p for p in pieces if p.strip()]) == len(reply.split())


@pytest.mark.parametrize("way", [ScriptedChat.stream, partial(ScriptedChat.stream_events, version="v3")])
def test_stream_announces_each_piece(way):
    """Callbacks see every piece once as it comes, in both of LangChain's ways to stream."""
    tokens = _Tokens()
    list(way(ScriptedChat(replies=["a b c"]), "?", config={"callbacks": [tokens]}))
    assert [t for t in tokens.seen if t] == ["a ", "b ", "c"]


def test_what_was_sent_is_kept():
    """The messages of each call can be looked at, and two models do not share them."""
    llm, other = ScriptedChat(replies=["x"]), ScriptedChat(replies=["x"])
    llm.invoke("first")
    list(llm.stream([("system", "s"), ("user", "second")]))
    assert llm.received[0] == [HumanMessage("first")]
    assert [m.content for m in llm.received[1]] == ["s", "second"]
    assert other.received == []
    assert other.n_calls == 0


def test_file_holds_one_reply_a_paragraph(tmp_path):
    """Blank lines part the replies; single line breaks stay."""
    file = tmp_path / "replies.txt"
    file.write_text("\n\nFirst [1].\nStill first.\n \t\nSécond.\n\n\n", encoding="utf-8")
    assert ScriptedChat.from_file(str(file)).replies == ["First [1].\nStill first.", "Sécond."]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "RAG_LLM=scripted:FILE must name a text file; {path!r} cannot be read."),
        (b"\xff\xfe", "RAG_LLM=scripted:FILE must name a text file; {path!r} cannot be read."),
        (b"", "RAG_LLM=scripted:FILE must name a file with replies; {path!r} has none."),
        (b" \n\n\t\n", "RAG_LLM=scripted:FILE must name a file with replies; {path!r} has none."),
    ],
)
def test_wrong_file_is_refused(tmp_path, content, message):
    """A file that is missing, not text or empty is one sentence that names it."""
    file = tmp_path / "replies.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"^{re.escape(message.format(path=str(file)))}$"):
        ScriptedChat.from_file(str(file))


def test_script_without_replies_is_refused():
    """There must be something to reply."""
    with pytest.raises(ValidationError, match="at least 1 item"):
        ScriptedChat(replies=[])


def test_type_is_named():
    """LangChain's traces call it what it is."""
    assert ScriptedChat(replies=["x"])._llm_type == "scripted"
