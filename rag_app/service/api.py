"""The service: every door of an application in one ASGI program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from rag_app import __version__
from rag_app.errors import SettingsError
from rag_app.service import doors, openai_compat, reports, schemas, uploads
from rag_app.service.engine import Engine
from rag_app.service.guard import Guard
from rag_app.service.keys import Keys, load_keys
from rag_app.service.limits import RateLimit
from rag_app.service.mcp import Door
from rag_app.service.options import ServiceOptions
from rag_app.service.problems import add_handlers
from rag_app.service.replica import Replica
from rag_app.service.traces import telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from rag_app.app import App

_WEB = Path(__file__).with_name("web")
_ABOUT = "Answers with verified citations from documents. An error is an RFC 9457 problem with a hint."


def create_service(
    app: App | Replica, options: ServiceOptions | None = None, *, tracer_provider: TracerProvider | None = None
) -> FastAPI:
    """Return an ASGI application with the doors of an application: HTTP, the OpenAI protocol, MCP, and the page.

    Parameters
    ----------
    app : App or Replica
        What answers.
    options : ServiceOptions, optional
        Default: for clients on this machine alone.
    tracer_provider : TracerProvider, optional
        Where spans go.

    Raises
    ------
    SettingsError
        If other machines could reach it and there is no key.

    Examples
    --------
    >>> from rag_app import build
    >>> sorted(create_service(build()).openapi()["paths"])[:3]
    ['/ask', '/classify', '/feedback']
    """
    options = options or ServiceOptions()
    keys = load_keys(app.settings)
    check_keys(options, keys)
    tracer = tracer_provider.get_tracer("rag_app") if tracer_provider is not None else None
    engine = Engine(app, options, tracer)
    if isinstance(app, Replica):
        engine.metrics.watch_replica(app)
    door = Door(engine)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(engine.warm_up)
        async with door.open():
            yield
        engine.close()
        if tracer_provider is not None:
            tracer_provider.force_flush()

    about: dict[str, Any] = {"title": "rag_app", "version": __version__, "description": _ABOUT}
    api = FastAPI(
        **about,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        telemetry=telemetry(tracer_provider),
    )
    api.state.engine = engine
    add_handlers(api)
    api.include_router(doors.router)
    api.include_router(openai_compat.router)
    api.include_router(reports.router)
    if options.upload_dir is not None or isinstance(app, Replica):  # which says why it takes none
        api.include_router(uploads.router)
    api.router.routes.append(door.route())
    _add_page(api)
    _add_schema(api)
    rate = RateLimit(options.requests_per_minute)
    api.add_middleware(Guard, options=options, keys=keys, rate=rate, metrics=engine.metrics)
    if options.allowed_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=list(options.allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )
    return api


def check_keys(options: ServiceOptions, keys: Keys) -> None:
    """Refuse a service that other machines could reach without a key.

    Raises
    ------
    SettingsError
        If so.
    """
    if not options.is_local and not len(keys):
        msg = f"A service on {options.host}, which other machines can reach, needs a key; there is none."
        raise SettingsError(msg, hint="Make one with: rag serve --new-key NAME")


def _add_page(api: FastAPI) -> None:
    """Serve the page, where there is one."""
    if not (_WEB / "index.html").is_file():
        return
    api.mount("/web", StaticFiles(directory=_WEB, html=True))

    @api.get("/", include_in_schema=False)
    async def to_page() -> RedirectResponse:
        return RedirectResponse("web/")


def _add_schema(api: FastAPI) -> None:
    """Describe the API: every refusal is a problem, and a key may be needed."""

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            schema = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
            parts = schema.setdefault("components", {})
            problem = schemas.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            parts["schemas"] |= {**problem.pop("$defs", {}), "ProblemDetails": problem}
            for unused in ("HTTPValidationError", "ValidationError"):
                parts["schemas"].pop(unused, None)
            parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{}, {"key": []}]
            api.openapi_schema = schema
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way

    @api.get("/openapi.json", include_in_schema=False)
    async def show_schema() -> JSONResponse:
        return JSONResponse(api.openapi())
