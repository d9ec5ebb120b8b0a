"""Logs: lines of JSON for programs, plain lines for a person, never a key."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from rag_app.service.logs import request_id, start_logging


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("rag_app.service", "uvicorn.error", "mcp")]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def write_something() -> None:
    """Log a request, and a failure with a key in it."""
    logger = logging.getLogger("rag_app.service.guard")
    token = request_id.set("abc")
    logger.info("request", extra={"method": "GET", "route": "/tools", "status": 200, "duration_s": 0.01})
    request_id.reset(token)
    try:
        int("rag_0123456789abcdef")
    except ValueError:
        logger.exception("failed with sk-0123456789abcdef")


def test_programs_get_json() -> None:
    """One object a line, a traceback among its members."""
    out = io.StringIO()
    start_logging(out)
    write_something()
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "message": "request",
        "request_id": "abc",
        "method": "GET",
        "route": "/tools",
        "status": 200,
        "duration_s": 0.01,
    }
    assert (second["level"], second["message"]) == ("error", "failed with sk-…")
    assert second["traceback"].endswith("rag_…'")


def test_a_person_gets_lines() -> None:
    """Time, message, and what else is known."""
    out = Screen()
    start_logging(out)
    write_something()
    lines = out.getvalue().splitlines()
    assert lines[0][8:] == " request  request_id=abc method=GET route=/tools status=200 duration_s=0.01"
    assert lines[1][8:] == " failed with sk-…"
    assert lines[-1].endswith("rag_…'")
