"""Who is on duty in a week (« permanence »), as the team has agreed."""

from collections.abc import Collection
from datetime import datetime, timedelta, tzinfo

from sqlmodel import Session, col, delete, select

from moderation import database
from moderation.models.people import Account
from moderation.models.together import Duty


def week_of(moment: datetime, zone: tzinfo) -> str:
    """« 2026-W10 », Monday to Sunday where the site is."""
    year, week, _ = moment.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"


def monday(week: str, zone: tzinfo) -> datetime:
    """Where it begins. Raises ValueError for what is no week."""
    return datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=zone)


def coming(moment: datetime, zone: tzinfo, weeks: int) -> list[str]:
    """That week and those after it."""
    local = moment.astimezone(zone)
    return [week_of(local + timedelta(weeks=number), zone) for number in range(weeks)]


def on(session: Session, weeks: Collection[str]) -> dict[str, list[tuple[int, str]]]:
    """Who is on duty in each of these weeks, by name; who left the team is not."""
    rows = session.exec(
        select(Duty.week, Account.id, Account.name)
        .join(Account, col(Account.id) == Duty.account_id)
        .where(col(Duty.week).in_(weeks), col(Account.removed_at).is_(None))
        .order_by(Account.name, col(Account.id))
    )
    found: dict[str, list[tuple[int, str]]] = {week: [] for week in weeks}
    for week, account, name in rows:
        found[week].append((account or 0, name))
    return found


def assign(session: Session, week: str, people: Collection[int]) -> None:
    """These and nobody else."""
    database.in_turn(session, "duty")
    session.exec(delete(Duty).where(col(Duty.week) == week))
    there = session.exec(
        select(Account.id)
        .where(col(Account.id).in_(people), col(Account.removed_at).is_(None))
        .order_by(col(Account.id))
    ).all()
    session.add_all([Duty(week=week, account_id=account) for account in there if account is not None])
