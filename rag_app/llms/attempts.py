"""Who is asked, how often and how long: attempts with back-off, fallbacks, a deadline over everything, a pace."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.rate_limiters import InMemoryRateLimiter

from rag_app.errors import LLMError
from rag_app.llms.failures import translated_errors
from rag_app.llms.prices import Price

_N_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.5  # doubled with every attempt
_RATE_LIMIT, _SERVER_ERRORS = 429, 500  # statuses that pass; every one from 500 on is the server's own
_NO_MONEY = "insufficient_quota"  # a rate limit that waiting does not help against

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """A chat model that may be asked.

    Parameters
    ----------
    name : str
        The setting, such as ``openai:gpt-4o-mini``.
    llm : BaseChatModel
        It makes one attempt: retries of its own would be made for each of ours.
    identity : mapping
        What its replies depend on, beside the messages.
    prices : mapping of str to Price
        Those that hold for it.
    takes_timeout : bool
        Whether a call may say how many seconds it has.
    """

    name: str
    llm: BaseChatModel
    identity: Mapping[str, Any] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    takes_timeout: bool = False


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What was given by the first that did not fail, who that was, who failed before, and until when all may take."""

    value: T
    member: Member
    failures: tuple[LLMError, ...]
    ends_at: float


@dataclass(frozen=True, slots=True)
class Attempts:
    """The policy.

    Refusals for load and errors of the server are tried again after a pause: the one that the server asks for, or one
    that doubles, with jitter. Silence is not: the next attempt would be as silent. A failure that stays leads to the
    next member.

    Parameters
    ----------
    members : tuple of Member
        In the order in which they are asked.
    timeout_s : float
        For everything together. A member may take its share of what is left, or a fallback would come too late.
    pace : InMemoryRateLimiter, optional
        How often a request may be sent. Waiting for it does not count as time.
    """

    members: tuple[Member, ...]
    timeout_s: float
    pace: InMemoryRateLimiter | None = None

    def first(self, ask: Callable[[Member, float], T]) -> Outcome[T]:
        """Return what the first member gives that does not fail.

        Parameters
        ----------
        ask : callable
            ``ask(member, ends_at)`` makes one attempt, which ought to end at that time of the monotonic clock.

        Raises
        ------
        LLMError
            If every member fails.
        """
        failures: list[LLMError] = []
        ends_at = time.monotonic() + self.timeout_s
        for i, member in enumerate(self.members):
            share_s = (ends_at - time.monotonic()) / (len(self.members) - i)
            try:
                value, waited_s = self._tried(member, ask, share_s)
            except LLMError as exc:
                failures.append(exc)
            else:
                return Outcome(value, member, tuple(failures), ends_at + waited_s)
        if len(failures) == 1:
            raise failures[0]
        msg = f"No language model answered. {' '.join(failure.message for failure in failures)}"
        raise LLMError(msg, hint=failures[-1].hint, retryable=any(f.retryable for f in failures)) from failures[-1]

    def _tried(self, member: Member, ask: Callable[[Member, float], T], seconds: float) -> tuple[T, float]:
        n_before, waited_s = 0, 0.0
        ends_at = time.monotonic() + seconds
        while True:
            waited_s += self._wait()
            try:
                with translated_errors(member.name):
                    return ask(member, ends_at + waited_s), waited_s
            except LLMError as exc:
                pause_s = _pause(exc.__cause__, n_before)
                if pause_s is None or time.monotonic() + pause_s > ends_at + waited_s:
                    raise
            time.sleep(pause_s)
            n_before += 1

    def _wait(self) -> float:
        """Wait for the turn of a request; return the seconds that it took."""
        began = time.monotonic()
        if self.pace is not None:
            self.pace.acquire()
        return time.monotonic() - began


def _pause(cause: BaseException | None, n_before: int) -> float | None:
    """Return how long to wait before another attempt, or None where there is to be none."""
    status = getattr(cause, "status_code", None)
    passes = isinstance(status, int) and (status == _RATE_LIMIT or status >= _SERVER_ERRORS)
    if not passes or getattr(cause, "code", None) == _NO_MONEY or n_before == _N_ATTEMPTS - 1:
        return None
    told = _told(getattr(getattr(cause, "response", None), "headers", {}))
    if told is not None:
        return told
    doubled: float = _FIRST_PAUSE_S * 2**n_before
    return doubled * random.uniform(1, 1.5)  # noqa: S311  (jitter)


def _told(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, where it does."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds: float = float(headers[name]) * unit_s
        except (KeyError, ValueError):
            continue
        return max(seconds, 0.0)
    return None
