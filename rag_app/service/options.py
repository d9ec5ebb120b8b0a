"""How the service is run: what ``rag serve`` is told."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from rag_app.errors import SettingsError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_EVERY_ADDRESS = frozenset(("0.0.0.0", "::"))  # noqa: S104  (recognised, in order to be refused)
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9_.\[\]:-]+")
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """How the service is reached and what it may spend, checked.

    Parameters
    ----------
    host : str, default="127.0.0.1"
        The address to listen on. Any but one of loopback needs a key.
    port : int, default=8000
        The port; 0 takes a free one.
    allowed_hosts : tuple of str
        Names by which clients reach it, besides those of loopback: what the header ``Host`` may say.
    allowed_origins : tuple of str
        Web sites whose pages may call it, such as ``https://example.org``.
    runs_dir : pathlib.Path, default="eval-runs"
        The folder of evaluation runs; the page shows the latest one.
    upload_dir : pathlib.Path, optional
        The folder that uploads are written to and read from. None: there are no uploads.
    requests_per_minute : int, default=600
        For each key; 0 sets no limit.
    n_threads : int, optional
        Requests that are worked on at the same time. Default: twice the number of processors, at least 4; with a
        language model, which is mostly waited for, 32.
    n_waiting : int, default=256
        Requests that wait for their turn; any more are refused with status 503.
    timeout_s : float, default=120.0
        Seconds that a request may take, its waiting included.
    poll_s : float, default=30.0
        Seconds between two looks for a new generation, where a published index is served.
    tool_timeout_s : float, default=20.0
        Seconds that a tool may compute.
    max_body_bytes : int, default=1048576
        Size of a request, other than an upload.
    max_upload_bytes : int, default=33554432
        Size of an upload.

    Examples
    --------
    >>> ServiceOptions(port=8080).is_local
    True
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    runs_dir: Path = Path("eval-runs")
    upload_dir: Path | None = None
    requests_per_minute: int = 600
    n_threads: int | None = None
    n_waiting: int = 256
    timeout_s: float = 120.0
    poll_s: float = 30.0
    tool_timeout_s: float = 20.0
    max_body_bytes: int = _MEBIBYTE
    max_upload_bytes: int = 32 * _MEBIBYTE

    def __post_init__(self) -> None:
        _check_range("port", self.port, 0, 65_535)
        _check_range("requests_per_minute", self.requests_per_minute, 0, 10_000_000)
        if self.n_threads is not None:
            _check_range("n_threads", self.n_threads, 1, 1_000)
        _check_range("n_waiting", self.n_waiting, 0, 100_000)
        _check_range("timeout_s", self.timeout_s, 0.01, 86_400)
        _check_range("poll_s", self.poll_s, 0.1, 86_400)
        _check_range("tool_timeout_s", self.tool_timeout_s, 0.01, 86_400)
        _check_range("max_body_bytes", self.max_body_bytes, 1, 2**40)
        _check_range("max_upload_bytes", self.max_upload_bytes, 1, 2**40)
        for name in self.allowed_hosts:
            if not _NAME.fullmatch(name):
                msg = f"allowed_hosts must hold names without a port; got {name!r}."
                raise SettingsError(msg, hint="Write, for example: --allow-host rag.example.org")
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                msg = f"allowed_origins must hold a scheme and a name; got {origin!r}."
                raise SettingsError(msg, hint="Write, for example: --allow-origin https://example.org")
        if self.host in _EVERY_ADDRESS and not self.allowed_hosts:
            msg = f"A service on every address ({self.host}) must know the names by which it is reached; got none."
            raise SettingsError(msg, hint="Add, for example: --allow-host rag.example.org")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, which may stand for anything
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """What the header ``Host`` may say, in lower case and without the port."""
        own = [self.host] if self.host not in _EVERY_ADDRESS else []
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, *own, *self.allowed_hosts))


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        msg = f"{name} must be between {low} and {high}; got {value!r}."
        raise SettingsError(msg)
