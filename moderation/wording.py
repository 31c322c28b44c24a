"""The site’s reasons and its words for them, as last read: whoever shows one asks no database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation import statements
from moderation.lifecycle import Reason
from moderation.statements import Category

# Several processes change the same list: each looks again after so long.
READ_AGAIN = timedelta(seconds=3)
SHIPPED = frozenset(reason.value for reason in Reason)


@dataclass(frozen=True)
class Worded:
    """A reason by its code. Where the label is empty it is said as shipped."""

    code: str
    label: str = ""
    explanation: str = ""
    offered: bool = True
    # The name of an article of the charter; empty for none.
    article: str = ""
    category: Category = Category.OTHER_VIOLATION

    @property
    def is_own(self) -> bool:
        """Whether the site added it."""
        return self.code not in SHIPPED


def as_shipped(code: str) -> Worded:
    """It goes by the article of its own name; what is sent twice adds nothing, « other » may be anything."""
    article = {Reason.DUPLICATE.value: Reason.NO_INFORMATION.value, Reason.OTHER.value: ""}.get(code, code)
    return Worded(code, article=article if code in SHIPPED else "", category=statements.category(code))


class Wording:
    """In the order they are offered; as shipped until the site’s own have been read."""

    def __init__(self) -> None:
        self._known = {reason.value: as_shipped(reason.value) for reason in Reason}
        self._read_at: datetime | None = None

    def is_old(self, now: datetime) -> bool:
        # A clock that was put back is no reason to wait for it.
        return self._read_at is None or not timedelta() <= now - self._read_at < READ_AGAIN

    def keep(self, found: Iterable[Worded], now: datetime) -> None:
        self._known, self._read_at = {one.code: one for one in found}, now

    def forget(self) -> None:
        """They were changed here: whoever comes next reads them."""
        self._read_at = None

    def __contains__(self, code: object) -> bool:
        return code in self._known

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._known)

    @property
    def offered(self) -> tuple[str, ...]:
        return tuple(one.code for one in self._known.values() if one.offered)

    def of(self, code: str) -> Worded:
        """Another process may have added it a moment ago: until it is read, its code is its word."""
        return self._known.get(code) or Worded(code, label=code)
