"""Makes a backup: everything as of one moment, while the site serves, from either database."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, ColumnClause, Engine, Table, func, insert, select
from sqlalchemy import column as plain_column
from sqlalchemy import table as plain_table
from sqlmodel import Session, SQLModel

from moderation import archive, checksum, database, migrations, numbers, part
from moderation.archive import BATCH, Contents, NotABackup, Tell
from moderation.erased import ENDING

# Of the copies an upgrade makes.
KEPT = 3


class Exists(Exception):
    """There is such a file already."""


class Behind(Exception):
    """PostgreSQL’s rows are read as today’s schema has them, which this database has not yet."""


def make(engine: Engine, file: Path, *, tell: Tell, replace: bool = False) -> Contents:
    """What it holds, once it is there.

    Raises Exists, Behind, part.Taken, archive.NotWritten, OSError, and NotABackup for a damaged database.
    """
    _may_be_written(engine, file, replace=replace)
    with part.beside(file) as new:
        contents = _copy(engine, new, tell)
        checksum.add(new.path)
        written = archive.verify(new.path)
        if written != contents:
            raise NotABackup("what was written is not what was read")
        _may_be_written(engine, file, replace=replace)
        new.put()
    return written


def _may_be_written(engine: Engine, file: Path, *, replace: bool) -> None:
    if file.exists() and (not replace or file.is_dir() or is_database(engine, file)):
        raise Exists


def is_database(engine: Engine, file: Path) -> bool:
    """Whether the file is the very database in use, or one that goes with it."""
    if engine.dialect.name != "sqlite":
        return False
    own = Path(engine.url.database or "")
    beside = (own.with_name(own.name + end) for end in ("", "-wal", "-shm", "-journal", "-lock", ENDING))
    return file.exists() and any(one.exists() and file.samefile(one) for one in beside)


def _copy(engine: Engine, new: part.Part, tell: Tell) -> Contents:
    found = migrations.revision(engine)
    if found is None:
        raise NotABackup("it has no tables yet")
    if engine.dialect.name != "sqlite" and found != migrations.revisions()[-1]:
        raise Behind
    scratch = archive.blank(new, found)
    if engine.dialect.name == "sqlite":
        with engine.connect():  # known to be there: nobody restores meanwhile
            contents = archive.stage(Path(engine.url.database or ""), scratch, tell)
    else:
        contents = Contents(found, _from_postgresql(engine, scratch, tell))
    if found == migrations.revisions()[-1]:  # as a restore will: what it would refuse is no backup
        archive.check_values(scratch)
    archive.mark(scratch)
    return contents


def _from_postgresql(engine: Engine, scratch: Engine, tell: Tell) -> dict[str, int]:
    with archive.told(), database.reading(engine) as source, database.writing(scratch) as target:
        tables = sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)
        done = {table.name: rows(source, target, table, tell) for table in tables}
        numbers.go_on_in_sqlite(archive.raw(target), numbers.in_postgresql(source))
        return done


def rows(source: Session, target: Session, table: Table, tell: Tell) -> int:
    """Copies a table from one kind of database to the other, a batch in memory at a time."""
    into, out_of = target.connection(), source.connection()
    into.execute(table.delete())
    statement = insert(plain_table(table.name, *map(_exact, table.columns)))
    count = out_of.execute(select(func.count()).select_from(table)).scalar_one()
    done = 0
    with out_of.execute(select(table), execution_options={"yield_per": BATCH // 10}) as found:
        for batch in found.mappings().partitions():
            into.execute(statement, [dict(row) for row in batch])
            done += len(batch)
            tell(table.name, done, count)
    return done


def _exact(column: Column[Any]) -> ColumnClause[Any]:
    """What is empty stays so: it is no JSON “null”."""
    return plain_column(
        column.name, JSON(none_as_null=True) if isinstance(column.type, JSON) else column.type
    )


def before_upgrade(engine: Engine, now: datetime, *, tell: Tell) -> Path | None:
    """Copies an SQLite database that is about to be migrated; where to. None when there is nothing to lose.

    Raises as `make` does.
    """
    found = migrations.revision(engine)
    if engine.dialect.name != "sqlite" or found in {None, migrations.revisions()[-1]}:
        return None
    own = Path(engine.url.database or "")
    file = own.with_name(f"{own.name}.before-{found}-{now:%Y%m%dT%H%M%SZ}")
    try:
        make(engine, file, tell=tell, replace=True)
    except NotABackup:
        if migrations.revision(engine) == found:
            raise
        return before_upgrade(engine, now, tell=tell)  # another upgrade is at work
    copies = [copy for copy in own.parent.iterdir() if copy.name.startswith(f"{own.name}.before-")]
    for old in sorted(copies, key=lambda copy: copy.name.rpartition("-")[2])[:-KEPT]:
        old.unlink()
    return file
