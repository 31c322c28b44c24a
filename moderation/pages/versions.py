"""All texts of one contribution, and what became of each."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup
from sqlmodel import Session, col, select

from moderation import markup
from moderation.lifecycle import REWRITES, Action
from moderation.markup import Dialect
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Version


@dataclass(frozen=True)
class Erased:
    """By which move the words went; those a redaction took out are kept for a while after it."""

    action: Action | None
    revision: int | None
    at: datetime | None


@dataclass(frozen=True)
class Text:
    number: int
    author: str
    # Absent unless it was asked for.
    email: str | None
    source: str
    html: str
    source_sha256: str
    html_sha256: str
    dialect: Dialect
    renderer: int
    written_at: datetime
    # The revision that made it, of a text that is not the first; absent where it was only rendered anew.
    revision: int | None
    corrected_at: datetime | None
    redacted_at: datetime | None
    amended_at: datetime | None
    erased: Erased | None
    # When its words will be erased, if that is known.
    kept_until: datetime | None

    @property
    def shown(self) -> Markup:
        return markup.trusted(self.html)


def versions(session: Session, comment: Comment, *, with_address: bool) -> tuple[Text, ...]:
    lines = session.exec(
        select(Decision).where(Decision.comment_id == comment.id).order_by(col(Decision.revision))
    ).all()
    found = session.exec(
        select(Version).where(Version.comment_id == comment.id).order_by(col(Version.number))
    )
    forgets = _forgets(session, comment.id)
    return tuple(
        Text(
            number=text.number,
            author=text.author,
            email=text.email if with_address else None,
            source=text.source,
            html=text.html,
            source_sha256=_sha256(text.source),
            html_sha256=_sha256(text.html),
            dialect=text.dialect,
            renderer=text.renderer,
            written_at=text.written_at,
            revision=next((line.revision for line in lines if _made(line, text.number)), None),
            corrected_at=text.corrected_at,
            redacted_at=text.redacted_at,
            amended_at=text.amended_at,
            erased=None if text.source else _erased(lines, text.number),
            kept_until=_kept_until(forgets, text) if text.source else None,
        )
        for text in found
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _made(line: Decision, number: int) -> bool:
    return line.version == number > 1 and line.action in REWRITES | {Action.EDIT, Action.AMEND}


def _erased(lines: Sequence[Decision], number: int) -> Erased:
    """What erased a text, as far as the log tells: an answer goes with what it answers, without a line."""
    undone = {line.undoes for line in lines}
    stand = [line for line in lines if line.undoes is None and line.id not in undone]
    edited = (
        after
        for before, after in pairwise(stand)
        if before.action is after.action is Action.EDIT and before.version == number
    )
    withdrawn = (line for line in stand if line.action in {Action.WITHDRAW, Action.RETRACT})
    redacted = (line for line in stand if line.action is Action.REDACT and line.version > number)
    by = next((line for some in (edited, withdrawn, redacted) for line in some), None)
    return Erased(by.action, by.revision, by.at) if by is not None else Erased(None, None, None)


def _forgets(session: Session, comment_id: str) -> Sequence[tuple[int, datetime]]:
    """Up to which text words are to be erased, and when."""
    return session.exec(
        select(Decision.version, Effect.due_at)
        .join(Effect, col(Effect.decision_id) == Decision.id)
        .where(Effect.comment_id == comment_id, Effect.kind == EffectKind.FORGET)
    ).all()


def _kept_until(forgets: Sequence[tuple[int, datetime]], text: Version) -> datetime | None:
    return min((due for version, due in forgets if text.number < version), default=None)
