"""What answers at the address of a Chroma server: whether it is one, and one of a version that is understood."""

from __future__ import annotations

from typing import Any

from rag_app.errors import StoreError

_TIMEOUT_S = 5.0
_MAJOR = "1"  # of the protocol: every server of Chroma 1.x says 1.0.0


def check_server(url: str) -> None:
    """Raise if there is no Chroma that this program understands.

    Chroma's own client waits for ever for an address that does not answer, does not say that it met something else,
    and asks an older or a newer server until one of the answers has another form.

    Raises
    ------
    StoreError
        If it is a Chroma of another version.
    ValueError
        If it is something else.
    httpx.HTTPError
        If nothing answers in time.
    """
    import httpx

    with httpx.Client(base_url=url, timeout=_TIMEOUT_S) as client:
        answer = client.get("/api/v2/heartbeat")
        if "nanosecond heartbeat" not in answer.text:
            old = client.get("/api/v1/heartbeat")  # of Chroma 0.5 and before; a newer one says that it is gone
            if "nanosecond heartbeat" in old.text:
                raise _skewed(url, "0.x")
            msg = f"it is no Chroma 1.x server (status {answer.status_code})"
            raise ValueError(msg)
        version = client.get("/api/v2/version").text.strip().strip('"')
    if version.partition(".")[0] != _MAJOR:
        raise _skewed(url, version[:20])


def close_client(client: Any) -> None:  # noqa: ANN401  (chromadb is imported elsewhere)
    """Close a client of a server, and the connections that Chroma leaves open."""
    client.close()
    for part in (client, client._admin_client):  # noqa: SLF001  (there is no other way)
        part._server._session.close()  # noqa: SLF001


def _skewed(url: str, version: str) -> StoreError:
    msg = f"The Chroma server {url} must be of version 1.x; got {version!r}."
    return StoreError(msg, hint='Install it there with: pip install "chromadb>=1.5.9,<1.6", and start it: chroma run')
