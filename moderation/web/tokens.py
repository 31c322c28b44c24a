"""« Mon compte »: keys to the API, listed, made and revoked; an admin sees everybody’s."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from moderation import accounts, markup, tokens
from moderation.accounts import Person
from moderation.drafts import LONGEST_NAME
from moderation.markup import Refused
from moderation.models.people import Role
from moderation.pages import account as pages
from moderation.tokens import Scope
from moderation.web.account import Number
from moderation.web.confirm import draft, typed_before
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.people import PRIVATE, NotConfirmed, SignedIn, go

router = APIRouter(prefix="/desk/account/tokens")
USUAL = frozenset({Scope.READ, Scope.MODERATE})


@router.get("")
def show(
    app: ThisApp, person: SignedIn, typed: Annotated[str, Query(max_length=700)] = "", done: str = ""
) -> Response:
    before = typed_before(app, person, typed)
    scopes = frozenset(before["scopes"].split()) if "scopes" in before else USUAL
    return _shown(app, person, 200, typed=before.get("name", ""), scopes=scopes, done=done)


def _shown(
    app: Parts,
    person: Person,
    status: int,
    *,
    typed: str = "",
    scopes: frozenset[str] = USUAL,
    problem: str = "",
    done: str = "",
    code: str = "",
) -> Response:
    with app.reading() as session:
        page = pages.tokens(session, person)
    return app.page(
        "account_tokens.html",
        page,
        status=status,
        headers=PRIVATE,
        person=person,
        typed=typed,
        scopes=scopes,
        problem=problem,
        news=done,
        code=code,
    )


@router.post("")
def create(
    app: ThisApp,
    person: SignedIn,
    now: Now,
    name: Annotated[str, Form(max_length=400)] = "",
    scope: Annotated[list[Scope] | None, Form()] = None,
) -> Response:
    scopes = frozenset(scope or ())
    if not person.is_confirmed(now):
        typed = draft(app, person, name=name[:LONGEST_NAME], scopes=" ".join(sorted(scopes)))
        raise NotConfirmed(f"/desk/account/tokens?typed={typed}")
    if not scopes:
        return _shown(app, person, 422, typed=name, scopes=scopes, problem="no_scope")
    try:
        said = markup.plain_line(name, LONGEST_NAME)
    except Refused:
        return _shown(app, person, 422, typed=name, scopes=scopes, problem="name")
    with app.writing() as session:
        secret = tokens.create(session, accounts.hold_own(session, person), said, scopes, now)
    return _shown(app, person, 200, code=secret)


@router.post("/{token}/revoke")
def revoke(app: ThisApp, request: Request, person: SignedIn, now: Now, token: Number) -> Response:
    with app.writing() as session:
        tokens.revoke(session, token, now, account_id=None if person.role is Role.ADMIN else person.id)
    return go(app, request, person, "/desk/account/tokens?done=token_revoked", now)
