"""Who is asked, how often, and when it ends."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest
from langchain_core.rate_limiters import InMemoryRateLimiter

from rag_app.errors import LLMError
from rag_app.llms.attempts import Attempts, Member
from rag_app.llms.scripted import ScriptedChat

LLM = ScriptedChat(replies=["x"])
A, B, C = (Member(name, LLM) for name in ("a:x", "b:y", "c:z"))


class Refused(Exception):  # noqa: N818  (as providers name them)
    """A refusal with a status, as OpenAI's client raises it."""

    def __init__(self, status: int, *, code: str | None = None, **headers: str) -> None:
        super().__init__(status)
        self.status_code, self.code = status, code
        self.response = SimpleNamespace(headers={name.replace("_", "-"): value for name, value in headers.items()})


class Script:
    """Fails in the given ways in turn, then gives the member's name; remembers who was asked."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.asked: list[str] = []

    def __call__(self, member: Member, ends_at: float) -> str:
        self.asked.append(member.name)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        assert ends_at > time.monotonic()
        return member.name


def _soon(status: int = 503) -> Refused:
    return Refused(status, retry_after_ms="1")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_passing_trouble_is_tried_again(status):
    """Load and errors of the server pass; the third attempt is the last."""
    script = Script(_soon(status), _soon(status))
    assert Attempts((A,), 5).first(script).value == "a:x"
    script = Script(*[_soon(status)] * 3)
    with pytest.raises(LLMError, match=f"status {status}"):
        Attempts((A,), 5).first(script)
    assert script.asked == ["a:x"] * 3


@pytest.mark.parametrize(
    "failure",
    [
        TimeoutError(),
        ConnectionRefusedError(),
        ValueError(),
        Refused(400),
        Refused(401),
        Refused(404),
        Refused(408),
        Refused(429, code="insufficient_quota"),
    ],
)
def test_what_stays_is_tried_once(failure):
    """Silence, a missing server, nonsense, a wrong request and an empty account do not pass by waiting."""
    script = Script(failure)
    with pytest.raises(LLMError) as caught:
        Attempts((A,), 5).first(script)
    assert type(failure).__name__ in str(caught.value.__cause__)
    assert script.asked == ["a:x"]


def test_server_that_asks_to_wait_longer_than_there_is_time():
    """There is no point in waiting: its refusal is the answer."""
    script = Script(Refused(429, retry_after="3600"))
    with pytest.raises(LLMError, match="status 429"):
        Attempts((A,), 5).first(script)
    assert script.asked == ["a:x"]


def test_pause_of_our_own_where_the_server_asks_for_none():
    """A date in place of seconds, or no header at all: the attempt is made again after a pause."""
    script = Script(Refused(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"))
    assert Attempts((A,), 5).first(script).value == "a:x"
    assert script.asked == ["a:x"] * 2


def test_fallbacks_are_asked_in_turn():
    """The outcome says who answered, and who failed before with which sentence."""
    script = Script(TimeoutError(), Refused(401))
    outcome = Attempts((A, B, C), 5).first(script)
    assert (outcome.value, outcome.member) == ("c:z", C)
    assert [failure.message for failure in outcome.failures] == [
        "The language model a:x did not answer in time.",
        "The language model b:y refused the request with status 401.",
    ]


def test_all_fail():
    """The error names each failure, keeps the last hint, and may be retried if one of them may."""
    script = Script(TimeoutError(), Refused(401))
    message = (
        "No language model answered. The language model a:x did not answer in time. "
        "The language model b:y refused the request with status 401. Check the key."
    )
    with pytest.raises(LLMError, match=f"^{re.escape(message)}$") as caught:
        Attempts((A, B), 5).first(script)
    assert caught.value.retryable


def test_each_has_its_share_of_the_time():
    """A first language model that is silent leaves time for the next: half of it where there are two."""
    ends: list[float] = []

    def silent_first(member: Member, ends_at: float) -> str:
        ends.append(ends_at - began)
        if member is A:
            raise TimeoutError
        return member.name

    began = time.monotonic()
    outcome = Attempts((A, B), 100).first(silent_first)
    assert ends == pytest.approx([50, 100], abs=5)
    assert outcome.ends_at - began == pytest.approx(100, abs=5)


def test_waiting_for_the_pace_is_no_time_of_the_request():
    """A request that had to wait for its turn has all of its time still."""
    pace = InMemoryRateLimiter(requests_per_second=20, check_every_n_seconds=0.01)
    attempts = Attempts((A,), 0.02, pace)  # less than the wait between two requests
    assert [attempts.first(Script()).value for _ in range(3)] == ["a:x"] * 3


def test_retries_wait_for_the_pace_too():
    """An attempt is a request, whichever it is."""
    pace = InMemoryRateLimiter(requests_per_second=1000, check_every_n_seconds=0.001)
    taken: list[bool] = []
    pace.acquire = lambda **_: taken.append(True) or True  # counts what the limiter is asked for
    Attempts((A, B), 5, pace).first(Script(_soon(), Refused(401)))
    assert len(taken) == 3


def test_programming_errors_are_not_passed_over():
    """A mistake of ours is no reason to ask somebody else."""
    script = Script(TypeError("bug"))
    with pytest.raises(TypeError, match="bug"):
        Attempts((A, B), 5).first(script)
    assert script.asked == ["a:x"]
