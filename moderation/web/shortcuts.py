"""A person’s keys in the desk: changed, switched off, put back."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from moderation import deciders, preferences, shortcuts
from moderation.accounts import Person
from moderation.shortcuts import SHIPPED, Shortcut, Unusable
from moderation.web.dependencies import Now, Parts, ThisApp
from moderation.web.people import ACCOUNT, PRIVATE, SignedIn, go

router = APIRouter(prefix=f"{ACCOUNT}/shortcuts")


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: str(form.get(name, key))[:20] for name, key in SHIPPED.items()}


TypedKeys = Annotated[dict[str, str], Depends(_typed)]


@router.get("")
def ask(app: ThisApp, person: SignedIn) -> Response:
    return _page(app, person, person.keys.of, on=person.keys.on)


@router.post("")
def change(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    typed: TypedKeys,
    on: Annotated[bool, Form()] = False,
) -> Response:
    try:
        chosen = shortcuts.chosen(typed)
    except Unusable as unusable:
        return _page(app, person, typed, on=on, unusable=unusable)
    with app.writing() as session:
        preferences.set_shortcuts(session, person.id, chosen, on=on)
    return go(app, request, person, f"{ACCOUNT}?done=shortcuts_saved", now)


def _page(
    app: Parts,
    person: Person,
    keys: Mapping[Shortcut, str] | Mapping[str, str],
    *,
    on: bool,
    unusable: Unusable | None = None,
) -> Response:
    with app.reading() as session:
        alone = not deciders.is_team(session)
    return app.page(
        "account_shortcuts.html",
        keys,
        status=422 if unusable else 200,
        headers=PRIVATE,
        person=person,
        on=on,
        alone=alone,
        unusable=unusable,
        shipped=SHIPPED,
    )
