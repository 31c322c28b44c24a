"""The API of the moderators: the queue, one contribution, deciding, undoing."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query

from moderation import decisions, replies
from moderation.decisions import NotFound
from moderation.lifecycle import Status
from moderation.pages import item as items
from moderation.pages import queue as lists
from moderation.pages.filters import Filter
from moderation.voices import Heard
from moderation.web import observe
from moderation.web.api_public import ERRORS, json_only
from moderation.web.api_shapes import Decided, Made, NewDecision, NotYet, Queue, ReasonOffered, Undone, Whole
from moderation.web.bearer import ModeratorToken, ReaderToken
from moderation.web.dependencies import LARGEST, Now, ThisApp
from moderation.web.strict_json import Route

router = APIRouter(
    tags=["moderation"], route_class=Route, responses=dict.fromkeys((401, 403, 422, 503), ERRORS)
)


@router.get("/queue", summary="What waits, oldest first")
def queue(
    app: ThisApp,
    person: ReaderToken,
    status: Status = Status.PENDING,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Queue:
    # No dependency: it would hold its connection while a thread is waited for that makes the answer.
    with app.reading() as session:
        page = lists.listing(session, person, Filter(status, passed=None), after=after, limit=limit)
    return Queue.of(page)


@router.get("/comments/{comment_id}", summary="One contribution and its log", responses={404: ERRORS})
def comment(app: ThisApp, person: ReaderToken, comment_id: str) -> Whole:
    with app.reading() as session:
        item = items.item(session, person, comment_id)
    if item is None:
        raise NotFound
    return Whole.of_item(item)


@router.post(
    "/comments/{comment_id}/decisions",
    summary="Decide, on the revision seen",
    dependencies=[Depends(json_only)],
    responses=dict.fromkeys((400, 404, 409, 413, 415), ERRORS),
)
def decide(
    app: ThisApp, person: ModeratorToken, now: Now, comment_id: str, body: Annotated[NewDecision, Body()]
) -> Decided | NotYet:
    with app.writing() as session:
        decision = decisions.speak(
            session,
            comment_id,
            body.action,
            revision=body.revision,
            by=person.id,
            now=now,
            undo=timedelta(seconds=app.settings.undo_seconds),
            reason=body.reason,
            note=body.note,
            answer_within=timedelta(days=app.settings.answer_days),
        )
        if isinstance(decision, Heard):
            return NotYet.of(decision)
        answer = Decided(
            status=decision.after,
            revision=decision.revision,
            decision=Made(id=str(decision.id), at=decision.at, by=person.name),
            undo_until=decision.undo_until,
        )
        made = decision.id
    observe.decided(made, body.action, person.id)
    return answer


@router.post(
    "/decisions/{decision_id}/undo",
    summary="Undo a decision whose window is open",
    responses={404: ERRORS, 409: ERRORS},
)
def undo(
    app: ThisApp, person: ModeratorToken, now: Now, decision_id: Annotated[int, Path(ge=1, le=LARGEST)]
) -> Undone:
    with app.writing() as session:
        undone = replies.undo(session, decision_id, by=person.id, now=now)
        answer, made = Undone(status=undone.after, revision=undone.revision), undone.id
    observe.decided(made, "undo", person.id)
    return answer


@router.get("/reasons", summary="The reasons a refusal may give")
def reasons(app: ThisApp, person: ReaderToken) -> list[ReasonOffered]:
    del person
    with app.reading() as session:
        return ReasonOffered.all(session, app.wording, app.templates.globals["label"])  # type: ignore[arg-type]
