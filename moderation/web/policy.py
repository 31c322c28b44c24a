"""How many voices the site and each of its sections ask for, set by who administers."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import voices
from moderation.decisions import NotFound
from moderation.pages import policy as pages
from moderation.policy import MOST, Policy
from moderation.web.dependencies import Now, Reading, ThisApp
from moderation.web.people import PRIVATE, Admin, go

POLICY = "/desk/settings/policy"
router = APIRouter(prefix=POLICY)
Number = Annotated[int, Form(ge=1, le=MOST)]


@router.get("")
def show(app: ThisApp, session: Reading, person: Admin, done: str = "") -> Response:
    return app.page("policy.html", pages.page(session), headers=PRIVATE, person=person, news=done)


@router.post("")
def change(
    app: ThisApp,
    request: Request,
    person: Admin,
    now: Now,
    section: Annotated[str, Form(max_length=200)] = "",
    publish: Number = 1,
    refuse: Number = 1,
    veto: Annotated[bool, Form()] = False,
    as_site: Annotated[bool, Form()] = False,
) -> Response:
    rule = None if as_site and section else Policy(publish, refuse, veto)
    with app.writing() as session:
        if not pages.is_known(session, section):
            raise NotFound
        voices.set_policy(session, section, rule)
    return go(app, request, person, f"{POLICY}?done=policy_saved", now)
