"""When calls to a language model are made: a few at a time, each with a time limit, all of them before a deadline."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Self, TypeVar

from rag_app.errors import InvalidInputError, LLMError, RagAppError

T = TypeVar("T")


class Scheduler:
    """Runs asynchronous work for callers in any thread, those with a running event loop too.

    Parameters
    ----------
    concurrency : int, default=4
        Calls that are under way at the same time, however many pieces of work there are.
    timeout_s : float, default=120.0
        Seconds that a call may take, from the moment it is made.
    deadline_s : float, optional
        Seconds from now after which no call is made or waited for.

    Raises
    ------
    InvalidInputError
        If a limit is not positive.

    Notes
    -----
    The work runs in an event loop of its own in a thread of its own: it needs no patched loop in a notebook, and the
    connections that a provider's package keeps open belong to one loop. A time limit cancels the call itself, which
    closes its connection.

    Examples
    --------
    >>> async def work() -> str:
    ...     return await scheduler.call(lambda: asyncio.sleep(0, "done"))
    >>> with Scheduler(concurrency=1) as scheduler:
    ...     scheduler.run_all([work(), work()])
    ['done', 'done']
    """

    def __init__(self, *, concurrency: int = 4, timeout_s: float = 120.0, deadline_s: float | None = None) -> None:
        for name, value in {"concurrency": concurrency, "timeout_s": timeout_s, "deadline_s": deadline_s}.items():
            if value is not None and value <= 0:
                msg = f"{name} must be positive; got {value!r}."
                raise InvalidInputError(msg)
        self._timeout_s = timeout_s
        self._ends = None if deadline_s is None else time.monotonic() + deadline_s
        self._slots = asyncio.Semaphore(concurrency)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scheduler", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what a piece of work returns; an interruption cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def run_all(self, works: Sequence[Coroutine[Any, Any, T]]) -> list[T | RagAppError]:
        """Return what pieces of work return, in their order; an error of ours stands where it was raised."""
        return self.run(_gather(works))

    async def call(self, make: Callable[[], Awaitable[T]]) -> T:
        """Return what a call returns, after waiting for its turn.

        Parameters
        ----------
        make : callable
            Makes the call.

        Raises
        ------
        LLMError
            If it takes too long, or the deadline has passed.
        """
        async with self._slots:
            left = self._timeout_s if self._ends is None else min(self._timeout_s, self._ends - time.monotonic())
            if left <= 0:
                msg = "The deadline passed before the language model was asked."
                raise LLMError(msg, hint="Raise it, or ask less.")
            limit = asyncio.timeout(left)
            try:
                async with limit:
                    return await make()
            except TimeoutError as exc:
                if not limit.expired():
                    raise
                msg = f"The language model did not answer within {left:.3g} s."
                raise LLMError(msg, hint="Raise the time limit, or use a smaller model.", retryable=True) from exc

    def close(self) -> None:
        """Cancel what is under way, and end the thread."""
        if self._loop.is_closed():
            return
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _gather(works: Sequence[Coroutine[Any, Any, T]]) -> list[T | RagAppError]:
    return await asyncio.gather(*(_outcome(work) for work in works))


async def _outcome(work: Coroutine[Any, Any, T]) -> T | RagAppError:
    try:
        return await work
    except RagAppError as exc:
        return exc


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
