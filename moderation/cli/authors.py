"""All of one author, from the command line: what is kept of them, and erasing it."""

from pathlib import Path
from typing import Annotated

import typer

from moderation import accounts, authors, mailboxes, part, portable
from moderation.cli.console import fail, open_parts, say
from moderation.logs import escaped
from moderation.pages import yours

app = typer.Typer()
Unconfirmed = Annotated[
    bool,
    typer.Option(
        "--unconfirmed",
        help="Also of an address nobody confirmed, once you know whose it is: others may type it.",
    ),
]
NOT_CONFIRMED = (
    "Nobody has confirmed that address, and anybody may have typed it. Know who asks, then say --unconfirmed."
)


@app.command()
def export_author(
    email: str,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="There must be none of that name.")
    ] = None,
    *,
    unconfirmed: Unconfirmed = False,
) -> None:
    """Write all that is kept of the texts that came with an address, as JSON, for the person who reads there.

    Without FILE it is printed. The names of who decided and the team’s own notes are not in it.
    """
    parts = open_parts()
    now = parts.clock()
    with parts.reading() as session:
        try:
            if not unconfirmed:
                authors.check(session, email)
        except authors.Unconfirmed:
            fail(NOT_CONFIRMED)
        found = yours.by_address(session, email, now)
        address = yours.address(session, mailboxes.digest(email))
    told = portable.written(parts.settings, found, now, address)
    if file is None:
        typer.echo("\n".join(escaped(line) for line in told.split("\n")))
    else:
        _write(file, told)
        say(f"{len(found)} contributions, written to {file}.")


@app.command()
def machine_address(comment_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print from which machine a contribution was sent, and when, if that is kept: for a court that asks."""
    with open_parts().reading() as session:
        kept = yours.machine(session, comment_id)
    if kept is None:
        fail("No address is kept of that one.")
    say(f"Sent on {kept.at:%Y-%m-%d %H:%M:%S} UTC from:")
    typer.echo(kept.address)


def _write(file: Path, told: str) -> None:
    if file.exists():
        fail(f"There is something called {file} already.")
    try:
        with part.beside(file) as new:
            new.path.write_text(told, encoding="utf-8")
            new.put()
    except part.Taken:
        fail("Another command is making the same file.")
    except OSError as error:
        fail(f"The file could not be made: {error.strerror}.")


@app.command()
def erase_author(
    email: str,
    by: Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who does it: an admin.")],
    *,
    unconfirmed: Unconfirmed = False,
) -> None:
    """Erase all texts that came with an address, published ones too, and what was said beside them.

    The log keeps that they were there, and that you did it. Nothing brings them back. May be begun again.
    """
    parts = open_parts()
    with parts.reading() as session:
        try:
            account = accounts.admin(session, by)
            if not unconfirmed:
                authors.check(session, email)
        except accounts.NotAnAdmin:
            fail(f"{by} is no admin of the team.")
        except authors.Unconfirmed:
            fail(NOT_CONFIRMED)
    done = authors.erase(parts.engine, email, parts.clock, by=account.id)
    say("They leave the files within seconds, on PostgreSQL at night, while a server runs.")
    typer.echo(done)
