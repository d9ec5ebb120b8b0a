"""What the service may be told, and what it refuses to be told."""

from __future__ import annotations

from typing import Any

import pytest

from rag_app.errors import SettingsError
from rag_app.service.options import ServiceOptions


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("box", False),
    ],
)
def test_who_can_reach_it(host: str, local: bool) -> None:  # noqa: FBT001  (a table)
    """An address of loopback is local; a name may stand for anything."""
    assert ServiceOptions(host=host).is_local is local


def test_the_hosts_that_it_answers_to() -> None:
    """Those of loopback, the address itself, and what is allowed besides, in lower case."""
    assert ServiceOptions(host="192.0.2.1", allowed_hosts=("Rag.example.org",)).hosts == {
        "localhost",
        "127.0.0.1",
        "[::1]",
        "192.0.2.1",
        "rag.example.org",
    }
    assert "0.0.0.0" not in ServiceOptions(host="0.0.0.0", allowed_hosts=("rag",)).hosts


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"port": 70_000}, "port must be between 0 and 65535; got 70000."),
    ({"timeout_s": 0}, "timeout_s must be between 0.01 and 86400; got 0."),
    ({"tool_timeout_s": -1}, "tool_timeout_s must be between 0.01 and 86400; got -1."),
    ({"requests_per_minute": -1}, "requests_per_minute must be between 0 and 10000000; got -1."),
    ({"n_threads": 0}, "n_threads must be between 1 and 1000; got 0."),
    ({"n_waiting": -1}, "n_waiting must be between 0 and 100000; got -1."),
    ({"max_body_bytes": 0}, "max_body_bytes must be between 1 and 1099511627776; got 0."),
    ({"max_upload_bytes": 0}, "max_upload_bytes must be between 1 and 1099511627776; got 0."),
    ({"allowed_hosts": ("a:80",)}, "allowed_hosts must hold names without a port; got 'a:80'."),
    ({"allowed_origins": ("*",)}, "allowed_origins must hold a scheme and a name; got '*'."),
    ({"host": "0.0.0.0"}, "A service on every address (0.0.0.0) must know the names by which it is reached; got none."),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_a_wrong_option_is_one_sentence(given: dict[str, Any], message: str) -> None:
    """With the name, the rule and the value."""
    with pytest.raises(SettingsError) as caught:
        ServiceOptions(**given)
    assert caught.value.message == message
