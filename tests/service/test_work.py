"""Threads that work for requests: how many, who waits, and what becomes of work that nobody wants any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from rag_app.service.work import Crew, OverloadedError


def test_as_many_run_as_may_and_the_rest_wait() -> None:
    """Two at a time, however many come."""

    async def check() -> None:
        crew, lock, seen = Crew(2, 10, 10), threading.Lock(), [0, 0]

        def work(number: int) -> int:
            with lock:
                seen[0] += 1
                seen[1] = max(seen)
            threading.Event().wait(0.005)
            with lock:
                seen[0] -= 1
            return number

        assert await asyncio.gather(*(crew.run(work, n) for n in range(8))) == list(range(8))
        assert seen[1] <= 2
        assert (crew.n_running, crew.n_queued) == (0, 0)
        crew.close()

    asyncio.run(check())


def test_more_than_may_wait_are_refused() -> None:
    """At once; those that wait are served."""

    async def check() -> None:
        crew, go = Crew(1, 1, 10), threading.Event()
        first, second = asyncio.ensure_future(crew.run(go.wait)), asyncio.ensure_future(crew.run(int))
        await asyncio.sleep(0)
        assert (crew.n_running, crew.n_queued) == (1, 1)
        with pytest.raises(OverloadedError):
            await crew.run(int)
        go.set()
        assert await asyncio.gather(first, second) == [True, 0]
        crew.close()

    asyncio.run(check())


def test_what_takes_too_long_keeps_its_place_until_it_ends() -> None:
    """Otherwise more would run than may."""

    async def check() -> None:
        crew, go = Crew(1, 1, 0.05), threading.Event()
        with pytest.raises(TimeoutError):
            await crew.run(go.wait)
        assert crew.n_running == 1
        with pytest.raises(TimeoutError):
            await crew.run(int)  # waits for its turn
        go.set()
        assert await crew.run(int) == 0
        crew.close()

    asyncio.run(check())


def test_an_iterator_is_passed_on_as_it_comes() -> None:
    """Its items, and what it raises."""

    def numbers() -> Iterator[int]:
        yield from (1, 2)
        raise KeyError("three")

    async def check() -> None:
        crew = Crew(1, 0, 10)
        items = crew.iterate(numbers)
        assert [await anext(items), await anext(items)] == [1, 2]
        with pytest.raises(KeyError, match="three"):
            await anext(items)
        crew.close()

    asyncio.run(check())


def test_a_listener_that_goes_away_ends_the_work() -> None:
    """At its next item the iterator is closed, and what it holds open with it."""
    closed, go = threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        try:
            yield 1
            go.wait(10)
            yield 2
            raise AssertionError("nobody listens")
        finally:
            closed.set()

    async def check() -> None:
        crew = Crew(1, 0, 10)
        async with aclosing(crew.iterate(numbers)) as items:
            assert await anext(items) == 1
        go.set()
        assert await asyncio.to_thread(closed.wait, 10)
        crew.close()

    asyncio.run(check())


def test_an_iterator_that_takes_too_long_is_given_up() -> None:
    """Its waiting included."""
    go = threading.Event()

    def numbers() -> Iterator[int]:
        yield 1
        go.wait(10)

    async def check() -> None:
        crew = Crew(1, 0, 0.05)
        items = crew.iterate(numbers)
        assert await anext(items) == 1
        with pytest.raises(TimeoutError):
            await anext(items)
        go.set()
        crew.close()

    asyncio.run(check())


def test_who_does_not_wait_any_more_is_not_served() -> None:
    """A request that is cancelled in the queue never begins."""

    async def check() -> None:
        crew, go, begun = Crew(1, 5, 10), threading.Event(), []
        first = asyncio.ensure_future(crew.run(go.wait))
        second = asyncio.ensure_future(crew.run(begun.append, 1))
        await asyncio.sleep(0)
        second.cancel()
        go.set()
        await first
        assert await crew.run(int) == 0
        assert (begun, crew.n_queued) == ([], 0)
        crew.close()

    asyncio.run(check())
