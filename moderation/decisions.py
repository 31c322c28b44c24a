"""The moderators' writes: deciding and undoing, whatever door they came through."""

from datetime import datetime, timedelta
from itertools import takewhile

from sqlmodel import Session, col, or_, select

from moderation import (
    amendments,
    appeals,
    consequences,
    deciders,
    lifecycle,
    moves,
    precedents,
    publication,
    questions,
    reasons,
    remarks,
    settling,
    standing,
    voices,
)
from moderation.lanes import Lane
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.queue import Comment, Decision, Effect
from moderation.policy import Say
from moderation.texts import can_put_back, put_back


class NotFound(Exception):
    """There is no such thing, or not for who asks."""


class Stale(Exception):
    """The comment changed since it was looked at."""

    def __init__(self, comment_id: str, status: Status, revision: int, last: standing.Last | None) -> None:
        super().__init__(f"{comment_id} is {status} at revision {revision}")
        self.comment_id, self.revision = comment_id, revision
        self.status = status
        self.last = last


class TooLate(Exception):
    """The window has closed, or something came after."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"too late to undo: {status}")
        self.status = status


class Undecided(Exception):
    """The policy asks for more than this one voice."""


def speak(
    session: Session,
    comment_id: str,
    action: Action,
    *,
    revision: int,
    by: int,
    now: datetime,
    undo: timedelta,
    reason: str | None = None,
    note: str = "",
    lot: str | None = None,
    answer_within: timedelta = questions.LASTS,
) -> Decision | voices.Heard:
    """Records a voice and, if the policy is content with it, moves the comment: every door leads here.

    Writes the log line and the effects, in the caller's transaction. `revision` is the one the moderator
    saw; `by` an account; `lot` what it shares with others of one go. When asking, the `note` is the question.
    Raises NotFound, also for what that account may not see, MayNotDecide, Stale, IllegalMove, ReasonNeeded,
    QuestionNeeded and NoteTooLong.
    """
    note = remarks.as_noted(note).strip()
    comment = to_decide(session, comment_id, revision=revision, by=by, judging=lifecycle.judges(action))
    if not lifecycle.is_decided(action) or (action is Action.ASK and comment.tracking is None):
        raise IllegalMove(comment.status, action)
    after = lifecycle.after(comment.status, action)
    amendments.check(session, comment, action)
    _explained(session, comment, action, reason, note)
    said = _said(session, comment, action, after)
    heard = said and voices.say(session, comment, said, by=by, now=now, reason=reason, note=note)
    if isinstance(heard, voices.Heard):
        return heard
    decision = moves.record(
        session,
        comment,
        action,
        now=now,
        undo_until=now + undo,
        by=by,
        reason=reason,
        note="" if action is Action.ASK else note,  # the log is kept for ever, a question is not
        lot=lot,
    )
    if action is Action.ASK:
        questions.put(session, decision, note, until=decision.undo_until + answer_within)
    elif action is not Action.REOPEN and comment.lane is None:
        precedents.remember(session, comment)
    consequences.follow(session, decision, now)
    return decision


def _explained(session: Session, comment: Comment, action: Action, reason: str | None, note: str) -> None:
    """That who is concerned will know why."""
    if comment.lane is Lane.NOTICE:
        settling.check(comment, action, note)
        reasons.check_code(session, reason)
    else:
        reasons.check(session, action, reason, note)
    appeals.check(session, comment, action, note)


def _said(session: Session, comment: Comment, action: Action, after: Status) -> Say | None:
    """The voice it is; None for what takes one person: to ask, to look again, to take down what is up.

    Words that do harm must not wait. What is not up yet is refused by as many as refuse, not by one alone.
    """
    down = lifecycle.takes_down(comment.status, after) and publication.is_up(session, comment.id)
    if down or (comment.retracts and after is Status.PUBLISHED):
        return None
    return Say.REFUSE if action is Action.UNPUBLISH else voices.MOVES.get(action)


def decide(
    session: Session,
    comment_id: str,
    action: Action,
    *,
    revision: int,
    by: int,
    now: datetime,
    undo: timedelta,
    reason: str | None = None,
    note: str = "",
    lot: str | None = None,
) -> Decision:
    """As `speak`, for who takes no half answer: raises Undecided where one more voice is not enough."""
    made = speak(
        session,
        comment_id,
        action,
        revision=revision,
        by=by,
        now=now,
        undo=undo,
        reason=reason,
        note=note,
        lot=lot,
    )
    if isinstance(made, voices.Heard):
        raise Undecided
    return made


def to_decide(session: Session, comment_id: str, *, revision: int, by: int, judging: bool = True) -> Comment:
    """Locked, as it was seen, and theirs to decide about. Raises NotFound, MayNotDecide and Stale."""
    comment = _theirs(session, by, comment_id, judging)
    if comment.revision != revision:
        raise stale(session, comment)
    return comment


def _theirs(session: Session, account_id: int, comment_id: str, judging: bool) -> Comment:
    """Locked. Raises NotFound, also for one of a section that is not the account’s, and MayNotDecide."""
    about = select(Comment.amends).where(Comment.id == comment_id).scalar_subquery()
    both = select(Comment).where(or_(col(Comment.id) == comment_id, col(Comment.id) == about))
    found = session.exec(  # what it is about, if anything, is locked before it
        both.order_by(col(Comment.amends).is_not(None)).with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).all()
    comment = next((one for one in found if one.id == comment_id), None)
    if comment is None:
        raise NotFound
    try:
        deciders.check(session, comment, account_id, judging=judging)
    except deciders.NotSeen:
        raise NotFound from None
    return comment


def undo(session: Session, decision_id: int, *, by: int, now: datetime, lot: str | None = None) -> Decision:
    """Puts a comment back where it was, if nothing else moved it for good and its window is still open.

    What was waiting to be done is dropped; a text that had been taken down is public again at once.
    Raises NotFound, MayNotDecide and TooLate.
    """
    decision = session.get(Decision, decision_id)
    if decision is None or decision.account_id is None or decision.undoes is not None:
        raise NotFound
    judging = decision.account_id != by or decision.before is Status.PUBLISHED
    comment = _theirs(session, by, decision.comment_id, judging)
    is_last = comment.status is decision.after and standing.is_last(session, comment, decision)
    granted = comment.lane is Lane.NOTICE and decision.after is Status.PUBLISHED  # with what it is about
    gone = comment.erased_at is not None
    if granted or gone or now >= decision.undo_until or not is_last or not can_put_back(session, decision):
        raise TooLate(comment.status)
    undone = _take_back(session, comment, decision, by=by, now=now, lot=lot)
    if lifecycle.takes_down(decision.before, decision.after):
        publication.put_back(session, comment, decision.at, now)
    publication.sync(session, comment.id, now)
    return undone


def set_aside(session: Session, comment: Comment, now: datetime) -> None:
    """Undoes what has not taken effect, and its answers, for the author who acts on what they were shown.

    Nothing shows in between. Raises TooLate when another process has just done one of them.
    """
    shown = standing.in_effect(session, comment.id, now)[:1]
    newer = [*takewhile(lambda line: [line] != shown, standing.lines(session, comment.id))]
    for decision in newer:
        _take_back(session, comment, decision, by=None, now=now)
    publication.sync(session, comment.id, now)
    for answer in publication.answers(session, comment.id):
        for line in standing.since(session, answer.id, {one.lot for one in newer if one.lot}):
            _take_back(session, answer, line, by=None, now=now)


def _take_back(
    session: Session,
    comment: Comment,
    decision: Decision,
    *,
    by: int | None,
    now: datetime,
    lot: str | None = None,
) -> Decision:
    told = consequences.take_back(session, decision)
    waiting = publication.take(session, col(Effect.decision_id) == decision.id)
    late = decision.after is Status.PUBLISHED and decision.action is not Action.REDACT and not waiting
    unasked = decision.before is Status.ASKED and questions.newest(session, comment.id) is None
    amended = comment.amends is not None and comment.lane is None
    done = amended or publication.is_up(session, comment.id)
    if told or unasked or (late and done):
        raise TooLate(comment.status)  # another process has just done it
    if decision.action is Action.ASK:
        questions.take_back(session, decision)
    undone = Decision(
        comment_id=comment.id,
        revision=comment.revision + 1,
        version=put_back(session, comment, decision),
        action=decision.action,
        before=decision.after,
        after=decision.before,
        account_id=by,
        at=now,
        undo_until=now,
        undoes=decision.id,
        lot=lot,
    )
    moves.move(session, comment, undone)
    for notice, line in settling.granted(session, decision):
        _take_back(session, notice, line, by=by, now=now)
    moves.explain(comment, standing.deciding(session, comment.id))
    return undone


def stale(session: Session, comment: Comment) -> Stale:
    last = standing.last(session, [comment.id])
    return Stale(comment.id, comment.status, comment.revision, last.get(comment.id))
