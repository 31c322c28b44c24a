"""What an author proposes about their text once it is public: other words, or that it be withdrawn."""

from datetime import datetime

from sqlmodel import Session, col, desc, select

from moderation import amendments, duplicates, edits, folding, identifiers, publication, standing, texts
from moderation.drafts import Draft
from moderation.duplicates import Duplicate
from moderation.edits import Unchanged
from moderation.lifecycle import OPEN, Action, IllegalMove, Status
from moderation.models.queue import Comment

# How often, about one text: each takes a moderator who reads it.
MOST = 20


def correct(session: Session, tracking: str, new: Draft, *, revision: int, now: datetime) -> str:
    """The draft waits beside the public text, which stays as it is until the moderation has decided.

    The code of its own tracking address. `revision` is the one its author was shown. Raises NotFound, Stale,
    IllegalMove where nothing can be proposed, or something waits already, Unchanged and Duplicate.
    """
    edits.in_turn(session, tracking, new)
    comment = _public(session, tracking, Action.AMEND, revision=revision, now=now)
    text = texts.newest(session, comment)
    if (new.author, new.text.source) == (text.author, text.source):
        raise Unchanged
    if duplicates.found(session, comment.thread_id, new.fingerprint, now, but=comment.id):
        raise Duplicate
    return _put(session, comment, new, now, retracts=False)


def retract(session: Session, tracking: str, words: Draft, *, revision: int, now: datetime) -> str:
    """Asks for a public text to be taken back; `words` are for the moderation. As `correct`."""
    comment = _public(session, tracking, Action.RETRACT, revision=revision, now=now)
    return _put(session, comment, words, now, retracts=True)


def _public(session: Session, tracking: str, action: Action, *, revision: int, now: datetime) -> Comment:
    comment = edits.seen(session, tracking, revision=revision, now=now)
    if not is_open(session, comment, now):
        raise IllegalMove(comment.status, action)
    return comment


def is_open(session: Session, comment: Comment, now: datetime) -> bool:
    """Whether its author may propose something now, as far as they may know."""
    made = about(session, comment.id)
    is_public = comment.status is Status.PUBLISHED and publication.is_up(session, comment.id)
    return is_public and len(made) < MOST and not any(waits(session, one, now) for one in made)


def about(session: Session, comment_id: str) -> list[Comment]:
    """What was proposed about a text and not taken back, newest first."""
    made = select(Comment).where(
        Comment.amends == comment_id, col(Comment.lane).is_(None), Comment.status != Status.WITHDRAWN
    )
    return [*session.exec(made.order_by(desc(Comment.submitted_at), desc(Comment.id))).all()]


def waits(session: Session, proposal: Comment, now: datetime) -> bool:
    """Whether nothing was decided of it, or nothing its author may know of."""
    return status(session, proposal, now) in OPEN or amendments.is_due(session, proposal.id)


def status(session: Session, proposal: Comment, now: datetime) -> Status:
    """As its author may know it."""
    known = standing.in_effect(session, proposal.id, now)
    return known[0].after if known else Status.PENDING


def _put(session: Session, comment: Comment, draft: Draft, now: datetime, *, retracts: bool) -> str:
    proposal = Comment(
        id=identifiers.new_id(),
        thread_id=comment.thread_id,
        amends=comment.id,
        retracts=retracts,
        section=comment.section,
        nonce=identifiers.new_code(),
        tracking=identifiers.new_code(),
        submitted_at=now,
        author_key=folding.key(draft.author),
        email_key=draft.email.lower() or None,
    )
    texts.start(session, proposal, draft)
    assert proposal.tracking is not None
    return proposal.tracking
