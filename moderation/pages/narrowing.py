"""A list narrowed by the database: which index it is read from, and in which order.

Each thing a list is narrowed to has, alone, an index that holds the list in its order; of several together
one serves, and the rest is looked at row by row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, exists, tuple_, type_coerce, union_all
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import folding, markup, search
from moderation.lifecycle import Status
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment
from moderation.models.traits import Trait
from moderation.pages.filters import Filter, Place

Key = tuple[Any, Any]
COMMENT: Key = (col(Comment.submitted_at), col(Comment.id))
TRAIT: Key = (col(Trait.submitted_at), col(Trait.comment_id))


@dataclass(frozen=True)
class Part:
    """Comments of a list; `key` is the time and name of each, in the index they are read from."""

    query: SelectOfScalar[Comment]
    key: Key
    # Only those sent before then.
    before: datetime | None


@dataclass(frozen=True)
class Narrowed:
    """The comments of a list, of which each part is read from an index in the list’s order."""

    parts: Sequence[Part]
    newest: bool
    # Whether there may be far more of them than PostgreSQL believes, so that it would gather and sort them.
    walked: bool = False

    def ids(
        self, limit: int, *, beyond: Place | None = None, backwards: bool = False, but: str = ""
    ) -> Select[Any]:
        """In the list’s order, or away from it; from a place on, if one is given."""
        down = self.newest is not backwards
        some = [_some(part, limit, beyond, but, down=down) for part in self.parts]
        if len(some) == 1:
            return some[0].with_only_columns(self.parts[0].key[1])
        found = union_all(*(select(one.subquery()) for one in some)).subquery()
        moment, name = found.c
        return select(name).order_by(*_order((moment, name), down=down)).limit(limit)


def _some(part: Part, limit: int, beyond: Place | None, but: str, *, down: bool) -> Select[Any]:
    found = part.query.with_only_columns(*part.key).where(*_bounds(part, beyond, down=down))
    if but:
        found = found.where(part.key[1] != but)
    return found.order_by(*_order(part.key, down=down)).limit(limit)


def _bounds(part: Part, beyond: Place | None, *, down: bool) -> list[ColumnElement[bool]]:
    """Of two bounds on one side SQLite walks to either, and it may be the far one: it is given one."""
    key = tuple_(*part.key)
    place = [] if beyond is None else [key < beyond if down else key > beyond]
    until = [] if part.before is None else [part.key[0] < part.before]
    if down and beyond is not None and part.before is not None:
        return place if beyond.submitted_at < part.before else until
    return place + until


def _order(key: Key, *, down: bool) -> Key:
    return (key[0].desc(), key[1].desc()) if down else key


def narrowed(session: Session, query: SelectOfScalar[Comment], which: Filter) -> Narrowed:
    """Of the comments somebody may see, those the filter lets through."""
    words, traits = search.asked(which.q), _traits(which)
    few = False
    if words:
        holds, few = search.condition(session, words)
        query = query.where(holds)
    if few or which.passed:
        # Read from the search index, or from what one person left: the columns are asked for in a way that
        # leads to no other.
        if which.status is not None:
            query = query.where(_plain(col(Comment.status)) == which.status)
        query = query.where(*(_plain(column) == value for column, value in _equal(which)))
        return Narrowed([_rest(query, which, COMMENT, traits)], which.newest)
    query = query.where(*(column == value for column, value in _equal(which)))
    # Status by status, along the index: each of them holds its own in order.
    each = [which] if which.status is not None else [which.with_status(status) for status in Status]
    walked = bool(words or which.email or which.author)
    return Narrowed([_indexed(query, one, traits) for one in each], which.newest, walked)


def _indexed(query: SelectOfScalar[Comment], which: Filter, traits: list[tuple[str, str]]) -> Part:
    """Of one status."""
    if not traits:
        return _rest(query.where(Comment.status == which.status), which, COMMENT, [])
    (kind, host), *others = traits
    of_them = and_(col(Trait.comment_id) == Comment.id, col(Trait.status) == which.status)
    query = query.join(Trait, of_them).where(Trait.kind == kind, Trait.host == host)
    return _rest(query, which, TRAIT, others)


def _rest(query: SelectOfScalar[Comment], which: Filter, key: Key, traits: list[tuple[str, str]]) -> Part:
    status = which.status if which.status is not None else Comment.status
    for kind, host in traits:
        other = Trait.__table__.alias()  # type: ignore[attr-defined]
        same = (other.c.kind == kind, other.c.host == host, other.c.status == status)
        here = (other.c.submitted_at == Comment.submitted_at, other.c.comment_id == Comment.id)
        query = query.where(exists().where(*same, *here))
    return Part(query, key, which.sent_before)


def _traits(which: Filter) -> list[tuple[str, str]]:
    """The rarest first, most probably."""
    hosts = [("link", markup.site(which.host))] if which.host else []
    kinds = [(which.finding, "")] if which.finding else []
    return [*hosts, *kinds, *([("link", "")] if which.link else [])]


def _equal(which: Filter) -> list[tuple[Any, Any]]:
    """What columns of a comment must be."""
    thread = select(Thread.id).join(Article).where(Article.slug == which.article).scalar_subquery()
    found = {
        "email": (col(Comment.email_key), which.email.strip().lower()),
        "author": (col(Comment.author_key), folding.key(which.author)),
        "article": (col(Comment.thread_id), thread),
        "by": (col(Comment.decided_by), which.by),
        "reason": (col(Comment.reason), which.reason),
        "section": (col(Comment.section), which.section),
    }
    return [found[name] for name in found if name in which.said]


def _plain(column: Any) -> Any:
    """The column’s value, for which no index is looked up."""
    return column + 0 if isinstance(column.type, Integer) else type_coerce(column, String).concat("")
