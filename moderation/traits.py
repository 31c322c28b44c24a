"""What contributions are found by that they may have several of: kinds of findings, hosts of links."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert
from sqlmodel import Session, col, delete, update

from moderation import markup
from moderation.lifecycle import Status
from moderation.markup import Finding
from moderation.models.queue import Comment
from moderation.models.traits import Trait

_ADD = insert(Trait)


def add(
    connection: Connection, comment_id: str, status: Status, submitted_at: datetime, found: Iterable[Finding]
) -> None:
    """One statement, and none for a text of which there is nothing to remark."""
    traits = {(finding.kind, "") for finding in found}
    traits |= {(finding.kind, markup.site(finding.detail)) for finding in found if finding.kind == "link"}
    if traits:
        own = {"comment_id": comment_id, "status": status, "submitted_at": submitted_at}
        connection.execute(_ADD, [{"kind": kind, "host": host, **own} for kind, host in sorted(traits)])


def follow(session: Session, comment: Comment) -> None:
    """A comment’s status changed: theirs, too."""
    session.execute(
        update(Trait).where(col(Trait.comment_id) == comment.id).values(status=comment.status),
        execution_options={"synchronize_session": False},
    )


def replace(session: Session, comment: Comment, found: Iterable[Finding]) -> None:
    forget(session, comment)
    add(session.connection(), comment.id, comment.status, comment.submitted_at, found)


def forget(session: Session, comment: Comment) -> None:
    session.exec(delete(Trait).where(col(Trait.comment_id) == comment.id))
