"""Calls to language models: how many at a time, how long, and from where."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from rag_app.errors import InvalidInputError, LLMError
from rag_app.evaluation.scheduler import Scheduler


class Calls:
    """Counts the calls that are under way, and lets them end when it is told to."""

    def __init__(self) -> None:
        self.now, self.most, self.n = 0, 0, 0

    async def __call__(self) -> int:
        self.now, self.n = self.now + 1, self.n + 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return self.n


def test_no_more_calls_than_allowed_are_under_way():
    """Eight pieces of work with two calls each, three at a time."""
    calls = Calls()

    async def work() -> None:
        await scheduler.call(calls)
        await scheduler.call(calls)

    with Scheduler(concurrency=3) as scheduler:
        scheduler.run_all([work() for _ in range(8)])
    assert (calls.most, calls.n) == (3, 16)


def test_results_come_in_the_order_of_the_work():
    """The first piece ends last; an error of ours stands in its place, and the others are not lost."""

    async def work(i: int) -> int:
        await asyncio.sleep(0.03 - 0.01 * i)
        if i == 1:
            raise LLMError("The server is down.")
        return i

    with Scheduler() as scheduler:
        found = scheduler.run_all([work(i) for i in range(3)])
    assert (found[0], found[2]) == (0, 2)
    assert isinstance(found[1], LLMError)


def test_other_errors_are_raised():
    """A mistake of the program is no result."""

    async def work() -> None:
        raise ZeroDivisionError

    with Scheduler() as scheduler, pytest.raises(ZeroDivisionError):
        scheduler.run(work())


def test_a_call_that_takes_too_long_is_cancelled():
    """It is told so, and its place is free for the next one."""
    ended = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def quick() -> str:
        return "done"

    with Scheduler(concurrency=1, timeout_s=0.05) as scheduler:
        found = scheduler.run_all([scheduler.call(slow), scheduler.call(quick)])
    assert ended == ["cancelled"]
    assert str(found[0]).startswith("The language model did not answer within 0.05 s.")
    assert found[0].retryable
    assert found[1] == "done"


def test_a_timeout_of_the_call_itself_is_not_ours():
    """It is raised as it is."""

    async def call() -> None:
        raise TimeoutError

    with Scheduler() as scheduler, pytest.raises(TimeoutError):
        scheduler.run(scheduler.call(call))


def test_after_the_deadline_no_call_is_made():
    """The one that is under way ends with it; the ones that wait are never made."""
    calls = []

    async def call() -> None:
        calls.append(1)
        await asyncio.sleep(60)

    with Scheduler(concurrency=1, deadline_s=0.05) as scheduler:
        found = scheduler.run_all([scheduler.call(call) for _ in range(3)])
    assert len(calls) == 1
    assert [isinstance(error, LLMError) for error in found] == [True] * 3
    assert str(found[-1]).startswith("The deadline passed before the language model was asked.")


def test_it_works_where_a_loop_runs_already():
    """As in a notebook."""

    async def work() -> str:
        return "done"

    async def cell() -> str:
        return scheduler.run(work())

    with Scheduler() as scheduler:
        assert asyncio.run(cell()) == "done"


def test_several_threads_share_it():
    """The limit holds for all of them together."""
    calls = Calls()
    with Scheduler(concurrency=2) as scheduler:
        threads = [threading.Thread(target=lambda: scheduler.run(scheduler.call(calls))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (calls.most, calls.n) == (2, 6)


def test_closing_cancels_and_may_be_repeated():
    """Work that is still under way is told; a second time does nothing."""
    started, cancelled = threading.Event(), []

    async def work() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    scheduler = Scheduler()

    def wait() -> None:
        with pytest.raises(CancelledError):
            scheduler.run(work())

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    scheduler.close()
    scheduler.close()
    thread.join()
    assert cancelled == [1]


@pytest.mark.parametrize("limit", ["concurrency", "timeout_s", "deadline_s"])
def test_limits_are_positive(limit: str):
    """Zero is none."""
    with pytest.raises(InvalidInputError, match=f"{limit} must be positive; got 0"):
        Scheduler(**{limit: 0})
