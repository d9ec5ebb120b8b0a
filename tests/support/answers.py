"""Answers over the two chapters of the course, and what must hold for each of them."""

from __future__ import annotations

import re

from rag_app.app import App
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.llms.scripted import ScriptedChat
from rag_app.locator import Locator
from rag_app.settings import Settings
from rag_app.types import CitationEvent, Passage, TokenEvent, Unit


def app_on(folder, *replies, **settings):
    """Return an application over a data folder; with replies, a scripted chat model gives them in turn."""
    llm = ScriptedChat(replies=list(replies)) if replies else None
    return App(Settings.load(environ={}, data_dir=folder, **settings), llm=llm)


def check_citations(app, answer):
    """Assert that every citation holds in its source, and that the markers of the text are those of the list."""
    for citation in answer.citations:
        source = app.source(citation.source)
        assert source.text[citation.start : citation.end] == citation.quote
        assert source.sha256 == citation.sha256
        assert str(citation.locator)
    assert len(set(answer.citations)) == len(answer.citations)
    assert {int(n) for n in re.findall(r"\[(\d+)\]", answer.text)} == set(range(1, len(answer.citations) + 1))


def passage_of(text, *, source="a.md", start=0, kind="paragraph", **fields):
    """Return a passage whose units are the sentences of a text that stands at an offset of its source."""
    units = tuple(Unit(start + a, start + b, kind) for a, b in split_sentences(text))
    place = {"locator": Locator((source,)), "units": units, "sha256": f"hash of {source}", "chunk_id": source} | fields
    return Passage(source=source, start=start, end=start + len(text), text=text, **place)


def merged(events):
    """Return events with neighbouring pieces of text joined: what a reader sees, however the text was cut."""
    seen = []
    for event in events:
        if isinstance(event, TokenEvent) and seen and isinstance(seen[-1], str):
            seen[-1] += event.text
        else:
            seen.append(event.text if isinstance(event, TokenEvent) else event)
    return seen


def text_of(events):
    """Return the text of a stream."""
    return "".join(e.text for e in events if isinstance(e, TokenEvent))


def numbers_of(events):
    """Return the numbers of the citations of a stream."""
    return [e.number for e in events if isinstance(e, CitationEvent)]
