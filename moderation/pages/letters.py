"""Letters that could not be sent, for who administers."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from moderation import mail
from moderation.models.people import Account
from moderation.models.queue import Letter, LetterKind

SHOWN = 100


@dataclass(frozen=True)
class Failing:
    """No text, and no address but by whose account it is."""

    id: int
    kind: LetterKind
    # Whose account; empty for an author.
    name: str | None
    written_at: datetime
    tries: int
    # What kind of failure, as the mail server or the network has it.
    failure: str
    # When it is tried again; None once it was given up.
    again_at: datetime | None


def failing(session: Session) -> tuple[Failing, ...]:
    """Oldest first."""
    found = session.exec(
        select(Letter, Account.name)
        .join(Account, col(Account.id) == Letter.account_id, isouter=True)
        .where(Letter.failure != "")
        .order_by(col(Letter.id))
        .limit(SHOWN)
    )
    return tuple(
        Failing(
            id=letter.id or 0,
            kind=letter.kind,
            name=name,
            written_at=letter.written_at,
            tries=letter.tries,
            failure=letter.failure,
            again_at=letter.due_at if letter.tries <= len(mail.PAUSES) else None,
        )
        for letter, name in found
    )
