"""The pages anyone may read: the home page and the articles. Cookieless, cacheable, blind to the queue."""

import re
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import FileResponse, HTMLResponse
from sqlmodel import Session
from starlette.datastructures import QueryParams

from moderation import identifiers, rendering
from moderation.pages import public as pages
from moderation.pages.public import ArticlePage
from moderation.web import feeds
from moderation.web.dependencies import Parts, ThisApp
from moderation.web.engines import SITEMAP
from moderation.web.form import BLANK
from moderation.web.guard import WITH_PICTURES

router = APIRouter()
HOME, LISTS = "/", "/api/v1/"
_OF_A_FORUM = re.compile(r"/articles/([^/]+)(?:/fragment)?|/api/v1/articles/([^/]+)/comments", re.ASCII)
# Read by programs of other sites, and by scripts of their pages: it is public, and the same for all.
FOR_OTHERS = {"Access-Control-Allow-Origin": "*", "X-Robots-Tag": "noindex"}

Page = Annotated[int, Query(ge=1, le=10_000)]


def _headers(app: Parts, revision: str) -> dict[str, str]:
    return {"Cache-Control": "public, no-cache", "ETag": app.etag(revision)}


@router.get(HOME)
def home(app: ThisApp, before: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    with app.public_reading() as session:
        page = pages.home(session, before)
    if page is None:
        raise HTTPException(404)
    return app.page("home.html", page, headers=_headers(app, page.revision))


@router.get("/articles/{slug}")
def article(app: ThisApp, slug: str, page: Page = 1) -> Response:
    found = _article(app, slug, page)
    headers = _headers(app, found.revision) | {"Content-Security-Policy": WITH_PICTURES}
    return app.page("article.html", found, headers=headers, form=BLANK)


@router.get("/articles/{slug}/fragment")
def fragment(app: ThisApp, slug: str, page: Page = 1) -> Response:
    """The forum alone, to be put into a page of another site."""
    found = _article(app, slug, page)
    html = app.abroad.get_template("fragment.html").render(page=found, form=BLANK)
    return HTMLResponse(html, headers=_headers(app, found.revision) | FOR_OTHERS)


@router.get("/embed.js")
def embed() -> Response:
    """For a page of any site."""
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(rendering.STATIC / "embed.js", media_type="text/javascript", headers=headers)


def _article(app: Parts, slug: str, page: int) -> ArticlePage:
    with app.public_reading() as session:
        found = pages.article(session, slug, page)
    if found is None or page > found.pages:
        raise HTTPException(404)
    return found


def is_kept(path: str) -> bool:
    """Whether the front may keep what is there, told without asking the database."""
    return path in {HOME, SITEMAP} or _slug(path) != "" or feeds.is_feed(path)


def reads(path: str, query: bytes) -> bool:
    """Whether the query asks for another page than the one that is kept there."""
    return not _names(path).isdisjoint(QueryParams(query))


def _names(path: str) -> set[str]:
    """What the endpoint reads of a query."""
    if path == HOME:
        return {"before"}
    if path == SITEMAP or feeds.is_feed(path):
        return set()
    return {"limit", "after"} if path.startswith(LISTS) else {"page"}


def _slug(path: str) -> str:
    """Of the article whose forum is read there; empty for any other path."""
    found = _OF_A_FORUM.fullmatch(path)
    slug = (found[1] or found[2]) if found is not None else ""
    return slug if identifiers.is_slug(slug) else ""


def etag_of(app: Parts, path: str) -> str | None:
    """What the front asks: the ETag a public page has now, in one statement; None for any other path."""
    if not is_kept(path):
        return None
    with app.public_reading() as session:
        revision = _revision(session, path)
    return None if revision is None else app.etag(revision)


def _revision(session: Session, path: str) -> str | None:
    if path == HOME:
        return pages.home_revision(session)
    return (
        feeds.revision(session, path) if feeds.is_feed(path) else pages.article_revision(session, _slug(path))
    )
