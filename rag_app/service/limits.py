"""How many requests a client may make: a bucket that fills steadily, for each key."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_CLIENTS = 10_000


class RateLimit:
    """Lets each client make so many requests a minute, ten seconds' worth of them at once.

    Parameters
    ----------
    per_minute : int
        Requests; 0 sets no limit.
    clock : callable
        Returns seconds.

    Examples
    --------
    >>> limit = RateLimit(6, clock=lambda: 0.0)
    >>> limit.wait_s("alice"), limit.wait_s("alice")
    (0.0, 10.0)
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._most = max(1.0, per_minute / 6)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Take one request from a client's bucket and return 0, or the seconds until there is one."""
        if not self._per_second:
            return 0.0
        now = self._clock()
        level, then = self._buckets.pop(client, (self._most, now))
        level = min(self._most, level + (now - then) * self._per_second)
        allowed = level >= 1
        self._buckets[client] = (level - allowed, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) / self._per_second
