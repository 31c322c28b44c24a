"""Which contributions the desk lists and in which order, and where in that order one stands."""

import base64
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from moderation.lifecycle import Status
from moderation.pages.public import BadCursor

# What an address says for whatever status.
ANY = "any"


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
    """What a list is narrowed to, and its order. It lives in the address, and so in every link of a page.

    Each field but the last has the name it has there; what is empty narrows nothing.
    """

    # None for whatever their status.
    status: Status | None = Status.PENDING
    newest: bool = False
    # What the person left to the others: without it, it alone, or (None) everything.
    passed: bool | None = False
    # The slug.
    article: str = ""
    section: str = ""
    author: str = ""
    email: str = ""
    # Whether it has a link; and one to that host.
    link: bool = False
    host: str = ""
    # A kind of finding.
    finding: str = ""
    # Waiting for more than so many hours.
    longer: int = 0
    # Decided by that account.
    by: int = 0
    reason: str | None = None
    # Words to be found, each by how it begins.
    q: str = ""
    # When those that wait for longer were sent at the latest.
    sent_before: datetime | None = field(default=None, compare=False)

    def address(self, path: str, **more: object) -> str:
        """A path of the desk that keeps to this list."""
        kept = {name: value for name, value in {**self.fields, **more}.items() if value}
        return f"{path}?{urlencode(kept, doseq=True)}" if kept else path

    @property
    def fields(self) -> dict[str, Any]:
        """What a form that keeps to this list has to carry."""
        status = {"status": str(self.status or ANY)} if self.status is not Status.PENDING else {}
        order = {"order": "newest"} if self.newest else {}
        passed = {"passed": "yes"} if self.passed else {}
        said = {name: int(value) if value is True else value for name, value in self.said.items()}
        return {**status, **order, **passed, **said}

    @property
    def said(self) -> dict[str, Any]:
        """What it is narrowed to besides the status and what was left, by name."""
        besides = {"status", "newest", "passed", "sent_before"}
        named = (one.name for one in fields(self) if one.name not in besides)
        return {name: value for name in named if (value := getattr(self, name))}

    def with_status(self, status: Status | None) -> "Filter":
        return replace(self, status=status, passed=False)

    @property
    def left(self) -> "Filter":
        """What waits and was left to the others."""
        return replace(self, status=Status.PENDING, passed=True)

    def without(self, name: str) -> "Filter":
        """The list that is no longer narrowed by that."""
        bare: Any = {one.name: one.default for one in fields(self)}[name]
        return replace(self, **{name: bare})

    def only(self, **narrowed: Any) -> "Filter":
        """Of the same status and order, narrowed by nothing else."""
        return Filter(self.status, self.newest, **narrowed)

    @property
    def turned(self) -> "Filter":
        """The same list from its other end."""
        return replace(self, newest=not self.newest)
