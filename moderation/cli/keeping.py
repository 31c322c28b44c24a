"""Keeping the database: upgrades, backups and their way back."""

import errno
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from moderation import backup as backups
from moderation import comparing, doctor, factors, keyring, migrations, part, presence, rerendering
from moderation import erased as erasures
from moderation import restore as restoring
from moderation.archive import NotABackup, NotWritten
from moderation.cli.console import fail, first_line, open_parts, read_settings, say
from moderation.clock import utc
from moderation.rerendering import Outcome
from moderation.settings import KEYS_FILE, Settings

app = typer.Typer()
# In a log, only what takes its time is worth a line.
WORTH_A_LINE = 50_000
FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
Replace = Annotated[bool, typer.Option("--replace", help="Replace what is there.")]


def progress(what: str, done: int, count: int) -> None:
    """One line that changes on a terminal, a line for each large table elsewhere."""
    if sys.stderr.isatty():
        end = "\r\x1b[K" if done == count else ""
        typer.echo(f"\r\x1b[K{what}: {done} of {count}{end}", err=True, nl=False)
    elif done == count >= WORTH_A_LINE:
        say(f"{what}: {done}")


@contextmanager
def _explained(what: str) -> Generator[None]:
    """What can stand in the way of each of them, said in words, with exit code 1."""
    try:
        yield
    except presence.InUse:
        fail("A server or another command is using the database. Stop it, then try again.")
    except part.Taken:
        fail("Another command is making the same file.")
    except keyring.Unreadable as error:
        fail(f"{error}. Nothing was changed.")
    except NotWritten as error:
        fail(f"{what} could not be written: {error}. Is there room? Nothing was changed.")
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        room = " Is there room?" if error.errno in FULL else ""
        fail(f"{what} could not be made: {error.strerror}{where}.{room} Nothing was changed.")
    except DBAPIError as error:
        fail(f"The database is busy or did not answer: {first_line(error)}. What was under way was undone.")


@app.command()
def upgrade(
    *,
    no_copy: Annotated[bool, typer.Option("--no-copy", help="Do not copy an SQLite database first.")] = False,
) -> None:
    """Bring the database up to date. One of SQLite is copied first; the newest three copies are kept."""
    parts = open_parts(current=False)
    with _explained("A copy of the database"):
        before = migrations.revision(parts.engine)
        try:
            copy = None if no_copy else backups.before_upgrade(parts.engine, utc(), tell=progress)
        except NotABackup as damage:
            fail(f"The database could not be copied: {damage}. Nothing was changed.")
        if copy is not None:
            say(f"Copied to {copy}; moderation restore brings it back.")
        gone = migrations.upgrade(parts.engine)
    if gone:
        say(f"Brought from {before or 'nothing'} to {gone[-1]}.")
    say("The database is up to date.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    replace: Replace = False,
) -> None:
    """Write everything into one file, as of one moment, while the site serves, and read it again.

    The file is an SQLite database whatever the site’s own is: restore puts it into either kind.
    """
    parts = open_parts(current=False)
    try:
        with _explained(f"The backup {file}"):
            contents = backups.make(parts.engine, file, tell=progress, replace=replace)
    except backups.Exists:
        fail(f"There is something called {file}; --replace replaces a file that is not the database itself.")
    except backups.Behind:
        fail("The database is behind this program. Run: moderation upgrade")
    except NotABackup as damage:
        fail(f"No backup was made. The database: {damage}. Run: moderation doctor")
    say(f"{sum(contents.rows.values())} rows, revision {contents.revision}, read again and whole:")
    typer.echo(file)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    replace: Replace = False,
    erased: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What “moderation erased” said since; may be said again."),
    ] = None,
) -> None:
    """Put a backup where the database is, all of it or nothing. The site must not be running.

    Everybody signs in anew. What was changed or removed since the backup is as it was then; contributions
    that were erased since are erased again, as the database that is replaced, the list beside it and
    --erased say.
    """
    settings = read_settings()
    try:
        with _explained("The restored database"):
            gone = {name: at for one in erased or () for name, at in erasures.read(one).items()}
            done = restoring.restore(
                settings.database_url, file, utc(), tell=progress, replace=replace, gone=gone
            )
    except erasures.Unreadable as wrong:
        fail(f"{wrong} is not what “moderation erased” says. Nothing was changed.")
    except NotABackup as damage:
        fail(f"{file} cannot be restored: {damage}. Nothing was changed.")
    except migrations.UnknownRevision as newer:
        fail(
            f"{file} is of a newer program (revision {newer.revision}). Install that one first. "
            "Nothing was changed."
        )
    except restoring.HoldsData:
        fail("The database holds data: --replace replaces it. Nothing was changed.")
    except restoring.InTheWay as other:
        fail(f"{other} is in the way, and no database of ours. Move it elsewhere. Nothing was changed.")
    except restoring.NoRoom as room:
        fail(f"{room.missing // 2**20 + 1} MB are missing in {room.folder}. Nothing was changed.")
    say(f"Restored: {done.rows} rows. Everybody signs in anew.")
    if done.erased:
        say(f"{done.erased} contributions that were erased since are erased again.")
    odd = [f"{finding.check}: {finding.said}" for finding in doctor.restored(settings, utc)]
    if odd:
        fail(f"Do not serve it before you know why: somebody wrote to what was backed up. {'; '.join(odd)}")


@app.command()
def erased() -> None:
    """Print which contributions were erased, and when: keep it where no backup goes, for restore --erased.

    It holds neither text nor person.
    """
    with open_parts().reading() as session:
        typer.echo(erasures.written(erasures.listed(session)), nl=False)


@app.command()
def rotate_keys(
    *,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Make no key: forget all but the newest.")
    ] = False,
) -> None:
    """Sign with a new key from the next start on. What rests on the older ones stays good.

    A key that others have seen takes two rounds: this, and a new start; then --drop-old, and another.
    """
    settings = read_settings()
    if drop_old:
        _drop_old_keys(settings)
    elif settings.secret_keys:
        _told([keyring.new_key(), *settings.keys()])
    else:
        with _explained(str(KEYS_FILE)):
            keyring.rotate(KEYS_FILE, utc())
        say(f"A new key is in {KEYS_FILE}. Start the servers anew.")


def _drop_old_keys(settings: Settings) -> None:
    parts = open_parts()
    newest, *older = settings.keys()
    if not older:
        fail("There is one key alone: rotate-keys makes another first. Nothing was changed.")
    with _explained("The applications that make codes"), parts.writing() as session:
        lost = factors.seal_anew(session, parts.vault)
    if settings.secret_keys:
        _told([newest])
    else:
        with _explained(str(KEYS_FILE)):
            keyring.drop_old(KEYS_FILE)
        say(f"The newest key alone is in {KEYS_FILE}. Start the servers anew.")
    say(f"{len(older)} older forgotten: links and previews made with them open no more.")
    if lost:
        say(f"{lost} applications that make codes had been lost with a key before: see reset-factors.")


def _told(keys: list[str]) -> None:
    say("The keys are in MODERATION_SECRET_KEYS. Set it to this, and start the servers anew:")
    typer.echo(",".join(keys))


@app.command()
def rerender(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
) -> None:
    """Render again what waits and was rendered by an older program. May be stopped and begun again.

    A text that comes out otherwise is a new revision, to be looked at again. What is public keeps the bytes a
    moderator saw and is only listed; unpublished and reopened, it is rendered with the rest.
    """
    parts = open_parts()
    done: Counter[Outcome] = Counter()
    with _explained("The texts"):
        for one in chain(
            rerendering.waiting(parts.engine, dry_run=dry_run), rerendering.published(parts.engine)
        ):
            done[one.outcome] += 1
            if one.outcome is not Outcome.SAME:
                typer.echo(f"{one.outcome}\t{one.comment_id}")
    say(
        f"Waiting: {done[Outcome.SAME]} the same, {done[Outcome.CHANGED]} changed, "
        f"{done[Outcome.REFUSED]} no longer acceptable and left. "
        f"Published: {done[Outcome.DIFFERS]} would differ and are left."
    )


@app.command()
def compare() -> None:
    """Compare with one another the contributions that came before the program did. May be begun again.

    What is sent since is compared as it comes; this is needed once, after an upgrade, and changes no status.
    """
    parts = open_parts()
    done = 0
    with _explained("The comparison"):
        for some in comparing.compare(parts.engine):
            done += some
            if sys.stderr.isatty():
                typer.echo(f"\r{done} compared", err=True, nl=False)
    say(f"{done} compared.")
