"""What every command shares: opening the program, and saying what went wrong."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from moderation import database
from moderation.decisions import NotFound, ReasonNeeded, Stale
from moderation.lifecycle import IllegalMove, Reason
from moderation.settings import Settings
from moderation.web.app import build
from moderation.web.dependencies import Parts

# Closed when the command ends.
opened = ExitStack()
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]


def say(message: str) -> None:
    typer.echo(message, err=True)


def fail(message: str) -> NoReturn:
    say(message)
    raise typer.Exit(1)


def open_parts(*, current: bool = True) -> Parts:
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            setting = "".join(f"MODERATION_{name}: ".upper() for name in problem["loc"][:1])
            say(setting + problem["msg"])
        raise typer.Exit(2) from None
    try:
        parts = build(settings)
    except OSError as error:
        fail(f"The database’s folder cannot be made: {error}")
    opened.callback(parts.engine.dispose)
    try:
        is_current = database.is_current(parts.engine)
    except OperationalError as error:
        fail(f"The database did not answer: {error.orig} ({parts.engine.url.database})")
    if current and not is_current:
        fail("The database is behind this program. Run: moderation upgrade")
    return parts


@contextmanager
def explained() -> Generator[None]:
    """The state of things said in words, with exit code 1."""
    try:
        yield
    except NotFound:
        fail("There is no such thing.")
    except Stale as stale:
        by = f" by {stale.last.by or 'its author'}" if stale.last else ""
        fail(f"It changed{by}: it is now {stale.status}, revision {stale.revision}.")
    except IllegalMove as move:
        fail(f"Not possible: it is {move.status}.")
    except ReasonNeeded as needed:
        fail("Say why with --note." if needed.note else "Give a reason with --reason: " + ", ".join(Reason))
