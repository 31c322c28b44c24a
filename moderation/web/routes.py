"""Every address of the site but those of the API, in the order they are looked up."""

from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute

from moderation.web import (
    account,
    bulk,
    bulletin,
    charter,
    confirm,
    desk,
    edit,
    email,
    engines,
    factors,
    feed,
    feeds,
    follow,
    guide,
    health,
    mailing,
    members,
    notice,
    passkeys,
    password,
    policy,
    public,
    public_log,
    reasons,
    redact,
    reply,
    retract,
    review,
    rewrite,
    right_of_reply,
    scrape,
    settings,
    shortcuts,
    sign_in,
    site_pages,
    statistics,
    submit,
    team,
    together,
    tokens,
    track,
    transparency,
    undo,
    your_data,
)
from moderation.web.places import Place


@cache
def routes() -> list[BaseRoute]:
    """Every application of a process shares them: FastAPI takes a tenth of a second to prepare them."""
    router = APIRouter()
    # They take their place once that is done.
    renders = {submit, edit, notice, right_of_reply}
    # What has a name of its own under a contribution, before the actions that decide about it.
    for module in (
        public,
        feeds,
        engines,
        submit,
        track,
        edit,
        retract,
        review,
        bulletin,
        notice,
        right_of_reply,
        passkeys,
        password,
        sign_in,
        together,
        rewrite,
        redact,
        reply,
        desk,
        undo,
        feed,
        public_log,
        transparency,
        your_data,
        mailing,
        follow,
    ):
        router.include_router(module.router, dependencies=[] if module in renders else [Place])
    account_pages = (account, confirm, email, factors, shortcuts, tokens)
    team_pages = (bulk, charter, site_pages, settings, policy, reasons, statistics, team, members, guide)
    for module in (*account_pages, *team_pages, health, scrape):
        router.include_router(module.router, dependencies=[Place])
    return router.routes
