"""Which packets were made."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, desc, select

from moderation.models.packets import Packet
from moderation.models.people import Account


@dataclass(frozen=True)
class Known:
    """That a packet was made: who handed it out, when, and of what."""

    comment_id: str
    by: str
    at: datetime
    seal: str
    with_address: bool


def made(session: Session, comment_id: str) -> tuple[Known, ...]:
    """Of a contribution, newest first."""
    which = select(Packet, Account.name).join(Account).where(Packet.comment_id == comment_id)
    return tuple(_known(*row) for row in session.exec(which.order_by(desc(Packet.id))))


def sealed(session: Session, seal: str) -> Known | None:
    """The one that bears a seal."""
    row = session.exec(select(Packet, Account.name).join(Account).where(Packet.seal == seal)).first()
    return _known(*row) if row is not None else None


def _known(packet: Packet, by: str) -> Known:
    return Known(packet.comment_id, by, packet.at, packet.seal, packet.with_address)
