"""Gives a signature and a group to contributions that came before the program compared any."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Engine, Row, select, tuple_
from sqlmodel import col

from moderation import kin, likeness, quotable
from moderation.database import reading, writing
from moderation.likeness import Likeness
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, Signature, Version

BATCH = 100
# A comment, when it came, where, what it answers, and its text.
_Found = Row[str, datetime, str, str | None, str]


def compare(engine: Engine) -> Iterator[int]:
    """Oldest first, a batch a transaction; how many of each. It may be stopped, and begun again."""
    after: tuple[datetime, str] | None = None
    while batch := _batch(engine, after):
        after = (batch[-1].submitted_at, batch[-1].id)
        yield _compared(engine, batch)


def _batch(engine: Engine, after: tuple[datetime, str] | None) -> Sequence[_Found]:
    place = tuple_(col(Comment.submitted_at), col(Comment.id))
    query = (
        select(
            col(Comment.id),
            col(Comment.submitted_at),
            col(Article.slug),
            col(Comment.parent_id),
            col(Version.html),
        )
        .select_from(Comment)
        .join(Version, (col(Version.comment_id) == Comment.id) & (col(Version.number) == Comment.version))
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .join(Signature, isouter=True)
        .where(col(Signature.comment_id).is_(None), col(Version.html) != "")
        .order_by(col(Comment.submitted_at), col(Comment.id))
        .limit(BATCH)
    )
    with reading(engine) as session:
        return session.connection().execute(query if after is None else query.where(place > after)).all()


def _compared(engine: Engine, batch: Sequence[_Found]) -> int:
    read = [(found.id, _likeness(engine, found)) for found in batch]
    with writing(engine) as session:
        return sum(kin.add(session, name, mine) for name, mine in read if mine is not None)


def _likeness(engine: Engine, found: _Found) -> Likeness | None:
    with reading(engine) as session:
        above = quotable.above(session, found.slug)
        if found.parent_id is not None:
            above |= quotable.answered(session, found.parent_id)
    return likeness.of(found.html, above)
