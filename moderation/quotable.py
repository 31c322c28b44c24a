"""What stands above a contribution: quoted in it, it is not the contribution’s own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlmodel import Session, select

from moderation import likeness
from moderation.likeness import Known
from moderation.models.public import Article, Publication

# How long an article is kept in mind, and how many are.
READ_AGAIN = timedelta(minutes=1)
MOST = 16
Reading = Callable[[], AbstractContextManager[Session]]


def above(session: Session, slug: str) -> Known:
    """What a contribution to that article may quote of it."""
    found = session.exec(
        select(Article.title, Article.lead, Article.body, Article.postscript).where(Article.slug == slug)
    ).first()
    return likeness.known("<p>".join(found)) if found is not None else Known()


def answered(session: Session, parent: str) -> Known:
    """What an answer may quote of what it answers."""
    html = session.exec(select(Publication.html).where(Publication.comment_id == parent)).first()
    return likeness.known(html) if html else Known()


class Remembered:
    """Articles, read again after a while: who sends waits for the answer, and nothing hangs on it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, Known]] = {}

    def above(self, reading: Reading, slug: str, now: datetime) -> Known:
        at, known = self._known.get(slug, (None, None))
        if at is None or known is None or not timedelta() <= now - at < READ_AGAIN:
            with reading() as session:
                known = above(session, slug)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[slug] = (now, known)
        return known
