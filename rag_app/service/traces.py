"""OpenTelemetry: a span for each request, and below it one for each step of an answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from opentelemetry import trace

from rag_app.errors import MissingExtraError

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    from rag_app.types import Answer

_NAME = "rag_app"
_NANOSECONDS = 1_000_000_000


def load_provider() -> TracerProvider:
    """Return what sends spans to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says; default: port 4318 of this machine.

    Raises
    ------
    MissingExtraError
        If the packages of the extra ``otel`` are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        feature = "Tracing"
        raise MissingExtraError(feature, "rag-app[otel]") from exc
    provider = TracerProvider(resource=Resource.create({"service.name": _NAME}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """Return what FastAPI is told: a span for each request where there is a provider, and nothing else.

    Its logs would hold what clients have sent.
    """
    return {
        "tracing": provider is not None,
        "tracer_provider": provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    }


def trace_answer(tracer: Tracer, answer: Answer) -> None:
    """Write the steps of an answer that has just been given as spans below that of its request; no text is in them."""
    span = trace.get_current_span()
    span.set_attributes({"rag.answered": answer.answered, "rag.llm": answer.llm, "rag.prompt": answer.prompt})
    span.set_attributes({"rag.citations": len(answer.citations), "rag.retrieved": len(answer.retrieved)})
    end = time.time_ns()
    for step, seconds in reversed(list(answer.timings_s.items())):
        start = end - int(seconds * _NANOSECONDS)
        tracer.start_span(f"rag.{step}", start_time=start).end(end)
        end = start
