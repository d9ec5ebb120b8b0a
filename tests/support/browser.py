"""A real browser for tests of pages: Chromium without a window, spoken to by its DevTools protocol.

Use::

    with open_browser(tmp_path / "profile") as page:
        page.open(path.as_uri())
        page.run("document.title")
        page.press("Tab")
        assert page.errors == []

A test that needs it is skipped where Chromium is not installed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_PATIENCE_S = 30.0
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Space": (32, " "),
}
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)


@contextlib.contextmanager
def open_browser(profile: Path) -> Iterator[Page]:
    """Start Chromium with a profile of its own, and yield a page."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed.")
    from websockets.sync.client import connect

    command = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _wait_for(profile / "DevToolsActivePort").split("\n")[0]
        with connect(f"ws://127.0.0.1:{port}{_page_path(int(port))}", max_size=None, proxy=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE_S)


def _wait_for(file: Path) -> str:
    """Return what a file holds, once it is there."""
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            text = file.read_text(encoding="utf-8")
            if "\n" in text:
                return text
        time.sleep(0.05)
    raise TimeoutError(file)


def _page_path(port: int) -> str:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as reply:
        address = next(target for target in json.load(reply) if target["type"] == "page")["webSocketDebuggerUrl"]
    return "/" + address.split("/", 3)[3]


class Page:
    """A tab.

    Attributes
    ----------
    errors : list of str
        What its scripts threw, and what its policy refused.
    requests : list of str
        The addresses that it asked for.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._n_sent = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Load an address and wait until it is there."""
        self._send("Page.navigate", url=address)
        ends = time.monotonic() + _PATIENCE_S
        while self.run("document.readyState") != "complete" or self.run("location.href") == "about:blank":
            if time.monotonic() > ends:
                raise TimeoutError(address)
            time.sleep(0.02)

    def run(self, script: str) -> Any:
        """Return the value of an expression."""
        found = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key: Tab, Enter or Space."""
        code, text = _KEYS[key]
        named = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
        self._send("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        self._send("Input.dispatchKeyEvent", type="keyUp", **named)

    def write(self, text: str) -> None:
        """Type a text where the focus is."""
        self._send("Input.insertText", text=text)

    def look_as(self, width: int, height: int, scheme: str = "light") -> None:
        """Give the window a size, and ask for a light or a dark page."""
        self._send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def save_picture(self, path: Path) -> None:
        """Write what the window shows into a PNG file."""
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot")["data"]))

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._n_sent += 1
        self._socket.send(json.dumps({"id": self._n_sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=_PATIENCE_S))
            if message.get("id") == self._n_sent:
                if "error" in message:
                    raise AssertionError(message["error"])
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        given = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(given["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.errors.append(given["entry"]["text"])
        elif event.get("method") == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
