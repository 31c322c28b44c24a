"""How a text differs from what its author wrote, for as long as their words are kept."""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from sqlmodel import Session, col, desc, select

from moderation import differences, standing, texts
from moderation.differences import Change
from moderation.lifecycle import Action
from moderation.models.queue import Version


@dataclass(frozen=True)
class Edited:
    """When its author last wrote a text anew, and what changed since somebody of the team did anything."""

    at: datetime
    changes: tuple[Change, ...]
    # Who had signed it, where the name is another now.
    signed: str | None
    # Whether the words before are no longer kept.
    erased: bool


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
    lines = standing.lines(session, comment_id)
    place = next((at for at, line in enumerate(lines) if line.action is Action.EDIT), None)
    if place is None:
        return None
    theirs = [*takewhile(lambda line: line.account_id is None, lines[place:])]
    first = [line for line in theirs if line.action is Action.EDIT][-1]
    before = texts.numbered(session, comment_id, first.version - 1)
    after = texts.numbered(session, comment_id, lines[place].version)
    return Edited(
        lines[place].at,
        differences.exact(before.source, after.source) if before.source and after.source else (),
        before.author if before.author != after.author else None,
        erased=not before.source,
    )
