"""What the pages of settings show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from moderation import deciders, notices, public_log, retention, watched, witnesses
from moderation.models.retention import Kept
from moderation.pages.letters import failing
from moderation.watched import Refused

# Of what was erased.
DAYS = 10


@dataclass(frozen=True)
class Overview:
    # How many are looked out for.
    words: int
    notice: str
    # A person alone is told nothing of deciding with others.
    alone: bool
    # How many letters could not be sent.
    failing: int
    # Whether the public log says who decided, by a pseudonym.
    names: bool
    # Who is sent its last hash.
    witnesses: Sequence[str]
    # What was erased because its time was over, on the last days on which anything was.
    erased: tuple["Erased", ...]


@dataclass(frozen=True)
class Erased:
    day: date
    kind: Kept
    count: int


@dataclass(frozen=True)
class Word:
    id: int | None
    word: str


@dataclass(frozen=True)
class Words:
    """The words the site looks out for, and the lines just typed that could not be taken."""

    words: tuple[Word, ...]
    refused: tuple[Refused, ...]


def overview(session: Session) -> Overview:
    return Overview(
        words=len(watched.words(session)),
        notice=notices.written(session),
        alone=not deciders.is_team(session),
        failing=len(failing(session)),
        names=public_log.says_names(session),
        witnesses=witnesses.listed(session),
        erased=tuple(
            Erased(date.fromisoformat(one.day), one.kind, one.count) for one in retention.told(session, DAYS)
        ),
    )


def words(session: Session, refused: tuple[Refused, ...] = ()) -> Words:
    return Words(tuple(Word(word.id, word.word) for word in watched.words(session)), refused)
