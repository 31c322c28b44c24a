"""What an address is written about: chosen by who reads there, or by their mail program."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from moderation import follows, mailboxes
from moderation.decisions import NotFound
from moderation.links import BadLink, Expired, Mailing
from moderation.models.queue import LetterKind
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.track import PRIVATE

router = APIRouter(prefix="/mail")


@router.get("/{token}")
def show(app: ThisApp, now: Now, token: str, done: Literal["kept", "stopped"] | None = None) -> Response:
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
    done: Literal["kept", "stopped"] = "kept" if wanted else "stopped"
    if action is None:  # which is led nowhere from here (RFC 8058, 3.1)
        return _page(app, token, key, done)
    return RedirectResponse(app.url(f"/mail/{token}?done={done}"), 303, headers=PRIVATE)


def _key(app: Parts, token: str, now: Now) -> str:
    try:
        mailing, _ = app.links.read(Mailing, token, now)
    except (BadLink, Expired):
        raise NotFound from None
    return mailing.digest


def _page(app: Parts, token: str, key: str, done: str | None) -> Response:
    with app.reading() as session:
        box = mailboxes.of(session, key)
        on = [kind for kind in mailboxes.KINDS if mailboxes.takes(box, kind)]
        confirmed = box.confirmed_at is not None
    return app.page(
        "mailing.html", mailboxes.KINDS, headers=PRIVATE, link=token, on=on, confirmed=confirmed, news=done
    )
