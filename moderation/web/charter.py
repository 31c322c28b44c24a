"""The charter: read by anybody, each version for ever; written by who administers."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from moderation import charter, charters, markup
from moderation.accounts import Person
from moderation.charter import Unusable
from moderation.charters import Changed, Version
from moderation.decisions import NotFound
from moderation.web.dependencies import LARGEST, Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, go

SETTINGS = "/desk/settings/charter"
PUBLIC = {"Cache-Control": "public, no-cache"}
router = APIRouter()


@router.get("/charter")
def newest(app: ThisApp) -> Response:
    with app.public_reading() as session:
        found = charters.newest(session, app.settings.language)
    return _public(app, found, is_newest=True)


@router.get("/charter/{number}")
def numbered(app: ThisApp, number: Annotated[int, Path(ge=1, le=LARGEST)]) -> Response:
    with app.public_reading() as session:
        found = charters.numbered(session, number, app.settings.language)
        last = charters.newest(session, app.settings.language).number
    if found is None:
        raise NotFound
    return _public(app, found, is_newest=found.number == last)


def _public(app: Parts, version: Version, *, is_newest: bool) -> Response:
    html = markup.trusted(version.html)
    return app.page("charter.html", version, headers=PUBLIC, html=html, newest=is_newest)


@router.get(SETTINGS)
def form(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    found = charters.newest(session, app.settings.language)
    return _form(app, session, person, found.source, found.number, news=done)


def _form(
    app: Parts, session: Reading, person: Person, typed: str, seen: int, *, problem: str = "", news: str = ""
) -> Response:
    return app.page(
        "settings_charter.html",
        charters.dates(session),
        status=409 if problem == "changed" else 422 if problem else 200,
        headers=PRIVATE,
        person=person,
        typed=typed,
        seen=seen,
        longest=charter.LONGEST,
        problem=problem,
        news=news,
    )


@router.post(SETTINGS)
def write(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    seen: Annotated[int, Form(ge=1, le=LARGEST)],
    text: Annotated[str, Form(max_length=2 * charter.LONGEST)] = "",
) -> Response:
    try:
        new = charter.read(text)
        with app.writing() as session:
            charters.write(session, new, seen=seen, language=app.settings.language, now=now)
    except (Unusable, Changed) as error:
        problem = error.problem if isinstance(error, Unusable) else "changed"
        with app.reading() as session:
            number = charters.newest(session, app.settings.language).number
            return _form(app, session, person, text, number, problem=problem)
    return go(app, request, person, f"{SETTINGS}?done=charter_saved", now)
