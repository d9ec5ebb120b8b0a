"""Two replicas behind a proxy, as processes: they answer alike, and one that is killed is not missed."""

from __future__ import annotations

import json
import shutil
import signal
import threading

import httpx
import pytest
from support.command_line import CommandLine
from support.proxy import proxy
from support.service import until

from rag_app import build

QUESTIONS = ("What is mode collapse?", "What does the encoder of an autoencoder do?", "Who won the match?", "GAN loss")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, course_dir):
    """A folder where two chapters of the course are published."""
    folder = tmp_path_factory.mktemp("replicas")
    shutil.copytree(course_dir, folder / "data")
    made = build(data_dir=folder / "data")
    made.publish(str(folder / "shelf"))
    made._vectors.reopen()
    return folder / "shelf"


class Served:
    """A running ``rag serve --index`` with a data folder of its own."""

    def __init__(self, folder, shelf):
        self.rag = CommandLine(folder, folder / "data")
        self.process = self.rag.start("serve", "--port", "0", "--index", str(shelf), "--poll", "0.2")
        self.log = []
        self.url = ""
        for line in self.process.stderr:
            self.log.append(line)
            if line.startswith("Serving "):
                self.url = line.split(" at ")[1].split(" ")[0]
                break
        assert self.url, self.log
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr))  # or its pipe would fill up
        self.reader.start()

    def end(self):
        """End it, however it is."""
        self.process.kill()
        self.reader.join()
        self.process.communicate()


@pytest.fixture
def replicas(tmp_path, shelf):
    """Two of them."""
    made = []
    try:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            made.append(Served(tmp_path / name, shelf))
        yield made
    finally:
        for one in made:
            one.end()


def asked(url, path, question):
    """Return the answer of a service without what differs from request to request, and who gave it."""
    response = httpx.post(f"{url}{path}", json={"question": question}, timeout=60)
    body = {k: v for k, v in response.json().items() if k not in {"id", "timings_s", "request_id"}}
    return response.status_code, body, response.headers.get("x-served-by")


def test_replicas_answer_alike_and_a_killed_one_is_not_missed(replicas):
    """Every answer through the proxy is the same whoever gives it; under load one is killed, and none is lost."""
    with proxy([one.url for one in replicas]) as url:
        expected = {}
        for path in ("/ask", "/search"):
            for question in QUESTIONS:
                first, second = asked(url, path, question), asked(url, path, question)
                assert {first[2], second[2]} == {"0", "1"}
                assert first[:2] == second[:2]
                expected[path, question] = first[:2]
        assert expected["/ask", QUESTIONS[0]][1]["answered"]
        seen, wrong = [], []

        def ask():
            for number in range(20):
                path, question = ("/ask", "/search")[number % 2], QUESTIONS[number % 4]
                status, body, by = asked(url, path, question)
                seen.append(by)
                if (status, body) != expected[path, question]:
                    wrong.append((status, body))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(seen) > 15)
        replicas[0].process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        assert (len(seen), wrong) == (80, [])
        assert replicas[0].process.wait(timeout=30) == -signal.SIGKILL
        assert set(seen[-20:]) == {"1"}
    replicas[1].process.send_signal(signal.SIGTERM)
    assert replicas[1].process.wait(timeout=30) == 0


def test_only_a_broken_index_to_serve(tmp_path, shelf):
    """One sentence and exit code 2; no half of it is left to be taken for a whole one."""
    shutil.copytree(shelf, tmp_path / "shelf")
    generation = json.loads((tmp_path / "shelf" / "latest.json").read_text())["id"]
    (tmp_path / "shelf" / "generations" / generation / "library.sqlite").unlink()
    rag = CommandLine(tmp_path, tmp_path / "data")
    done = rag.inside("serve", "--port", "0", "--index", "shelf")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        f"rag: The generation {generation[:12]} at shelf is not whole: library.sqlite is missing. "
        f"Remove generations/{generation} there, and publish the index again."
    )
