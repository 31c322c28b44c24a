"""One press of a button under a text: previewed before it is sent, and each in its turn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import Response
from pydantic import AfterValidator, BaseModel

from moderation import drafts, identifiers, links
from moderation.drafts import Draft, Invalid, Problem
from moderation.throttle import TooMany, senders
from moderation.web.dependencies import Parts
from moderation.web.form import Form
from moderation.web.places import place

# Nobody reads a preview faster than this.
TOO_FAST = timedelta(seconds=2)


class Notice(StrEnum):
    """Why the preview is shown again instead of the text being sent."""

    CHANGED = "changed"
    TOO_FAST = "too_fast"
    TOO_OLD = "too_old"
    TOO_MANY = "too_many"
    FULL_FORUM = "full_forum"
    FULL_SITE = "full_site"
    PARENT_GONE = "parent_gone"


@dataclass(frozen=True)
class Attempt:
    """One press of a button: what was typed, what became of it, and whether its preview had been seen."""

    form: Form
    draft: Draft | None
    nonce: str
    notice: Notice | None
    sends: bool
    # Seconds, after too many.
    wait: int = 0


def _asked_for(name: str) -> str:
    """PostgreSQL would refuse to look for a null character, and with it what was typed."""
    return name.replace("\0", "\ufffd")


class Typed(BaseModel):
    """The form as it comes in; whatever is not there is empty."""

    author: str = ""
    email: str = ""
    text: str = ""
    token: str = ""
    nobot: str = ""
    parent: Annotated[str, AfterValidator(_asked_for)] = ""
    step: Literal["preview", "send"] = "preview"

    def required(self, setting: str) -> str:
        """The fields that may not be empty, of those the site asks for."""
        return setting

    @property
    def form(self) -> Form:
        return Form(author=self.author, email=self.email, text=self.text, parent=self.parent)


def _attempt(app: Parts, now: datetime, scope: str, typed: Typed) -> Attempt:
    """Everything slow, before any transaction."""
    form = typed.form
    problems = {"nobot": Problem("not_empty")} if typed.nobot else {}
    try:
        draft = drafts.read(
            typed.author,
            typed.email,
            typed.text,
            dialect=app.settings.markup,
            required=typed.required(app.settings.required),
        )
    except Invalid as invalid:
        return Attempt(replace(form, problems={**problems, **invalid.problems}), None, "", None, sends=False)
    if problems:
        return Attempt(replace(form, problems=problems), None, "", None, sends=False)
    sending = typed.step == "send"
    notice, kept = _check(app, now, scope, draft, typed.token) if sending else (None, None)
    seen = kept or links.Form(scope, draft.digest, identifiers.new_code())
    token = typed.token if kept else app.links.sign(seen, now)
    form = replace(form, author=draft.author, email=draft.email, token=token)
    return Attempt(form, draft, seen.nonce, notice, sends=sending and notice is None)


def _check(
    app: Parts, now: datetime, scope: str, draft: Draft, token: str
) -> tuple[Notice | None, links.Form | None]:
    """Whether this very text was previewed here, neither just now nor long ago."""
    try:
        seen, age = app.links.read(links.Form, token, now)
    except links.Expired:
        return Notice.TOO_OLD, None
    except links.BadLink:
        return Notice.CHANGED, None
    if (seen.slug, seen.digest) != (scope, draft.digest):
        return Notice.CHANGED, None
    return (Notice.TOO_FAST if age < TOO_FAST else None), seen


async def tried(
    app: Parts,
    now: datetime,
    scope: str,
    sender: str | None,
    typed: Typed,
    answer: Callable[[Attempt], Response],
) -> Response:
    """What `answer`, in a thread, makes of it; `scope` is where the text is to go."""
    if not app.is_long(typed.text):
        async with place():  # one turn in a thread does both
            return await to_thread.run_sync(_at_once, app, now, scope, sender, typed, answer)
    try:
        # Whoever waits has been counted: nobody sends without end by waiting.
        await to_thread.run_sync(app.previews.by_sender, sender, now)
        async with app.long_texts.turn(senders(sender)):
            attempt = await to_thread.run_sync(_attempt, app, now, scope, typed)
    except TooMany as many:
        attempt = _refused(typed, many)
    async with place():
        return await to_thread.run_sync(answer, attempt)


def _at_once(
    app: Parts,
    now: datetime,
    scope: str,
    sender: str | None,
    typed: Typed,
    answer: Callable[[Attempt], Response],
) -> Response:
    try:
        app.previews.by_sender(sender, now)
        attempt = _attempt(app, now, scope, typed)
    except TooMany as many:
        attempt = _refused(typed, many)
    return answer(attempt)


def _refused(typed: Typed, many: TooMany) -> Attempt:
    return Attempt(typed.form, None, "", Notice.TOO_MANY, sends=False, wait=many.seconds)
