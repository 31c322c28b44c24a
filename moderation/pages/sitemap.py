"""What search engines are told there is: the articles, and when each was last changed by who writes them."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, desc, select

from moderation.models.public import Article
from moderation.pages.public import home_revision

# The newest; those before are led to from page to page.
MOST = 5000


@dataclass(frozen=True)
class Sitemap:
    articles: tuple[tuple[str, datetime], ...]
    revision: str


def sitemap(session: Session) -> Sitemap:
    rows = session.exec(
        select(Article.slug, Article.published_at, Article.updated_at)
        .order_by(desc(Article.published_at))
        .limit(MOST)
    )
    return Sitemap(tuple((slug, at or since) for slug, since, at in rows), home_revision(session))
