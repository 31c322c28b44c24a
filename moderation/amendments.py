"""What an author asks of a text that is public: other words in its place, or none. That waits, too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from moderation import (
    erasing,
    folding,
    lifecycle,
    moves,
    news,
    public_log,
    publication,
    settling,
    standing,
    texts,
)
from moderation.database import HELD
from moderation.drafts import Draft
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version
from moderation.texts import Marks


def check(session: Session, comment: Comment, action: Action) -> None:
    """Whether that can be decided of it. Raises IllegalMove."""
    if not allows(session, comment, action):
        raise IllegalMove(comment.status, action)


def allows(session: Session, comment: Comment, action: Action) -> bool:
    """What was granted is done; and there must be a public text to put it in the place of.

    Of what is erased nothing is left to decide about.
    """
    if comment.erased_at is not None:
        return False
    if comment.amends is None:
        return True
    grants = action is Action.PUBLISH
    if comment.lane is not None:  # taking the text down grants it
        return comment.status is not Status.PUBLISHED and not grants
    return comment.status is not Status.PUBLISHED and not (
        grants and not publication.is_up(session, comment.amends)
    )


def may_be_rewritten(comment: Comment) -> bool:
    """Whether the moderation may change words of it."""
    granted = comment.amends is not None and comment.status is Status.PUBLISHED
    if comment.lane is not None:  # it is theirs, and signed
        return False
    return lifecycle.may_be_rewritten(comment.status) and not granted and not comment.retracts


def follow(session: Session, comment: Comment, decision: Decision, now: datetime) -> None:
    """After it was granted: at once, or when the window closes."""
    if decision.undo_until <= now:
        _grant(session, comment, now)
    else:
        publication.later(session, decision, EffectKind.AMEND, decision.undo_until)


def perform(session: Session, now: datetime) -> bool:
    """Does one that is due, in the caller’s transaction; whether there was one.

    What it is about is locked before it, as whoever decides locks them.
    """
    due = (
        select(Effect.id, Comment.id, Comment.amends)
        .join(Comment, col(Comment.id) == Effect.comment_id)
        .where(Effect.kind == EffectKind.AMEND, Effect.due_at <= now)
        .order_by(col(Effect.due_at), col(Effect.id))
    )
    found = session.exec(due.limit(1)).first()
    if found is None:
        return False
    effect, name, amends = found
    session.get(Comment, amends, with_for_update=HELD)
    asked = session.get_one(Comment, name, with_for_update=HELD, populate_existing=True)
    if not publication.take(session, col(Effect.id) == effect):
        return False
    _grant(session, asked, now)
    return True


def is_due(session: Session, comment_id: str) -> bool:
    """Whether what was granted is still to be done."""
    waits = select(Effect.id).where(Effect.comment_id == comment_id, Effect.kind == EffectKind.AMEND)
    return session.exec(waits).first() is not None


def granted(session: Session, comment_id: str) -> Sequence[Comment]:
    """What was proposed about a text and done: other words that took its place."""
    done = (Comment.amends == comment_id, col(Comment.lane).is_(None), Comment.status == Status.PUBLISHED)
    return session.exec(select(Comment).where(*done)).all()


def _grant(session: Session, asked: Comment, now: datetime) -> None:
    comment = session.get_one(Comment, asked.amends, with_for_update=HELD, populate_existing=True)
    line = standing.deciding(session, asked.id)
    since = standing.lines(session, comment.id)[:1]
    if line is not None and not asked.retracts and since and (since[0].id or 0) > (line.id or 0):
        _wait_again(session, asked, line, since[0].account_id, now)
    elif comment.status is not Status.WITHDRAWN and (asked.retracts or asked.erased_at is None):
        decision = _done(session, comment, asked, now)
        publication.sync(session, comment.id, now)
        public_log.follow(session, decision, now)
        settling.follow(session, decision, now)


def _wait_again(session: Session, asked: Comment, line: Decision, by: int | None, now: datetime) -> None:
    """Something was done to the text since: nobody has said that these words may stand after that."""
    undone = Decision(
        comment_id=asked.id,
        revision=asked.revision + 1,
        version=asked.version,
        action=line.action,
        before=line.after,
        after=line.before,
        account_id=by or line.account_id,
        at=now,
        undo_until=now,
        undoes=line.id,
    )
    moves.move(session, asked, undone)
    moves.explain(asked, standing.deciding(session, asked.id))
    news.take_back(session, line)


def _draft(session: Session, comment: Comment, text: Version) -> Draft:
    """With the address the text has by then: it may have been kept long enough."""
    email = texts.newest(session, comment).email
    return replace(texts.as_draft(text), email=email, folded=folding.bag(text.author, email, text.source))


def _done(session: Session, comment: Comment, asked: Comment, now: datetime) -> Decision:
    by = asked.decided_by
    if asked.retracts:
        erasing.take_answers(session, comment, now)
        return erasing.take_away(session, comment, now, by=by, action=Action.RETRACT)
    text = texts.newest(session, asked)
    said = Marks(corrected_at=text.corrected_at, redacted_at=text.redacted_at, amended_at=now)
    texts.replace(session, comment, _draft(session, comment, text), said=said, renderer=text.renderer)
    comment.author_key = folding.key(text.author)
    return moves.record(session, comment, Action.AMEND, now=now, undo_until=now, by=by)
