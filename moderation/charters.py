"""The versions of a site’s charter: the newest holds, and each can be read for ever."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, desc, select

from moderation import charter, reasons
from moderation.charter import Article, Charter, Cited
from moderation.database import in_turn
from moderation.models.public import CharterVersion
from moderation.models.queue import Decision

FIRST = 1


@dataclass(frozen=True)
class Version:
    number: int
    source: str
    html: str
    articles: tuple[Article, ...]
    # Empty for the one a site begins with, as long as nobody has written another.
    written_at: datetime | None


class Changed(Exception):
    """Somebody wrote another since it was opened."""


def newest(session: Session, language: str) -> Version:
    row = session.exec(select(CharterVersion).order_by(desc(CharterVersion.number)).limit(1)).first()
    return _version(row) if row is not None else _starting(language)


def numbered(session: Session, number: int, language: str) -> Version | None:
    row = session.get(CharterVersion, number)
    if row is not None:
        return _version(row)
    first = newest(session, language)
    return first if number == FIRST == first.number else None


def cited(session: Session, articles: Iterable[str]) -> list[Cited]:
    """What is gone by today: for each of these articles, which the newest version may not have."""
    written = select(CharterVersion.number, CharterVersion.articles)
    row = session.exec(written.order_by(desc(CharterVersion.number)).limit(1)).first()
    # Both languages begin with articles of the same names.
    number, there = row or (FIRST, [[one.name] for one in charter.begun("fr").articles])
    names = {name for name, *_ in there}
    return [Cited(number, article if article in names else None) for article in articles]


def cite(session: Session, decision: Decision) -> None:
    """A decision that gives a reason names what it goes by, once and for all."""
    if decision.reason is not None:
        (what,) = cited(session, [reasons.article(session, decision.reason)])
        decision.charter, decision.charter_article = what.version, what.article


def named(decision: Decision) -> Cited | None:
    return Cited(decision.charter, decision.charter_article) if decision.charter is not None else None


def title(session: Session, what: Cited, language: str) -> str:
    """Of the article it names; empty where it names none."""
    version = numbered(session, what.version, language)
    return next((one.title for one in version.articles if one.name == what.article), "") if version else ""


def dates(session: Session) -> Sequence[tuple[int, datetime]]:
    """Of those that were written here, newest first."""
    written = select(CharterVersion.number, CharterVersion.written_at)
    return session.exec(written.order_by(desc(CharterVersion.number))).all()


def write(session: Session, new: Charter, *, seen: int, language: str, now: datetime) -> Version:
    """Takes the place of the one `seen`; the same text is no other. Raises Changed."""
    in_turn(session, "charter")
    before = newest(session, language)
    if before.source == new.source:
        return before
    if before.number != seen:
        raise Changed
    if before.written_at is None:  # from now on it is kept as it was, whatever a later release begins with
        _keep(session, before.number, charter.begun(language), now)
    return _version(_keep(session, before.number + 1, new, now))


def _keep(session: Session, number: int, text: Charter, now: datetime) -> CharterVersion:
    row = CharterVersion(
        number=number,
        source=text.source,
        html=text.html,
        articles=[[one.name, one.title] for one in text.articles],
        written_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _version(row: CharterVersion) -> Version:
    articles = tuple(Article(name, title) for name, title in row.articles)
    return Version(row.number, row.source, row.html, articles, row.written_at)


def _starting(language: str) -> Version:
    begun = charter.begun(language)
    return Version(FIRST, begun.source, begun.html, begun.articles, None)
