"""What the desk shows of the others: who reads, what they said and noted, who is on duty, who calls whom."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, desc, select

from moderation import appeals, deciders, duty, leases, mentions, notes, policy, voices
from moderation.accounts import Person
from moderation.lifecycle import OPEN, Action, Status, judges
from moderation.mentions import Part
from moderation.models.people import Account
from moderation.models.queue import Comment, Version
from moderation.models.together import Lease, Mention, Note, Pass, Voice
from moderation.pages.cards import Card, visible_to
from moderation.pages.urgent import urgent
from moderation.policy import Say

# How many calls, notes and voices are shown at most.
SHOWN = 50


@dataclass(frozen=True)
class Reader:
    """Who reads a contribution now, and for how long."""

    name: str
    minutes: int
    mine: bool


@dataclass(frozen=True)
class NoteLine:
    by: str
    at: datetime
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Call:
    """A note that names the person, and that they have not marked as seen."""

    note_id: int
    comment_id: str
    by: str
    at: datetime
    parts: tuple[Part, ...]
    author: str


@dataclass(frozen=True)
class VoiceLine:
    id: int
    by: str
    mine: bool
    say: Say
    reason: str | None
    note: str
    at: datetime
    counts: bool
    # Who lifted it, where that was somebody else.
    ended_by: str | None


@dataclass(frozen=True)
class Tally:
    """How many said it, of how many it takes."""

    say: Say
    given: int
    needed: int


@dataclass(frozen=True)
class Shared:
    """What the others make of the open contribution."""

    reader: Reader | None
    notes: tuple[NoteLine, ...]
    voices: tuple[VoiceLine, ...]
    tallies: tuple[Tally, ...]
    paused: bool
    may_object: bool
    aside: bool
    own: bool
    # Whether it is the person’s decision that is appealed, and somebody else’s to read again.
    appealed: bool
    passed: bool
    # Whether the voices there are would decide, had another not been in their way.
    ready: bool
    # Whether too few are left to give as many voices as it takes.
    short: bool

    @property
    def decides(self) -> bool:
        """Whether the person is offered to."""
        return not self.aside and not self.own and not self.appealed

    def may(self, action: Action) -> bool:
        return self.decides or (self.own and not self.appealed and not judges(action))

    @property
    def answers(self) -> bool:
        """Whether the person alone publishes, and so may publish and answer."""
        several = any(tally.say is Say.PUBLISH and tally.needed > 1 for tally in self.tallies)
        return self.decides and not several and not self.paused


@dataclass(frozen=True)
class Team:
    """`alone`, a person sees nothing of all this."""

    alone: bool
    guide: bool
    # What is put before the list.
    urgent: tuple[Card, ...] = ()
    readers: dict[str, Reader] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    on_duty: tuple[str, ...] = ()
    shared: Shared | None = None


def team(
    session: Session,
    person: Person,
    listed: Collection[str],
    opened: str | None,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> Team:
    guide = session.exec(select(Account.guided_at).where(Account.id == person.id)).first() is None
    people = notes.present(session)
    first = urgent(session, person)
    if len(people) < 2:
        return Team(alone=True, guide=guide, urgent=first)
    everybody = {*listed, *([opened] if opened else [])}
    week = duty.week_of(now, zone)
    readers = {
        name: _reader(lease, people, person, now)
        for name, lease in leases.current(session, everybody, now).items()
        if lease.account_id in people
    }
    return Team(
        alone=False,
        guide=guide,
        urgent=first,
        readers=readers,
        calls=_calls(session, person, people),
        on_duty=tuple(name for _, name in duty.on(session, [week])[week]),
        shared=_shared(session, person, opened, people, readers.get(opened)) if opened else None,
    )


def _reader(lease: Lease, people: dict[int, str], person: Person, now: datetime) -> Reader:
    minutes = int((now - lease.since).total_seconds() // 60)
    return Reader(people[lease.account_id], minutes, lease.account_id == person.id)


def _calls(session: Session, person: Person, people: dict[int, str]) -> tuple[Call, ...]:
    called = (
        visible_to(person)
        .join(Note, col(Note.comment_id) == Comment.id)
        .join(Mention, col(Mention.note_id) == Note.id)
        .join(Account, col(Account.id) == Note.account_id)
        .join(Version, col(Version.comment_id) == Comment.id)
        .where(Mention.account_id == person.id, Version.number == Comment.version)
    )
    rows = session.execute(
        called.with_only_columns(Note, col(Account.name), col(Version.author))
        .order_by(col(Note.id))
        .limit(SHOWN)
    )
    return tuple(
        Call(note.id or 0, note.comment_id, by, note.at, _parts(note, people), author)
        for note, by, author in rows
    )


def _shared(
    session: Session, person: Person, comment_id: str, people: dict[int, str], reader: Reader | None
) -> Shared:
    comment = session.get_one(Comment, comment_id)
    rule = voices.policy_for(session, comment.section)
    able = deciders.able(session, comment)
    waits = comment.status is Status.PENDING
    counting = [voice.say for voice in voices.counting(session, comment)]
    wanted = rule.among(deciders.everybody(session, comment))
    tallies = [Tally(say, counting.count(say), wanted.needs(say)) for say in Say if say is not Say.VETO]
    aside = deciders.is_aside(session, comment, person.id)
    return Shared(
        reader=reader,
        notes=_notes(session, comment_id, people),
        voices=_voices(session, comment, person),
        tallies=tuple(tally for tally in tallies if tally.needed > 1 and comment.status in OPEN),
        paused=rule.veto and Say.VETO in counting,
        may_object=rule.veto and waits,
        aside=aside,
        appealed=not aside and person.id not in able and person.id in appeals.decided_by(session, comment),
        own=not aside and person.id not in able and deciders.is_own(session, comment, person.id),
        ready=bool(counting) and isinstance(policy.verdict(counting, wanted), Action),
        short=comment.status in OPEN and max(wanted.publish, wanted.refuse) > len(able),
        passed=session.get(Pass, (comment_id, person.id)) is not None,
    )


def _notes(session: Session, comment_id: str, people: dict[int, str]) -> tuple[NoteLine, ...]:
    rows = session.exec(
        select(Note, Account.name)
        .join(Account, col(Account.id) == Note.account_id)
        .where(Note.comment_id == comment_id)
        .order_by(desc(Note.id))
        .limit(SHOWN)
    ).all()
    return tuple(NoteLine(by, note.at, _parts(note, people)) for note, by in reversed(rows))


def _parts(note: Note, people: dict[int, str]) -> tuple[Part, ...]:
    return tuple(mentions.parts(note.text, people))


def _voices(session: Session, comment: Comment, person: Person) -> tuple[VoiceLine, ...]:
    """All of them, also those that count no more: the history of what was said."""
    counting = {voice.id for voice in voices.counting(session, comment)}
    rows = session.exec(
        select(Voice, Account.name)
        .join(Account, col(Account.id) == Voice.account_id)
        .where(Voice.comment_id == comment.id)
        .order_by(desc(Voice.id))
        .limit(SHOWN)
    ).all()
    lifted = {voice.ended_by for voice, _ in rows if voice.ended_by is not None}
    names = dict(session.exec(select(Account.id, Account.name).where(col(Account.id).in_(lifted))).all())
    return tuple(
        VoiceLine(
            id=voice.id or 0,
            by=name,
            mine=voice.account_id == person.id,
            say=voice.say,
            reason=voice.reason,
            note=voice.note,
            at=voice.at,
            counts=voice.id in counting,
            ended_by=names.get(voice.ended_by) if voice.ended_by else None,
        )
        for voice, name in rows
    )
