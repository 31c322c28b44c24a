"""Packets for a lawyer or a judge, from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from moderation import accounts, packets, part, sealed
from moderation.cli.console import explained, fail, open_parts, say
from moderation.logs import escaped
from moderation.pages import packets as pages

app = typer.Typer()


@app.command()
def packet(
    comment_id: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="There must be none of that name.")],
    by: Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who hands it out: an admin.")],
    *,
    with_address: Annotated[
        bool, typer.Option("--with-address", help="With the address its author gave, as a judge may ask.")
    ] = False,
) -> None:
    """Write all there is of one contribution into one file that verifies offline; prints its seal.

    That it was made, by whom and when, is kept for ever and shown to the team. Give the seal apart.
    """
    parts = open_parts()
    try:
        with explained():
            seal = packets.make(
                parts.engine,
                parts.templates,
                file,
                comment_id,
                email=by,
                now=parts.clock(),
                with_address=with_address,
            )
    except packets.Exists:
        fail(f"There is something called {file} already.")
    except accounts.NotAnAdmin:
        fail(f"{by} is no admin of the team.")
    except part.Taken:
        fail("Another command is making the same file.")
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        fail(f"The packet could not be made: {error.strerror}{where}.")
    say(f"Written to {file}. Its seal, to be given apart:")
    typer.echo(seal)


@app.command()
def verify_packet(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Check that a packet holds together and that this site made it; say who and when, print its seal."""
    try:
        files = packets.opened(file)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except packets.NotAPacket as wrong:
        fail(escaped(f"{file} is no packet, or was changed: {wrong}."))
    if found := packets.faults(files):
        for one in found:
            say(f"{escaped(one)}.")
        fail("It is not as it was sealed.")
    seal = sealed.seal(files)
    with open_parts().reading() as session:
        known = pages.sealed(session, seal)
    if known is None:
        fail(f"This site knows of no packet with the seal {seal}.")
    address = "with the address" if known.with_address else "without the address"
    say(f"Made by {escaped(known.by)} on {known.at:%Y-%m-%d %H:%M} UTC, {address}.")
    typer.echo(seal)
