"""The `moderation` command, put together."""

import os

import typer

from moderation.cli import authors, desk, health, keeping, keys, library, packets, reasons, server, team
from moderation.cli.console import opened

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Comments, read before they are published.",
)
for part in (server, team, desk, keeping, health, packets, authors):
    app.add_typer(part.app)
app.add_typer(library.app, name="article")
app.add_typer(keys.app, name="token")
app.add_typer(reasons.app, name="reason")


@app.callback()
def begin(context: typer.Context) -> None:
    # Databases, their journals, backups and keys hold what nobody else on this machine is to read.
    os.umask(0o077)
    context.call_on_close(opened.close)
