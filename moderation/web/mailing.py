"""What an address is written about, and what came with it: for who reads there, or their mail program."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from moderation import authors, follows, mailboxes, portable
from moderation.decisions import NotFound
from moderation.links import BadLink, Expired, Mailing
from moderation.models.queue import LetterKind
from moderation.pages import yours
from moderation.throttle import TooMany
from moderation.web.dependencies import Now, Parts, Sender, ThisApp
from moderation.web.track import PRIVATE

router = APIRouter(prefix="/mail")
# Letters are forwarded, and kept for years: an old one opens nobody’s texts.
OPENS_TEXTS = timedelta(days=30)
# Seconds for who was there before.
WAITS = 1
# Characters.
LONGEST_ADDRESS = 254
ATTACHED = {"Content-Disposition": 'attachment; filename="contributions.json"'}
Done = Literal["kept", "stopped", "erased"]


@router.get("/{token}")
def show(app: ThisApp, now: Now, token: str, done: Done | None = None) -> Response:
    return _page(app, token, _key(app, token, now), done)


@router.post("/{token}")
def choose(
    app: ThisApp,
    now: Now,
    token: str,
    kind: Annotated[list[LetterKind] | None, Form()] = None,
    action: Annotated[Literal["keep", "stop"] | None, Form()] = None,
) -> Response:
    """Without an action it is a mail program that ends them by itself (RFC 8058)."""
    key = _key(app, token, now)
    wanted = [one for one in kind or () if one in mailboxes.KINDS and action == "keep"]
    with app.writing() as session:
        mailboxes.choose(session, key, wanted, now)
        if not wanted:
            follows.end_all(session, key, now)
    done: Done = "kept" if wanted else "stopped"
    if action is None:  # which is led nowhere from here (RFC 8058, 3.1)
        return _page(app, token, key, done)
    return RedirectResponse(app.url(f"/mail/{token}?done={done}"), 303, headers=PRIVATE)


@router.post("/{token}/texts")
def texts(
    app: ThisApp,
    now: Now,
    sender: Sender,
    token: str,
    action: Annotated[Literal["download", "erase"], Form()],
    email: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "",
    sure: Annotated[bool, Form()] = False,
) -> Response:
    """All that came with the address, for who confirmed it, types it, and was lately written to there."""
    key, age = _opened(app, token, now)
    try:
        app.throttle.by_sender(sender, now)
    except TooMany as many:
        answer = _page(app, token, key, None, status=429, problem="often", typed=email)
        answer.headers["Retry-After"] = str(many.seconds)
        return answer
    address = email.strip()
    problem = "old" if age > OPENS_TEXTS else "other" if mailboxes.digest(address) != key else ""
    if problem:
        return _page(app, token, key, None, status=422, problem=problem, typed=email)
    with app.whole_addresses.taken(WAITS):
        return _all(app, now, token, key, address, action, sure=sure)


def _all(
    app: Parts, now: datetime, token: str, key: str, address: str, action: str, *, sure: bool
) -> Response:
    try:
        with app.reading() as session:
            authors.check(session, address)
            found = authors.found(session, address)
            if action == "download":
                told = portable.written(
                    app.settings, yours.by_address(session, address, now), now, yours.address(session, key)
                )
                return Response(told, media_type="application/json", headers=PRIVATE | ATTACHED)
    except authors.Unconfirmed:
        return _page(app, token, key, None, status=409, problem="unconfirmed", typed=address)
    if not sure:
        return app.page("mailing_erase.html", found, headers=PRIVATE, link=token, typed=address)
    authors.erase(app.engine, address, app.clock)
    return RedirectResponse(app.url(f"/mail/{token}?done=erased"), 303, headers=PRIVATE)


def _key(app: Parts, token: str, now: Now) -> str:
    return _opened(app, token, now)[0]


def _opened(app: Parts, token: str, now: Now) -> tuple[str, timedelta]:
    """The digest of the address, and how long ago it was written to."""
    try:
        mailing, age = app.links.read(Mailing, token, now)
    except (BadLink, Expired):
        raise NotFound from None
    return mailing.digest, age


def _page(
    app: Parts,
    token: str,
    key: str,
    done: str | None,
    *,
    status: int = 200,
    problem: str = "",
    typed: str = "",
) -> Response:
    with app.reading() as session:
        box = mailboxes.of(session, key)
        on = [kind for kind in mailboxes.KINDS if mailboxes.wants(box, kind)]
        confirmed = box.confirmed_at is not None
    return app.page(
        "mailing.html",
        mailboxes.KINDS,
        status=status,
        headers=PRIVATE,
        link=token,
        on=on,
        confirmed=confirmed,
        news=done,
        problem=problem,
        typed=typed,
    )
