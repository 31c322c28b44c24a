"""The application, built from settings and nothing else."""

import asyncio
import gc
import sys
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

from moderation import database, mail, metrics, rendering
from moderation.accounts import SignedOut
from moderation.clock import Clock, utc
from moderation.decisions import NotFound
from moderation.delivery import Loop
from moderation.front import Front
from moderation.language import Language
from moderation.letters import Post
from moderation.links import Links
from moderation.pages.public import BadCursor
from moderation.settings import Settings
from moderation.throttle import Counts, Throttle
from moderation.tries import Tries
from moderation.vault import Vault
from moderation.web import again, api, confirm, observe, onward, public
from moderation.web.dependencies import Parts
from moderation.web.guard import Guard
from moderation.web.health import Health
from moderation.web.observe import Observer
from moderation.web.people import PRIVATE, NotAllowed, NotConfirmed, NotSignedIn
from moderation.web.routes import routes
from moderation.web.scrape import Scrape
from moderation.wording import Wording

# Seconds between two tellings of what the front counted by itself.
TELLS_EVERY = 1.0
# Seconds after which a thread that computes (it renders a text, say) lets the one that answers readers go on;
# Python’s own are ten times as many, and a page from memory takes a tenth of one of those.
HANDED_OVER = 0.0005
# How many texts one sender may have rendered for each that may be sent.
PREVIEWS = 10
# How often one sender may have an address written to: asked whether it wants to follow, or told what came.
ADDRESSED = "5 per minute; 20 per hour; 50 per day"
# What the guard says to programs.
REFUSALS = {
    403: "This was sent by a page of another site.",
    404: "There is nothing here.",
    415: "Send application/json.",
}
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
    counts = Counts(settings.limits_url)
    wording = Wording()
    templates = rendering.environment(settings, language, wording)
    return Parts(
        settings=settings,
        engine=engine,
        public_engine=database.connect(settings.public_database_url, served=served)
        if settings.public_database_url
        else engine,
        links=Links(settings.keys()),
        templates=templates,
        abroad=rendering.abroad(templates, settings),
        wording=wording,
        fingerprint=rendering.fingerprint(settings),
        clock=clock,
        throttle=Throttle(settings.submit_limit, counts, settings.keys()[0], "submit"),
        previews=Throttle(settings.submit_limit, counts, settings.keys()[0], "preview", times=PREVIEWS),
        addressed=Throttle(ADDRESSED, counts, settings.keys()[0], "follow"),
        # Counts of their own, which no flood of contributions can push out.
        tries=Tries(Counts(settings.limits_url), Counts(settings.limits_url), settings.keys()[0]),
        vault=Vault(settings.keys()),
    )


def post(parts: Parts) -> Post | None:
    """How letters leave; None when no mail is set up."""
    send = mail.sender(parts.settings)
    return Post(parts.settings, parts.links, parts.templates, send) if send else None


def create_app(parts: Parts) -> ASGIApp:
    app = FastAPI(routes=routes(), openapi_url=None, lifespan=_lifespan, redirect_slashes=False)
    app.state.parts = parts
    app.mount(api.PREFIX, api.create_api(parts))
    app.mount("/static", StaticFiles(directory=rendering.STATIC))
    for kind, status in STATUS_OF.items():
        app.add_exception_handler(kind, _shown(status))
    app.add_exception_handler(HTTPException, _http)
    for nobody in (NotSignedIn, SignedOut):
        app.add_exception_handler(nobody, _to_sign_in)
    app.add_exception_handler(NotAllowed, _shown(403))
    app.add_exception_handler(NotConfirmed, confirm.led_there)
    for unavailable in database.UNAVAILABLE:
        app.add_exception_handler(unavailable, _busy)
    app.add_exception_handler(Exception, _shown(500))
    guarded = Guard(
        app,
        site_url=parts.settings.site_url,
        public_origins=parts.settings.public_origins,
        refusal=lambda path, status: _refusal(parts, path, status),
    )
    front = Front(
        Observer(guarded),
        etag_of=lambda path: public.etag_of(parts, path),
        keeps=public.is_kept,
        reads=public.reads,
        freshness=parts.settings.cache_freshness,
        prefix=parts.settings.path,
    )
    _measure(app, front)
    return front


def _measure(app: FastAPI, front: Front) -> None:
    """What /healthz and /metrics ask. The effects loop runs while the app does."""
    parts: Parts = app.state.parts

    def sample() -> None:
        front.counts.tell()
        metrics.FRONT_KEPT.set(front.size)
        metrics.count_connections(database.pools(parts.engine), "main")
        metrics.count_connections(database.pools(parts.public_engine), "public")

    app.state.loop = None
    app.state.sample = sample
    app.state.scrape = Scrape(parts, sample)
    app.state.health = Health(parts, lambda: app.state.loop is not None and app.state.loop.lives)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    parts: Parts = app.state.parts
    sys.setswitchinterval(HANDED_OVER)
    # What is there by now stays: a request has not to wait while it is looked through for garbage.
    gc.freeze()
    loop = app.state.loop = Loop(parts.engine, post(parts), parts.clock, parts.settings.periods)
    loop.start()
    telling = asyncio.create_task(_tell(app.state.sample))
    yield
    telling.cancel()
    await to_thread.run_sync(loop.stop)
    app.state.sample()


async def _tell(sample: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(TELLS_EVERY)
        sample()


def _page(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    reference = request.state.reference if status >= 500 else ""
    return _error_page(request.app.state.parts, status, headers, reference)


def _error_page(
    parts: Parts,
    status: int,
    headers: Mapping[str, str] | None = None,
    reference: str = "",
    *,
    foreign: bool = False,
) -> Response:
    name = "missing.html" if status == 404 else "error.html"
    # Its address may be a secret that opens nothing any more, or not yet.
    private = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", **(headers or {})}
    return parts.page(name, None, status=status, headers=private, reference=reference, foreign=foreign)


def _refusal(parts: Parts, path: str, status: int) -> Response:
    """What the guard lets no further."""
    if path.startswith(api.PREFIX):
        return api.problem(status, REFUSALS[status])
    return _error_page(parts, status, foreign=status == 403)


def _shown(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def show(request: Request, _error: Exception) -> Response:
        return _page(request, status)

    return show


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _page(request, error.status_code, error.headers)


async def _busy(request: Request, error: Exception) -> Response:
    """The same request again, by one button, where it can be sent twice without being done twice."""
    observe.unavailable(error)
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
        asked = quote(request.url.path + (f"?{query}" if query else ""))
        return RedirectResponse(parts.url(f"/sign-in?next={asked}"), 303, headers=PRIVATE)
    # What was typed is shown, to be sent again once somebody is signed in: once, as a revision sees to it.
    typed = await again.typed(request)
    return parts.page(
        "sign_in.html",
        typed,
        status=401,
        headers=PRIVATE,
        next=onward.inside(again.origin(request)),
        problem="signed_out",
        party=parts.party,
        action=parts.url(request.url.path),
    )
