"""Addresses authors gave: whether who reads one said it is theirs, and what they want to be told.

An address is known here by its digest alone, so that what it declined outlasts the texts it came with.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session

from moderation import identifiers
from moderation.database import in_turn
from moderation.models.queue import LetterKind, Mailbox

# What became of a text.
_NEWS = (LetterKind.QUESTION, LetterKind.PUBLISHED, LetterKind.REFUSED, LetterKind.APPEAL_ANSWERED)
# What can be declined. That a text was received is told by itself to an address somebody confirmed, and else
# to who asks: the one letter a day it would get is kept for what became of it.
KINDS = (LetterKind.RECEIVED, *_NEWS)
# An address nobody has confirmed gets no more than one letter in that time.
BETWEEN_LETTERS = timedelta(days=1)
# Anybody who knows the address of a text may have it sent, and anybody at all may send a text.
BETWEEN_COPIES = timedelta(hours=1)


class NotYet(Exception):
    """Its address had another one lately, or what it tells of may yet be undone."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until}")
        self.until = until


def digest(address: str) -> str:
    return identifiers.digest(address.lower())


def of(session: Session, key: str) -> Mailbox:
    """As it is known, or as any is at first."""
    return session.get(Mailbox, key) or Mailbox(digest=key)


def wants(box: Mailbox, kind: LetterKind) -> bool:
    """Whether it is told of that by itself."""
    return kind not in box.declined


def takes(box: Mailbox, kind: LetterKind) -> bool:
    """Whether a letter may go there: what was asked for, to all who want any."""
    return wants(box, kind) if kind in _NEWS else not is_silent(box)


def wants_receipts(box: Mailbox) -> bool:
    return box.confirmed_at is not None and wants(box, LetterKind.RECEIVED)


def is_silent(box: Mailbox) -> bool:
    """Whether it wants nothing at all."""
    return box.confirmed_at is None and set(_NEWS) <= set(box.declined)


def silent_until(box: Mailbox, kind: LetterKind, name: str, now: datetime) -> datetime | None:
    """Till when it gets no letter of another name; None: it may get one."""
    if box.written_at is None or box.written_at > now or box.letter == name:
        return None
    pause = timedelta() if kind in _NEWS else BETWEEN_COPIES
    until = box.written_at + (BETWEEN_LETTERS if box.confirmed_at is None else pause)
    return until if until > now else None


def wrote(session: Session, box: Mailbox, name: str, now: datetime) -> None:
    box.written_at, box.letter = now, name
    session.add(box)


def forget(session: Session, key: str) -> None:
    """All but what it declined."""
    in_turn(session, "mail", key)
    box = session.get(Mailbox, key)
    if box is None:
        return
    if not box.declined:
        session.delete(box)
    else:
        box.confirmed_at = box.written_at = None
        box.letter = ""
        session.add(box)


def choose(session: Session, key: str, kinds: Collection[str], now: datetime) -> None:
    """Who reads there wants those, and says by it that it is theirs; who wants none says nothing."""
    in_turn(session, "mail", key)
    box = of(session, key)
    box.declined = [kind.value for kind in KINDS if kind not in kinds]
    box.confirmed_at = (box.confirmed_at or now) if kinds else None
    session.add(box)
