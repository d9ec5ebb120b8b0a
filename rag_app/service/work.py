"""The threads that do the work of requests: so many at a time, so many waiting, any more are refused.

The parts of the application are synchronous (SQLite, ONNX Runtime, Chroma), and each thread has a connection of its
own to the library; so threads live as long as the service, and the event loop never computes.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_DONE = object()


class OverloadedError(Exception):
    """As many requests wait as may."""


class Crew:
    """Runs functions and iterators in threads.

    Parameters
    ----------
    n_threads : int
        How many run at the same time.
    n_waiting : int
        How many may wait for their turn.
    timeout_s : float
        Seconds for each, its waiting included.
    """

    def __init__(self, n_threads: int, n_waiting: int, timeout_s: float) -> None:
        self._pool = ThreadPoolExecutor(n_threads, thread_name_prefix="rag-crew")
        self._free = asyncio.Semaphore(n_threads)
        self._n_waiting = n_waiting
        self._timeout_s = timeout_s
        self.n_running = 0
        self.n_queued = 0

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401  (the function's own)
        """Return what a function returns.

        Raises
        ------
        OverloadedError
            If as many wait as may.
        TimeoutError
            If it takes too long. What has begun goes on to its end, and keeps its place until then.
        """
        async with asyncio.timeout(self._timeout_s):
            await self._turn()
            return await asyncio.wrap_future(self._submit(function, *arguments))

    async def iterate(self, start: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """Yield what an iterator yields; a consumer that goes away ends it at its next item.

        Raises
        ------
        OverloadedError
            If as many wait as may.
        TimeoutError
            If it takes too long.
        """
        loop, stopped = asyncio.get_running_loop(), threading.Event()
        items: asyncio.Queue[Any] = asyncio.Queue()

        def work() -> None:
            iterator = start()
            try:
                for item in iterator:
                    if stopped.is_set():
                        return
                    loop.call_soon_threadsafe(items.put_nowait, item)
            finally:
                if hasattr(iterator, "close"):
                    iterator.close()  # lets go of what it holds open, such as a connection to a language model

        deadline = loop.time() + self._timeout_s
        async with asyncio.timeout_at(deadline):
            await self._turn()
        future = self._submit(work)
        future.add_done_callback(lambda _: _tell(loop, items.put_nowait, _DONE))
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    item = await items.get()
                if item is _DONE:
                    break
                yield item
            future.result()  # raises what the iterator raised
        finally:
            stopped.set()

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _turn(self) -> None:
        """Wait for a thread to be free."""
        if self._free.locked() and self.n_queued >= self._n_waiting:
            raise OverloadedError
        self.n_queued += 1
        try:
            await self._free.acquire()
        finally:
            self.n_queued -= 1
        self.n_running += 1

    def _submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:  # noqa: ANN401
        """Start in a thread. The place is free again when the thread is, not when nobody waits for it any more."""
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        future = self._pool.submit(context.run, function, *arguments)
        future.add_done_callback(lambda _: _tell(loop, self._release))
        return future

    def _release(self) -> None:
        self.n_running -= 1
        self._free.release()


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
        loop.call_soon_threadsafe(callback, *arguments)
