"""What answers at the address of a Chroma server."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.web_server import web_server

from rag_app.errors import StoreError
from rag_app.index.chroma_server import check_server
from rag_app.index.vectors import ChromaVectors

HEARTBEAT = b'{"nanosecond heartbeat": 1}'


def answers_of(version):
    """Return what a server of a version answers, by path."""
    if version.startswith("0.5"):
        return {"/api/v1/heartbeat": HEARTBEAT, "/api/v1/version": f'"{version}"'.encode()}
    return {"/api/v2/heartbeat": HEARTBEAT, "/api/v2/version": f'"{version}"'.encode()}


def serving(version):
    """Run a server that says to be of a version."""
    answers = answers_of(version)
    return web_server(
        lambda request: request.reply(answers.get(request.path, b""), status=200 if request.path in answers else 404)
    )


def test_a_real_server_is_accepted(server_url):
    """Of the version that is installed here."""
    check_server(server_url)


@pytest.mark.parametrize(("version", "shown"), [("0.5.23", "0.x"), ("0.6.3", "0.6.3"), ("2.0.0", "2.0.0"), ("x", "x")])
def test_a_server_of_another_version_is_refused(tmp_path, version, shown):
    """Before it is asked for anything else, by whoever reads or writes; with what to install."""
    with serving(version) as url:
        message = (
            f"The Chroma server {url} must be of version 1.x; got {shown!r}. "
            'Install it there with: pip install "chromadb>=1.5.9,<1.6", and start it: chroma run'
        )
        vectors = ChromaVectors(tmp_path / "chroma", url=url)
        for use in (lambda: vectors.upsert([]), vectors.version):
            with pytest.raises(StoreError, match=f"^{re.escape(message)}$"):
                use()
    assert not (tmp_path / "chroma").exists()


def test_a_reader_meets_a_server_that_was_replaced_by_another_version(tmp_path):
    """Its folder says that there are vectors; the message is about the version, not about them."""
    with serving("0.6.3") as url:
        folder = tmp_path / "chroma"
        folder.mkdir()
        (folder / "server").write_text(f"{url}\nrag_app-0\n")
        with pytest.raises(StoreError, match=r"must be of version 1\.x; got '0\.6\.3'\."):
            ChromaVectors(folder, url=url).nearest(np.ones(8, np.float32), 1)
