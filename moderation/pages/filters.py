"""Which contributions the desk lists and in which order, and where in that order one stands."""

import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import col, func
from sqlmodel.sql.expression import SelectOfScalar

from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.pages.public import BadCursor


class Place(NamedTuple):
    """Where a comment stands, whatever becomes of those around it."""

    submitted_at: datetime
    id: str

    @property
    def cursor(self) -> str:
        return base64.urlsafe_b64encode(f"{self.submitted_at.isoformat()} {self.id}".encode()).decode()

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """Raises BadCursor."""
        try:
            moment, comment_id = base64.urlsafe_b64decode(cursor).decode("ascii").split(" ")
            place = cls(datetime.fromisoformat(moment), comment_id)
        except ValueError:  # of which each step has its own kind
            raise BadCursor from None
        if place.submitted_at.tzinfo != UTC or not place.id.isalnum():
            raise BadCursor
        return place


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to, and its order. It lives in the address, and so in every link of a page."""

    status: Status = Status.PENDING
    newest: bool = False
    # What the person left to the others: without it, it alone, or (None) everything.
    passed: bool | None = False

    def address(self, path: str, **more: object) -> str:
        """A path of the desk that keeps to this list."""
        said = {
            "status": self.status if self.status is not Status.PENDING else "",
            "order": "newest" if self.newest else "",
            "passed": "yes" if self.passed else "",
            **more,
        }
        kept = {name: value for name, value in said.items() if value}
        return f"{path}?{urlencode(kept)}" if kept else path

    def with_status(self, status: Status) -> "Filter":
        return replace(self, status=status, passed=False)

    @property
    def left(self) -> "Filter":
        """What waits and was left to the others."""
        return replace(self, status=Status.PENDING, passed=True)

    @property
    def turned(self) -> "Filter":
        """The same list from its other end."""
        return replace(self, newest=not self.newest)

    def narrow(self, query: SelectOfScalar[Comment]) -> SelectOfScalar[Comment]:
        if self.passed:
            # So that no index of states is tempting: what one person left is few, and is where to begin.
            return query.where(func.lower(Comment.status) == self.status.value)
        return query.where(Comment.status == self.status)

    def ordered(self, query: Any, *, backwards: bool = False) -> Any:
        """In the list’s order, or away from it."""
        down = self.newest is not backwards
        moment, name = col(Comment.submitted_at), col(Comment.id)
        return query.order_by(*((moment.desc(), name.desc()) if down else (moment, name)))

    def beyond(self, place: Place, *, backwards: bool = False) -> ColumnElement[bool]:
        """What comes after that place in the list’s order, or before it."""
        keys = tuple_(col(Comment.submitted_at), col(Comment.id))
        return keys < place if self.newest is not backwards else keys > place
