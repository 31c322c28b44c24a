"""How a text differs from what its author wrote, for as long as their words are kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, desc, select

from moderation import differences, texts
from moderation.differences import Change
from moderation.lifecycle import Action
from moderation.models.queue import Decision, Version


@dataclass(frozen=True)
class Edited:
    """When its author last wrote a text anew, and what changed, while that is kept."""

    at: datetime
    changes: tuple[Change, ...]


def changes(session: Session, text: Version) -> tuple[Change, ...]:
    """From the last text that was all its author’s; nothing once it was erased, or where this one is."""
    if text.corrected_at is None and text.redacted_at is None:
        return ()
    own = session.exec(
        select(Version.source)
        .where(
            Version.comment_id == text.comment_id,
            Version.number < text.number,
            col(Version.corrected_at).is_(None),
            col(Version.redacted_at).is_(None),
        )
        .order_by(desc(Version.number))
        .limit(1)
    ).first()
    return differences.exact(own, text.source) if own else ()


def edited(session: Session, comment_id: str) -> Edited | None:
    line = session.exec(
        select(Decision)
        .where(Decision.comment_id == comment_id, Decision.action == Action.EDIT)
        .order_by(desc(Decision.revision))
        .limit(1)
    ).first()
    if line is None:
        return None
    before, after = (texts.numbered(session, comment_id, line.version - back).source for back in (1, 0))
    return Edited(line.at, differences.exact(before, after) if before and after else ())
