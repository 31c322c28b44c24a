"""How a person of the team works: their keys, what is covered for them, the sections they see."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from moderation import passes
from moderation.accounts import is_present
from moderation.decisions import NotFound
from moderation.models.people import Account


def set_shortcuts(session: Session, account_id: int, chosen: dict[str, str], *, on: bool) -> None:
    account = session.get_one(Account, account_id)
    account.shortcuts, account.shortcuts_on = chosen, on
    session.add(account)


def put_guide_away(session: Session, account_id: int, now: datetime) -> None:
    account = session.get_one(Account, account_id)
    account.guided_at = now
    session.add(account)


def set_blurs(session: Session, account_id: int, *, on: bool) -> None:
    account = session.get_one(Account, account_id)
    account.blurs = on
    session.add(account)


def set_sections(session: Session, account_id: int, sections: Iterable[str], now: datetime) -> None:
    """What a moderator may see: all there is, with none named. Raises NotFound."""
    if not is_present(session, account_id):
        raise NotFound
    account = session.get_one(Account, account_id)
    account.sections = sorted({section for section in sections if section})
    session.add(account)
    session.flush()
    passes.gather(session, now)
