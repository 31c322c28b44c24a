"""The moderation’s own writes in a text: a typo or a dead link put right, never without its being said."""

from datetime import datetime, timedelta

from sqlmodel import Session

from moderation import deciders, decisions, lifecycle, texts, voices
from moderation.drafts import Draft
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.queue import Comment, Decision, Version


class Unchanged(Exception):
    """It says what the text says already."""


class TakesVoices(Exception):
    """What is public takes several voices there: one person alone puts no other words into it."""


def draft(session: Session, comment: Comment) -> Draft:
    """The newest text, as it is now."""
    return texts.as_draft(texts.newest(session, comment))


def correct(
    session: Session, comment_id: str, new: Draft, *, revision: int, by: int, now: datetime, undo: timedelta
) -> Decision:
    """Another text takes the place of the one seen, marked as corrected, and is logged as a decision is.

    Of what waits it publishes nothing: voices given on the words before count no more, a veto stays, and
    nobody reads it any more, nor has passed it. A public text changes once the window has closed; where
    publishing takes several voices, one person may not change it. Whoever may not decide may not correct.

    Raises NotFound, MayNotDecide, Stale, IllegalMove, TakesVoices and Unchanged.
    """
    comment, text = check(session, comment_id, new, revision=revision, by=by)
    texts.replace(session, comment, new, corrected_at=now, redacted_at=text.redacted_at)
    decision = decisions.record(session, comment, Action.CORRECT, now=now, undo_until=now + undo, by=by)
    decisions.follow_up(session, decision, now)
    return decision


def check(
    session: Session, comment_id: str, new: Draft, *, revision: int, by: int
) -> tuple[Comment, Version]:
    """Whether it could be corrected so; as `correct`, which begins with it, but nothing is written."""
    comment, text = to_rewrite(session, comment_id, Action.CORRECT, revision=revision, by=by)
    if is_fixed(session, comment):
        raise TakesVoices
    if new.text.source.strip() == text.source.strip():
        raise Unchanged
    return comment, text


def to_rewrite(
    session: Session, comment_id: str, action: Action, *, revision: int, by: int
) -> tuple[Comment, Version]:
    """Locked, with its newest text. Raises NotFound, MayNotDecide, Stale and IllegalMove."""
    comment = decisions.to_decide(session, comment_id, revision=revision, by=by)
    if not lifecycle.may_be_rewritten(comment.status):
        raise IllegalMove(comment.status, action)
    return comment, texts.newest(session, comment)


def is_fixed(session: Session, comment: Comment) -> bool:
    """Whether it is public where several voices make it so."""
    if comment.status is not Status.PUBLISHED:
        return False
    rule = voices.policy_for(session, comment.section)
    return rule.publish > 1 and rule.among(len(deciders.able(session, comment))).publish > 1
