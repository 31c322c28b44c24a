"""What the page of the public log shows."""

import json
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, desc, func, select

from moderation.charter import Cited
from moderation.lifecycle import Action
from moderation.models.public import LogLine

# Lines of one page.
SHOWN = 100


@dataclass(frozen=True)
class Line:
    seq: int
    day: date
    action: Action
    # Empty for what counts a day’s spam.
    subject: str | None
    reason: str | None
    charter: Cited | None
    commitment: str | None
    hash: str
    by: str | None
    count: int

    @classmethod
    def read(cls, written: str) -> "Line":
        line = json.loads(written)
        return cls(
            seq=line["seq"],
            day=date.fromisoformat(line["day"]),
            action=Action(line["action"]),
            subject=line["subject"],
            reason=line["reason"],
            charter=Cited.read(line["charter"]) if line["charter"] else None,
            commitment=line["commitment"],
            hash=line["hash"],
            by=line.get("by"),
            count=line.get("count", 1),
        )


@dataclass(frozen=True)
class PublicLog:
    """Newest first."""

    lines: tuple[Line, ...]
    # The last of the whole log, which stands for all before it.
    head: Line | None
    newer: int | None
    older: int | None


def last(session: Session) -> int:
    """Of how many lines it is."""
    return session.exec(select(func.max(LogLine.seq))).one() or 0


def head(session: Session) -> tuple[int, str]:
    """The number of the last line and its hash, which stands for all before it."""
    line = session.exec(select(LogLine.line).order_by(desc(LogLine.seq)).limit(1)).first()
    if line is None:
        return 0, ""
    found = Line.read(line)
    return found.seq, found.hash


def public_log(session: Session, before: int | None) -> PublicLog | None:
    """The lines before one, if any is named; None where there are none."""
    count = last(session)
    below = count + 1 if before is None else before
    if before is not None and not 1 < before <= count + 1:
        return None
    found = session.exec(
        select(LogLine.line).where(LogLine.seq < below).order_by(desc(LogLine.seq)).limit(SHOWN)
    ).all()
    head = session.exec(select(LogLine.line).where(col(LogLine.seq) == count)).first()
    lines = tuple(Line.read(line) for line in found)
    return PublicLog(
        lines=lines,
        head=Line.read(head) if head is not None else None,
        newer=min(below + SHOWN, count + 1) if below <= count else None,
        older=lines[-1].seq if lines and lines[-1].seq > 1 else None,
    )
