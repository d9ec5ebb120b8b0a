"""Connections to public addresses alone, within a limit of time for everything together."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable

import httpcore

from rag_app.errors import IngestionError
from rag_app.ingestion.load import shown

_UNICAST = ipaddress.ip_network("2000::/3")  # of IPv6 there is no other public address
_SPECIAL = (  # what the standard library counts as public, or did in some version
    ipaddress.ip_network("192.0.0.0/24"),  # the protocol's own; a cloud's metadata
    ipaddress.ip_network("192.88.99.0/24"),  # relays into IPv6
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's platform, seen from its machines
    ipaddress.ip_network("2001::/23"),  # the protocol's own, tunnels to IPv4 among them
    ipaddress.ip_network("2002::/16"),  # tunnels to IPv4
)
_CONNECT_S = 10.0  # then the host's next address is tried
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: Address) -> bool:
    """Return whether an address is one of the public internet, where nothing answers because we are who we are.

    Examples
    --------
    >>> [is_public(ipaddress.ip_address(a)) for a in ("93.184.215.14", "192.168.1.1", "::ffff:93.184.215.14")]
    [True, False, False]
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return (address.version == 4 or address in _UNICAST) and not any(address in network for network in _SPECIAL)  # noqa: PLR2004


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to the addresses that were checked: nothing is resolved a second time.

    Parameters
    ----------
    is_allowed : callable
        Decides whether an address may be connected to.
    timeout_s : float
        Seconds that everything over all connections may take together.
    """

    def __init__(self, is_allowed: Callable[[Address], bool], timeout_s: float) -> None:
        self._is_allowed = is_allowed
        self._deadline = time.monotonic() + timeout_s

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (the deadline is for everything together)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first allowed address of a host that can be reached."""
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        allowed = [address for address in dict.fromkeys(found) if self._is_allowed(ipaddress.ip_address(address))]
        if not allowed:
            msg = f"The host {shown(host)} must have a public address; got {', '.join(dict.fromkeys(found))}."
            raise IngestionError(msg, hint="Save the page and ingest the file.")
        failure: Exception = httpcore.ConnectError()
        for address in allowed:
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, min(_left_s(self._deadline), _CONNECT_S), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                return _TimedStream(stream, self._deadline)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    """A connection on which every step has what is left of the time for all: a slow drip does not help."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  (see connect_tcp)
        """Return what has come."""
        return self._stream.read(max_bytes, _left_s(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send."""
        self._stream.write(buffer, _left_s(self._deadline))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Return the connection with encryption."""
        stream = self._stream.start_tls(ssl_context, server_hostname, _left_s(self._deadline))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
