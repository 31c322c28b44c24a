"""What the pages of settings show."""

from dataclasses import dataclass

from sqlmodel import Session

from moderation import deciders, notices, watched
from moderation.watched import Refused


@dataclass(frozen=True)
class Overview:
    # How many are looked out for.
    words: int
    notice: str
    # A person alone is told nothing of deciding with others.
    alone: bool


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
    return Overview(len(watched.words(session)), notices.written(session), not deciders.is_team(session))


def words(session: Session, refused: tuple[Refused, ...] = ()) -> Words:
    return Words(tuple(Word(word.id, word.word) for word in watched.words(session)), refused)
