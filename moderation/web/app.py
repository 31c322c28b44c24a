"""The application, built from settings and nothing else."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from moderation import database, mail, rendering
from moderation.clock import Clock, utc
from moderation.decisions import NotFound
from moderation.delivery import Loop, Post
from moderation.front import Front
from moderation.language import Language
from moderation.links import Links
from moderation.pages.public import BadCursor
from moderation.settings import Settings
from moderation.throttle import Throttle
from moderation.web import again, api, desk, public, sign_in, submit, track
from moderation.web.dependencies import Parts
from moderation.web.guard import Guard
from moderation.web.people import NotSignedIn
from moderation.web.places import Place

# What each error of the program answers; the program itself knows nothing of HTTP.
STATUS_OF: dict[type[Exception], int] = {
    NotFound: 404,
    BadCursor: 404,
    DataError: 404,  # what a database cannot hold is not in it: PostgreSQL takes no null character
    RequestValidationError: 422,
}


def build(settings: Settings, clock: Clock = utc, *, served: bool = False) -> Parts:
    """The parts every door of the program shares; `served` as `database.connect` has it."""
    engine = database.connect(settings.database_url, served=served)
    language = Language(settings.language, settings.timezone)
    return Parts(
        settings=settings,
        engine=engine,
        public_engine=database.connect(settings.public_database_url, served=served)
        if settings.public_database_url
        else engine,
        links=Links(settings.keys()),
        templates=rendering.environment(settings, language),
        fingerprint=rendering.fingerprint(settings),
        clock=clock,
        throttle=Throttle(settings.submit_limit, settings.limits_url, settings.keys()[0]),
    )


def post(parts: Parts) -> Post | None:
    """How letters leave; None when no mail is set up."""
    send = mail.sender(parts.settings)
    return Post(parts.settings, parts.links, parts.templates, send) if send else None


def create_app(parts: Parts) -> ASGIApp:
    app = FastAPI(openapi_url=None, lifespan=_lifespan, redirect_slashes=False, dependencies=[Place])
    app.state.parts = parts
    for module in (public, submit, track, sign_in, desk):
        app.include_router(module.router)
    app.mount(api.PREFIX, api.create_api(parts))
    app.mount("/static", StaticFiles(directory=rendering.STATIC))
    for kind, status in STATUS_OF.items():
        app.add_exception_handler(kind, _shown(status))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(NotSignedIn, _to_sign_in)
    for unavailable in database.UNAVAILABLE:
        app.add_exception_handler(unavailable, _busy)
    app.add_exception_handler(Exception, _shown(500))
    return Front(
        Guard(
            app,
            site_url=parts.settings.site_url,
            public_origins=parts.settings.public_origins,
            refusal=lambda: _error_page(parts, 403),
        ),
        etag_of=lambda path: public.etag_of(parts, path),
        freshness=parts.settings.cache_freshness,
        prefix=parts.settings.path,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    parts: Parts = app.state.parts
    loop = Loop(parts.engine, post(parts), parts.clock)
    loop.start()
    yield
    await to_thread.run_sync(loop.stop)


def _page(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return _error_page(request.app.state.parts, status, headers)


def _error_page(parts: Parts, status: int, headers: Mapping[str, str] | None = None) -> Response:
    name = "missing.html" if status == 404 else "error.html"
    return parts.page(name, None, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


def _shown(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def show(request: Request, _error: Exception) -> Response:
        return _page(request, status)

    return show


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(f"{api.PREFIX}/"):  # a line break in it, and the mount does not see it
        return api.problem(error.status_code, str(error.detail), headers=error.headers)
    return _page(request, error.status_code, error.headers)


async def _busy(request: Request, _error: Exception) -> Response:
    """The same request again, by one button, where it can be sent twice without being done twice."""
    headers = {"Retry-After": "5"}
    typed = await again.typed(request)
    if typed is None:
        return _page(request, 503, headers)
    parts: Parts = request.app.state.parts
    action = parts.url(request.url.path)
    headers |= {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return parts.page("busy.html", typed, status=503, headers=headers, action=action)


async def _to_sign_in(request: Request, _error: Exception) -> Response:
    parts: Parts = request.app.state.parts
    if request.method == "GET":
        query = request.url.query
        onward = quote(request.url.path + (f"?{query}" if query else ""))
        return RedirectResponse(parts.url(f"/sign-in?next={onward}"), 303, headers=sign_in.PRIVATE)
    return parts.page(
        "sign_in.html", None, status=401, headers=sign_in.PRIVATE, next="/desk", problem="signed_out"
    )
