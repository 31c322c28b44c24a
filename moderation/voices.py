"""What each person says of a contribution, and what their voices amount to under the site's policy."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_
from sqlmodel import Session, col, func, select, update

from moderation import database, deciders, policy
from moderation.database import HELD
from moderation.lifecycle import Action, Status
from moderation.models.people import Account
from moderation.models.queue import Comment
from moderation.models.together import SectionPolicy, Voice
from moderation.policy import ONE_VOICE, Policy, Say

MOVES = {Action.PUBLISH: Say.PUBLISH, Action.REFUSE: Say.REFUSE, Action.SPAM: Say.SPAM}
# Rows, past the session: it is asked for each of those decided in one go.
_POLICIES = select(
    SectionPolicy.section, SectionPolicy.publish, SectionPolicy.refuse, SectionPolicy.veto
).where(or_(col(SectionPolicy.section) == bindparam("section"), col(SectionPolicy.section) == ""))


class NoSuchVoice(Exception):
    """It is not there, or not theirs."""


class Ended(Exception):
    """It counts no more: it was taken back, or the contribution has moved on."""

    def __init__(self, comment_id: str) -> None:
        super().__init__("it counts no more")
        self.comment_id = comment_id


@dataclass(frozen=True)
class Heard:
    """A voice that was recorded and moved nothing: how many more it takes, or that a veto stands."""

    voice_id: int
    comment_id: str
    revision: int
    status: Status
    say: Say
    missing: int
    paused: bool


def policy_for(session: Session, section: str) -> Policy:
    """The section's own, or the site's, or one voice."""
    found = {row.section: row for row in session.connection().execute(_POLICIES, {"section": section})}
    row = found.get(section, found.get(""))
    return Policy(row.publish, row.refuse, row.veto) if row is not None else ONE_VOICE


def set_policy(session: Session, section: str, rule: Policy | None) -> None:
    """For a section, or the whole site where it is empty; None: as the site, or one voice."""
    database.in_turn(session, "policy")
    row = session.get(SectionPolicy, section)
    if rule is None:
        if row is not None:
            session.delete(row)
            session.flush()
        return
    row = row or SectionPolicy(section=section, publish=1, refuse=1, veto=False)
    row.publish, row.refuse, row.veto = rule.publish, rule.refuse, rule.veto
    session.add(row)
    session.flush()


def say(
    session: Session,
    comment: Comment,
    what: Say,
    *,
    by: int,
    now: datetime,
    reason: str | None = None,
    note: str = "",
) -> Heard | None:
    """Records what a person says, in place of what they said before; None when it moves the comment.

    Who objects lifts their veto before they say anything else: until then it stands, and is what is heard.
    The comment is locked by the caller.
    """
    rule = policy_for(session, comment.section)
    if rule == ONE_VOICE:
        return None
    given = counting(session, comment)
    veto = next((one for one in given if one.account_id == by and one.say is Say.VETO), None)
    if veto is not None and rule.veto:
        people = deciders.everybody(session, comment)
        return _heard(veto, comment, rule.among(people), [one.say for one in given])
    _end(session, comment, by, now)
    voice = Voice(
        comment_id=comment.id,
        revision=comment.revision,
        account_id=by,
        say=what,
        reason=reason,
        note=note,
        at=now,
    )
    session.add(voice)
    session.flush()
    rule = rule.among(deciders.everybody(session, comment))
    standing = [one.say for one in counting(session, comment)]
    found = policy.verdict(standing, rule)
    if isinstance(found, Action) and found.value == what.value:
        return None
    return _heard(voice, comment, rule, standing)


def number(session: Session, voice_ids: Collection[int], *, by: int) -> int:
    """How many of these somebody gave, and did not take back."""
    theirs = (col(Voice.account_id) == by, col(Voice.id).in_(voice_ids), col(Voice.ended_at).is_(None))
    return session.exec(select(func.count()).where(*theirs)).one()


def heard(session: Session, voice_id: int, *, by: int) -> Heard | None:
    """What was heard of them, as things are now; None once it counts no more."""
    voice = session.get(Voice, voice_id)
    comment = session.get(Comment, voice.comment_id) if voice is not None else None
    if voice is None or comment is None or voice.account_id != by:
        return None
    standing = counting(session, comment)
    if voice.id not in {one.id for one in standing}:
        return None
    rule = policy_for(session, comment.section).among(deciders.everybody(session, comment))
    return _heard(voice, comment, rule, [one.say for one in standing])


def _heard(voice: Voice, comment: Comment, rule: Policy, standing: Sequence[Say]) -> Heard:
    assert voice.id is not None
    missing = max(0, rule.needs(voice.say) - standing.count(voice.say))
    paused = rule.veto and Say.VETO in standing
    return Heard(voice.id, comment.id, comment.revision, comment.status, voice.say, missing, paused)


def counting(session: Session, comment: Comment) -> Sequence[Voice]:
    """Those that count, in their order: of what is there now, by who still is and still sees it."""
    found = session.exec(
        select(Voice, Account)
        .join(Account, col(Account.id) == Voice.account_id)
        .where(
            Voice.comment_id == comment.id,
            Voice.revision == comment.revision,
            col(Voice.ended_at).is_(None),
            deciders.COUNTS,
        )
        .order_by(col(Voice.id))
    )
    return [voice for voice, account in found if deciders.sees(account, comment.section)]


def take_back(session: Session, voice_id: int, *, by: int, admin: bool, now: datetime) -> Voice:
    """By its author; a veto also by an admin who may decide. Nothing moves by itself afterwards.

    Raises NoSuchVoice, Ended and MayNotDecide.
    """
    voice = session.get(Voice, voice_id)
    comment = session.get(Comment, voice.comment_id, with_for_update=HELD) if voice is not None else None
    if voice is None or comment is None:
        raise NoSuchVoice
    session.refresh(voice)
    lifts = admin and voice.say is Say.VETO
    if voice.account_id != by and not lifts:
        raise NoSuchVoice
    if voice.ended_at is not None or voice.revision != comment.revision:
        raise Ended(comment.id)
    if voice.account_id != by:
        deciders.check(session, comment, by)
    voice.ended_at, voice.ended_by = now, by if by != voice.account_id else None
    session.add(voice)
    session.flush()
    return voice


def end(session: Session, comment_id: str, *, by: int, now: datetime) -> None:
    """Of who stands aside nothing counts any more."""
    comment = session.get_one(Comment, comment_id, with_for_update=HELD)
    _end(session, comment, by, now)


def carry_vetoes(session: Session, comment: Comment, *, to: int) -> None:
    """To a revision that decides nothing: asking its author, or rewriting it, lifts no objection."""
    session.exec(
        update(Voice)
        .where(
            col(Voice.comment_id) == comment.id,
            col(Voice.revision) == comment.revision,
            col(Voice.say) == Say.VETO,
            col(Voice.ended_at).is_(None),
        )
        .values(revision=to)
    )


def empty(session: Session, comment_id: str) -> None:
    """Erases the words beside them; that they were given stays."""
    session.exec(update(Voice).where(col(Voice.comment_id) == comment_id).values(note=""))


def _end(session: Session, comment: Comment, by: int, now: datetime) -> None:
    session.exec(
        update(Voice)
        .where(
            col(Voice.comment_id) == comment.id,
            col(Voice.account_id) == by,
            col(Voice.ended_at).is_(None),
        )
        .values(ended_at=now)
    )
