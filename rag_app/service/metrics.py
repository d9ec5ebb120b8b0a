"""Figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from rag_app.service.replica import Replica
    from rag_app.service.work import Crew
    from rag_app.types import Answer

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """What a running service has done."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "rag_requests",
            "Requests by method, route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "rag_request_seconds", "Seconds of a request", ["route"], buckets=_BUCKETS_S, registry=self._registry
        )
        self._answers = Counter(
            "rag_answers", "Answers, and how often there was none", ["answered"], registry=self._registry
        )
        self._citations = Counter("rag_citations", "Verified citations in answers", registry=self._registry)
        self._tokens = Counter("rag_llm_tokens", "Tokens as the provider reported", ["kind"], registry=self._registry)

    def watch(self, crew: Crew) -> None:
        """Show how many requests run and wait."""
        running = Gauge("rag_running", "Requests that are worked on", registry=self._registry)
        running.set_function(lambda: crew.n_running)
        queued = Gauge("rag_waiting", "Requests that wait for their turn", registry=self._registry)
        queued.set_function(lambda: crew.n_queued)

    def watch_replica(self, replica: Replica) -> None:
        """Show how a replica keeps up with what is published."""
        figures: dict[str, tuple[str, Callable[[], float]]] = {
            "rag_generations_taken": ("Generations of the index that were taken", lambda: replica.n_taken),
            "rag_generations_refused": ("How often what was published could not be taken", lambda: replica.n_refused),
            "rag_index_is_latest": ("Whether what was published last is served", lambda: not replica.problem),
        }
        for name, (text, value) in figures.items():
            Gauge(name, text, registry=self._registry).set_function(value)

    def count_request(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count a request."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(duration_s)

    def count_answer(self, answer: Answer) -> None:
        """Count an answer."""
        self._answers.labels(str(answer.answered).lower()).inc()
        self._citations.inc(len(answer.citations))
        for kind, n_tokens in answer.usage.items():
            self._tokens.labels(kind).inc(n_tokens)

    def render(self) -> bytes:
        """Return the figures as Prometheus reads them."""
        return generate_latest(self._registry)


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
