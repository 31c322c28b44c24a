"""What authors are told of by letter: written with its cause, and sent if that is still so when it is due."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from moderation import mail, mailboxes
from moderation.lifecycle import Action
from moderation.models.queue import Comment, Decision, Letter, LetterKind

# Nobody is told in haste that they were refused: who decided may think again.
LATER = timedelta(minutes=30)
_TELLS = {
    Action.PUBLISH: LetterKind.PUBLISHED,
    Action.REFUSE: LetterKind.REFUSED,
    Action.UNPUBLISH: LetterKind.REFUSED,
}


class NoAddress(Exception):
    """There is no such text, or nobody to write to about it."""


def receive(session: Session, comment_id: str, address: str, now: datetime) -> None:
    """After a text was sent: tells an address that was confirmed and wants it where it can be followed."""
    if mailboxes.wants_receipts(mailboxes.of(session, mailboxes.digest(address))):
        mail.write(session, LetterKind.RECEIVED, now, comment_id=comment_id)


def follow(session: Session, decision: Decision, settled_at: datetime | None = None) -> None:
    """After a decision: its author’s letter, where they gave an address and can be told where to look.

    `settled_at` is when it can no longer be taken back, if that is later than its own window.
    """
    comment = session.get_one(Comment, decision.comment_id)
    if comment.email_key is None or comment.tracking is None:
        return
    if comment.retracts and decision.action is Action.PUBLISH:
        return  # their address is erased with all the rest
    kind = LetterKind.APPEAL_ANSWERED if comment.contested else _TELLS.get(decision.action)
    if kind is None or decision.action not in {*_TELLS, Action.SPAM}:
        return  # of spam only who contested is told: it would say that somebody reads there
    later = timedelta() if decision.action is Action.PUBLISH else LATER
    due = max(settled_at or decision.undo_until, decision.at + later)
    mail.write(session, kind, due, comment_id=comment.id, decision_id=decision.id)


def take_back(session: Session, decision: Decision) -> None:
    session.exec(delete(Letter).where(col(Letter.decision_id) == decision.id))


def send_address(session: Session, code: str, now: datetime) -> None:
    """Writes to an author where their text can be followed, as they ask; not twice at once.

    Raises NoAddress.
    """
    mine = select(Comment).where(Comment.tracking == code, col(Comment.email_key).is_not(None))
    comment = session.exec(mine.with_for_update(key_share=True)).first()
    if comment is None:
        raise NoAddress
    waits = select(Letter).where(Letter.comment_id == comment.id, Letter.kind == LetterKind.RECEIVED)
    letter = session.exec(waits).first()
    if letter is None:
        mail.write(session, LetterKind.RECEIVED, now, comment_id=comment.id)
    elif letter.due_at > now + mail.PAUSES[-1]:  # it was given up
        letter.tries, letter.due_at = 0, now
        session.add(letter)
