"""The public log: one line for each decision that has taken effect, each naming the one before.

It holds the day, in UTC, and neither text nor person. Spam is one line a day, with how much of it there was.
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, desc, func, or_, select

from moderation import chain, identifiers, publication, standing
from moderation.charter import Cited
from moderation.database import HELD
from moderation.lifecycle import Action, Status
from moderation.models.people import Account
from moderation.models.public import LogLine, Publication, Site
from moderation.models.queue import Comment, Decision, Effect, EffectKind, LogEntry, Version

# What of a moderator’s is told. A question is between them and the author.
TOLD = frozenset(
    {
        *(Action.PUBLISH, Action.REFUSE, Action.UNPUBLISH, Action.REOPEN),
        *(Action.CORRECT, Action.REDACT, Action.SPAM, Action.AMEND, Action.RETRACT),
    }
)
# Of one transaction, and of one look.
BATCH, SOME = 100, 1000


@dataclass(frozen=True)
class Opening:
    """What proves to whoever is shown it that a line is about a text."""

    seq: int
    action: Action
    salt: str
    text: str


def follow(session: Session, decision: Decision, now: datetime) -> None:
    """Has a decision that was just made told when its window has closed, which may be at once."""
    by_author = decision.account_id is None and decision.action is not Action.RETRACT
    if decision.action not in TOLD or by_author:
        return
    if decision.action is Action.SPAM:
        publication.later(session, decision, EffectKind.LOG, _midnight(decision.undo_until))
    elif decision.undo_until <= now:
        _enter(session, _held(session), decision, now, at=now)
    else:
        publication.later(session, decision, EffectKind.LOG, decision.undo_until)


def _midnight(moment: datetime) -> datetime:
    """The end of its day."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def take_back(session: Session, decision: Decision) -> bool:
    """Has a decision not told; whether it is by now. The comment is locked by the caller."""
    mine = (col(Effect.decision_id) == decision.id, col(Effect.kind) == EffectKind.LOG)
    waited = publication.take(session, and_(*mine))
    if decision.action is Action.SPAM:  # counted with others, and without a line of its own
        return not waited and decision.account_id is not None
    return session.get(LogEntry, decision.id) is not None


def perform(session: Session, now: datetime) -> int:
    """Tells some of what is due, in the caller’s transaction; how many effects that was."""
    site = _held(session)
    due = (
        select(Effect.id, Effect.due_at, Decision)
        .join(Decision, col(Decision.id) == Effect.decision_id)
        .where(Effect.kind == EffectKind.LOG, Effect.due_at <= now, Decision.action != Action.SPAM)
        .order_by(col(Effect.due_at), col(Effect.decision_id))
        .limit(BATCH)
        .with_for_update(of=Effect, skip_locked=True)  # who holds one takes it back, and may wait for us
    )
    found = session.exec(due).all()
    done = 0
    for name, due_at, decision in found:
        publication.take(session, col(Effect.id) == name)
        settled_at = standing.settled_at(session, decision.comment_id, now)
        if decision in standing.in_effect(session, decision.comment_id, now):
            done += _enter(session, site, decision, now, at=due_at)
        elif settled_at > now:  # it may take effect with what came after it
            publication.later(session, decision, EffectKind.LOG, settled_at)
        # Otherwise another came after before it was due: it was never seen to take effect.
    if len(found) < BATCH:
        done += _enter_spam(session, now)
    return done + len(found)


def _held(session: Session) -> Site:
    """One at a time: the lock publishing takes, too, in the same order after all others."""
    return session.get_one(Site, 1, with_for_update=HELD, populate_existing=True)


def _enter(session: Session, site: Site, decision: Decision, now: datetime, *, at: datetime) -> int:
    """As of the day it took effect; how much spam of earlier days was told before it."""
    spam = _enter_spam(session, at)
    assert decision.id is not None
    comment = session.get_one(Comment, decision.comment_id)
    if comment.official and not publication.was_up(session, comment.id):
        return spam  # an answer to what was not published in the end
    text = session.exec(
        select(Version.source).where(
            Version.comment_id == decision.comment_id, Version.number == decision.version
        )
    ).one()
    salt = secrets.token_hex(32)
    subject = _subject(session, decision.comment_id)
    cited = Cited(decision.charter, decision.charter_article) if decision.charter is not None else None
    line = {
        "subject": subject,
        "reason": decision.reason,
        "charter": str(cited) if cited is not None else None,
        "commitment": chain.digest(salt + text) if text else None,
    }
    if site.log_names and decision.account_id is not None:
        line["by"] = _pseudonym(session, decision)
    seq = _append(session, at.astimezone(UTC).date().isoformat(), _shown(session, decision, now), **line)
    session.add(
        LogEntry(
            decision_id=decision.id,
            comment_id=decision.comment_id,
            seq=seq,
            subject=subject,
            version=decision.version,
            salt=salt if text else "",
        )
    )
    session.flush()
    return spam


def _shown(session: Session, decision: Decision, now: datetime) -> Action:
    """What was published and taken down again before anybody could read it was refused, for all but us."""
    if decision.action is not Action.UNPUBLISH:
        return decision.action
    known = standing.in_effect(session, decision.comment_id, now)
    before = (line for line in known if line.revision < decision.revision)
    was_read = any(line.after is Status.PUBLISHED for line in before)
    return Action.UNPUBLISH if was_read else Action.REFUSE


def _subject(session: Session, comment_id: str) -> str:
    """What the log calls a comment: always the same, and nothing else does."""
    known = select(LogEntry.subject).where(LogEntry.comment_id == comment_id).limit(1)
    return session.exec(known).first() or identifiers.new_id()


def _pseudonym(session: Session, decision: Decision) -> str:
    account = session.get_one(Account, decision.account_id)
    if account.pseudonym is None:
        account.pseudonym = identifiers.new_code(8)
        session.add(account)
    return account.pseudonym


def _enter_spam(session: Session, now: datetime) -> int:
    """What was taken for spam on days that are over; how many effects that was."""
    due = and_(
        col(Effect.kind) == EffectKind.LOG,
        col(Effect.due_at) <= now,
        col(Effect.decision_id) == Decision.id,
        col(Decision.action) == Action.SPAM,
    )
    days = session.exec(select(Effect.due_at).where(due).distinct().order_by(col(Effect.due_at))).all()
    for ended in days:
        count = session.exec(
            select(func.count()).select_from(Effect).where(due, Effect.due_at == ended, _took_effect())
        ).one()
        if count:
            day = (ended - timedelta(days=1)).date().isoformat()
            _append(session, day, Action.SPAM, count=count)
    return publication.take(session, col(Effect.id).in_(select(Effect.id).where(due)))


def _took_effect() -> ColumnElement[bool]:
    """That no decision came after one before its window had closed, or that it took away at once."""
    later, undone = aliased(Decision), aliased(Decision)
    overtaken = exists().where(
        col(later.comment_id) == Decision.comment_id,
        col(later.revision) > Decision.revision,
        col(later.at) < Decision.undo_until,
        col(later.undoes).is_(None),
        ~exists().where(col(undone.undoes) == later.id),
    )
    was_up = exists().where(
        col(Publication.comment_id) == Decision.comment_id, col(Publication.published_at) <= Decision.at
    )
    return or_(and_(col(Decision.before) == Status.PUBLISHED, was_up), ~overtaken)


def _append(session: Session, day: str, action: Action, **told: str | int | None) -> int:
    last = session.exec(select(LogLine).order_by(desc(LogLine.seq)).limit(1)).first()
    known: dict[str, Any] = {"seq": 0, "hash": "", "day": day}
    if last is not None:
        known = json.loads(last.line)
    seq: int = known["seq"] + 1
    every = dict.fromkeys(("subject", "reason", "charter", "commitment"))
    line = (
        every
        | told
        | {"seq": seq, "day": max(day, known["day"]), "action": action.value, "prev": known["hash"]}
    )
    session.add(LogLine(seq=seq, line=chain.written(line | {"hash": chain.digest(chain.written(line))})))
    session.flush()
    return seq


def forget(session: Session, comment_id: str, version: int | None = None) -> None:
    """That nobody can show any more which lines are about a comment, or about one of its texts."""
    mine = [col(LogEntry.comment_id) == comment_id, col(LogEntry.salt) != ""]
    if version is not None:
        mine.append(col(LogEntry.version) == version)
    session.exec(update(LogEntry).where(*mine).values(salt=""))


def openings(session: Session, comment_id: str) -> Sequence[Opening]:
    """Of a comment, in the order of the log: for its author alone."""
    found = session.exec(
        select(LogEntry, LogLine.line, Version.source)
        .join(LogLine, col(LogLine.seq) == LogEntry.seq)
        .join(
            Version,
            and_(col(Version.comment_id) == LogEntry.comment_id, col(Version.number) == LogEntry.version),
        )
        .where(LogEntry.comment_id == comment_id, LogEntry.salt != "")
        .order_by(col(LogEntry.seq))
    )
    return [
        Opening(entry.seq, Action(json.loads(line)["action"]), entry.salt, text)
        for entry, line, text in found
    ]


def lines(session: Session, after: int, limit: int) -> Iterator[bytes]:
    """As they are published."""
    found = select(LogLine.line).where(LogLine.seq > after).order_by(col(LogLine.seq)).limit(limit)
    return (line.encode() + b"\n" for line in session.exec(found))


def every(session: Session) -> Iterator[bytes]:
    """Some at a time."""
    after = 0
    while some := list(lines(session, after, SOME)):
        yield from some
        after += len(some)


def say_names(session: Session, *, whether: bool) -> None:
    """Whether lines that are still to be written say whose decision it was, by a pseudonym."""
    site = session.get_one(Site, 1, with_for_update=True)
    site.log_names = whether
    session.add(site)


def says_names(session: Session) -> bool:
    return session.get_one(Site, 1).log_names
