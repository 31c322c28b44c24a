"""What somebody gives notice of, or answers as a person named there. Reads the publication tables only."""

from dataclasses import dataclass

from markupsafe import Markup
from sqlmodel import Session, col, select

from moderation import markup
from moderation.models.public import Article, Publication, Thread
from moderation.pages import permalinks


@dataclass(frozen=True)
class Noticed:
    """A public text, and where it is read."""

    comment_id: str
    number: int
    author: str
    html: Markup
    article_slug: str
    article_title: str
    place: str


@dataclass(frozen=True)
class Answered:
    """An article, or a public text under it."""

    article_slug: str
    article_title: str
    text: Noticed | None


def noticed(session: Session, number: int) -> Noticed | None:
    """None for what is not public."""
    row = session.exec(
        select(Publication, Article.slug, Article.title)
        .join(Thread, col(Thread.id) == Publication.thread_id)
        .join(Article)
        .where(Publication.number == number, col(Publication.taken_down_at).is_(None))
    ).first()
    if row is None:
        return None
    copy, slug, title = row
    return Noticed(
        comment_id=copy.comment_id,
        number=copy.number,
        author=copy.author,
        html=markup.trusted(copy.html),
        article_slug=slug,
        article_title=title,
        place=permalinks.place(session, copy.comment_id),
    )


def answered(session: Session, slug: str, number: int | None) -> Answered | None:
    """None where there is no such article, or that text is not to be read under it."""
    title = session.exec(select(Article.title).where(Article.slug == slug)).first()
    if title is None:
        return None
    text = noticed(session, number) if number is not None else None
    if number is not None and (text is None or text.article_slug != slug):
        return None
    return Answered(slug, title, text)
