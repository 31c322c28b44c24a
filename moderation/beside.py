"""What was said beside a text and may quote it: notes, questions, answers, words of decisions and voices."""

from collections.abc import Collection

from sqlmodel import Session, col, update

from moderation import notes, questions, voices
from moderation.models.claims import Claim
from moderation.models.queue import Decision


def erase(
    session: Session, comment_id: str, *, but: Collection[int | None] = (), lines: Collection[int | None] = ()
) -> None:
    """All of it, `but` some questions and some lines; that there was something to say stays in the log."""
    notes.erase(session, comment_id)
    questions.erase(session, comment_id, but=but)
    voices.empty(session, comment_id)
    session.exec(update(Claim).where(col(Claim.comment_id) == comment_id).values(passage=""))
    noted = (
        col(Decision.comment_id) == comment_id,
        col(Decision.note) != "",
        col(Decision.id).not_in([name for name in lines if name is not None]),
    )
    session.exec(update(Decision).where(*noted).values(note=""))
