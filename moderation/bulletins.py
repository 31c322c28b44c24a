"""Letters to the team of what waits: as it comes, or one a day at an hour of theirs. Calm unless they ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, and_, col, delete, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import accounts, identifiers, mail
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.models.bulletins import HOUR, Bulletin, How
from moderation.models.people import Account
from moderation.models.queue import Comment, Decision, Letter, LetterKind
from moderation.pages.cards import in_scope

# What comes as it comes is gathered for so long: a flood fills nobody’s mailbox.
GATHERED = timedelta(minutes=10)
# Each in a letter by name; the rest is counted.
LISTED = 20


@dataclass(frozen=True)
class Choice:
    """What a person is asked: how they are told, at which hour, and where."""

    how: How
    hour: int
    zone: str

    @property
    def zones(self) -> list[str]:
        return sorted(available_timezones())


def next_at(after: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """When it is that hour next, there: once each day, whatever clocks do that day.

    An hour that is left out that day is the one after, and of one that comes twice it is the first.
    """
    today = after.astimezone(zone).date()
    days = (datetime.combine(today + timedelta(days=n), time(hour), tzinfo=zone) for n in range(3))
    return next(moment for day in days if (moment := day.astimezone(UTC)) > after)


def of(session: Session, account_id: int) -> Bulletin | None:
    """None before the first letter was thought of."""
    return session.get(Bulletin, account_id)


def chosen(session: Session, account_id: int, site: str) -> Choice:
    """What they chose, or what nobody has changed. `site`: the time zone where they chose none."""
    row = of(session, account_id)
    return Choice(row.how, row.hour, row.zone or site) if row is not None else Choice(How.DAILY, HOUR, site)


def choose(
    session: Session, person: Person, how: How, hour: int, zone: str, site: ZoneInfo, now: datetime
) -> None:
    """From now on; what waits already is no news. Raises ValueError for no time zone, and SignedOut."""
    if zone and zone not in available_timezones():
        raise ValueError(zone)
    accounts.hold_own(session, person)
    row = of(session, person.id) or _new(person.id, now)
    row.how, row.hour, row.zone = how, hour, zone
    row.told_until = now
    row.due_at = now if how is How.EACH else next_at(now, hour, _zone(row, site))
    session.add(row)


def stop(session: Session, account_id: int, now: datetime) -> None:
    """No more letters, as their mail program asks. Nobody to write to is nothing to do."""
    account = accounts.hold(session, account_id)
    if account is None or account.removed_at is not None:
        return
    row = of(session, account_id) or _new(account_id, now)
    row.how = How.NEVER
    session.add(row)


def _new(account_id: int, now: datetime) -> Bulletin:
    return Bulletin(
        account_id=account_id, told_from=now, told_until=now, due_at=now, seal=identifiers.new_code()
    )


def _zone(row: Bulletin, site: ZoneInfo) -> ZoneInfo:
    return ZoneInfo(row.zone) if row.zone else site


def owed(session: Session, now: datetime) -> Sequence[int]:
    """Whose letter is due, or who was never thought of."""
    team = (
        select(Account, Bulletin)
        .join(Bulletin, col(Bulletin.account_id) == Account.id, isouter=True)
        .where(col(Account.removed_at).is_(None), _is_due(now))
    )
    found = session.exec(team).all()
    return [
        account.id
        for account, row in found
        if account.id is not None and _is_to_be_seen(session, account, row, now)
    ]


def _is_to_be_seen(session: Session, account: Account, row: Bulletin | None, now: datetime) -> bool:
    return row is None or row.how is How.DAILY or _is_news(session, account, row, now)


def _is_due(now: datetime) -> ColumnElement[bool]:
    wanted = and_(col(Bulletin.how) != How.NEVER, col(Bulletin.due_at) <= now)
    return or_(col(Bulletin.account_id).is_(None), wanted)


def write(session: Session, account_id: int, site: ZoneInfo, now: datetime) -> None:
    """The letter of one who is owed one, if there is anything to tell; and when to look again."""
    account = accounts.hold(session, account_id)
    if account is None or account.removed_at is not None:
        return
    row = of(session, account_id)
    if row is None:
        row = _new(account_id, now)
        row.due_at = next_at(now, row.hour, site)
        session.add(row)
        return
    if row.how is How.NEVER or row.due_at > now:
        return  # another process was faster
    if not _on_its_way(session, account_id, now) and _is_news(session, account, row, now):
        # What the one given up was to tell, the next one tells.
        if not session.exec(delete(Letter).where(*_of(account_id))).rowcount:
            row.told_from = row.told_until
        row.told_until = now
        mail.write(session, LetterKind.WAITING, now, account_id=account_id)
    row.due_at = now + GATHERED if row.how is How.EACH else next_at(now, row.hour, _zone(row, site))
    session.add(row)


def _of(account_id: int) -> tuple[ColumnElement[bool], ...]:
    return col(Letter.account_id) == account_id, col(Letter.kind) == LetterKind.WAITING


def _on_its_way(session: Session, account_id: int, now: datetime) -> bool:
    waits = select(Letter.id).where(*_of(account_id), ~mail.given_up(now))
    return session.exec(waits.limit(1)).first() is not None


def _is_news(session: Session, account: Account, row: Bulletin, now: datetime) -> bool:
    person = accounts.person(account)
    return session.exec(_came(person, row.told_until, now).limit(1)).first() is not None


def told(session: Session, person: Person, row: Bulletin) -> Sequence[str]:
    """What their last letter names, of what waits still: the oldest first, one more than LISTED at most."""
    came = _came(person, row.told_from, row.told_until)
    return session.exec(came.order_by(col(Comment.submitted_at), col(Comment.id)).limit(LISTED + 1)).all()


def _came(person: Person, after: datetime, until: datetime) -> SelectOfScalar[str]:
    """What waits and came in that time, was sent or came back."""
    came = and_(col(Comment.submitted_at) > after, col(Comment.submitted_at) <= until)
    back = exists().where(
        col(Decision.comment_id) == Comment.id,
        col(Decision.after) == Status.PENDING,
        col(Decision.at) > after,
        col(Decision.at) <= until,
    )
    return select(Comment.id).where(
        *in_scope(person, col(Comment.section)), Comment.status == Status.PENDING, or_(came, back)
    )
