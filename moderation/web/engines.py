"""What search engines ask for first: where they may look, and what there is."""

from fastapi import APIRouter, Response

from moderation.pages import sitemap as pages
from moderation.web.dependencies import ThisApp

router = APIRouter()
SITEMAP = "/sitemap.xml"


@router.get("/robots.txt")
def robots(app: ThisApp) -> Response:
    answer = app.page("robots.txt", None, headers={"Cache-Control": "public, no-cache"})
    answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    return answer


@router.get(SITEMAP)
def sitemap(app: ThisApp) -> Response:
    with app.public_reading() as session:
        page = pages.sitemap(session)
    headers = {"Cache-Control": "public, no-cache", "ETag": app.etag(page.revision)}
    answer = app.page("sitemap.xml", page, headers=headers)
    answer.headers["Content-Type"] = "application/xml; charset=utf-8"
    return answer
