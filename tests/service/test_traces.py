"""OpenTelemetry: spans of requests and of the steps of answers, and nothing of what was said."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.answers import app_on
from support.service import serving

from rag_app.errors import MissingExtraError
from rag_app.service.api import create_service
from rag_app.service.traces import load_provider


@pytest.mark.parametrize("stream", [True, False])
def test_the_steps_of_an_answer_are_below_its_request(course_dir: Path, stream: bool) -> None:  # noqa: FBT001  (a parameter)
    """With their times, and without the question, the answer or a document."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with serving(create_service(app_on(course_dir), tracer_provider=provider)) as url:
        httpx.post(f"{url}/ask", json={"question": "What is mode collapse?", "stream": stream})
    spans = {span.name: span for span in exporter.get_finished_spans()}
    request = spans["POST /ask"]
    steps = [span for name, span in spans.items() if name.startswith("rag.")]
    assert {"rag.retrieve", "rag.read", "rag.answer"} <= {step.name for step in steps}
    for step in steps:
        assert step.parent is not None
        assert step.parent.span_id == request.context.span_id
        assert request.start_time <= step.start_time <= step.end_time <= request.end_time
    assert request.attributes["rag.answered"] is True
    assert "collapse" not in "".join(span.to_json() for span in exporter.get_finished_spans())


def test_spans_are_sent_to_where_the_environment_says(course_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As OpenTelemetry's own variables have it; when the service ends, all have been sent."""
    received = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    provider = load_provider()
    with serving(create_service(app_on(course_dir), tracer_provider=provider)) as url:
        httpx.post(f"{url}/ask", json={"question": "What is mode collapse?"})
    provider.shutdown()
    server.shutdown()
    thread.join()
    server.server_close()
    assert {path for path, _ in received} == {"/v1/traces"}
    assert b"rag.retrieve" in b"".join(body for _, body in received)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingExtraError, match=r"Tracing needs the package rag-app\[otel\]"):
        load_provider()
