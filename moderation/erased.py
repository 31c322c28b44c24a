"""Which contributions were erased: a list that no backup takes back, and that a restore goes by.

It holds names that say nothing, and when. An SQLite database has it beside it; it can be kept elsewhere, too.
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, and_, col, select

from moderation import database, erasing, public_log, publication, search, settling
from moderation.lifecycle import OPEN, Action, Status
from moderation.models.queue import Comment, Effect, EffectKind

# Of the file’s name, after that of the database.
ENDING = "-erased"
_LINE = re.compile(r"([\w-]{1,26}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", re.ASCII)
Erased = Mapping[str, datetime]


class Unreadable(Exception):
    """The message says which line is none of such a list."""


def listed(session: Session) -> Erased:
    return _found(session)


def _found(session: Session, *which: ColumnElement[bool]) -> Erased:
    gone = select(Comment.id, Comment.erased_at).where(col(Comment.erased_at).is_not(None), *which)
    return {name: at for name, at in session.exec(gone.order_by(col(Comment.erased_at))) if at is not None}


def beside(file: Path) -> Path:
    return file.with_name(file.name + ENDING)


def written(erased: Erased) -> str:
    times = {name: at.astimezone(UTC).isoformat(timespec="seconds") for name, at in erased.items()}
    return "".join(f"{name} {at.replace('+00:00', 'Z')}\n" for name, at in times.items())


def read(file: Path) -> Erased:
    """The last line may be cut short, as a power cut leaves it. Raises Unreadable and OSError."""
    found: dict[str, datetime] = {}
    *lines, cut = file.read_bytes().decode("utf-8", errors="replace").split("\n")
    for number, line in enumerate([*lines, cut] if _LINE.fullmatch(cut) else lines, start=1):
        told = _LINE.fullmatch(line)
        try:
            if told is not None:
                found.setdefault(told[1], datetime.fromisoformat(told[2]))
        except ValueError:
            told = None
        if told is None:
            raise Unreadable(f"line {number} of {file}")
    return found


def note(engine: Engine, decisions: list[int]) -> None:
    """Adds what was erased with those decisions to the list beside an SQLite database. Raises OSError."""
    if engine.dialect.name != "sqlite":
        return
    mine = select(Effect.comment_id).where(
        Effect.kind == EffectKind.ERASE, col(Effect.decision_id).in_(decisions)
    )
    with database.reading(engine) as session:
        told = written(_found(session, col(Comment.id).in_(mine)))
    if told:
        _append(beside(Path(engine.url.database or "")), told)


def _append(file: Path, told: str) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    with os.fdopen(os.open(file, flags, 0o600), "wb") as list_of_ours:
        list_of_ours.write(told.encode())
        list_of_ours.flush()
        os.fsync(list_of_ours.fileno())


def again(session: Session, erased: Erased, now: datetime) -> int:
    """Erases what a backup has brought back, as it is there; how many contributions that was.

    In a database nobody has used yet: what is erased is in no file but this one, which is overwritten.
    """
    back = [
        comment
        for comment in session.exec(select(Comment).where(col(Comment.erased_at).is_(None)))
        if comment.id in erased
    ]
    if not back:
        return 0
    search.rebuild(session)  # it must know of the words that are taken from it
    done = sum(_again(session, comment, now) for comment in back)
    for comment in back:
        comment.erased_at = erased[comment.id]
        session.add(comment)
    names = [comment.id for comment in back]
    publication.take(session, and_(col(Effect.kind) == EffectKind.ERASE, col(Effect.comment_id).in_(names)))
    session.flush()
    search.rebuild(session)  # it would only note that they are gone
    return done


def _again(session: Session, comment: Comment, now: datetime) -> int:
    if comment.erased_at is not None:
        return 1  # with another of them
    public = comment.status is Status.PUBLISHED and comment.amends is None
    if comment.status not in OPEN and not public:
        erasing.expire(session, comment, now)
        return 1
    erasing.take_answers(session, comment, now)
    made = erasing.take_away(session, comment, now, action=Action.RETRACT if public else Action.WITHDRAW)
    publication.sync(session, comment.id, now)
    public_log.follow(session, made, now)
    settling.follow(session, made, now)
    return 1
