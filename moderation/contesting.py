"""The author contests a decision, as they were shown it."""

from datetime import datetime, timedelta

from sqlmodel import Session

from moderation import appeals, decisions, edits, moves, remarks, standing
from moderation.answers import Empty, TooLong
from moderation.lifecycle import Action, IllegalMove
from moderation.models.queue import Decision

# Characters.
LONGEST = remarks.LONGEST_NOTE


def appeal(
    session: Session,
    tracking: str,
    text: str,
    *,
    revision: int,
    now: datetime,
    within: timedelta = appeals.WITHIN,
) -> Decision:
    """The text waits again where it stood, with these words, for somebody else than who decided.

    `revision` is the one they were shown. Sent twice it is one appeal. Raises Empty, TooLong, IllegalMove
    once it is too late or was done before, and what `edits.held` does.
    """
    words = remarks.as_noted(text).strip()
    if len(words) > LONGEST:
        raise TooLong
    if not remarks.is_said(words):
        raise Empty
    try:
        comment = edits.held(session, tracking, Action.APPEAL, revision=revision, now=now)
    except decisions.Stale as stale:
        sent = appeals.waiting(standing.in_effect(session, stale.comment_id, now))
        if sent is not None and sent.note == words:
            return sent
        raise
    until = appeals.until(standing.in_effect(session, comment.id, now), within)
    if until is None or now >= until or comment.erased_at is not None:
        raise IllegalMove(comment.status, Action.APPEAL)
    return moves.record(session, comment, Action.APPEAL, now=now, undo_until=now, note=words)
