"""Errors as RFC 9457 problem details: what went wrong, what to do, never a stack trace."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag_app.errors import (
    IngestionError,
    InvalidInputError,
    LLMError,
    LockedError,
    RagAppError,
    StoreError,
    UnknownNameError,
)
from rag_app.service.logs import request_id
from rag_app.service.work import OverloadedError

MEDIA_TYPE = "application/problem+json"
_RETRY_S = 1
_WRITER_RETRY_S = 10
_logger = logging.getLogger(__name__)

# The first that fits; whatever else we raise is a mistake in the settings of the service.
_STATUSES: tuple[tuple[type[RagAppError], int], ...] = (
    (UnknownNameError, 404),
    (InvalidInputError, 422),
    (IngestionError, 422),
    (LockedError, 503),
    (StoreError, 503),
    (LLMError, 502),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a request, or with its answer.

    Parameters
    ----------
    status : int
        Of HTTP.
    detail : str
        One sentence.
    hint : str, default=""
        What to do, in the imperative.
    errors : sequence of mapping
        Each place of the request that is wrong, as ``{"pointer": "/k", "detail": "…"}``.
    retry_after_s : float, optional
        Seconds after which the same request may succeed.
    code : str, default=""
        What the OpenAI protocol calls it.

    Examples
    --------
    >>> Problem(404, "There is no tool named 'x'.").to_json()["title"]
    'Not Found'
    """

    status: int
    detail: str
    hint: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    retry_after_s: float | None = None
    code: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; what is empty is left out."""
        title = HTTPStatus(self.status).phrase
        shown = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        extra = {"hint": self.hint, "errors": list(self.errors), "request_id": request_id.get()}
        return {**shown, **{name: value for name, value in extra.items() if value}}

    def response(self, path: str = "") -> JSONResponse:
        """Return the HTTP response; for clients of the OpenAI protocol with the member that they look for."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == HTTPStatus.UNAUTHORIZED else {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        body = self.to_json() | ({"error": self.for_openai()} if "/v1/" in path else {})
        return JSONResponse(body, self.status, headers, media_type=MEDIA_TYPE)

    def for_openai(self) -> dict[str, Any]:
        """Return the member ``error`` that clients of the OpenAI protocol look for."""
        kind = "server_error" if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
        message = f"{self.detail} {self.hint}".strip()
        return {"message": message, "type": kind, "param": None, "code": self.code or None}


def problem_of(exc: BaseException) -> Problem:
    """Return what a client is told about an exception; one that is nobody's mistake but ours is logged here."""
    if isinstance(exc, RefusedError):
        return exc.problem
    if isinstance(exc, RagAppError):
        return _of_ours(exc)
    if isinstance(exc, OverloadedError):
        detail = "As many requests are waiting as may."
        return Problem(503, detail, "Send it again a little later.", retry_after_s=_RETRY_S)
    if isinstance(exc, TimeoutError):
        return Problem(504, "The request took longer than it may.", "Ask for less, or use a faster language model.")
    if isinstance(exc, RecursionError):
        return Problem(400, "The body is nested too deeply.")
    _logger.error("unexpected %s", type(exc).__name__, exc_info=exc)
    return Problem(500, "The service has failed; the log of the service has the reason under this request_id.")


def _of_ours(exc: RagAppError) -> Problem:
    status = next((status for kind, status in _STATUSES if isinstance(exc, kind)), 500)
    if isinstance(exc, LLMError) and exc.retryable:
        return Problem(503, exc.message, exc.hint or "", retry_after_s=_RETRY_S)
    retry_after_s = _WRITER_RETRY_S if isinstance(exc, LockedError) else None
    return Problem(status, exc.message, exc.hint or "", retry_after_s=retry_after_s)


class RefusedError(Exception):
    """A request is refused for a reason that no error of the application has."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def add_handlers(api: FastAPI) -> None:
    """Let every error of an API be a problem; what nobody expects is left to the guard."""

    async def of_validation(request: Request, exc: RequestValidationError) -> JSONResponse:
        return validation_problem(exc.errors()).response(request.url.path)

    async def of_http(request: Request, exc: HTTPException) -> JSONResponse:
        response = Problem(exc.status_code, _sentence(exc)).response(request.url.path)
        response.headers.update(exc.headers or {})
        return response

    async def of_ours(request: Request, exc: Exception) -> JSONResponse:
        problem = problem_of(exc)
        if isinstance(exc, UnknownNameError) and not request.path_params:
            problem = replace(problem, status=422)  # the name stands in the body, and the path exists
        return problem.response(request.url.path)

    api.add_exception_handler(RequestValidationError, of_validation)  # type: ignore[arg-type]  # Starlette says Exception
    api.add_exception_handler(HTTPException, of_http)  # type: ignore[arg-type]  # likewise
    for kind in (RagAppError, RefusedError, OverloadedError, TimeoutError):
        api.add_exception_handler(kind, of_ours)


def validation_problem(mistakes: Sequence[Any]) -> Problem:
    """Return what is wrong with a request, place by place, without what stands there."""
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        return Problem(400, "The body must be JSON; it does not parse.")
    errors = [{"pointer": _pointer(m["loc"]), "detail": _rule(m)} for m in mistakes]
    places = ", ".join(dict.fromkeys(error["pointer"] for error in errors))
    return Problem(422, f"The request must follow its schema; it does not at {places}.", errors=errors)


def _pointer(loc: Sequence[Any]) -> str:
    """Return a place as a JSON pointer into the body, or as the name of a parameter."""
    kind, *rest = loc
    if kind != "body":
        return "".join(str(part) for part in rest) or str(kind)
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)


def _rule(mistake: Mapping[str, Any]) -> str:
    return f"{str(mistake['msg']).removeprefix('Value error, ').rstrip('.')}."


def _sentence(exc: HTTPException) -> str:
    phrase = HTTPStatus(exc.status_code).phrase
    if exc.status_code == HTTPStatus.NOT_FOUND:
        return "There is nothing at this path."
    if exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return "This path does not take this method."
    return exc.detail if exc.detail and exc.detail != phrase else f"{phrase}."
