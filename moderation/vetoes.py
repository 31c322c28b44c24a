"""An objection: while it stands nothing moves, and what is withheld is not public."""

from datetime import datetime

from sqlmodel import Session

from moderation import decisions, voices
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.policy import Say
from moderation.remarks import LONGEST_NOTE, NoteTooLong
from moderation.voices import Heard


def object_to(
    session: Session, comment_id: str, *, revision: int, by: int, now: datetime, note: str = ""
) -> Heard:
    """Pauses what waits until it is lifted, where the policy knows vetoes.

    Raises NotFound, MayNotDecide, Stale, IllegalMove and NoteTooLong.
    """
    comment = decisions.to_decide(session, comment_id, revision=revision, by=by, judging=False)
    if comment.status is not Status.PENDING or not voices.policy_for(session, comment.section).veto:
        raise IllegalMove(comment.status, Action.PUBLISH)
    if len(note.strip()) > LONGEST_NOTE:
        raise NoteTooLong
    heard = voices.say(session, comment, Say.VETO, by=by, now=now, note=note.strip())
    assert heard is not None
    return heard
