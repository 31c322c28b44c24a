"""The words a site looks out for: added, removed, and ready to be marked in a text."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, delete, func, select

from moderation import database, markup
from moderation.markup import Unwatchable, Watch
from moderation.models.judging import WatchedWord

# More would mark half of every text, and be read for each page.
MOST_WORDS = 1000


@dataclass(frozen=True)
class Refused:
    """A line that was not taken, and why: as `Unwatchable` says it, or "full"."""

    line: str
    problem: str


@dataclass(frozen=True)
class Added:
    words: int
    refused: tuple[Refused, ...]


def words(session: Session) -> list[WatchedWord]:
    return list(session.exec(select(WatchedWord).order_by(WatchedWord.key)))


def watch(session: Session, *, blurred: bool = False) -> Watch:
    return markup.watch(session.exec(select(WatchedWord.word)), blurred=blurred)


def add(session: Session, lines: Iterable[str]) -> Added:
    """One word a line; those already there, and empty lines, are passed over."""
    database.in_turn(session, "words")
    known = set(session.exec(select(WatchedWord.key)))
    before = len(known)
    refused = []
    for line in (line.strip() for line in lines):
        if not line:
            continue
        try:
            key = markup.pattern(line).key
        except Unwatchable as unwatchable:
            refused.append(Refused(line, unwatchable.problem))
            continue
        if key in known:
            continue
        if len(known) >= MOST_WORDS:
            refused.append(Refused(line, "full"))
            continue
        known.add(key)
        session.add(WatchedWord(word=line, key=key))
    return Added(len(known) - before, tuple(refused))


def remove(session: Session, ids: Iterable[int]) -> int:
    """How many were there to be removed."""
    wanted = set(ids)
    there = session.exec(
        select(func.count()).select_from(WatchedWord).where(col(WatchedWord.id).in_(wanted))
    ).one()
    session.exec(delete(WatchedWord).where(col(WatchedWord.id).in_(wanted)))
    return there
