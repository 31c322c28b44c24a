"""The API anyone may use: sending a contribution, and reading what is published."""

import hashlib
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Body, Depends, Header, HTTPException, Query, Request, Response

from moderation import drafts, identifiers, submissions
from moderation.decisions import NotFound
from moderation.drafts import Draft
from moderation.lifecycle import Status
from moderation.pages import public as pages
from moderation.submissions import NonceReused
from moderation.web import observe
from moderation.web.api_shapes import Accepted, NewComment, Problem, PublicComments
from moderation.web.bearer import IsTrusted
from moderation.web.dependencies import Now, Sender, ThisApp
from moderation.web.places import Place
from moderation.web.strict_json import Route

ERRORS = {"model": Problem, "content": {"application/problem+json": {}}}
# Who sends the same text under the same key is given the address of the first one’s tracking page.
KEY = (
    "Another for each contribution, long and random (a UUID, say): sent again with it within a day, what was "
    "kept is answered once more. It is a secret like the address in that answer."
)

router = APIRouter(tags=["public"], route_class=Route, responses={422: ERRORS, 503: ERRORS})


def json_only(request: Request) -> None:
    """A form of another site could send anything else without asking first."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "Send application/json.")


class Incoming(NamedTuple):
    draft: Draft
    parent: str | None


async def _incoming(
    app: ThisApp, now: Now, sender: Sender, trusted: IsTrusted, body: Annotated[NewComment, Body()]
) -> Incoming:
    """Renders before any transaction; whoever waits for that has been counted."""

    def read() -> Draft:
        return drafts.read(
            body.author,
            body.email,
            body.text,
            dialect=app.settings.markup,
            required=app.settings.required,
        )

    return Incoming(await app.rendered(body.text, read, sender, now, trusted=trusted), body.parent)


@router.post(
    "/articles/{slug}/comments",
    status_code=202,
    summary="Send a contribution; it waits for a moderator",
    dependencies=[Depends(json_only)],
    responses=dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 429), ERRORS),
)
def submit(
    app: ThisApp,
    now: Now,
    sender: Sender,
    trusted: IsTrusted,
    slug: str,
    incoming: Annotated[Incoming, Depends(_incoming)],
    _place: Annotated[None, Place],
    idempotency_key: Annotated[str | None, Header(max_length=255, description=KEY)] = None,
) -> Accepted:
    if not trusted:
        app.throttle.by_sender(sender, now)
    likeness = app.likeness(slug, incoming.draft.text.html, now, incoming.parent)
    with app.writing() as session:
        comment = submissions.submit(
            session,
            slug,
            incoming.draft,
            nonce=_nonce(slug, idempotency_key),
            now=now,
            parent=incoming.parent,
            room=app.settings.room,
            likeness=likeness,
            # Of a program that sends what others wrote, it would be its own.
            machine=None if trusted else app.machine(sender),
        )
        if comment.status is Status.WITHDRAWN or comment.tracking is None:
            # Its text is erased, and nobody can tell whether this is the same; or its address is revoked.
            raise NonceReused
        track = f"{app.settings.site_url}/track/{comment.tracking}"
        answer = Accepted(id=comment.id, track_url=track)
    observe.accepted()
    return answer


def _nonce(slug: str, key: str | None) -> str:
    if not key:
        return identifiers.new_code()
    return "key-" + hashlib.sha256(f"{slug}\0{key}".encode()).hexdigest()[:40]


@router.get(
    "/articles/{slug}/comments",
    summary="The published contributions of an article, oldest first",
    response_model=PublicComments,
    responses={404: ERRORS},
)
def published(
    app: ThisApp,
    request: Request,
    slug: str,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    with app.public_reading() as session:
        page = pages.listing(session, slug, limit=limit, after=after)
    if page is None:
        raise NotFound
    etag = app.etag(page.revision)
    headers = {"Cache-Control": "public, no-cache", "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    # What the moderation did is said where it did something.
    body = PublicComments.of(page).model_dump_json(exclude_defaults=True)
    return Response(body, media_type="application/json", headers=headers)
