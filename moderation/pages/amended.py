"""A public text, and what its author would have in its place, or somebody says against it."""

from dataclasses import dataclass

from markupsafe import Markup
from sqlmodel import Session, select

from moderation import differences, markup, texts
from moderation.differences import Change
from moderation.models.public import Publication
from moderation.models.queue import Comment, Version
from moderation.pages import permalinks


@dataclass(frozen=True)
class Amended:
    """The text as it is public now; without words where it is not, any more."""

    id: str
    # Where its author follows it; empty for who is somebody else.
    code: str
    # As it is by now: what decides about it names that.
    revision: int
    retracts: bool
    place: str
    author: str
    html: Markup
    # From there to what is proposed; nothing where it is to be taken back, or has been changed so.
    changes: tuple[Change, ...]

    @property
    def is_public(self) -> bool:
        return bool(self.html)


def amended(session: Session, comment: Comment, text: Version) -> Amended | None:
    """None for what proposes nothing about another text."""
    if comment.amends is None:
        return None
    copy = session.exec(select(Publication).where(Publication.comment_id == comment.amends)).one()
    target = session.get_one(Comment, comment.amends)
    return Amended(
        id=target.id,
        code=(target.tracking or "") if comment.lane is None else "",
        revision=target.revision,
        retracts=comment.retracts,
        place=permalinks.place(session, comment.amends),
        author=copy.author,
        html=markup.trusted(copy.html),
        changes=_changes(session, copy, comment, text),
    )


def _changes(session: Session, copy: Publication, comment: Comment, text: Version) -> tuple[Change, ...]:
    if comment.retracts or comment.lane is not None or not copy.html:
        return ()
    before = texts.numbered(session, copy.comment_id, copy.version).source
    return differences.exact(before, text.source) if before and text.source else ()
