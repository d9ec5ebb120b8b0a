"""The whole of the service against its own description, and against what nobody would send on purpose."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from support.answers import app_on
from support.service import serving

from rag_app.service.api import create_service
from rag_app.service.options import ServiceOptions

N_MALFORMED = 10_000
_EXCLUDED = [positive_data_acceptance]  # a schema cannot say that a text must not be blank, or a file known
_PROPERTIES = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def folder(course_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index that tests may change."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(course_dir, folder / "data")
    return folder


@pytest.fixture
def service(folder: Path) -> Iterator[Any]:
    """The service with all of its paths; tools have little time."""
    options = ServiceOptions(upload_dir=folder / "uploads", tool_timeout_s=3, allowed_hosts=("testserver",))
    made = create_service(app_on(folder / "data"), options)
    yield made
    made.state.engine.close()


def test_the_service_is_as_it_is_described(service: Any) -> None:
    """Whatever is sent: no status from 500 on, and every answer has the type and the form that is promised."""
    with serving(service) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in operations:

            @_PROPERTIES
            @given(case=operation.as_strategy())
            def holds(case: Any) -> None:
                case.call_and_validate(excluded_checks=_EXCLUDED)

            holds()
    assert len(operations) > 15


def test_the_description_has_examples_and_refusals(service: Any) -> None:
    """Every path says what it does and which problems it answers with."""
    described = service.openapi()
    assert described["openapi"].startswith("3.")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert "422" in operation["responses"], (method, path)
            problem = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/ProblemDetails"}
    parts = described["components"]["schemas"]
    assert parts["AskRequest"]["properties"]["question"]["examples"] == ["What is mode collapse?"]
    assert "HTTPValidationError" not in parts


PATHS = ("/ask", "/search", "/classify", "/feedback", "/tools/ndcg", "/v1/chat/completions", "/v1/embeddings")
FORMS: tuple[Any, ...] = (None, 3, "x", [], [1, [2]], True, 1e308)
NAMES = ("question", "k", "where", "texts", "labels", "id", "rating", "model", "messages", "input", "ranking")
VALUES: tuple[Any, ...] = (None, -1, 10**400, 0.5, "\ud800", "\x00", [], {}, [[]], {"a": None}, True)
ODD_PATHS = ("/../etc/passwd", "/sources/%2e%2e%2fetc%2fpasswd", "/tools/%00", "/sources/%ff", "/%")
STARTS = ("-1", "x", "1e9", "9" * 40, "%00")

# Each makes the method, path, body and type of a request that is wrong.
MALFORMED: tuple[Callable[[random.Random, str], tuple[str, str, bytes, str]], ...] = (
    lambda chance, path: ("POST", path, chance.randbytes(chance.randrange(1, 200)) + b"{", "application/json"),
    lambda chance, path: ("POST", path, json.dumps(chance.choice(FORMS)).encode(), "application/json"),
    lambda chance, path: (
        "POST",
        path,
        json.dumps({name: chance.choice(VALUES) for name in chance.sample(NAMES, 4)}).encode(),
        "application/json",
    ),
    lambda chance, path: ("POST", path, b'{"question": "x"}', chance.choice(["text/plain", "x", "image/png"])),
    lambda chance, path: (chance.choice(["PUT", "DELETE", "PATCH"]), path, b"{}", "application/json"),
    lambda chance, _: ("GET", f"{chance.choice(ODD_PATHS)}{chance.randrange(1000)}", b"", ""),
    lambda chance, path: ("POST", path, b'{"a":' * chance.randrange(1, 5_000) + b"[" * 9_999, "application/json"),
    lambda chance, _: ("GET", f"/sources/09-gans.md?start={chance.choice(STARTS)}", b"", ""),
)


def test_ten_thousand_malformed_requests_are_refused(service: Any) -> None:
    """Each with a status from 400 to 499 and a problem; afterwards the service answers as before."""

    async def send_all() -> dict[int, int]:
        seen: dict[int, int] = {}
        transport = httpx.ASGITransport(service)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for number in range(N_MALFORMED):
                chance = random.Random(number)
                method, path, body, kind = MALFORMED[number % len(MALFORMED)](chance, chance.choice(PATHS))
                headers = {"content-type": kind} if kind else {}
                response = await client.request(method, path, content=body, headers=headers)
                assert 400 <= response.status_code < 500, (number, response.status_code, response.text)
                assert response.headers["content-type"] == "application/problem+json", number
                seen[response.status_code] = seen.get(response.status_code, 0) + 1
            assert (await client.post("/search", json={"question": "mode collapse"})).status_code == 200
        return seen

    seen = asyncio.run(send_all())
    assert sum(seen.values()) == N_MALFORMED
    assert {400, 404, 405, 422} <= set(seen)


def test_there_are_no_web_sockets(service: Any) -> None:
    """They would pass by the guard."""
    with pytest.raises(WebSocketDisconnect), TestClient(service).websocket_connect("/ask"):
        pass
