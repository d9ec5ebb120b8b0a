"""Questions that come at the same time are read together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from rag_app.embeddings.minilm import MiniLM
from rag_app.embeddings.packed import PackedNetwork
from rag_app.embeddings.questions import QuestionReader

QUESTIONS = [
    "What is mode collapse?",
    "Who?",
    "How does a variational autoencoder differ from a plain one, and what is it good for?",
    "Café ☕ — 1861?",
    "word " * 100,
    "word " * 700,
]


@pytest.fixture(scope="module")
def reader() -> QuestionReader:
    """The reader, loaded once."""
    return QuestionReader()


def check(found: Any, expected: Any) -> None:
    """Assert that token vectors are the same to the last bit."""
    assert np.array_equal(found.offsets, expected.offsets)
    assert np.array_equal(found.vectors, expected.vectors)
    assert np.array_equal(found.mean, expected.mean)


@pytest.mark.parametrize("question", QUESTIONS)
def test_alone_a_question_is_read_as_by_minilm(reader: QuestionReader, minilm: MiniLM, question: str) -> None:
    """Bit by bit, of any length: its vector and its tokens."""
    (found,), (expected,) = reader.embed_tokens([question]), minilm.embed_tokens([question])
    check(found, expected)
    assert np.array_equal(reader.embed([question]), minilm.embed([question]))


def test_together_questions_are_read_as_alone(reader: QuestionReader, minilm: MiniLM) -> None:
    """Whoever is beside it, in whatever order: no token sees those of another; a long one is read by itself."""
    alone = dict(zip(QUESTIONS, minilm.embed_tokens(QUESTIONS), strict=True))
    for together in (QUESTIONS, QUESTIONS[::-1], QUESTIONS[:2], [*QUESTIONS[:3]] * 5, [QUESTIONS[3], "x " * 50]):
        for question, found in zip(together, reader._read_batch(list(together)), strict=True):
            check(found, alone.get(question) or minilm.embed_tokens([question])[0])


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_threads_change_nothing(minilm: MiniLM, n_threads: int) -> None:
    """However many compute a question."""
    reader = QuestionReader()
    reader._packed = PackedNetwork(n_threads=n_threads)
    for found, expected in zip(reader._read_batch(QUESTIONS), minilm.embed_tokens(QUESTIONS), strict=True):
        check(found, expected)


def test_many_threads_get_what_is_theirs(minilm: MiniLM) -> None:
    """Two hundred questions, some of them the same, by sixteen threads at once."""
    reader = QuestionReader()
    asked = [f"What is meant by item {n % 120} of the list?" for n in range(200)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda q: reader.embed([q])[0], asked))
    assert np.array_equal(np.stack(found), minilm.embed(asked))


def test_what_waits_is_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is read at once; those that come meanwhile are one piece of work, of sixteen at most."""
    reader, seen, busy, go = QuestionReader(), [], threading.Event(), threading.Event()
    read = reader._read_batch

    def watched(texts: list[str]) -> Any:
        seen.append(len(texts))
        busy.set()
        go.wait(10)
        return read(texts)

    monkeypatch.setattr(reader, "_read_batch", watched)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(reader.embed, ["first"])
        busy.wait(10)
        others = [pool.submit(reader.embed, [str(n)]) for n in range(20)]
        while reader._waiting.qsize() < 20:
            threading.Event().wait(0.001)
        go.set()
        assert all(future.result(timeout=10).shape == (1, 384) for future in (first, *others))
    assert seen == [1, 16, 4]


def test_a_failure_is_told_to_all_who_wait_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next who asks is answered."""
    reader, go = QuestionReader(), threading.Event()

    def fail(_: list[str]) -> Any:
        go.wait(10)
        raise MemoryError

    with monkeypatch.context() as patched, ThreadPoolExecutor(4) as pool:
        patched.setattr(reader, "_read_batch", fail)
        waiting = [pool.submit(reader.embed, ["x"]) for _ in range(4)]
        go.set()
        for future in waiting:
            with pytest.raises(MemoryError):
                future.result(timeout=10)
    assert reader.embed(["x"]).shape == (1, 384)


def test_several_texts_in_one_call_are_minilms_own_affair(reader: QuestionReader, minilm: MiniLM) -> None:
    """As for labels and passages."""
    assert np.array_equal(reader.embed(QUESTIONS), minilm.embed(QUESTIONS))
    for found, expected in zip(reader.embed_tokens(QUESTIONS), minilm.embed_tokens(QUESTIONS), strict=True):
        assert np.array_equal(found.vectors, expected.vectors)
