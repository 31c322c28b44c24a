"""Words of the team among themselves about a contribution, and who is called in them."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, delete, desc, select

from moderation import mentions
from moderation.database import HELD
from moderation.models.people import Account
from moderation.models.queue import Comment
from moderation.models.together import Mention, Note

# Characters.
LONGEST = 2000


class Empty(Exception):
    """There are no words in it."""


class TooLong(Exception):
    """Longer than LONGEST."""


def write(session: Session, comment_id: str, text: str, *, by: int, now: datetime) -> Note:
    """Sent twice it is one note, as a form may be: the comment’s row is locked. Raises Empty and TooLong."""
    text = text.strip()
    if not text:
        raise Empty
    if len(text) > LONGEST:
        raise TooLong
    session.get_one(Comment, comment_id, with_for_update=HELD)
    last = session.exec(select(Note).where(Note.comment_id == comment_id).order_by(desc(Note.id))).first()
    if last is not None and (last.account_id, last.text) == (by, text):
        return last
    note = Note(comment_id=comment_id, account_id=by, text=text, at=now)
    session.add(note)
    session.flush()
    assert note.id is not None
    for account in mentions.mentioned(text, present(session)) - {by}:
        session.add(Mention(note_id=note.id, account_id=account))
    return note


def seen(session: Session, note_ids: Collection[int], *, by: int) -> None:
    """They leave « Mes mentions »."""
    session.exec(delete(Mention).where(col(Mention.account_id) == by, col(Mention.note_id).in_(note_ids)))


def about(session: Session, note_id: int) -> str | None:
    """The contribution a note is on."""
    note = session.get(Note, note_id)
    return note.comment_id if note is not None else None


def erase(session: Session, comment_id: str) -> None:
    ours = select(Note.id).where(Note.comment_id == comment_id)
    session.exec(delete(Mention).where(col(Mention.note_id).in_(ours)))
    session.exec(delete(Note).where(col(Note.comment_id) == comment_id))


def present(session: Session) -> dict[int, str]:
    """Who may be called: the names of the team."""
    people = session.exec(select(Account.id, Account.name).where(col(Account.removed_at).is_(None))).all()
    return {account: name for account, name in people if account is not None}
