"""A web page becomes bytes: from public addresses alone, within limits of size and time."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpcore

from rag_app.errors import IngestionError
from rag_app.ingestion.load import FORMATS, shown
from rag_app.ingestion.network import Address, CheckedNetwork, is_public

TIMEOUT_S = 30.0
MAX_BYTES = 20 * 2**20
MAX_REDIRECTS = 5
_HEADERS = {"User-Agent": "rag_app", "Accept": "*/*", "Accept-Encoding": "gzip"}
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/vtt": ".vtt",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/x-ipynb+json": ".ipynb",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
}
_VAGUE = frozenset(("", "text/plain", "application/octet-stream", "application/json", "application/zip"))
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252"}  # what browsers read by these names
_UNESCAPED = "/%:@!$&'()*+,;=~[]"


def fetch(
    url: str,
    *,
    is_allowed: Callable[[Address], bool] = is_public,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
) -> tuple[bytes, str]:
    """Return the bytes of a web page and the suffix that says how to read them.

    Parameters
    ----------
    url : str
        Its address.
    is_allowed : callable, optional
        Decides whether an address may be connected to: of the page, and of every page that it redirects to.
    timeout_s : float, default=30.0
        Seconds that everything together may take.
    max_bytes : int, default=20971520
        Bytes that the page may have, uncompressed.

    Returns
    -------
    (bytes, str)
        Text comes in UTF-8 if the server says what its encoding is, otherwise as it is.

    Raises
    ------
    IngestionError
        If the address, what it leads to or the page breaks a rule. The message shows the address without its query,
        which may hold a key.
    """
    network = CheckedNetwork(is_allowed, timeout_s)
    try:
        with httpcore.ConnectionPool(network_backend=network) as pool:
            data, headers, last_url = _follow(pool, url, max_bytes)
    except httpcore.TimeoutException as exc:
        msg = f"{_shown(url)} must come within {timeout_s:g} s; it took longer."
        raise IngestionError(msg, hint="Try again, or save the page and ingest the file.") from exc
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError, zlib.error) as exc:
        reason = (getattr(exc, "strerror", None) or str(exc) or type(exc).__name__).rstrip(".")
        msg = f"{_shown(url)} cannot be fetched: {reason}."
        raise IngestionError(msg, hint="Check the address in a browser.") from exc
    media, _, parameters = headers.get("content-type", "").partition(";")
    media = media.strip().lower()
    return _as_utf8(data, media, parameters), _suffix(media, last_url)


def _follow(pool: httpcore.ConnectionPool, url: str, max_bytes: int) -> tuple[bytes, Mapping[str, str], str]:
    """Return body, headers and address of the page that a page leads to."""
    first = url
    for _ in range(1 + MAX_REDIRECTS):
        target, host = _target(url)
        with pool.stream("GET", target, headers=[("Host", host), *_HEADERS.items()]) as answer:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            if answer.status in _REDIRECTS and "location" in headers:
                url = urljoin(url, headers["location"])
                continue
            if answer.status not in range(200, 300):
                msg = f"{_shown(url)} cannot be fetched: the server answers with status {answer.status}."
                raise IngestionError(msg, hint="Check the address in a browser.")
            encoding = headers.get("content-encoding", "identity").lower()
            return _body(answer.iter_stream(), encoding, _shown(url), max_bytes), headers, url
    msg = f"{_shown(first)} must not redirect more than {MAX_REDIRECTS} times."
    raise IngestionError(msg, hint="Give the address that it leads to in a browser.")


def _target(url: str) -> tuple[httpcore.URL, str]:
    """Return an address as a request needs it, and the host as the server is told."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # a port that is no number, a host that cannot be
        parts, host, port = urlsplit(""), b"", None
    if parts.scheme not in {"http", "https"} or not host:
        msg = f"A web address must be http:// or https:// with a host; got {_shown(url)!r}."
        raise IngestionError(msg)
    if "@" in parts.netloc:
        msg = f"A web address must not contain a user or a password; got one of {host.decode()}."
        raise IngestionError(msg, hint="Save the page and ingest the file.")
    path = (
        quote(parts.path or "/", safe=_UNESCAPED) + ("?" if parts.query else "") + quote(parts.query, _UNESCAPED + "?")
    )
    named = f"[{host.decode()}]" if b":" in host else host.decode()
    target = httpcore.URL(scheme=parts.scheme.encode(), host=host, port=port, target=path.encode())
    return target, named if port is None else f"{named}:{port}"


def _body(parts: Iterable[bytes], encoding: str, page: str, max_bytes: int) -> bytes:
    """Return the bytes of a page, which never take more memory than the limit."""
    if encoding not in {"identity", "gzip", "x-gzip"}:
        msg = f"{page} must come as it is or as gzip; got {encoding!r}."
        raise IngestionError(msg, hint="Save the page and ingest the file.")
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    body = bytearray()
    for part in parts:
        body += part if unpack is None else unpack.decompress(part, max_bytes + 1 - len(body))
        if len(body) > max_bytes:
            msg = f"{page} must not be larger than {max_bytes:,} bytes."
            raise IngestionError(msg, hint="Save the page, divide it and ingest the files.")
    if unpack is not None and body and not unpack.eof:
        msg = f"{page} cannot be fetched: it ends too early."
        raise IngestionError(msg, hint="Try again.")
    return bytes(body)


def _suffix(media: str, url: str) -> str:
    """Return how a page is to be read: as its type says; where that says little, as its name does."""
    named = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    suffix = named if media in _VAGUE and named in FORMATS else _SUFFIXES.get(media, "")
    if suffix not in FORMATS:
        known = ", ".join(name for name, kind in _SUFFIXES.items() if kind in FORMATS and not name.startswith(_OFFICE))
        msg = f"{_shown(url)} must be a page of a type that is read; got {media or 'none'!r}."
        raise IngestionError(msg, hint=f"Name one of the types {known}.")
    return suffix


def _as_utf8(data: bytes, media: str, parameters: str) -> bytes:
    """Return text in UTF-8, with a byte-order mark that goes before what the page says of itself."""
    charset = _CHARSET.search(parameters)
    marked = data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if charset is None or marked or not media.startswith(("text/", "application/xhtml")):
        return data
    try:
        name = codecs.lookup(charset[1]).name
        return data if name == "utf-8" else codecs.BOM_UTF8 + data.decode(_MEANT.get(name, name)).encode()
    except (LookupError, UnicodeError):  # the server is wrong: the encoding is found out
        return data


def _shown(url: str) -> str:
    """Return an address that can be printed: its user, query and fragment may hold a key."""
    return shown(re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0]))
