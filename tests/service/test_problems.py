"""Which status an error has, and what a client is told."""

from __future__ import annotations

import json
import logging

import pytest

from rag_app.errors import (
    IngestionError,
    InvalidInputError,
    LLMError,
    LLMResponseError,
    LockedError,
    NotFittedError,
    RagAppError,
    SettingsError,
    StoreError,
    UnknownNameError,
)
from rag_app.service.problems import Problem, RefusedError, problem_of, validation_problem
from rag_app.service.work import OverloadedError

TABLE: list[tuple[Exception, int, str | None]] = [
    (UnknownNameError("tool", "x", ["y"]), 404, None),
    (InvalidInputError("x."), 422, None),
    (NotFittedError("x."), 422, None),
    (IngestionError("x."), 422, None),
    (LockedError("x."), 503, "10"),
    (StoreError("x."), 503, None),
    (LLMError("x."), 502, None),
    (LLMError("x.", retryable=True), 503, "1"),
    (LLMResponseError("x."), 502, None),
    (SettingsError("x."), 500, None),
    (RagAppError("x."), 500, None),
    (OverloadedError(), 503, "1"),
    (TimeoutError(), 504, None),
    (RecursionError(), 400, None),
    (RefusedError(Problem(418, "x.")), 418, None),
]


@pytest.mark.parametrize(("error", "status", "retry_after"), TABLE, ids=lambda v: type(v).__name__)
def test_each_error_has_its_status(error: Exception, status: int, retry_after: str | None) -> None:
    """And says when to come again where that helps."""
    response = problem_of(error).response()
    assert (response.status_code, response.headers.get("retry-after")) == (status, retry_after)


def test_what_nobody_expects_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """It is in the log."""
    with caplog.at_level(logging.ERROR):
        problem = problem_of(ZeroDivisionError("secret"))
    assert problem.status == 500
    assert "secret" not in json.dumps(problem.to_json())
    assert "ZeroDivisionError" in caplog.text


def test_what_is_empty_is_left_out() -> None:
    """The rest is what RFC 9457 names."""
    assert Problem(404, "Gone.").to_json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Gone.",
    }
    assert Problem(404, "Gone.", "Look elsewhere.").to_json()["hint"] == "Look elsewhere."


def test_places_are_json_pointers_and_values_are_not_repeated() -> None:
    """A slash in a name is escaped; parameters go by their names."""
    mistakes = [
        {"type": "x", "loc": ("body", "where", "a/b", 0), "msg": "Input should be a string", "input": "secret"},
        {"type": "x", "loc": ("query", "start"), "msg": "Value error, must be whole", "input": "secret"},
    ]
    problem = validation_problem(mistakes)
    assert problem.detail == "The request must follow its schema; it does not at /where/a~1b/0, start."
    assert [error["detail"] for error in problem.errors] == ["Input should be a string.", "must be whole."]
    assert "secret" not in json.dumps(problem.to_json())


def test_clients_of_the_openai_protocol_find_their_member() -> None:
    """Below ``/v1`` alone."""
    problem = Problem(404, "There is none.", "Take another.", code="model_not_found")
    error = json.loads(bytes(problem.response("/v1/models/x").body))["error"]
    assert error["message"] == "There is none. Take another."
    assert error["code"] == "model_not_found"
    assert "error" not in json.loads(bytes(problem.response("/ask").body))
    assert problem_of(TimeoutError()).for_openai()["type"] == "server_error"
