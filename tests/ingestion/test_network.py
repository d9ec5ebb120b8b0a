"""Which addresses are public, and that nothing else is connected to."""

from __future__ import annotations

import ipaddress
import re
import socket

import httpcore
import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.network import CheckedNetwork, is_public

PUBLIC = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "192.167.255.255", "100.63.255.255", "2606:2800:21f:cb07::1"]
NOT_PUBLIC = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd00:ec2::254"],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "fec0::1"],
    "shared by carriers": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": [
        "240.0.0.1",
        "255.255.255.255",
        "192.0.0.192",
        "198.18.0.1",
        "192.0.2.1",
        "203.0.113.1",
        "2001:db8::1",
    ],
    "mapped, compatible, translated": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"],
    "tunnelled": ["2002:7f00:1::", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "of a cloud's platform": ["168.63.129.16"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address):
    """Addresses of the internet are public, next to private ranges too."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [a for kind in NOT_PUBLIC.values() for a in kind])
def test_every_other_kind_of_address_is_not(address):
    """Loopback, private, link-local, shared, multicast, reserved, and IPv6 addresses that lead to IPv4 ones."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_a_host_is_judged_by_what_it_resolves_to(host):
    """However an address of this machine is written, it is refused before a connection is made."""
    if not host.startswith(("127.0", "localhost", "::1")):
        numeric = socket.inet_ntoa(socket.inet_aton(host))
        assert numeric == "127.0.0.1"
        host = numeric
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        with pytest.raises(IngestionError, match=r"The host .* must have a public address; got (127\.0\.0\.1|::1)"):
            CheckedNetwork(is_public, 5).connect_tcp(host, server.getsockname()[1])
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_next_address_is_tried():
    """Of a host's addresses those that are allowed are tried in turn; the failure of the last one is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        CheckedNetwork(lambda a: a.is_loopback, 5).connect_tcp("localhost", port).close()  # ::1 refuses
    with pytest.raises(httpcore.ConnectError, match=re.escape("Connection refused")):
        CheckedNetwork(lambda a: a.is_loopback, 5).connect_tcp("127.0.0.1", port)


def test_when_the_time_is_over_nothing_is_tried():
    """The limit counts from the beginning."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(httpcore.TimeoutException):
        CheckedNetwork(lambda _: True, 0).connect_tcp("127.0.0.1", server.getsockname()[1])
