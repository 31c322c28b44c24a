"""A contribution as the desk sees it, and which of them a person may see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from markupsafe import Markup
from sqlalchemy import ColumnElement, ScalarSelect
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, desc, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import markup
from moderation.accounts import Person
from moderation.lanes import REPLY_WITHIN, Ground, Lane
from moderation.lifecycle import OPEN, Status
from moderation.models.claims import Claim
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, Question, Version
from moderation.pages.filters import Place

# Characters of a text in a list.
EXCERPT = 160
# What is asked of the moderation.
Kind = Literal["new", "correction", "withdrawal", "appeal", "notice", "reply"]


def _of_last_question(moment: Mapped[datetime | None]) -> ScalarSelect[datetime | None]:
    asked = select(moment).where(Question.comment_id == Comment.id).order_by(desc(Question.id)).limit(1)
    return asked.correlate(Comment).scalar_subquery()


_ANSWERED = _of_last_question(col(Question.answered_at))
_LAPSED = _of_last_question(col(Question.lapsed_at))


@dataclass(frozen=True)
class Card:
    id: str
    revision: int
    status: Status
    author: str
    email: str
    parent: str | None
    html: Markup
    source: str
    findings: tuple[tuple[str, str], ...]
    submitted_at: datetime
    section: str
    article_slug: str
    article_title: str
    # Of the moderation, in its own name.
    official: bool
    # Whether its author contests what was decided.
    appealed: bool
    # The public text it is about, or would take the place of, and whether with nothing.
    amends: str | None = None
    retracts: bool = False
    # What else than a contribution it is; what the text is held for, and which words are answered.
    lane: Lane | None = None
    ground: Ground | None = None
    passage: str = ""
    # When its words were.
    erased_at: datetime | None = None
    # What came of the last question to its author: an answer, or nothing in time.
    answered: bool = False
    unanswered: bool = False

    @property
    def place(self) -> Place:
        return Place(self.submitted_at, self.id)

    @property
    def kind(self) -> Kind:
        if self.appealed:
            return "appeal"
        if self.lane is not None:
            return "notice" if self.lane is Lane.NOTICE else "reply"
        return "withdrawal" if self.retracts else "correction" if self.amends else "new"

    @property
    def until(self) -> datetime | None:
        """By when the law has it published or refused; None for all but a right of reply that waits."""
        waits = self.lane is Lane.REPLY and self.status in OPEN
        return self.submitted_at + REPLY_WITHIN if waits else None

    @property
    def seen(self) -> str:
        """By what a form names it: what was seen of it."""
        return f"{self.id}:{self.revision}"

    @property
    def hosts(self) -> list[str]:
        """Each that a link leads to."""
        return list(dict.fromkeys(markup.site(detail) for kind, detail in self.findings if kind == "link"))

    @property
    def excerpt(self) -> str:
        return excerpt(self.html)


_BREAK = markup.trusted("<br>")


def excerpt(html: Markup) -> str:
    """How a text begins, as plain words."""
    words = html.replace(_BREAK, _BREAK + " ").striptags()
    return words if len(words) <= EXCERPT else f"{words[:EXCERPT].rpartition(' ')[0] or words[:EXCERPT]}…"


def visible_to(person: Person) -> SelectOfScalar[Comment]:
    """Where every query of the desk begins: what this person may see."""
    return select(Comment).where(*in_scope(person, col(Comment.section)))


def in_scope(person: Person, section: Mapped[str]) -> list[ColumnElement[bool]]:
    """What a query of anything that has a section asks beside."""
    return [section.in_(person.sections)] if person.sections else []


def cards(session: Session, ids: list[str]) -> tuple[Card, ...]:
    """In the order asked for."""
    rows = session.execute(
        select(Comment, Version, Article.slug, Article.title)
        .add_columns(_ANSWERED, _LAPSED, Claim)
        .join(Version)
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .join(Claim, col(Claim.comment_id) == Comment.id, isouter=True)
        .where(col(Comment.id).in_(ids), col(Version.number) == Comment.version)
    )
    found = {
        comment.id: Card(
            id=comment.id,
            revision=comment.revision,
            status=comment.status,
            author=text.author,
            email=text.email,
            parent=comment.parent_id,
            html=markup.trusted(text.html),
            source=text.source,
            findings=tuple((finding["kind"], finding["detail"]) for finding in text.findings),
            submitted_at=comment.submitted_at,
            section=comment.section,
            article_slug=slug,
            article_title=title,
            answered=answered is not None,
            unanswered=lapsed is not None,
            official=comment.official,
            appealed=comment.appealed,
            amends=comment.amends,
            retracts=comment.retracts,
            lane=comment.lane,
            ground=claim.ground if claim is not None else None,
            passage=claim.passage if claim is not None else "",
            erased_at=comment.erased_at,
        )
        for comment, text, slug, title, answered, lapsed, claim in rows
    }
    return tuple(found[name] for name in ids if name in found)
