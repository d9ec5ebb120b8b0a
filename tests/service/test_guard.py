"""What every request passes: host, origin, key, rate, size; and what is logged of it."""

from __future__ import annotations

import io
import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.answers import app_on
from support.service import problem, running

from rag_app.errors import SettingsError
from rag_app.service.api import create_service
from rag_app.service.keys import load_keys
from rag_app.service.logs import JSONLines
from rag_app.service.options import ServiceOptions

QUESTION = {"question": "What is mode collapse?"}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service logs."""
    out, logger = io.StringIO(), logging.getLogger("rag_app.service")
    handler = logging.StreamHandler(out)
    handler.setFormatter(JSONLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield out
    logger.removeHandler(handler)


@pytest.fixture
def data_dir(course_dir: Path, tmp_path: Path) -> Path:
    """An index that the test may change."""
    return Path(shutil.copytree(course_dir, tmp_path / "data"))


def test_with_a_key_every_request_needs_one(data_dir: Path) -> None:
    """All but those that tell how the service is; a key that is removed is refused at once."""
    app = app_on(data_dir)
    key = load_keys(app.settings).add("alice")
    with running(app) as url:
        refused = httpx.post(f"{url}/search", json=QUESTION)
        assert problem(refused) == (401, "A valid key is needed.")
        assert refused.headers["www-authenticate"] == "Bearer"
        for header in ("Bearer guess", f"Basic {key}", "Bearer", key):
            assert httpx.get(f"{url}/sources", headers={"authorization": header}).status_code == 401
        assert httpx.post(f"{url}/search", json=QUESTION, headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert {httpx.get(f"{url}/{path}").status_code for path in ("healthz", "readyz", "openapi.json")} == {200}
        assert httpx.post(f"{url}/mcp", json={}).status_code == 401
        (data_dir / "service-keys").write_text("", encoding="utf-8")
        load_keys(app.settings).add("bob")
        assert httpx.get(f"{url}/sources", headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_without_its_last_key_a_service_for_other_machines_lets_nobody_in(data_dir: Path) -> None:
    """To withdraw it does not open the service; one for this machine alone needs none again."""
    app = app_on(data_dir)
    key = load_keys(app.settings).add("alice")
    header = {"authorization": f"Bearer {key}"}
    with running(app, host="0.0.0.0", allowed_hosts=("rag.example.org",)) as url, running(app) as local_url:
        assert httpx.get(f"{url}/tools/ndcg", headers=header).status_code == 200
        (data_dir / "service-keys").write_text("", encoding="utf-8")
        assert [httpx.get(f"{url}/tools/ndcg", headers=h).status_code for h in ({}, header)] == [401, 401]
        assert httpx.get(f"{local_url}/tools/ndcg").status_code == 200


def test_each_key_has_its_own_rate(data_dir: Path) -> None:
    """Ten seconds' worth at once, then 429 with the time to wait; another key is not affected."""
    app = app_on(data_dir)
    keys = load_keys(app.settings)
    alice, bob = ({"authorization": f"Bearer {keys.add(name)}"} for name in ("alice", "bob"))
    with running(app, requests_per_minute=12) as url:
        statuses = [httpx.get(f"{url}/tools/ndcg", headers=alice).status_code for _ in range(3)]
        refused = httpx.get(f"{url}/tools/ndcg", headers=alice)
        assert statuses[:2] == [200, 200]
        assert problem(refused)[0] == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        assert httpx.get(f"{url}/tools/ndcg", headers=bob).status_code == 200


def test_other_machines_need_a_key(tmp_path: Path) -> None:
    """A service that they could reach is not even made without one."""
    app = app_on(tmp_path)
    options = ServiceOptions(host="192.0.2.1")
    with pytest.raises(SettingsError, match="needs a key; there is none"):
        create_service(app, options)
    load_keys(app.settings).add("alice")
    create_service(app, options).state.engine.close()


def test_the_host_must_be_this_service(client: httpx.Client) -> None:
    """A name that a foreign site has bound to this address is refused."""
    assert problem(client.get("/sources", headers={"host": "evil.example"}))[0] == 421
    assert problem(client.get("/sources", headers={"host": "127.0.0.1.evil.example"}))[0] == 421
    assert client.get("/sources", headers={"host": "localhost"}).status_code == 200


def test_pages_of_other_sites_are_refused(client: httpx.Client, service_url: str) -> None:
    """Whatever a browser lets them send; there is no CORS."""
    refused = client.post("/search", json=QUESTION, headers={"origin": "https://evil.example"})
    assert problem(refused)[0] == 403
    assert "access-control-allow-origin" not in refused.headers
    assert client.post("/search", json=QUESTION, headers={"origin": service_url}).status_code == 200
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client.options("/search", headers=preflight).headers


def test_a_site_may_be_allowed(course_dir: Path) -> None:
    """Its pages may call and read, those of others may not."""
    with running(app_on(course_dir), allowed_origins=("https://good.example",)) as url:
        ours = httpx.post(f"{url}/search", json=QUESTION, headers={"origin": "https://good.example"})
        assert ours.headers["access-control-allow-origin"] == "https://good.example"
        asked = {"origin": "https://good.example", "access-control-request-method": "POST"}
        assert httpx.options(f"{url}/search", headers=asked).status_code == 200
        assert httpx.post(f"{url}/search", json=QUESTION, headers={"origin": "https://x.example"}).status_code == 403


def test_a_large_body_is_refused(client: httpx.Client) -> None:
    """By its stated length before it is read, or when it has become too long."""
    assert problem(client.post("/ask", content=b" " * (2**20 + 1)))[0] == 413

    def pieces():
        for _ in range(40):
            yield b" " * 2**15

    assert problem(client.post("/ask", content=pieces(), headers={"content-type": "application/json"}))[0] == 413


def test_every_answer_has_an_id(client: httpx.Client) -> None:
    """The client's own where it is a plain one, otherwise a new one."""
    assert client.get("/healthz", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = client.get("/healthz", headers={"x-request-id": "a b{}"}).headers["x-request-id"]
    assert len(made) == 32


def test_browsers_are_told_to_be_careful(client: httpx.Client) -> None:
    """No sniffing of types, no frames, nothing executed."""
    headers = client.get("/healthz").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_request_is_one_line_of_the_log(client: httpx.Client, log: io.StringIO) -> None:
    """With its id, route, status and time, and without anything that was sent."""
    client.post("/ask?note=secret", json={"question": "What is a secret?"}, headers={"x-request-id": "abc-2"})
    client.get("/secret/path")
    first, second = (json.loads(line) for line in log.getvalue().splitlines())
    assert {first.pop("duration_s") > 0, bool(first.pop("time"))} == {True}
    assert first == {
        "level": "info",
        "message": "request",
        "request_id": "abc-2",
        "method": "POST",
        "route": "/ask",
        "status": 200,
        "client": "127.0.0.1",
    }
    assert (second["route"], second["status"]) == ("unmatched", 404)
    assert "secret" not in log.getvalue()


def test_a_key_is_logged_by_its_name(data_dir: Path, log: io.StringIO) -> None:
    """And by nothing else, wherever a client puts it."""
    app = app_on(data_dir)
    key = load_keys(app.settings).add("alice")
    with running(app) as url:
        headers = {"authorization": f"Bearer {key}", "x-request-id": key}
        httpx.get(f"{url}/tools/{key}?key={key}", headers=headers)
    assert '"client": "alice"' in log.getvalue()
    assert key not in log.getvalue()


def test_a_failure_of_our_own_is_logged_and_not_shown(course_dir: Path, log: io.StringIO) -> None:
    """The client gets an id, the log the reason."""
    app = app_on(course_dir)
    service = create_service(app)

    @service.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("sk-0123456789abcdef")

    from support.service import serving

    with serving(service) as url:
        response = httpx.get(f"{url}/broken")
    assert problem(response)[0] == 500
    assert "Zero" not in response.text
    failed = json.loads(log.getvalue().splitlines()[0])
    assert failed["request_id"] == response.headers["x-request-id"]
    assert "ZeroDivisionError: sk-…" in failed["traceback"]
