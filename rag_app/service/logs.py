"""Logs: one JSON object a line, with the id of the request and without keys, questions or documents."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from contextvars import ContextVar
from typing import Any, TextIO

request_id: ContextVar[str] = ContextVar("request_id", default="")
_KEY = re.compile(r"\b(rag_|sk-)[A-Za-z0-9_-]{12,}")
_FIELDS = ("method", "route", "status", "duration_s", "client")


class JSONLines(logging.Formatter):
    """A record as one line of JSON.

    Examples
    --------
    >>> record = logging.LogRecord("rag_app", logging.INFO, "", 0, "key %s", ("rag_abcdefghijklmnop",), None)
    >>> json.loads(JSONLines().format(record))["message"]
    'key rag_…'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        shown: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "message": without_keys(record.getMessage()),
        }
        if request_id.get():
            shown["request_id"] = request_id.get()
        shown |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            shown["traceback"] = without_keys(self.formatException(record.exc_info))
        return json.dumps(shown, ensure_ascii=False)


class PlainLines(JSONLines):
    """A record as a line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        shown = json.loads(super().format(record))
        traceback = shown.pop("traceback", "")
        line = f"{shown.pop('time')[11:19]} {shown.pop('message')}"
        shown.pop("level")
        rest = " ".join(f"{name}={value}" for name, value in shown.items())
        return "\n".join(part for part in (f"{line}  {rest}".rstrip(), traceback) if part)


def without_keys(text: str) -> str:
    """Return a text in which nothing looks like a key.

    Examples
    --------
    >>> without_keys("Incorrect API key provided: sk-proj-0123456789abcdef")
    'Incorrect API key provided: sk-…'
    """
    return _KEY.sub(r"\1…", text)


def start_logging(stream: TextIO | None = None) -> None:
    """Write what the service and its server have to say to a stream: JSON, or plain lines at a terminal."""
    out = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(out)
    handler.setFormatter(PlainLines() if out.isatty() else JSONLines())
    for name, level in (("rag_app.service", logging.INFO), ("uvicorn.error", logging.WARNING), ("mcp", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
