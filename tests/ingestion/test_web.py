"""Web pages, from a real server on loopback; that loopback is refused otherwise is tested here too."""

from __future__ import annotations

import gzip
import re
import time

import pytest
from support.web_server import web_server

from rag_app.errors import IngestionError
from rag_app.ingestion.load import load_source
from rag_app.ingestion.web import fetch

HTML = b"<!doctype html><title>Cats</title><p>Cats eat fish."


def get(url, **limits):
    """Return what `fetch` does where 127.0.0.1 alone counts as public."""
    return fetch(url, is_allowed=lambda address: str(address) == "127.0.0.1", **limits)


def page(body=HTML, **headers):
    """Return a server that answers every request alike."""
    return web_server(lambda request: request.reply(body, **{"Content_Type": "text/html", **headers}))


def test_a_page_is_fetched_as_the_server_has_it():
    """Bytes and type of the page; the server is told the host, and no more of the address than it needs."""
    seen = []

    def answer(request):
        seen.append((request.path, request.headers["Host"], request.headers["Cookie"]))
        request.reply(HTML, Content_Type="text/html")

    with web_server(answer) as url:
        assert get(f"{url}/a b/ü?q=1&r=%20#part") == (HTML, ".html")
        assert seen == [("/a%20b/%C3%BC?q=1&r=%20", url.removeprefix("http://"), None)]


def test_loopback_is_refused():
    """Without leave, this machine is not asked; the message names host and address."""
    with (
        page() as url,
        pytest.raises(IngestionError, match=r"The host 127\.0\.0\.1 must have a public address; got 127"),
    ):
        fetch(url)


@pytest.mark.parametrize(
    ("content_type", "path", "suffix"),
    [
        ("text/html; charset=utf-8", "/", ".html"),
        ("TEXT/HTML", "/page.php", ".html"),
        ("application/xhtml+xml", "/", ".xhtml"),
        ("text/plain", "/notes", ".txt"),
        ("text/plain", "/README.md?raw=1", ".md"),
        ("text/markdown", "/x.txt", ".md"),
        ("application/octet-stream", "/page.HTML", ".html"),
        ("text/html", "/paper.md", ".html"),
    ],
)
def test_the_type_says_how_a_page_is_read(content_type, path, suffix):
    """Where the type says little, the end of the name decides."""
    with page(Content_Type=content_type) as url:
        assert get(url + path)[1] == suffix


@pytest.mark.parametrize(
    ("content_type", "got"), [("image/png", "image/png"), ("application/octet-stream", None), ("", "none")]
)
def test_a_type_that_is_not_read_is_refused(content_type, got):
    """With the type, and those that are read."""
    with page(Content_Type=content_type) as url:
        message = f"{url}/x.bin must be a page of a type that is read; got '{got or content_type}'. Name one of the"
        with pytest.raises(IngestionError, match=re.escape(message)):
            get(f"{url}/x.bin?key=SECRET")


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("ISO-8859-9", "iso8859-9"), ('"Windows-1254"', "cp1254"), ("iso-8859-1", "cp1252")],
)
def test_the_servers_encoding_goes_before_the_pages(charset, encoding):
    """The page says something else of itself, as pages do; the text is read as the server says."""
    text = "<meta charset=koi8-r><p>Doğru “çay”" if encoding == "cp1254" else "<meta charset=koi8-r><p>Überblick, café"
    with page(text.encode(encoding), Content_Type=f"text/html; charset={charset}") as url:
        data, suffix = get(url)
    assert load_source(data, uri=url, name=url, suffix=suffix).text == text.partition("<p>")[2].replace("“", "“")


@pytest.mark.parametrize("charset", ["no-such-encoding", "utf-8", "base64", "utf-16"])
def test_a_wrong_encoding_leaves_the_bytes_as_they_are(charset):
    """What the server says is not believed where it cannot be."""
    body = "<p>Überblick!".encode("latin-1")
    with page(body, Content_Type=f"text/html; charset={charset}") as url:
        assert get(url)[0] == body


def test_a_page_may_be_compressed():
    """As gzip, which is what is asked for."""
    with page(gzip.compress(HTML), Content_Encoding="gzip") as url:
        assert get(url) == (HTML, ".html")


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (HTML, "br", "must come as it is or as gzip; got 'br'."),
        (HTML, "gzip", "cannot be fetched: Error -3 while decompressing data: incorrect header check."),
        (gzip.compress(HTML, mtime=0)[:-9], "gzip", "cannot be fetched: it ends too early."),
    ],
)
def test_a_compression_that_is_wrong_is_refused(body, encoding, reason):
    """Another one than was asked for, damaged, or cut off."""
    with (
        page(body, Content_Encoding=encoding) as url,
        pytest.raises(IngestionError, match=re.escape(f"{url} {reason}")),
    ):
        get(url)


@pytest.mark.parametrize("body", [b"x" * 10_001, gzip.compress(b"x" * 50_000_000)], ids=["plain", "gzip"])
def test_a_page_that_is_too_large_is_refused(body):
    """Counted uncompressed: a small answer that grows without end is stopped at the limit."""
    encoding = {} if body.startswith(b"x") else {"Content_Encoding": "gzip"}
    with page(body, **encoding) as url:
        with pytest.raises(IngestionError, match=re.escape(f"{url} must not be larger than 10,000 bytes. Save")):
            get(url, max_bytes=10_000)
        if not encoding:
            assert len(get(url, max_bytes=10_001)[0]) == 10_001


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_page_that_drips_is_stopped(part):
    """A byte now and then keeps a connection alive, but not beyond the limit for everything together."""

    def drip(request):
        start = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + (b"\r\n" if part == "body" else b"X: ")
        request.wfile.write(start)
        for _ in range(100):
            request.wfile.write(b"x")
            time.sleep(0.05)
        request.close_connection = True

    with web_server(drip) as url:
        began = time.monotonic()
        with pytest.raises(IngestionError, match=re.escape(f"{url} must come within 0.5 s; it took longer. Try again")):
            get(url, timeout_s=0.5)
        assert time.monotonic() - began < 4  # the page would take five seconds


# -- redirects -------------------------------------------------------------------------------------------------------


def redirecting(where):
    """Return a server whose pages redirect as `where` says, by path; others are pages."""

    def answer(request):
        if request.path in where:
            request.reply(status=302, Location=where[request.path])
        else:
            request.reply(HTML, Content_Type="text/html")

    return web_server(answer)


def test_five_redirects_are_followed_and_six_are_not():
    """Relative ones too."""
    with redirecting({f"/{i}": f"{i + 1}" for i in range(6)}) as url:
        assert get(f"{url}/1")[0] == HTML
        message = f"{url}/0 must not redirect more than 5 times. Give the address that it leads to"
        with pytest.raises(IngestionError, match=re.escape(message)):
            get(f"{url}/0")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://[::1]:9/", "The host ::1 must have a public address; got ::1."),
        ("file:///etc/passwd", "A web address must be http:// or https:// with a host; got 'file:///etc/passwd'."),
        ("https://:80/x", "A web address must be http:// or https:// with a host; got 'https://:80/x'."),
        ("http://user:secret@127.0.0.1/", "A web address must not contain a user or a password; got one of 127.0.0.1."),
    ],
)
def test_every_redirect_is_checked(location, message):
    """An allowed page does not lead to one that is not."""
    with redirecting({"/": location}) as url, pytest.raises(IngestionError, match=re.escape(message)):
        get(url)


# -- what cannot be fetched ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [304, 401, 404, 500])
def test_an_answer_without_a_page_is_refused(status):
    """With the status; the query, which may hold a key, is not shown."""
    with page(b"", status=status) as url:
        message = f"{url}/a cannot be fetched: the server answers with status {status}. Check the address in a browser."
        with pytest.raises(IngestionError) as caught:
            get(f"{url}/a?key=SECRET#SECRET")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "http://",
        "http:///x",
        "https://:443/",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://a..b/",
    ],
)
def test_an_address_that_is_none_is_refused(url):
    """Before anything is connected to or looked up."""
    with pytest.raises(IngestionError, match=r"A web address must be http:// or https:// with a host; got '"):
        get(url)


def test_nobody_answering_is_told():
    """The system's reason, in the sentence."""
    with page() as url:
        pass
    with pytest.raises(IngestionError, match=rf"{url} cannot be fetched: .*Connection refused\. Check the address"):
        get(url)


def test_a_connection_that_breaks_is_told():
    """A page shorter than the server said is not taken for the page."""

    def cut(request):
        request.close_connection = True
        request.reply(HTML, Content_Type="text/html", Content_Length="1000")

    with (
        web_server(cut) as url,
        pytest.raises(IngestionError, match=rf"{url} cannot be fetched: peer closed connection"),
    ):
        get(url)
