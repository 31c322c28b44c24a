"""What stands of what was decided about a comment, and what is in effect of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from sqlmodel import Session, col, desc, func, select

from moderation import lifecycle
from moderation.lifecycle import Action, Status
from moderation.models.people import Account
from moderation.models.queue import Comment, Decision


@dataclass(frozen=True)
class Last:
    """The newest line of a comment's log: who moved it, when, and how. `by` is empty for the author."""

    action: Action
    by: str | None
    at: datetime
    undo: bool
    official: bool = False


def lines(session: Session, comment_id: str) -> list[Decision]:
    """The decisions that were not undone, newest first: each begins where the one before it ended."""
    return stand(
        session.exec(
            select(Decision).where(Decision.comment_id == comment_id).order_by(desc(Decision.revision))
        ).all()
    )


def stand(lines: Sequence[Decision]) -> list[Decision]:
    """Of all those of a comment, newest first, the ones that were not undone."""
    undone = {line.undoes for line in lines}
    return [line for line in lines if line.undoes is None and line.id not in undone]


def deciding(session: Session, comment_id: str) -> Decision | None:
    """The one its status comes from: a text that was only rewritten stands where it stood."""
    return next((line for line in lines(session, comment_id) if line.before is not line.after), None)


def is_last(session: Session, comment: Comment, decision: Decision) -> bool:
    """Whether all that came after it, if anything did, was undone."""
    newest = session.exec(select(func.max(Decision.revision)).where(Decision.comment_id == comment.id)).one()
    return newest == comment.revision and lines(session, comment.id)[:1] == [decision]


def since(session: Session, comment_id: str, lots: Collection[str]) -> list[Decision]:
    """The decision that stands and was made in one of those lots, and before it what rewrote the text since.

    Nothing where it was moved since: that is somebody's own act, and stays.
    """
    found = lines(session, comment_id)
    rewritten = [*takewhile(lambda line: line.before is line.after, found)]
    moved = found[len(rewritten) : len(rewritten) + 1]
    return [*rewritten, *moved] if any(line.lot in lots for line in moved) else []


def in_effect(session: Session, comment_id: str, now: datetime) -> list[Decision]:
    """What an author may know of: the decisions that stand and have taken effect, newest first.

    One that another came after before it was due never did; the public and the author saw nothing of it.
    """
    return effective(lines(session, comment_id), now)


def effective(lines: Sequence[Decision], now: datetime) -> list[Decision]:
    """Those of a comment that stand and are in effect: see `in_effect`."""
    shown = lines[-1].before if lines else None
    known: list[Decision] = []
    for place, line in reversed([*enumerate(lines)]):
        # What takes away something public is due at once.
        takes = lifecycle.takes_down(line.before, line.after) or line.action is Action.REDACT
        # Whatever the clocks say: nobody can undo it.
        final = line.action in lifecycle.BY_AUTHOR | lifecycle.BY_ITSELF | lifecycle.GRANTED
        if final or took_effect(line, lines[:place], now) or (takes and shown is Status.PUBLISHED):
            known.insert(0, line)
            shown = line.after
    return known


def took_effect(line: Decision, newer: Sequence[Decision], now: datetime | None = None) -> bool:
    """Whether its window closed before another one, of those newer, took its place; `now`, if none did.

    What rewrites a text before it was due takes no move’s place: both take effect together.
    """
    after, due = [*reversed(newer)], line.undo_until
    if line.before is not line.after:
        for rewritten in takewhile(lambda one: one.before is one.after, newer[::-1]):
            after.remove(rewritten)
            due = max(due, rewritten.undo_until) if rewritten.at < due else due
    moment = after[0].at if after else now
    return moment is None or due <= moment


def settled_at(session: Session, comment_id: str, now: datetime) -> datetime:
    """From when on, now or later, nothing that stands of it can be undone any more."""
    return max([now, *(line.undo_until for line in lines(session, comment_id))])


def text_in_effect(session: Session, comment: Comment, now: datetime) -> int:
    """The number of the text an author may know of: the newest, but for what may still be undone of it.

    That is what came after the last they know of, and before it what never took effect and still may not.
    """
    known = in_effect(session, comment.id, now)
    number, is_known = comment.version, False
    for line in lines(session, comment.id):
        is_known = is_known or line in known
        if is_known and line.undo_until <= now:
            break
        if line not in known and line.action in lifecycle.REWRITES:
            number = line.version - 1
    return number


def last(session: Session, ids: Collection[str]) -> dict[str, Last]:
    """The newest line of each comment that has any."""
    lines = session.exec(
        select(Decision, Account.name, Comment.official)
        .join(Account, isouter=True)
        .join(Comment, col(Comment.id) == Decision.comment_id)
        .where(col(Decision.comment_id).in_(ids))
        .order_by(col(Decision.revision))
    )
    return {
        line.comment_id: Last(line.action, by, line.at, line.undoes is not None, official)
        for line, by, official in lines
    }
