"""The author's writes: sending a text, and taking it back."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from moderation import duplicates, edits, erasing, folding, identifiers, kin, markup, news, search, traits
from moderation.database import in_turn
from moderation.decisions import NotFound
from moderation.drafts import Draft, digest
from moderation.duplicates import Duplicate
from moderation.lifecycle import Action, Status
from moderation.likeness import Likeness
from moderation.models.public import Article, Mode, Publication, Thread
from moderation.models.queue import Comment, Decision, Version
from moderation.models.retention import Machine
from moderation.settings import ANY_NUMBER, Room

# How long who sends the same again is told what became of the first.
NONCE_LASTS = timedelta(days=1)


# Built once: building takes longer than running.
_ADD_COMMENT, _ADD_VERSION = insert(Comment), insert(Version)


def _counted(room: str, *where: ColumnElement[bool]) -> Select[int]:
    """How many wait, for a moderator or for their author; of each no more than the room, along an index."""
    parts = []
    for status in (Status.PENDING, Status.ASKED):
        waiting = select(Comment.status).where(Comment.status == status, *where)
        if not where:  # else PostgreSQL may believe that reading the table from its start finds them sooner
            waiting = waiting.order_by(col(Comment.submitted_at), col(Comment.id))
        found = waiting.limit(bindparam(room, type_=Integer)).correlate(Thread).subquery()
        parts.append(select(func.count()).select_from(found).scalar_subquery())
    return select(parts[0] + parts[1])


_WAITING_HERE = _counted("room_here", col(Comment.thread_id) == bindparam("thread"))
_WAITING = _counted("room")
# Where it is to go and whatever may stand against it, asked at once: mostly nothing does, and asking takes
# the most time.
_ASKED = (
    select(Thread.id, Thread.mode, Article.section)
    .join(Article)
    .where(Article.slug == bindparam("slug"))
    .add_columns(
        select(Comment.id).where(Comment.nonce == bindparam("nonce")).scalar_subquery().label("sent"),
        # Counted and not looked for: PostgreSQL may read the whole table for the first of some.
        select(func.count(col(Version.id)))
        .where(Version.fingerprint == bindparam("fingerprint"))
        .scalar_subquery()
        .label("said"),
        _counted("room_here", col(Comment.thread_id) == Thread.id).scalar_subquery().label("waiting_here"),
        _WAITING.scalar_subquery().label("waiting"),
    )
    # As the row that is added does it anyway. Who closes the forum waits for those who are sending, and they
    # wait for who closes it, but not for one another. Nor does its section change meanwhile, which is copied.
    .with_for_update(of=(Thread, Article), read=True, key_share=True)
)


@dataclass(frozen=True)
class Sent:
    """A comment as its author knows it; the tracking code is gone once it was revoked."""

    id: str
    tracking: str | None
    status: Status


class Closed(Exception):
    """The forum takes no contributions."""


class ParentNotPublic(Exception):
    """What it would answer is not to be read under that article."""


class NonceReused(Exception):
    """Something else was sent under the same nonce, or the same too long ago."""


class Full(Exception):
    """As many wait already as may, under the article or on the whole site: nothing more is stored."""

    def __init__(self, *, everywhere: bool) -> None:
        super().__init__("too many wait")
        self.everywhere = everywhere


def submit(
    session: Session,
    slug: str,
    draft: Draft,
    *,
    nonce: str,
    now: datetime,
    parent: str | None = None,
    room: Room = ANY_NUMBER,
    likeness: Likeness | None = None,
    machine: str | None = None,
) -> Sent:
    """Stores the draft once, however often its form is sent; with its `likeness`, beside those like it.

    `machine` is where it was sent from, if that is kept. Raises NotFound for an unknown article, Closed,
    ParentNotPublic, Duplicate for the same text within a day, NonceReused when the nonce was another text’s,
    had another parent or is a day old, and Full. No room is overstepped unless half as many as it holds write
    at the same moment.
    """
    connection = session.connection()  # rows, without the session’s bookkeeping, which would double the time
    in_turn(session, "text", slug, draft.fingerprint)  # the same form twice, or two forms with one text
    asked = {"slug": slug, "nonce": nonce, "fingerprint": draft.fingerprint}
    found = connection.execute(_ASKED, asked | {"room_here": room.thread, "room": room.site}).first()
    if found is None:
        raise NotFound
    thread: int = found.id
    if found.sent is not None:
        return _sent_before(session, nonce, thread, parent, draft, now)
    if found.mode is Mode.CLOSED:
        raise Closed
    if parent is not None and not _is_public(session, thread, parent):
        raise ParentNotPublic
    if found.said and duplicates.found(session, thread, draft.fingerprint, now):
        raise Duplicate
    _find_room(session, room, thread, found.waiting_here, found.waiting)
    sent = Sent(identifiers.new_id(), identifiers.new_code(), Status.PENDING)
    comment = {
        "thread_id": thread,
        "parent_id": parent,
        "section": found.section,
        "nonce": nonce,
        "submitted_at": now,
        "author_key": folding.key(draft.author),
        "email_key": draft.email.lower() or None,
        "kin": (kin.group(connection, likeness) or sent.id) if likeness is not None else None,
    }
    _store(session, sent, comment, draft, machine)
    if likeness is not None:
        kin.keep(connection, sent.id, likeness)
    return sent


def _sent_before(
    session: Session, nonce: str, thread: int, parent: str | None, draft: Draft, now: datetime
) -> Sent:
    before = session.exec(select(Comment).where(Comment.nonce == nonce)).one()
    same = (before.thread_id, before.parent_id) == (thread, parent) and _is_of(session, before, draft)
    if not same or now - before.submitted_at > NONCE_LASTS:
        raise NonceReused
    return Sent(before.id, before.tracking, before.status)


def _is_of(session: Session, comment: Comment, draft: Draft) -> bool:
    """Whether it began with this draft. Of one taken back nobody can tell; there is nothing to be read."""
    text = session.exec(select(Version).where(Version.comment_id == comment.id, Version.number == 1)).one()
    withdrawn = comment.status is Status.WITHDRAWN
    return withdrawn or digest(text.author, text.email, text.source) == draft.digest


def _find_room(session: Session, room: Room, thread: int, here: int, everywhere: int) -> None:
    """Far from full nobody waits for who writes at the same moment; past half of it, one after the other."""
    if room.thread and here >= room.thread // 2:
        in_turn(session, "room", thread)
        if _waiting(session, _WAITING_HERE, thread=thread, room_here=room.thread) >= room.thread:
            raise Full(everywhere=False)
    if room.site and everywhere >= room.site // 2:
        in_turn(session, "room")
        if is_full(session, room):
            raise Full(everywhere=True)


def is_full(session: Session, room: Room) -> bool:
    """Whether as many wait on the whole site as may."""
    return bool(room.site) and _waiting(session, _WAITING, room=room.site) >= room.site


def _waiting(session: Session, counted: Select[int], **of: int) -> int:
    return int(session.connection().execute(counted, of).scalar_one())


def _is_public(session: Session, thread: int, comment_id: str) -> bool:
    copy = select(Publication.id).where(
        Publication.comment_id == comment_id,
        Publication.thread_id == thread,
        col(Publication.taken_down_at).is_(None),
    )
    return session.exec(copy).first() is not None


def _store(session: Session, sent: Sent, comment: dict[str, Any], draft: Draft, machine: str | None) -> None:
    """Inserts outright: for the session to find out what to insert takes as long as all the rest."""
    connection = session.connection()
    try:
        connection.execute(_ADD_COMMENT, {**comment, **vars(sent), "revision": 1, "version": 1})
    except IntegrityError:
        raise NonceReused from None  # another text came at the same moment
    added = connection.execute(
        _ADD_VERSION,
        {
            "comment_id": sent.id,
            "number": 1,
            "author": draft.author,
            "email": draft.email,
            "source": draft.text.source,
            "struck": draft.text.struck,
            "html": draft.text.html,
            "folded": draft.folded,
            "findings": [asdict(finding) for finding in draft.text.findings],
            "dialect": draft.dialect,
            "renderer": markup.VERSION,
            "fingerprint": draft.fingerprint,
            "written_at": comment["submitted_at"],
        },
    )
    (version,) = added.inserted_primary_key or (0,)
    search.add(connection, version, draft.folded)
    traits.add(connection, sent.id, sent.status, comment["submitted_at"], draft.text.findings)
    if machine is not None:
        kept = {"comment_id": sent.id, "address": machine, "at": comment["submitted_at"]}
        connection.execute(insert(Machine), kept)
    if draft.email:
        news.receive(session, sent.id, draft.email, comment["submitted_at"])


def revoke(session: Session, tracking: str) -> None:
    """Its author’s address opens nothing any more, nor those of what they proposed about the text.

    All of it goes on as it would. Raises NotFound.
    """
    mine = select(Comment).where(Comment.tracking == tracking)
    comment = session.exec(mine.with_for_update(key_share=True)).first()
    if comment is None:
        raise NotFound
    about = select(Comment).where(Comment.amends == comment.id, col(Comment.lane).is_(None))
    for one in (comment, *session.exec(about).all()):
        one.tracking = None
        session.add(one)


def withdraw(session: Session, tracking: str, *, revision: int, now: datetime) -> Decision:
    """The author takes back a text that is not public: its words are erased, the fact stays in the log.

    Raises what `edits.held` does.
    """
    comment = edits.held(session, tracking, Action.WITHDRAW, revision=revision, now=now)
    erasing.take_answers(session, comment, now)
    return erasing.take_away(session, comment, now)
