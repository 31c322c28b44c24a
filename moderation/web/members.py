"""Who joins the team, leaves it, and administers it: set in the space by who administers."""

import logging
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from moderation import accounts, logs, markup, members
from moderation.accounts import Exists, NotAnAddress, Person
from moderation.decisions import NotFound
from moderation.drafts import LONGEST_EMAIL, LONGEST_NAME
from moderation.links import Opening
from moderation.markup import Refused
from moderation.members import LastAdmin
from moderation.models.people import Account, Role
from moderation.models.queue import LetterKind
from moderation.pages import account as pages
from moderation.web.account import Number
from moderation.web.confirm import draft, typed_before
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.people import PRIVATE, TEAM, Admin, Confirmed, NotAllowed, NotConfirmed, go
from moderation.web.team import Section

router = APIRouter(prefix=TEAM)
# A draft that would not fit into an address is left behind.
LONGEST_DRAFT = 4000


@router.get("/add")
def ask(
    app: ThisApp,
    person: Admin,
    _again: Confirmed,
    typed: Annotated[str, Query(max_length=LONGEST_DRAFT)] = "",
    done: str = "",
) -> Response:
    return _asking(app, person, typed_before(app, person, typed), 200, news=done)


def _asking(
    app: Parts,
    person: Person,
    typed: dict[str, str],
    status: int,
    *,
    problem: str = "",
    link: str = "",
    news: str = "",
) -> Response:
    """`link` signs the new person in once: shown where the site sends no mail."""
    with app.reading() as session:
        sections = pages.sections(session)
    return app.page(
        "team_add.html",
        sections,
        status=status,
        headers=PRIVATE,
        person=person,
        typed=typed,
        problem=problem,
        link=link,
        news=news,
    )


@router.post("/add")
def add(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    email: Annotated[str, Form(max_length=LONGEST_EMAIL)] = "",
    name: Annotated[str, Form(max_length=2 * LONGEST_NAME)] = "",
    role: Annotated[Role, Form()] = Role.MODERATOR,
    section: Annotated[list[Section] | None, Form()] = None,
) -> Response:
    sections = section or []
    typed = {"email": email, "name": name, "role": role.value, "sections": "\n".join(sections)}
    if not person.is_confirmed(now):
        sealed = draft(app, person, **typed)
        raise NotConfirmed(f"{TEAM}/add?typed={sealed if len(sealed) <= LONGEST_DRAFT else ''}")
    try:
        said = markup.plain_line(name, LONGEST_NAME) or email.partition("@")[0]
        with app.writing() as session:
            added = accounts.add(session, email, said, role, now, sections)
            opening = accounts.ask(
                session, email, now, mail=LetterKind.INVITATION, lasts=accounts.INVITATION_LASTS
            )
            link = f"{app.settings.site_url}/sign-in/{app.links.sign(Opening(opening.id), now)}"
            number = added.id
    except Refused:
        return _asking(app, person, typed, 422, problem="name")
    except NotAnAddress:
        return _asking(app, person, typed, 422, problem="not_an_address")
    except Exists:
        return _asking(app, person, typed, 409, problem="exists")
    logs.security("account opened by another", level=logging.INFO, account=number, by=person.id)
    if not app.mails:
        return _asking(app, person, {}, 200, link=link)
    return go(app, request, person, f"{TEAM}?done=member_invited", now)


@router.post("/{account}/role")
def set_role(
    app: ThisApp,
    request: Request,
    person: Admin,
    _again: Confirmed,
    now: Now,
    account: Number,
    role: Annotated[Role, Form()],
) -> Response:
    try:
        with app.writing() as session:
            members.set_role(session, account, role, now)
    except LastAdmin:
        return go(app, request, person, f"{TEAM}?done=last_admin", now)
    logs.security("role set by another", level=logging.INFO, account=account, by=person.id, role=role)
    # Who gave it up sees this page no more.
    return go(app, request, person, f"{TEAM if account != person.id else '/desk'}?done=role_set", now)


@router.post("/{account}/close")
def close(
    app: ThisApp, request: Request, person: Admin, _again: Confirmed, now: Now, account: Number
) -> Response:
    """One’s own is closed by another, so that nobody shuts themselves out by a slip."""
    if account == person.id:
        raise NotAllowed
    with app.writing() as session:
        found = session.get(Account, account)
        if found is None or found.email is None:
            raise NotFound
        try:
            members.remove(session, found.email, now)
        except LastAdmin:
            raise NotAllowed from None  # who asks administers no more: somebody took it from them meanwhile
    logs.security("account closed by another", level=logging.INFO, account=account, by=person.id)
    return go(app, request, person, f"{TEAM}?done=member_closed", now)
