"""The service over the two chapters of the course, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.answers import app_on
from support.service import running


@pytest.fixture(scope="session")
def service_url(course_dir: Path) -> Iterator[str]:
    """The address of a service without a language model; it is shared, and no test changes its index."""
    with running(app_on(course_dir)) as url:
        yield url


@pytest.fixture
def client(service_url: str) -> Iterator[httpx.Client]:
    """A client of the shared service."""
    with httpx.Client(base_url=service_url, timeout=60) as made:
        yield made
