"""What helps to judge a text: its links, what no eye can see, who sends it, what was decided before."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import accounts, lifecycle, markup, precedents
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.markup import Anchor, Piece
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, Version
from moderation.pages.cards import Card, cards, visible_to
from moderation.pages.log import Line, newest
from moderation.pages.queue import COUNTED, Count

# Others that say the same are named up to so many, and as many decided before are shown.
SAME, PRECEDENTS = 5, 3
# How many of those that share words are read, and how alike two must be to be shown.
READ, ALIKE = 12, 0.15
# Findings that are told link by link, where the links can be read.
_OF_LINKS = {"link", "misleading_link"}
_NONE = Count(0)
# Names under which the moderation itself is known, and whoever makes the site; words may go on after them.
_TEAM = (
    *("modération", "modérateur", "modératrice", "moderator"),
    *("rédaction", "équipe du site", "le site", "admin", "administrat"),
    *("l’équipe", "webmestre", "webmaster", "modo", "staff", "ndlr"),
)
# What stands in or under a text the moderation took words out of, or put right.
_MARKS = (
    *("retiré par la modération", "retirés par la modération", "supprimé par la modération"),
    *("retiré par les modérateurs", "corrigé par la modération", "corrigée par la modération"),
    *("réponse de la modération", "answer from the moderators"),
    *("removed by the moderators", "corrected by the moderators"),
)
# Characters that cannot be seen, each named in its place.
MARKED = 200


@dataclass(frozen=True)
class Record:
    """What became of the other contributions under one name, or from one address."""

    published: Count = _NONE
    refused: Count = _NONE
    waiting: Count = _NONE
    asked: Count = _NONE
    spam: Count = _NONE
    unpublished: Count = _NONE
    reasons: tuple[tuple[str, int], ...] = ()
    # Whether there are more than anybody counts: what became of them is not looked up then.
    more: bool = False


@dataclass(frozen=True)
class Same:
    """Another contribution that says word for word the same."""

    comment_id: str
    status: Status
    article_title: str


@dataclass(frozen=True)
class Precedent:
    """A text like this one, and what was decided about it."""

    card: Card
    line: Line


@dataclass(frozen=True)
class Judging:
    links: tuple[Anchor, ...]
    findings: tuple[tuple[str, str], ...]
    typed: tuple[Piece, ...]
    # How many that cannot be seen are in it besides those marked.
    unmarked: int
    # Under the same name, and from the same address; None where it gives none, or there is no other.
    by_name: Record | None
    by_email: Record | None
    same: tuple[Same, ...]
    # Whose name that of its author looks like: a person of the team, or the site.
    like_person: str
    like_site: bool
    like_team: bool
    # Whether its author’s own words pass for a mark of the moderation.
    like_mark: bool
    precedents: tuple[Precedent, ...]

    @property
    def first(self) -> bool:
        return self.by_name is None and self.by_email is None

    @property
    def remarkable(self) -> bool:
        """Whether there is anything nobody should miss."""
        claims = any(link.claims for link in self.links)
        likes = self.like_person or self.like_site or self.like_team or self.like_mark
        return bool(claims or likes or self.findings or self.same)

    @property
    def hides(self) -> bool:
        """Whether something in it cannot be seen."""
        return any(piece.unseen for piece in self.typed)


def judging(session: Session, person: Person, card: Card, site_name: str) -> Judging:
    here = session.get_one(Comment, card.id)
    text = session.exec(
        select(Version).join(Comment).where(Comment.id == card.id, Version.number == Comment.version)
    ).one()
    others = visible_to(person).where(Comment.id != card.id)
    links = markup.anchors(text.html)
    typed = markup.typed(text.source, ((at, code) for at, code in text.struck), text.html)
    marked, unmarked = _bounded(typed)
    return Judging(
        links=links,
        findings=tuple(found for found in card.findings if not links or found[0] not in _OF_LINKS),
        typed=marked,
        unmarked=unmarked,
        by_name=_record(session, others, col(Comment.author_key), here.author_key),
        by_email=_record(session, others, col(Comment.email_key), here.email_key),
        same=_same(session, others, text.fingerprint),
        like_person=_like(session, text.author),
        like_site=markup.resembles(text.author, site_name),
        like_team=not card.official and markup.resembles(text.author, *_TEAM),
        like_mark=not card.official and text.redacted_at is None and _holds_mark(text.html),
        precedents=_precedents(session, person, others, card, text.html),
    )


def _bounded(pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], int]:
    """With so many marks and no more: each takes much of the page, and a text may have thousands."""
    found: list[Piece] = []
    marks = unmarked = 0
    for piece in pieces:
        if piece.unseen and marks == MARKED:
            unmarked += 1
        elif (
            found
            and unmarked
            and not piece.unseen
            and (found[-1].unseen, found[-1].shown) == ("", piece.shown)
        ):
            found[-1] = replace(piece, text=found[-1].text + piece.text)
        else:
            marks += bool(piece.unseen)
            found.append(piece)
    return tuple(found), unmarked


def _record(session: Session, others: SelectOfScalar[Comment], of: Any, key: str | None) -> Record | None:
    if not key:
        return None
    theirs = others.where(of == key)
    # Of the index alone, and in its order: PostgreSQL, left to itself, may read all of a name first.
    along = (col(Comment.status), col(Comment.submitted_at), col(Comment.id))
    standing = theirs.with_only_columns(col(Comment.status)).order_by(*along).limit(COUNTED + 1)
    statuses = Counter(session.connection().execute(standing).scalars())
    if not statuses:
        return None
    if statuses.total() > COUNTED:
        return Record(more=True)
    refused = theirs.where(Comment.status == Status.REFUSED).with_only_columns(col(Comment.reason))
    given = session.connection().execute(refused).scalars() if statuses[Status.REFUSED] else ()
    reasons = Counter(reason for reason in given if reason)
    return Record(
        published=Count(statuses[Status.PUBLISHED]),
        refused=Count(statuses[Status.REFUSED]),
        waiting=Count(statuses[Status.PENDING]),
        asked=Count(statuses[Status.ASKED]),
        spam=Count(statuses[Status.SPAM]),
        unpublished=Count(statuses[Status.UNPUBLISHED]),
        reasons=tuple(reasons.most_common()),
    )


def _same(session: Session, others: SelectOfScalar[Comment], fingerprint: str) -> tuple[Same, ...]:
    if not fingerprint:
        return ()
    ids = select(Version.comment_id).where(Version.fingerprint == fingerprint).order_by(Version.fingerprint)
    rows = session.connection().execute(
        others.with_only_columns(col(Comment.id), col(Comment.status), col(Article.title))
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .join(Version, and_(col(Version.comment_id) == Comment.id, col(Version.number) == Comment.version))
        # As it is now: what its author wrote before is nobody’s to be compared with.
        .where(_is_one_of(ids), col(Version.fingerprint) == fingerprint)
        .limit(SAME)
    )
    return tuple(Same(*row) for row in rows)


def _some(ids: SelectOfScalar[str]) -> Subquery:
    return ids.limit(COUNTED + 1).subquery()


def _is_one_of(ids: SelectOfScalar[str]) -> ColumnElement[bool]:
    return col(Comment.id).in_(select(_some(ids).c.comment_id))


def _like(session: Session, author: str) -> str:
    """The person of the team whose name it looks like."""
    if not author:
        return ""
    names = (account.name for account in accounts.present(session))
    return next((name for name in names if markup.resembles(author, name)), "")


def _holds_mark(html: str) -> bool:
    return markup.resembles(" ".join(markup.spoken(html)), *_MARKS)


def _precedents(
    session: Session, person: Person, others: SelectOfScalar[Comment], card: Card, html: str
) -> tuple[Precedent, ...]:
    ids = precedents.candidates(session, html, but=card.id)
    if not ids:
        return ()
    decided = others.where(
        col(Comment.id).in_(ids), col(Comment.status).not_in([*lifecycle.OPEN, Status.WITHDRAWN])
    )
    there = {comment.id for comment in session.exec(decided)}
    read = cards(session, list(islice((name for name in ids if name in there), READ)))
    mine = precedents.said(html)
    alike = sorted(
        ((precedents.likeness(mine, precedents.said(other.html)), other) for other in read),
        key=lambda found: -found[0],
    )
    nearest = [other for likeness, other in alike if likeness >= ALIKE][:PRECEDENTS]
    lines = newest(session, person, [other.id for other in nearest])
    return tuple(Precedent(other, lines[other.id]) for other in nearest if other.id in lines)
