"""What is in the database, and whether it keeps what it is given."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Delete, Engine, Update, delete, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, func, select

from moderation import archive, audit, chain, database, mail, migrations, public_log
from moderation.doctor.finding import Finding, failure, ok, warning
from moderation.lifecycle import Action
from moderation.links import SKEW
from moderation.models import public as public_models
from moderation.models.queue import Decision, Effect, EffectKind, Letter, Version

OVERDUE = timedelta(minutes=1)
ERASED_WITHIN = timedelta(days=2)
TOLD = 5
# PostgreSQL older than this is no longer looked after.
OLDEST = 14


def answers(engine: Engine) -> list[Finding]:
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return [failure("database", f"there is no {engine.url.database} yet", "Run: moderation upgrade")]
    with database.reading(engine) as session:
        connection = session.connection()
        connection.exec_driver_sql("SELECT 1")
        version = connection.dialect.server_version_info or ()
    name = ".".join(map(str, version))
    if engine.dialect.name != "sqlite":
        return [ok("database", f"PostgreSQL {name} answers")]
    file = Path(engine.url.database or "")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        told = f"SQLite {name} answers, and {file} can be read by others ({mode:o})"
        return [warning("database", told, f"chmod go= {file}*")]
    return [ok("database", f"SQLite {name} answers")]


def schema(engine: Engine) -> list[Finding]:
    found, known = migrations.revision(engine), migrations.revisions()
    if found not in {None, *known}:
        return [failure("schema", f"revision {found} is of a newer program", "Install that program.")]
    if found != known[-1]:
        return [failure("schema", f"revision {found}, and {known[-1]} is needed", "Run: moderation upgrade")]
    with database.reader(engine).connect() as connection:
        changed = compare_metadata(
            MigrationContext.configure(connection, opts={"include_object": migrations.is_compared}),
            SQLModel.metadata,
        )
    if changed:
        told = f"revision {found}, and changed by somebody: {len(changed)} differences"
        return [warning("schema", told, "Take them back, or the next upgrade may fail.")]
    return [ok("schema", f"revision {found}, the newest")]


def _durable(engine: Engine, _now: datetime) -> list[Finding]:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            found = {n: connection.exec_driver_sql(f"PRAGMA {n}").scalar_one() for n in database.PRAGMAS}
        wrong = [f"{name} is {value}" for name, value in found.items() if value != database.PRAGMAS[name]]
    else:
        wrong = _not_durable(engine)
    if wrong:
        return [failure("durability", "; ".join(wrong), "Without it, what was acknowledged can be lost.")]
    return [ok("durability", "what is acknowledged survives a power cut")]


def _not_durable(engine: Engine) -> list[str]:
    with database.reading(engine) as session:
        connection = session.connection()

        def shown(name: str) -> str:
            return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())

        wrong = [f"{name} is off" for name in ("fsync", "full_page_writes") if shown(name) != "on"]
        if shown("synchronous_commit") == "off":
            wrong.append("synchronous_commit is off")
        if shown("server_encoding") != "UTF8":
            wrong.append(f"the encoding is {shown('server_encoding')}, not UTF8")
        moment = datetime(2026, 7, 1, 12, tzinfo=UTC)
        if connection.execute(text("SELECT CAST(:at AS timestamptz)"), {"at": moment}).scalar_one() != moment:
            wrong.append(f"times come back changed in {shown('timezone')}")
        if int(shown("server_version_num")) < OLDEST * 10_000:
            wrong.append(f"PostgreSQL is older than {OLDEST}")
    return wrong


def _whole(engine: Engine, _now: datetime) -> list[Finding]:
    if engine.dialect.name == "sqlite":
        with database.reading(engine) as session:
            connection = archive.raw(session)
            broken = [
                said for (said,) in connection.execute(f"PRAGMA integrity_check({TOLD})") if said != "ok"
            ]
            lost = connection.execute("PRAGMA foreign_key_check").fetchmany(TOLD)
            broken += [f"{odd} is none of its kind" for odd in archive.odd_values(session)]
        broken += [
            f"row {row} of {name} refers to a row of {parent} that is not there"
            for name, row, parent, _ in lost
        ]
    else:
        with database.reading(engine) as session:
            unchecked = text("SELECT conname FROM pg_constraint WHERE NOT convalidated LIMIT 5")
            broken = [f"{name} was never checked" for (name,) in session.connection().execute(unchecked)]
    if broken:
        return [
            failure("integrity", "; ".join(broken), "Restore a backup: moderation restore FILE --replace")
        ]
    return [ok("integrity", "every page and every reference is whole")]


class _Allowed(Exception):
    """A line of the log could be changed."""


def _log_kept(engine: Engine, _now: datetime) -> list[Finding]:
    advice = "Restore a backup, or have the trigger made again as in alembic/versions."
    missing = sorted(f"{name} on {on}" for on, name in archive.triggers() - _triggers(engine))
    if missing:
        return [failure("log kept", f"missing: {', '.join(missing)}", advice)]
    first = col(Decision.id) == select(func.min(Decision.id)).scalar_subquery()
    for change in (update(Decision).values(after=Decision.after), delete(Decision)):
        try:
            _try(engine, change.where(first))
        except _Allowed:
            return [failure("log kept", "the database lets its lines be changed", advice)]
        except DBAPIError as error:
            denied = getattr(error.orig, "sqlstate", "") == "42501"  # not even the right to try
            if not denied and "never" not in str(error.orig):
                raise
    return [ok("log kept", "the database refuses to change or delete a decision")]


def _try(engine: Engine, change: Update | Delete) -> None:
    """In a transaction that is undone either way."""
    with database.writing(engine) as session:
        if session.connection().execute(change).rowcount:
            raise _Allowed


def _triggers(engine: Engine) -> set[tuple[str, str]]:
    query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    if engine.dialect.name == "postgresql":
        query = (
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid)"
        )
    with database.reading(engine) as session:
        return {(on, name) for on, name in session.connection().execute(text(query))}


def _log(engine: Engine, _now: datetime) -> list[Finding]:
    with database.reading(engine) as session:
        found = list(islice(audit.faults(session), TOLD))
        lines = session.exec(select(func.count()).select_from(Decision)).one()
    if found:
        return [failure("log", "; ".join(found), "Somebody wrote to the database; restore a backup.")]
    return [ok("log", f"{lines} decisions lead to where each contribution stands")]


def _public_log(engine: Engine, _now: datetime) -> list[Finding]:
    with database.reading(engine) as session:
        try:
            count = sum(1 for _line in chain.read(public_log.every(session)))
        except ValueError as wrong:
            advice = (
                "Somebody wrote to the database; restore a backup, and compare it with a copy of the log."
            )
            return [failure("public log", str(wrong), advice)]
    return [ok("public log", f"{count} lines hold together")]


def _publications(engine: Engine, _now: datetime) -> list[Finding]:
    with database.reading(engine) as session:
        found = list(audit.disagreements(session))
    if found:
        return [
            failure("publications", "; ".join(found), "Somebody wrote to the database; restore a backup.")
        ]
    return [ok("publications", "what is public is what was approved")]


def _due(engine: Engine, now: datetime) -> list[Finding]:
    with database.reading(engine) as session:
        late = session.exec(
            select(func.count()).select_from(Effect).where(Effect.due_at < now - OVERDUE)
        ).one()
        failing = session.exec(
            select(Letter.failure, func.count()).where(Letter.failure != "").group_by(Letter.failure)
        ).all()
        given_up = session.exec(
            select(func.count()).select_from(Letter).where(Letter.tries > len(mail.PAUSES))
        ).one()
    effects = ok("effects", "nothing is overdue")
    if late:
        effects = failure("effects", f"{late} overdue", "Is a server running? Run: moderation deliver")
    letters = ok("letters", "none fails")
    if failing:
        told = ", ".join(f"{count} with {said}" for said, count in failing)
        letters = warning("letters", f"not sent: {told}; given up: {given_up}", "Look at SMTP_URL.")
    return [effects, letters]


def _erased(engine: Engine, now: datetime) -> list[Finding]:
    """Each night’s work on PostgreSQL, a matter of seconds on SQLite."""
    waits = select(func.count()).select_from(Effect).join(Decision, col(Decision.id) == Effect.decision_id)
    with database.reading(engine) as session:
        kept = session.exec(
            waits.where(
                Effect.kind == EffectKind.ERASE,
                col(Decision.action).in_([Action.WITHDRAW, Action.RETRACT]),
                Decision.at < now - ERASED_WITHIN,
            )
        ).one()
    if kept:
        told = f"{kept} withdrawn texts are still in the files of the database"
        return [warning("erased", told, "End what has been reading since then, and keep a server running.")]
    return [ok("erased", "no withdrawn text has been left in the files of the database for long")]


def _clock(engine: Engine, now: datetime) -> list[Finding]:
    with database.reading(engine) as session:
        newest = [
            session.exec(select(func.max(column))).one() for column in (Version.written_at, Decision.at)
        ]
        theirs = now
        if engine.dialect.name == "postgresql":
            theirs = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    advice = "Set the clock, and let it be kept right (systemd-timesyncd, chrony)."
    if abs(theirs - now) > SKEW:
        return [
            failure("clock", f"the database’s is {abs((theirs - now).total_seconds()):.0f} s off", advice)
        ]
    if any(moment > now + SKEW for moment in newest if moment is not None):
        return [failure("clock", "something was written later than now", advice)]
    return [ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")]


def public(other: Engine) -> list[Finding]:
    """That whoever reads for the public could not read the queue."""
    if other.dialect.name == "sqlite":
        return [warning("public database", "SQLite has no roles: it can read everything", "")]
    open_to_all = {
        str(mapper.local_table)
        for mapper in SQLModel._sa_registry.mappers  # noqa: SLF001 - the only list of all models
        if mapper.class_.__module__ == public_models.__name__
    }
    with database.reading(other) as session:
        readable = {name for name in SQLModel.metadata.tables if _may(session, name, "SELECT")}
        writable = {
            name
            for name in SQLModel.metadata.tables
            for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
            if _may(session, name, right)
        }
        replica = session.connection().execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    if missing := open_to_all - readable:
        told = f"its role may not read {', '.join(sorted(missing))}"
        return [failure("public database", told, "GRANT SELECT on them to it.")]
    if private := (readable - open_to_all) | (set() if replica else writable):
        told = f"its role has rights on {', '.join(sorted(private))}"
        advice = "REVOKE them: public pages need to read " + ", ".join(sorted(open_to_all)) + " only."
        return [(warning if replica else failure)("public database", told, advice)]
    return [ok("public database", "its role reads what is public, and nothing else")]


def _may(session: Session, name: str, right: str) -> bool:
    found = session.connection().execute(
        text("SELECT has_table_privilege(:table, :right)"), {"table": f'"{name}"', "right": right}
    )
    return bool(found.scalar_one())


Look = Callable[[Engine, datetime], list[Finding]]
LOOKS: dict[str, Look] = {
    "durability": _durable,
    "integrity": _whole,
    "log kept": _log_kept,
    "log": _log,
    "public log": _public_log,
    "publications": _publications,
    "due": _due,
    "erased": _erased,
    "clock": _clock,
}
