"""« Publier et répondre »: a contribution is published with the moderation’s answer below it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from moderation import drafts, replies
from moderation.corrections import TakesVoices
from moderation.deciders import MayNotDecide
from moderation.decisions import Stale, Undecided
from moderation.drafts import Draft, Invalid
from moderation.lifecycle import Action, IllegalMove
from moderation.web import observe
from moderation.web.dependencies import LARGEST, Now, Parts, ThisApp
from moderation.web.desk import Typed, as_it_is
from moderation.web.listed import Listed
from moderation.web.people import SignedIn, go

router = APIRouter(prefix="/desk")


@router.post("/comments/{comment_id}/reply")
def reply(
    app: ThisApp,
    request: Request,
    person: SignedIn,
    now: Now,
    comment_id: str,
    which: Listed,
    revision: Annotated[int, Form(ge=1, le=LARGEST)],
    text: Annotated[str, Form()] = "",
) -> Response:
    try:
        words = _draft(app, text)
    except Invalid as invalid:
        typed = Typed(problem="answer", answer=text, answer_problem=invalid.problems["text"])
        return as_it_is(app, person, now, comment_id, which, typed)
    undo = timedelta(seconds=app.settings.undo_seconds)
    try:
        with app.writing() as session:
            made = replies.publish(
                session, comment_id, words, revision=revision, by=person.id, now=now, undo=undo
            )
            line, lot = made.id, made.lot
    except (Stale, IllegalMove) as error:
        return as_it_is(app, person, now, comment_id, which, Typed(error, answer=text))
    except MayNotDecide:
        return as_it_is(app, person, now, comment_id, which, Typed(problem="may_not", answer=text))
    except (TakesVoices, Undecided):
        return as_it_is(app, person, now, comment_id, which, Typed(problem="answer_voices", answer=text))
    observe.decided(line, Action.PUBLISH, person.id)
    return go(app, request, person, which.address("/desk", lot=lot), now)


def _draft(app: Parts, text: str) -> Draft:
    """Signed by the moderation, and from no address. Raises Invalid."""
    label = app.templates.globals["label"]
    return drafts.rewritten(label.moderation, "", text, dialect=app.settings.markup)  # type: ignore[attr-defined]
