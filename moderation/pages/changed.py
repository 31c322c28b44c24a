"""How a text differs from what its author wrote, for as long as their words are kept."""

from sqlmodel import Session, col, desc, select

from moderation import differences
from moderation.differences import Change
from moderation.models.queue import Version


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
