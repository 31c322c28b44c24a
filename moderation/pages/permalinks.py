"""Where a public contribution is read: which page of its forum changes, its number never."""

from sqlmodel import Session, col, func, select

from moderation.models.public import Article, Publication, Thread
from moderation.pages import public


def place(session: Session, comment_id: str) -> str:
    """Where a published comment is read, as the end of its article's address; empty when it is not."""
    copy = session.exec(
        select(Publication).where(
            Publication.comment_id == comment_id, col(Publication.taken_down_at).is_(None)
        )
    ).first()
    if copy is None:
        return ""
    before = select(func.count()).where(
        Publication.thread_id == copy.thread_id,
        Publication.number < copy.number,
        col(Publication.taken_down_at).is_(None),
    )
    page = session.exec(before).one() // public.PER_PAGE + 1
    return f"?page={page}#comment{copy.number}" if page > 1 else f"#comment{copy.number}"


def permalink(session: Session, number: int) -> str | None:
    """Where the contribution with that number is read; None when it is not, or no more."""
    found = session.exec(
        select(Publication.comment_id, Article.slug)
        .join(Thread, col(Thread.id) == Publication.thread_id)
        .join(Article, col(Article.id) == Thread.article_id)
        .where(Publication.number == number, col(Publication.taken_down_at).is_(None))
    ).first()
    return None if found is None else f"/articles/{found[1]}{place(session, found[0])}"
