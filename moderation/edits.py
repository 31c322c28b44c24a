"""What authors do with a text that is not decided yet, as they were shown it; and writing it anew."""

from datetime import datetime

from sqlmodel import Session, select

from moderation import decisions, duplicates, folding, kin, lifecycle, publication, standing, texts
from moderation.decisions import NotFound, TooLate
from moderation.drafts import Draft
from moderation.duplicates import Duplicate
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.likeness import Likeness
from moderation.models.queue import Comment, Decision


class Unchanged(Exception):
    """It says what the text says already."""


def held(session: Session, tracking: str, action: Action, *, revision: int, now: datetime) -> Comment:
    """Locked, for an act of its author; what could still be undone of what came after is set aside.

    `revision` is the one they were shown, as `pages.tracking` counts: what may still be undone must not show.
    Raises NotFound, Stale when it changed since the author looked, IllegalMove once it was decided.
    """
    mine = select(Comment).where(Comment.tracking == tracking)
    comment = session.exec(mine.with_for_update(key_share=True)).first()
    if comment is None:
        raise NotFound
    if revision != len(standing.in_effect(session, comment.id, now)) + 1:
        raise decisions.stale(session, comment)
    try:
        decisions.set_aside(session, comment, now)
    except TooLate:
        raise IllegalMove(comment.status, action) from None
    lifecycle.after(comment.status, action)
    return comment


def edit(
    session: Session,
    tracking: str,
    new: Draft,
    *,
    revision: int,
    now: datetime,
    likeness: Likeness | None = None,
) -> Decision:
    """The draft takes the place of the text, which keeps its own in the queue; the moderators see both.

    Whoever was asked something has answered by it. Voices were given on other words, and count no more; a
    veto stays. What the moderation answered to the words before is decided about again. What was public once
    has its number and its date, and keeps its words.

    Raises what `held` does, Unchanged and Duplicate.
    """
    comment = held(session, tracking, Action.EDIT, revision=revision, now=now)
    if publication.was_up(session, comment.id):
        raise IllegalMove(comment.status, Action.EDIT)
    text = texts.newest(session, comment)
    if (new.author, new.text.source) == (text.author, text.source):
        raise Unchanged
    if duplicates.found(session, comment.thread_id, new.fingerprint, now, but=comment.id):
        raise Duplicate
    _set_answers_aside(session, comment, now)
    last = standing.lines(session, comment.id)[:1]
    texts.replace(session, comment, new, corrected_at=None, redacted_at=None)
    if last and last[0].action is Action.EDIT:  # nobody has done anything about that one
        texts.empty(session, comment.id, last[0].version)
    comment.author_key = folding.key(new.author)
    decision = decisions.record(session, comment, Action.EDIT, now=now, undo_until=now)
    kin.settle(session, comment, likeness)
    return decision


def _set_answers_aside(session: Session, comment: Comment, now: datetime) -> None:
    """Those that wait for nothing but to be read below it."""
    for answer in publication.answers(session, comment.id):
        if answer.status is Status.PUBLISHED:
            decisions.record(session, answer, Action.UNPUBLISH, now=now, undo_until=now, reason=Reason.OTHER)
