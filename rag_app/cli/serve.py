"""``rag serve``."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.cli.terminal import console, progress_bar
from rag_app.errors import SettingsError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from rag_app.app import App
    from rag_app.service.options import ServiceOptions
    from rag_app.service.replica import Replica


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="name that clients reach it by; repeatable"
    )
    parser.add_argument(
        "--allow-origin", action="append", default=[], metavar="URL", help="site whose pages may call it; repeatable"
    )
    parser.add_argument(
        "--index", metavar="URI", help="serve what rag index publish wrote there, and take what comes after it"
    )
    parser.add_argument(
        "--poll", type=float, default=30.0, metavar="SECONDS", help="between two looks there (default: %(default)g)"
    )
    parser.add_argument("--uploads", type=Path, metavar="FOLDER", help="take files into a folder and the index")
    parser.add_argument(
        "--runs", type=Path, default=Path("eval-runs"), metavar="FOLDER", help="evaluation runs (default: %(default)s)"
    )
    parser.add_argument(
        "--requests-per-minute", type=int, default=600, metavar="N", help="for each key (default: %(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=120.0, metavar="SECONDS", help="for a request (default: %(default)g)"
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="must be 1: for more processes, start it on more ports"
    )
    parser.add_argument("--traces", action="store_true", help="send OpenTelemetry traces, as OTEL_* variables say")
    parser.add_argument("--new-key", metavar="NAME", help="make a key, print it once, and end")


def run(arguments: argparse.Namespace) -> int:
    """Serve until the process is told to end; running answers are finished."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # requests share the processors; threads of one would spin
    from rag_app import build

    app = build()
    from rag_app.service.keys import load_keys

    if arguments.new_key is not None:
        print(load_keys(app.settings).add(arguments.new_key))
        return 0
    options = read_options(arguments)
    app.check_settings()
    if app.settings.database_url:
        from rag_app.chains.conversations import load_conversations

        load_conversations(app.settings).close()  # a database that cannot be used is said before anything is served
    from rag_app.service.api import check_keys

    check_keys(options, load_keys(app.settings))  # before anything is read or fetched
    with _served(app, options, arguments) as served:
        _start(served, options, traces=arguments.traces)
    return 0


@contextmanager
def _served(app: App, options: ServiceOptions, arguments: argparse.Namespace) -> Iterator[App | Replica]:
    """Give the application over its own index, or over the published one."""
    from rag_app.cli.first_use import ensure_index

    if arguments.index is None:
        ensure_index(app)
        yield app
        return
    from rag_app.service.replica import following

    with ExitStack() as held:
        with progress_bar() as progress:
            replica = held.enter_context(following(app, arguments.index, options.poll_s, progress=progress))
        yield replica


def _start(app: App | Replica, options: ServiceOptions, *, traces: bool) -> None:
    from rag_app.service.api import create_service
    from rag_app.service.logs import start_logging
    from rag_app.service.traces import load_provider

    service = create_service(app, options, tracer_provider=load_provider() if traces else None)
    start_logging()
    _serve(service, options, app)


def read_options(arguments: argparse.Namespace) -> ServiceOptions:
    """Return the options that the command line stands for."""
    if arguments.workers != 1:
        msg = (
            f"--workers must be 1; got {arguments.workers}: processes behind one port would each have a copy of the "
            "embedded index, count limits for themselves, and know only their own answers when one is rated."
        )
        raise SettingsError(msg, hint="Start it once for each port behind a proxy, or with --index: docs/service.md.")
    if arguments.index is not None and arguments.uploads is not None:
        msg = "--uploads must not be given with --index: what was published elsewhere is only read."
        raise SettingsError(msg, hint="Ingest where the index is, then publish it: rag index publish URI")
    from rag_app.service.options import ServiceOptions

    return ServiceOptions(
        host=arguments.host,
        port=arguments.port,
        allowed_hosts=tuple(arguments.allow_host),
        allowed_origins=tuple(arguments.allow_origin),
        upload_dir=arguments.uploads,
        runs_dir=arguments.runs,
        requests_per_minute=arguments.requests_per_minute,
        timeout_s=arguments.timeout,
        poll_s=arguments.poll,
    )


def _serve(service: FastAPI, options: ServiceOptions, app: App | Replica) -> None:
    import uvicorn

    listening = _listen(options)
    config = uvicorn.Config(
        service,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(options.timeout_s),
    )

    class Server(uvicorn.Server):
        """Says where it is when it is there."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _say_where(options, listening.getsockname()[1], app)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # which uvicorn raises again when it has finished
    Server(config).run(sockets=[listening])


def _listen(options: ServiceOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=2048)
    except OSError as exc:
        reason = str(exc.strerror).partition(" (while")[0].lower()  # Python adds the address to the system's words
        msg = f"The service cannot listen on {options.host}:{options.port}: {reason}."
        raise SettingsError(msg, hint="Choose another with --port or --host.") from exc


def _say_where(options: ServiceOptions, port: int, app: App | Replica) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    out = console(stderr=True)
    n_sources = len(app.library.sources())
    out.print(f"Serving {n_sources} source{'s' * (n_sources != 1)} at http://{host}:{port} (llm: {app.settings.llm}).")
    out.print("/openapi.json describes it; /v1 speaks the OpenAI protocol, /mcp MCP. Ctrl-C ends it.", style="dim")
