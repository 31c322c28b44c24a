"""Puts a backup in the place of a database: all of it or nothing, whenever it is cut short."""

import os
import shutil
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, make_url, text
from sqlmodel import Session, SQLModel, col, delete, select, update

from moderation import (
    archive,
    backup,
    database,
    erased,
    identifiers,
    migrations,
    numbers,
    ownership,
    part,
    presence,
    replaced,
    search,
)
from moderation.archive import Tell
from moderation.erased import Erased
from moderation.models.bulletins import Bulletin
from moderation.models.people import Account, AccountSession, Challenge, EmailChange, SignIn
from moderation.models.public import Site

# Site revisions count on from the seconds since then: see `_made_anew`.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
WAITS = "10s"
# Nobody says what was erased.
NOTHING: Erased = {}
# Seconds that PostgreSQL may take to let go of who has just stopped.
LEAVING = 1
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = :name AND pid <> pg_backend_pid()"
)


class HoldsData(Exception):
    """There is something where the backup would go."""


class InTheWay(Exception):
    """What lies there is no database of ours, or is left over from one; the message names the file."""


class NoRoom(Exception):
    """Raised with the bytes that are missing, and where."""

    def __init__(self, missing: int, folder: Path) -> None:
        super().__init__(f"{missing} bytes are missing in {folder}")
        self.missing = missing
        self.folder = folder


@dataclass(frozen=True)
class Restored:
    """How many rows there are, and how many contributions that were erased since were erased again."""

    rows: int
    erased: int


def restore(
    url: str,
    file: Path,
    now: datetime,
    *,
    tell: Tell,
    replace: bool = False,
    gone: Erased = NOTHING,
) -> Restored:
    """What came of it. Everybody signs in anew; what was erased since the backup, by what is known, is again.

    That is what the database that is replaced says, the list beside it, and `gone`.
    Raises erased.Unreadable, archive.NotABackup, migrations.UnknownRevision for one of a newer program,
    HoldsData, InTheWay, NoRoom, presence.InUse, part.Taken, archive.NotWritten, OSError, and what PostgreSQL
    raises.
    """
    contents = archive.verify(file)
    if contents.revision not in migrations.revisions():
        raise migrations.UnknownRevision(contents.revision)
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        target = Path(address.database or "").absolute()
        ownership.make(target.parent)
        with presence.alone(target), part.beside(target) as new:
            again = _into_sqlite(new, file, contents.revision, now, tell, gone, replace=replace)
        return Restored(sum(contents.rows.values()), again)
    engine = database.connect(url)
    try:
        with part.beside(file) as new:
            again = _into_postgresql(engine, new, file, contents.revision, now, tell, gone, replace=replace)
    finally:
        engine.dispose()
    return Restored(sum(contents.rows.values()), again)


def _stage(file: Path, revision: str, new: part.Part, tell: Tell) -> Engine:
    """The backup as a database of ours, brought to the newest revision, with every value looked at."""
    missing = file.stat().st_size - shutil.disk_usage(new.path.parent).free
    if missing > 0:
        raise NoRoom(missing, new.path.parent)
    scratch = archive.blank(new, revision)
    with archive.told():
        archive.stage(file, scratch, tell)
        migrations.upgrade(scratch)
    archive.check_values(scratch)
    return scratch


def _made_anew(session: Session, before: int, now: datetime) -> None:
    """What somebody kept from before is not taken for what is there now.

    The site’s revision, part of every public page’s entity tag, becomes one it never had: past the one that
    is replaced and, should that be lost, past any that counting can have reached. Browsers that have signed
    out since, links that were used or ended since, those of letters to the team too, and private feeds do not
    open again.
    """
    site = session.get_one(Site, 1)
    site.revision = max(site.revision, before, int((now - EPOCH).total_seconds())) + 1
    session.add(site)
    session.exec(update(Account).where(col(Account.feed).is_not(None)).values(feed=None))
    session.exec(update(Bulletin).values(seal=identifiers.new_code()))
    for opens in (AccountSession, EmailChange, Challenge):
        session.exec(delete(opens))
    session.exec(update(SignIn).where(col(SignIn.expires_at) > now).values(expires_at=now))


# SQLite: another file takes the place of the old one


def _into_sqlite(
    new: part.Part,
    file: Path,
    revision: str,
    now: datetime,
    tell: Tell,
    told: Erased,
    *,
    replace: bool,
) -> int:
    target = new.target
    beside = erased.beside(target)
    known = {**told, **(erased.read(beside) if beside.exists() else {})}
    try:
        found = replaced.in_sqlite(target)
    except sqlite3.Error:
        raise InTheWay(str(target)) from None
    if not replace and replaced.holds(found.rows):
        raise HoldsData
    scratch = _stage(file, revision, new, tell)
    with archive.told(), database.writing(scratch) as session:
        numbers.go_on_in_sqlite(archive.raw(session), found.last_numbers)
        _made_anew(session, found.revision, now)
        again = erased.again(session, {**known, **found.erased}, now)
        search.rebuild(session)
    archive.verify(new.path, mark=0)
    _fold(target)
    _give(new, target if target.exists() else target.parent)
    new.put()
    return again


def _fold(target: Path) -> None:
    """Makes one file of a database and its write-ahead log, which the restored one would be taken to own."""
    if target.exists():
        connection = sqlite3.connect(target, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            raise presence.InUse from None  # by something that is not this program
        finally:
            connection.close()
    for ending in ("-wal", "-shm", "-journal"):
        if (beside := target.with_name(target.name + ending)).exists():
            raise InTheWay(str(beside))


def _give(new: part.Part, like: Path) -> None:
    """The file is open to whom the old one was."""
    was = like.stat()
    if os.geteuid() == 0:
        os.fchown(new.descriptor, was.st_uid, was.st_gid)
    if like == new.target:
        os.fchmod(new.descriptor, was.st_mode & 0o777)


# PostgreSQL: one transaction


def _into_postgresql(
    engine: Engine,
    new: part.Part,
    file: Path,
    revision: str,
    now: datetime,
    tell: Tell,
    told: Erased,
    *,
    replace: bool,
) -> int:
    with database.reading(engine) as session:
        if not replace and replaced.holds(replaced.in_postgresql(session)):
            raise HoldsData
        known = {**told, **replaced.erased_in_postgresql(session)}
    scratch = _stage(file, revision, new, tell)
    with database.writing(scratch) as session:
        again = erased.again(session, known, now)
    migrations.upgrade(engine)
    engine.dispose()  # whoever is connected below is somebody else
    with database.reading(scratch) as source, database.writing(engine) as target:
        _keep_others_out(target)
        if not replace and replaced.holds(replaced.in_postgresql(target)):
            raise HoldsData
        before = target.exec(select(Site.revision)).first() or 0
        references = _drop_references(target)
        for table in SQLModel.metadata.tables.values():
            backup.rows(source, target, table, tell)
        _make_references(target, references)
        numbers.go_on_in_postgresql(target, numbers.in_sqlite(archive.raw(source)))
        _made_anew(target, before, now)
    return again


def _keep_others_out(session: Session) -> None:
    """Our connections bear our name. One that comes from now on waits, and then finds everything."""
    connection = session.connection()
    latest = time.monotonic() + LEAVING
    while connection.execute(_OTHERS, {"name": database.APPLICATION}).scalar_one():
        if time.monotonic() > latest:
            raise presence.InUse
        time.sleep(0.05)
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAITS}'")
    connection.exec_driver_sql(f"LOCK TABLE {', '.join(_names())} IN ACCESS EXCLUSIVE MODE")


def _names() -> list[str]:
    return [f'"{name}"' for name in SQLModel.metadata.tables]


def _drop_references(session: Session) -> list[tuple[str, str, str]]:
    """Rows may come in any order, and are all looked at together when the references are made again.

    The log’s triggers rest too. Deleting, unlike truncating, leaves older snapshots what they saw.
    """
    connection = session.connection()
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(CAST(:names AS regclass[]))"
        ),
        {"names": _names()},
    )
    references = [(table, name, definition) for table, name, definition in found]
    for table, name, _ in references:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for table in _names():
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return references


def _make_references(session: Session, references: list[tuple[str, str, str]]) -> None:
    connection = session.connection()
    for table, name, definition in references:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for table in _names():
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
