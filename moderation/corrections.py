"""The moderation’s own writes in a text: what is put right, and what is taken out. Each is said beside it."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from sqlmodel import Session, and_, col

from moderation import (
    amendments,
    appeals,
    beside,
    consequences,
    deciders,
    decisions,
    erasing,
    kin,
    moves,
    public_log,
    publication,
    questions,
    scrubbing,
    standing,
    texts,
    voices,
)
from moderation.database import HELD
from moderation.drafts import Draft
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version

# What had to be left is looked at again after so long.
FORGETS_AGAIN = timedelta(days=1)


class Unchanged(Exception):
    """It says what the text says already."""


class Unsettled(Exception):
    """What was done to it last has not taken effect: that is undone first, or waited for."""


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
    What was due by then is done first, as if a server had come by.

    Raises NotFound, MayNotDecide, Stale, IllegalMove, TakesVoices, Unsettled and Unchanged.
    """
    comment, text = check(session, comment_id, new, Action.CORRECT, revision=revision, by=by, now=now)
    publication.sync(session, comment.id, now)
    texts.replace(session, comment, new, said=replace(texts.marks(text), corrected_at=now))
    decision = moves.record(session, comment, Action.CORRECT, now=now, undo_until=now + undo, by=by)
    consequences.follow(session, decision, now)
    return decision


def redact(
    session: Session,
    comment_id: str,
    new: Draft,
    *,
    revision: int,
    by: int,
    now: datetime,
    undo: timedelta,
    appeal: timedelta,
) -> Decision:
    """Puts the text without some of its words, marked as such, in the place of the one seen.

    As taking down, it takes one person, and what is public is gone from there at once; of what waits it
    publishes nothing, as `correct`. The words stay with the text that was replaced, for its author and the
    moderators, until the appeal is over; then they are erased, and nothing brings them back.

    Raises NotFound, MayNotDecide, Stale, IllegalMove, Unsettled and Unchanged.
    """
    comment, text = check(session, comment_id, new, Action.REDACT, revision=revision, by=by, now=now)
    publication.sync(session, comment.id, now)
    texts.replace(session, comment, new, said=replace(texts.marks(text), redacted_at=now))
    decision = moves.record(session, comment, Action.REDACT, now=now, undo_until=now + undo, by=by)
    publication.later(session, decision, EffectKind.FORGET, max(now + appeal, decision.undo_until))
    if publication.is_up(session, comment.id):
        due = (col(Effect.comment_id) == comment.id, col(Effect.kind) == EffectKind.SYNC)
        publication.take(session, and_(*due))  # what put it up, and nobody has taken note of
        publication.sync(session, comment.id, now)
    else:
        publication.follow(session, decision, now)
    public_log.follow(session, decision, now)
    return decision


def forget(session: Session, decision_id: int, now: datetime) -> bool:
    """Erases the words a decision took out and what was said beside them; whether it was still to be done.

    A question that waits for its author, or may again, is left, and so is an appeal nobody has answered; both
    are erased once they wait no more. From the files they go as those of a withdrawn text.
    """
    decision = session.get_one(Decision, decision_id)
    comment = session.get_one(Comment, decision.comment_id, with_for_update=HELD)
    due = (col(Effect.decision_id) == decision_id, col(Effect.kind) == EffectKind.FORGET)
    if not publication.take(session, and_(*due)):
        return False
    texts.erase_before(session, comment, decision.version)
    kin.unlearn(session, comment.id)
    for done in amendments.granted(session, comment.id):
        line = standing.deciding(session, done.id)
        if line is not None and (line.id or 0) < decision_id:  # its words became those of this text
            erasing.erase(session, done, now)
    left = questions.open_still(session, comment, now)
    unread = appeals.unread(standing.lines(session, comment.id), standing.in_effect(session, comment.id, now))
    beside.erase(session, comment.id, but=left, lines=unread)
    if left or unread:
        settled_at = standing.settled_at(session, comment.id, now)
        again = settled_at if settled_at > now else now + FORGETS_AGAIN
        publication.later(session, decision, EffectKind.FORGET, again)
    publication.later(session, decision, EffectKind.ERASE, scrubbing.due(session, now))
    return True


def check(
    session: Session, comment_id: str, new: Draft, action: Action, *, revision: int, by: int, now: datetime
) -> tuple[Comment, Version]:
    """As `correct` and `redact`, which begin with it, but nothing is written."""
    comment = decisions.to_decide(session, comment_id, revision=revision, by=by)
    text = texts.newest(session, comment)
    if not amendments.may_be_rewritten(comment) or not text.source:
        raise IllegalMove(comment.status, action)
    if action is Action.CORRECT and is_fixed(session, comment):
        raise TakesVoices
    if settles(session, comment, action, now) is not None:
        raise Unsettled
    if new.text.source.strip() == text.source.strip():
        raise Unchanged
    return comment, text


def settles(session: Session, comment: Comment, action: Action, now: datetime) -> datetime | None:
    """When that may be done to the text, which something else has to take effect before; None: now.

    Whose author may still answer a question as if nothing had come after it: with all that came, what is done
    now would be taken back. And of what is public words are taken out at once, which must not publish with
    them a correction that may still be undone.
    """
    known = standing.in_effect(session, comment.id, now)[:1]
    newer = [*takewhile(lambda line: [line] != known, standing.lines(session, comment.id))]
    if not (known and known[0].after is Status.ASKED):
        is_at_once = action is Action.REDACT and publication.is_up(session, comment.id)
        newer = [line for line in newer if is_at_once and line.action is Action.CORRECT]
    return max((line.undo_until for line in newer), default=None)


def is_fixed(session: Session, comment: Comment) -> bool:
    """Whether it is public where several voices make it so."""
    return comment.status is Status.PUBLISHED and takes_voices(session, comment)


def takes_voices(session: Session, comment: Comment) -> bool:
    """Whether one person alone publishes nothing there."""
    rule = voices.policy_for(session, comment.section)
    return rule.publish > 1 and rule.among(deciders.everybody(session, comment)).publish > 1
