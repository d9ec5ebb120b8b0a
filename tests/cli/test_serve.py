"""``rag serve`` as a process: it says where it is, answers, and ends when it is told to."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from support.command_line import CommandLine, Transcript
from support.openai_server import OpenAIServer

QUESTION = {"question": "What is mode collapse?"}


class Serving:
    """A running ``rag serve``: its address, its process, and what it has written to stderr."""

    def __init__(self, rag: CommandLine, *arguments: str, **env: str) -> None:
        self.process = rag.start("serve", "--port", "0", *arguments, env=env)
        assert self.process.stderr is not None
        self.lines: list[str] = []
        for line in self.process.stderr:
            self.lines.append(line.strip())
            if line.startswith("Serving "):
                break
        found = re.search(r"http://\S+:\d+", "".join(self.lines))
        assert found is not None, self.lines
        self.url = found.group()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell the process to end, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def rest(self) -> list[str]:
        """Return what it wrote after that."""
        assert self.process.stderr is not None
        return [line.strip() for line in self.process.stderr]


@contextmanager
def serving(rag: CommandLine, *arguments: str, **env: str) -> Iterator[Serving]:
    """Run the command, and see to it that it ends."""
    made = Serving(rag, *arguments, **env)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate()


def test_it_serves_until_it_is_told_to_end(rag_on_course: CommandLine) -> None:
    """With what it serves in one line, and a line of JSON for each request; 0 is its exit code."""
    with serving(rag_on_course, "--workers", "1") as made:
        assert made.lines[-1].startswith("Serving 2 sources at http://127.0.0.1:")
        assert httpx.post(f"{made.url}/ask", json=QUESTION, timeout=60).json()["answered"]
        assert made.end() == 0
        requests = [json.loads(line) for line in made.rest() if line.startswith("{")]
    assert [(r["route"], r["status"]) for r in requests] == [("/ask", 200)]


def test_ctrl_c_ends_it_too(rag_on_course: CommandLine) -> None:
    """As an interruption."""
    with serving(rag_on_course) as made:
        assert made.end(signal.SIGINT) == 130
        assert "Traceback" not in "".join(made.rest())


def test_a_running_answer_is_finished(rag_on_course: CommandLine) -> None:
    """Whoever asked before the end gets the whole of it; who comes later is not let in."""
    reply = "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output [1]."
    with OpenAIServer(replies=[reply], delay_s=0.05) as provider:
        env = {"RAG_LLM": "openai:tiny", "RAG_LLM_BASE_URL": provider.url}
        with serving(rag_on_course, **env) as made, httpx.Client(timeout=60) as client:
            body = {**QUESTION, "stream": True}
            with client.stream("POST", f"{made.url}/ask", json=body) as response:
                lines = response.iter_lines()
                while not next(lines).startswith("event: token"):
                    pass
                made.process.send_signal(signal.SIGTERM)
                rest = list(lines)
            assert "event: answer" in rest
            assert made.process.wait(timeout=30) == 0
            with pytest.raises(httpx.ConnectError):
                client.get(f"{made.url}/healthz")


def test_a_key_is_made_and_shown_once(rag_on_course: CommandLine) -> None:
    """From then on the service wants it."""
    made = rag_on_course.inside("serve", "--new-key", "alice")
    assert re.fullmatch(r"rag_[\w-]{43}\n", made.out)
    again = rag_on_course.inside("serve", "--new-key", "alice")
    assert (again.code, again.err.startswith("rag: The name of a key must be new; got 'alice'.")) == (2, True)
    with serving(rag_on_course) as service:
        assert httpx.get(f"{service.url}/sources").status_code == 401
        headers = {"authorization": f"Bearer {made.out.strip()}"}
        assert httpx.get(f"{service.url}/sources", headers=headers).status_code == 200


MISTAKES = [
    (
        ["--host", "192.0.2.1"],
        (
            "A service on 192.0.2.1, which other machines can reach, needs a key; there is none. "
            "Make one with: rag serve --new-key NAME"
        ),
    ),
    (
        ["--host", "0.0.0.0"],
        (
            "A service on every address (0.0.0.0) must know the names by which it is reached; got none. "
            "Add, for example: --allow-host rag.example.org"
        ),
    ),
    (["--port", "70000"], "port must be between 0 and 65535; got 70000."),
    (
        ["--workers", "2"],
        (
            "--workers must be 1; got 2: processes behind one port would each have a copy of the "
            "embedded index, count limits for themselves, and know only their own answers when one is rated. "
            "Start it once for each port behind a proxy, or with --index: docs/service.md."
        ),
    ),
    (["--new-key", "a b"], "The name of a key must have 1 to 64 letters, digits or _.@-; got 'a b'."),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_sentence(rag: CommandLine, arguments: list[str], message: str) -> None:
    """Before anything is read or served."""
    assert rag.inside("serve", *arguments) == Transcript(2, "", f"rag: {message}\n")


def test_a_host_that_is_none_is_said(rag_on_course: CommandLine) -> None:
    """In the words of the system."""
    rag_on_course.inside("serve", "--new-key", "alice")
    done = rag_on_course.inside("serve", "--host", "no such host")
    assert done.code == 2
    assert re.search(r"rag: The service cannot listen on no such host:8000: [a-z][a-z -]+\. Choose another", done.err)
    assert "unknown error" not in done.err


def test_a_port_that_is_taken_is_said(rag_on_course: CommandLine) -> None:
    """Exit code 2 and one sentence, no traceback."""
    with serving(rag_on_course) as made:
        port = made.url.rpartition(":")[2]
        other = rag_on_course("serve", "--port", port)
    assert other.code == 2
    assert f"rag: The service cannot listen on 127.0.0.1:{port}: address already in use." in other.err


def test_two_processes_serve_one_index(rag_on_course: CommandLine) -> None:
    """What one takes in, the other finds."""
    asked = {"question": "When was the lamp of the lighthouse lit?"}
    note = {"files": ("light.md", b"# Lighthouse\n\nThe lamp of the lighthouse was lit in 1861.\n")}
    with serving(rag_on_course, "--uploads", "uploads") as one, serving(rag_on_course) as two:
        assert httpx.post(f"{two.url}/ask", json=asked, timeout=60).json()["answered"] is False
        answers: list[dict[str, object]] = []
        stop = threading.Event()

        def ask_on() -> None:
            while not stop.is_set():
                answers.append(httpx.post(f"{two.url}/ask", json=asked, timeout=60).json())

        asking = threading.Thread(target=ask_on)
        asking.start()
        assert httpx.post(f"{one.url}/ingest", files=note, timeout=60).json()["new"] == 1
        found = httpx.post(f"{two.url}/ask", json=asked, timeout=60).json()
        stop.set()
        asking.join()
    assert found["citations"][0]["source"] == "light.md"
    assert all("answered" in answer for answer in answers)
