"""The team, for who administers: who is in it, who is on duty, signing somebody out everywhere."""

import logging
from datetime import UTC
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request, Response
from pydantic import AfterValidator, Field, StringConstraints

from moderation import accounts, duty, logs, preferences, sessions, tokens
from moderation.decisions import NotFound
from moderation.pages import account as pages
from moderation.web.account import Number
from moderation.web.dependencies import LARGEST, Now, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, Confirmed, go

router = APIRouter(prefix="/desk/team")


def _section(typed: str) -> str:
    """Raises ValueError for what no article can have."""
    if not typed.isprintable():
        raise ValueError("control characters are in no section’s name")
    return typed


Section = Annotated[str, StringConstraints(max_length=200), AfterValidator(_section)]


@router.get("")
def show(app: ThisApp, session: Reading, person: Admin, now: Now, done: str = "") -> Response:
    weeks = pages.weeks(session, now, ZoneInfo(app.settings.timezone))
    return app.page(
        "team.html", pages.team(session, now), headers=PRIVATE, person=person, news=done, weeks=weeks
    )


def _week(typed: str) -> str:
    """Raises ValueError for what is no week."""
    return duty.week_of(duty.monday(typed, UTC), UTC)


@router.post("/duty")
def agree(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    week: Annotated[str, Form(max_length=8), AfterValidator(_week)],
    who: Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]] | None, Form()] = None,
) -> Response:
    with app.writing() as session:
        duty.assign(session, week, who or [])
    return go(app, request, person, "/desk/team?done=duty_saved", now)


@router.post("/{account}/sign-out")
def sign_out(
    app: ThisApp, request: Request, person: Admin, _again: Confirmed, now: Now, account: Number
) -> Response:
    with app.writing() as session:
        if not accounts.is_present(session, account):
            raise NotFound
        sessions.end_all(session, account, now, but=person.browser)
        tokens.revoke_all(session, account, now)
    logs.security("signed out by another", level=logging.INFO, account=account, by=person.id)
    return go(app, request, person, "/desk/team?done=member_ended", now)


@router.post("/{account}/sections")
def set_sections(
    app: ThisApp,
    request: Request,
    person: Admin,
    _again: Confirmed,
    now: Now,
    account: Number,
    section: Annotated[list[Section] | None, Form()] = None,
) -> Response:
    with app.writing() as session:
        preferences.set_sections(session, account, section or (), now)
    logs.security("sections set by another", level=logging.INFO, account=account, by=person.id)
    return go(app, request, person, "/desk/team?done=sections_set", now)
