"""The bucket of each client."""

from __future__ import annotations

import pytest

from rag_app.service.limits import RateLimit


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_ten_seconds_of_requests_at_once_then_a_steady_flow() -> None:
    """Sixty a minute are ten at once, and one each second from then on."""
    clock = Clock()
    limit = RateLimit(60, clock=clock)
    assert [limit.wait_s("a") for _ in range(10)] == [0.0] * 10
    assert limit.wait_s("a") == pytest.approx(1.0)
    clock.now = 0.5
    assert limit.wait_s("a") == pytest.approx(0.5)
    clock.now = 1.0
    assert (limit.wait_s("a"), limit.wait_s("a")) == (0.0, pytest.approx(1.0))
    clock.now = 1_000.0
    assert [limit.wait_s("a") == 0 for _ in range(11)] == [True] * 10 + [False]


def test_clients_do_not_share() -> None:
    """One that has used its own up leaves the others alone."""
    limit = RateLimit(1, clock=Clock())
    assert limit.wait_s("a") == 0
    assert limit.wait_s("a") == pytest.approx(60.0)
    assert limit.wait_s("b") == 0


def test_zero_is_no_limit() -> None:
    """However many come."""
    limit = RateLimit(0)
    assert {limit.wait_s("a") for _ in range(1_000)} == {0.0}


def test_memory_is_bounded() -> None:
    """Of ten thousand clients the one that came least lately is forgotten."""
    limit = RateLimit(1, clock=Clock())
    for name in range(10_001):
        limit.wait_s(str(name))
    assert len(limit._buckets) == 10_000
    assert limit.wait_s("0") == 0
    assert limit.wait_s("10000") > 0
