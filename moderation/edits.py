"""What authors do with a text that is not decided yet, as they were shown it; and writing it anew."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from moderation import (
    database,
    decisions,
    duplicates,
    folding,
    kin,
    lifecycle,
    moves,
    publication,
    standing,
    texts,
    voices,
)
from moderation.decisions import NotFound, TooLate
from moderation.drafts import Draft
from moderation.duplicates import Duplicate
from moderation.lanes import Lane
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.likeness import Likeness
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind
from moderation.texts import Marks

# How often one text may be written anew: each takes a moderator who reads it again, and a row that stays.
MOST = 20
# What brings an answer to what was written anew before the moderators again; what is public is taken down.
_AGAIN = {Status.PUBLISHED: Action.UNPUBLISH, Status.PENDING: Action.EDIT}


class Unchanged(Exception):
    """It says what the text says already."""


def held(session: Session, tracking: str, action: Action, *, revision: int, now: datetime) -> Comment:
    """Locked, for an act of its author; what could still be undone of what came after is set aside.

    `revision` is the one they were shown, as `pages.tracking` counts: what may still be undone must not show.
    Raises NotFound, Stale when it changed since the author looked, IllegalMove once it was decided.
    """
    comment = seen(session, tracking, revision=revision, now=now)
    _have_way(session, comment, action, now)
    return comment


def seen(session: Session, tracking: str, *, revision: int, now: datetime) -> Comment:
    """Locked, as its author was shown it. Raises NotFound and Stale."""
    mine = select(Comment).where(Comment.tracking == tracking)
    comment = session.exec(mine.with_for_update(key_share=True)).first()
    if comment is None:
        raise NotFound
    if revision != len(standing.in_effect(session, comment.id, now)) + 1:
        raise decisions.stale(session, comment)
    return comment


def _have_way(session: Session, comment: Comment, action: Action, now: datetime) -> None:
    try:
        decisions.set_aside(session, comment, now)
    except TooLate:
        raise IllegalMove(comment.status, action) from None
    lifecycle.after(comment.status, action)


def is_open(session: Session, comment_id: str) -> bool:
    """Whether its author may write it anew, as far as that does not hang on what was decided about it.

    Neither without end, nor to keep it from being decided: where a decision had to give way to its author
    once, or they contest one, the text is read as it is by then. What was public has its number and its
    date, and keeps its words.
    """
    theirs = select(Decision.action, Decision.undoes).where(
        Decision.comment_id == comment_id, col(Decision.account_id).is_(None)
    )
    lines = session.exec(theirs.order_by(col(Decision.revision))).all()
    often = sum(action is Action.EDIT for action, _ in lines)
    return (
        often < MOST
        and all(action is not Action.APPEAL for action, _ in lines)
        and not _made_way((action, undoes) for action, undoes in lines)
        and not publication.was_up(session, comment_id)
    )


def _made_way(lines: Iterable[tuple[str, int | None]]) -> bool:
    """Whether a decision was set aside for an edit; what an answer sets aside tells nobody anything."""
    aside = False
    for action, undoes in lines:
        if undoes is None and action is Action.EDIT and aside:
            return True
        aside = undoes is not None and (aside or action in voices.MOVES)
    return False


def edit(
    session: Session,
    tracking: str,
    new: Draft,
    *,
    revision: int,
    now: datetime,
    likeness: Likeness | None = None,
) -> Decision:
    """The draft takes the place of the text, which keeps its own in the queue; the moderators see both.

    Whoever was asked something has answered by it. Voices were given on other words, and count no more; a
    veto stays. What the moderation answered to the words before is decided about again. Words it had just
    taken out are erased when they would have been.

    Raises what `held` does, Unchanged and Duplicate.
    """
    in_turn(session, tracking, new)
    comment = seen(session, tracking, revision=revision, now=now)
    if comment.lane is Lane.NOTICE or not is_open(session, comment.id):
        raise IllegalMove(comment.status, Action.EDIT)
    forgetting = _forgetting(session, comment.id)
    _have_way(session, comment, Action.EDIT, now)
    text = texts.newest(session, comment)
    if (new.author, new.text.source) == (text.author, text.source):
        raise Unchanged
    if duplicates.found(session, comment.thread_id, new.fingerprint, now, but=comment.id):
        raise Duplicate
    _set_answers_aside(session, comment, now)
    last = standing.lines(session, comment.id)[:1]
    texts.replace(session, comment, new, said=Marks())
    if last and last[0].action is Action.EDIT:  # nobody has done anything about that one
        texts.empty(session, comment.id, last[0].version)
    comment.author_key = folding.key(new.author)
    decision = moves.record(session, comment, Action.EDIT, now=now, undo_until=now)
    if forgotten := forgetting.keys() - _forgetting(session, comment.id).keys():
        due = max(forgetting[one] for one in forgotten)
        publication.later(session, decision, EffectKind.FORGET, due)
    kin.settle(session, comment, likeness)
    return decision


def _forgetting(session: Session, comment_id: str) -> dict[int, datetime]:
    """By the decision that took them out, when words of its texts will be erased."""
    waiting = select(Effect.decision_id, Effect.due_at).where(
        Effect.comment_id == comment_id, Effect.kind == EffectKind.FORGET
    )
    return {name: due for name, due in session.exec(waiting) if name is not None}


def in_turn(session: Session, tracking: str, new: Draft) -> None:
    """With whoever sends, or makes of another, the same text under the same article."""
    under = select(Article.slug).join(Thread).join(Comment).where(Comment.tracking == tracking)
    database.in_turn(session, "text", session.exec(under).first() or "", new.fingerprint)


def _set_answers_aside(session: Session, comment: Comment, now: datetime) -> None:
    """Whoever read one below the words before decides nothing about it now."""
    for answer in publication.answers(session, comment.id):
        action = _AGAIN.get(answer.status, Action.REOPEN)
        reason = Reason.OTHER if action is Action.UNPUBLISH else None
        moves.record(session, answer, action, now=now, undo_until=now, reason=reason)
