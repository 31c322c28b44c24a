"""What an author asks of a text that is public: other words in its place, or none. That waits, too."""

from datetime import datetime

from sqlmodel import Session, select

from moderation import erasing, folding, lifecycle, moves, public_log, publication, settling, texts
from moderation.database import HELD
from moderation.lifecycle import MOVES, Action, IllegalMove, Status
from moderation.models.queue import Comment, Decision, Effect, EffectKind
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
    """Does one that is due, in the caller’s transaction; whether there was one."""
    effect = publication.claim(session, EffectKind.AMEND, now)
    if effect is None:
        return False
    _grant(session, session.get_one(Comment, effect.comment_id), now)
    return True


def is_due(session: Session, comment_id: str) -> bool:
    """Whether what was granted is still to be done."""
    waits = select(Effect.id).where(Effect.comment_id == comment_id, Effect.kind == EffectKind.AMEND)
    return session.exec(waits).first() is not None


def _grant(session: Session, asked: Comment, now: datetime) -> None:
    """To the text as it is by then, public or taken down; not to one that waits anew."""
    comment = session.get_one(Comment, asked.amends, with_for_update=HELD, populate_existing=True)
    action = Action.RETRACT if asked.retracts else Action.AMEND
    if (comment.status, action) not in MOVES:
        return
    decision = _done(session, comment, asked, now)
    publication.sync(session, comment.id, now)
    public_log.follow(session, decision, now)
    settling.follow(session, decision, now)


def _done(session: Session, comment: Comment, asked: Comment, now: datetime) -> Decision:
    by = asked.decided_by
    if asked.retracts:
        erasing.take_answers(session, comment, now)
        return erasing.take_away(session, comment, now, by=by, action=Action.RETRACT)
    text = texts.newest(session, asked)
    said = Marks(corrected_at=text.corrected_at, redacted_at=text.redacted_at, amended_at=now)
    texts.replace(session, comment, texts.as_draft(text), said=said, renderer=text.renderer)
    comment.author_key = folding.key(text.author)
    return moves.record(session, comment, Action.AMEND, now=now, undo_until=now, by=by)
