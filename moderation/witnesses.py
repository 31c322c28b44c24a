"""Addresses the last hash of the public log is sent to, which whoever rewrites the log does not rewrite."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, delete, func, select

from moderation import database, drafts, mail
from moderation.models.bulletins import Witness
from moderation.models.public import LogLine
from moderation.models.queue import LetterKind

MOST = 10


class NotAddresses(Exception):
    """Raised with those that are none; empty when there are too many."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = tuple(wrong)


def listed(session: Session) -> Sequence[str]:
    return session.exec(select(Witness.address).order_by(Witness.address)).all()


def choose(session: Session, typed: Sequence[str], now: datetime) -> None:
    """Those alone, from tomorrow on. Raises NotAddresses."""
    addresses = {line.strip().lower() for line in typed if line.strip()}
    wrong = sorted(address for address in addresses if not drafts.is_address(address))
    if wrong or len(addresses) > MOST:
        raise NotAddresses(wrong)
    database.in_turn(session, "witnesses")
    session.exec(delete(Witness).where(col(Witness.address).not_in(addresses)))
    for address in addresses - {*listed(session)}:
        session.add(Witness(address=address, due_at=_tomorrow(now)))
    session.flush()


def _tomorrow(now: datetime) -> datetime:
    """When the days of the log begin, in UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def owed(session: Session, now: datetime) -> bool:
    return session.exec(select(Witness.address).where(Witness.due_at <= now).limit(1)).first() is not None


def write(session: Session, now: datetime) -> None:
    """The letters of a day, where there are new lines."""
    database.in_turn(session, "witnesses")
    last = session.exec(select(func.max(LogLine.seq))).one() or 0
    for witness in session.exec(select(Witness).where(Witness.due_at <= now)).all():
        if last > witness.told:
            mail.write(session, LetterKind.LOG_HEAD, now, to=witness.address)
        witness.told, witness.due_at = last, _tomorrow(now)
        session.add(witness)


def last(session: Session) -> LogLine | None:
    return session.exec(select(LogLine).order_by(col(LogLine.seq).desc()).limit(1)).first()
