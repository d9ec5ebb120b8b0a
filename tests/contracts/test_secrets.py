"""A key is in no message, log, trace or printed line, whatever goes wrong between us and a provider."""

from __future__ import annotations

import json
import logging
import socket
import traceback

import pytest
from langchain_core.tracers.base import BaseTracer
from support.answers import app_on
from support.openai_server import OpenAIServer

from rag_app.app import App
from rag_app.errors import RagAppError
from rag_app.settings import Settings

KEY = "sk-very-secret-0123456789"
QUESTION = "What is mode collapse?"
QUOTED = f"no memory for {KEY}"
TROUBLES = {
    "none": {},
    "wrong key": {"api_key": "sk-another"},
    "server error": {"status": 500},
    "too many requests": {"status": 429},
    "not found": {"status": 404},
    "a page": {"raw_body": f"<html>{QUOTED}</html>"},
    "an error inside": {"raw_body": json.dumps({"error": {"message": QUOTED}})},
    "broken stream": {"raw_body": f"data: {{{QUOTED}\n\n"},
    "an error in the stream": {"raw_body": f"data: {json.dumps({'error': {'message': QUOTED}})}\n\n"},
    "cut off": {"cut_after": 2},
    "hanging": {"hang": True},
}


class Recorder(BaseTracer):
    """Keeps what a tracer would send."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def _persist_run(self, run):
        self.sent.append(run.model_dump_json(fallback=repr))


def url_of_nobody():
    """Return an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def said(caplog, capfd, recorder, error):
    """Return everything that a log, a terminal, a trace or a report of an error would show."""
    printed = capfd.readouterr()
    shown = {"log": caplog.text, "output": printed.out + printed.err, "trace": "\n".join(recorder.sent)}
    if error is not None:
        shown |= {"message": f"{error} {error!r} {error.hint}", "report": "".join(traceback.format_exception(error))}
    return shown


def leaks(shown):
    """Return where the key is."""
    return [where for where, text in shown.items() if KEY in text]


def ask(course_dir, url, recorder, timeout_s=20):
    """Ask through the chain with a tracer, and return the error that a user gets, if one."""
    app = app_on(course_dir, llm="openai:tiny", llm_base_url=url, llm_timeout_s=timeout_s)
    try:
        app.chain.invoke(QUESTION, config={"callbacks": [recorder]})
    except RagAppError as exc:
        return exc
    return None


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_key_in_messages_logs_or_traces(course_dir, monkeypatch, caplog, capfd, trouble):
    """With everything logged, a tracer at work, and a server that quotes the key in what it says."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    recorder = Recorder()
    with OpenAIServer(["Mode collapse is a failure of GAN training [1]."], **TROUBLES[trouble]) as server:
        error = ask(course_dir, server.url, recorder, 0.5 if trouble == "hanging" else 20)
        assert any(KEY in request.headers["authorization"] for request in server.requests) or trouble == "hanging"
    assert (error is None) is (trouble == "none")
    assert recorder.sent
    assert leaks(said(caplog, capfd, recorder, error)) == []


def test_no_key_where_nobody_listens(course_dir, monkeypatch, caplog, capfd):
    """Nor if the server cannot be reached."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    recorder = Recorder()
    error = ask(course_dir, url_of_nobody(), recorder)
    assert error is not None
    assert leaks(said(caplog, capfd, recorder, error)) == []


@pytest.mark.parametrize(
    ("llm", "variable"),
    [
        ("openai:tiny", "OPENAI_API_KEY"),
        ("azure_openai:tiny", "AZURE_OPENAI_API_KEY"),
        ("nonsense:x", "OPENAI_API_KEY"),
    ],
)
def test_no_key_where_a_language_model_cannot_be_set_up(tmp_path, monkeypatch, llm, variable):
    """Neither the error nor the application, its settings and its language model show it."""
    monkeypatch.setenv(variable, KEY)
    app = App(Settings.load(environ={}, data_dir=tmp_path, llm=llm))
    shown = repr(app.settings)
    try:
        shown += f"{app._llm!r} {app._llm}"
    except RagAppError as exc:
        shown += "".join(traceback.format_exception(exc))
    assert KEY not in shown
