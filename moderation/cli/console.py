"""What every command shares: opening the program, and saying what went wrong."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from moderation import database, keyring, markup, migrations
from moderation.appeals import Unanswered
from moderation.deciders import MayNotDecide, Why
from moderation.decisions import NotFound, Stale
from moderation.lifecycle import IllegalMove
from moderation.remarks import LONGEST_NOTE, NoteTooLong, QuestionNeeded
from moderation.settings import Settings
from moderation.web.app import build
from moderation.web.dependencies import Parts

T = TypeVar("T")
# Closed when the command ends.
opened = ExitStack()
LONGEST_LINE = 200
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]


def say(message: str) -> None:
    typer.echo(message, err=True)


def fail(message: str) -> NoReturn:
    say(message)
    raise typer.Exit(1)


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for problem in problems(error):
            say(problem)
        raise typer.Exit(2) from None


def problems(error: ValidationError) -> list[str]:
    """What is wrong with the settings, one line each, by the names they have outside."""
    return [
        "".join(f"MODERATION_{name}: ".upper() for name in problem["loc"][:1]) + problem["msg"]
        for problem in error.errors()
    ]


def check(settings: Settings, *, current: bool = True) -> None:
    """Ends the command unless the databases answer and the schema is today’s. Makes no file and no folder."""
    if database.is_absent(settings.database_url):
        fail("There is no database yet. Run: moderation upgrade")
    found, known = asks(settings.database_url, migrations.revision), migrations.revisions()
    if found not in {None, *known}:
        fail(f"The database is of a newer program (revision {found}). Install that one.")
    if current and found != known[-1]:
        fail("The database is behind this program. Run: moderation upgrade")
    if settings.public_database_url:
        asks(settings.public_database_url, database.answers)


def asks(url: str, ask: Callable[[Engine], T]) -> T:
    engine = database.connect(url)
    try:
        return ask(engine)
    except DBAPIError as error:
        fail(f"The database did not answer: {first_line(error)}")
    finally:
        engine.dispose()


def open_parts(*, current: bool = True) -> Parts:
    """The program; `current` unless the command is what makes the database so."""
    settings = read_settings()
    try:
        if not current:
            database.make_room(settings.database_url)
            asks(settings.database_url, database.answers)
        check(settings, current=current)
        parts = build(settings)
    except keyring.Unreadable as error:
        fail(f"{error}.")
    except PermissionError as error:
        fail(f"{error.strerror}: {error.filename}.")
    opened.callback(parts.engine.dispose)
    return parts


def first_line(error: DBAPIError) -> str:
    """What the database itself said, without what it was told."""
    return str(error.orig).partition("\n")[0]


def line(text: str, what: str) -> str:
    """As it is kept and shown: one line, of a length the tables have room for."""
    try:
        return markup.plain_line(text, LONGEST_LINE)
    except markup.Refused:
        say(f"The {what} is one line of {LONGEST_LINE} characters at most, and not an empty one.")
        raise typer.Exit(2) from None


NOT_THEIRS = {
    Why.ASIDE: "They stood aside from it.",
    Why.OWN: "It is their own, and there is someone else.",
    Why.APPEALED: "Its author appeals their decision, and there is someone else.",
}


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
    except Unanswered:
        fail("Its author appeals: publish it, or refuse it and answer with --note.")
    except IllegalMove as move:
        fail(f"Not possible: it is {move.status}.")
    except MayNotDecide as refused:
        fail(NOT_THEIRS[refused.why])
    except QuestionNeeded:
        fail("Say what to ask with --note.")
    except NoteTooLong:
        fail(f"A note has {LONGEST_NOTE} characters at most.")
