"""« Mentions légales » and « Contact »: read by anybody, written by who administers."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import markup, site_pages
from moderation.accounts import Person
from moderation.site_pages import Name, Page, Unusable
from moderation.web.charter import PUBLIC
from moderation.web.dependencies import Now, Parts, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, go

SETTINGS = "/desk/settings/pages"
router = APIRouter()


@router.get("/legal")
def legal(app: ThisApp) -> Response:
    return _public(app, Name.LEGAL)


@router.get("/contact")
def contact(app: ThisApp) -> Response:
    return _public(app, Name.CONTACT)


def _public(app: Parts, name: Name) -> Response:
    with app.public_reading() as session:
        page = site_pages.read(session, name, app.settings)
    return app.page("site_page.html", page, headers=PUBLIC, html=markup.trusted(page.html))


@router.get(SETTINGS + "/{name}")
def form(app: ThisApp, session: Reading, person: Admin, name: Name, done: str = "") -> Response:
    page = site_pages.read(session, name, app.settings)
    return _form(app, person, page, page.source, news=done)


def _form(
    app: Parts, person: Person, page: Page, typed: str, *, problem: str = "", news: str = ""
) -> Response:
    return app.page(
        "settings_page.html",
        page,
        status=422 if problem else 200,
        headers=PRIVATE,
        person=person,
        typed=typed,
        longest=site_pages.LONGEST,
        problem=problem,
        news=news,
    )


@router.post(SETTINGS + "/{name}")
def write(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    name: Name,
    text: Annotated[str, Form(max_length=2 * site_pages.LONGEST)] = "",
) -> Response:
    try:
        source, html = site_pages.rendered(text)
    except Unusable as unusable:
        with app.reading() as session:
            page = site_pages.read(session, name, app.settings)
        return _form(app, person, page, text, problem=unusable.problem)
    with app.writing() as session:
        site_pages.write(session, name, source, html, now)
    return go(app, request, person, f"{SETTINGS}/{name}?done=page_saved", now)
