"""Running the program: serving, bringing the database up to date, doing what is due."""

from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from moderation import database, delivery, logs, parent, serving
from moderation.cli.console import check, fail, open_parts, read_settings, say
from moderation.demo import load as demo_load
from moderation.web.app import post

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes share the work.")] = 1,
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log what the page cache answers and what monitors ask, too.")
    ] = False,
) -> None:
    """Serve the site, until SIGTERM or SIGINT."""
    check(read_settings())
    try:
        sockets = serving.bind(host, port)
    except OSError as error:
        fail(f"Cannot listen on {host}, port {port}: {error.strerror}.")
    serving.allow_files()
    logs.set_up(verbose=verbose)
    ready = partial(_ready, host, sockets[0].getsockname()[1], workers)
    if workers == 1:
        serving.alone(sockets, ready)
        well = True
    else:
        well = parent.keep(sockets, workers, ready, verbose=verbose)
    logs.tell("stopped")
    raise typer.Exit(0 if well else 1)


def _ready(host: str, port: int, workers: int) -> None:
    name = f"[{host}]" if ":" in host else host
    logs.tell("serving", address=f"http://{name}:{port}", workers=workers, version=version("moderation"))
    serving.notify_systemd()


@app.command()
def upgrade() -> None:
    """Bring the database up to date."""
    parts = open_parts(current=False)
    database.upgrade(parts.engine)
    say("The database is up to date.")


@app.command()
def demo() -> None:
    """Fill an empty database with invented articles and contributions."""
    parts = open_parts(current=False)
    database.upgrade(parts.engine)
    if demo_load.load(parts.engine, parts.clock()):
        say(f"Demo articles and contributions are in; {demo_load.MODERATOR_EMAIL} may sign in.")
    else:
        say("There are articles already: nothing was changed.")


@app.command()
def deliver() -> None:
    """Do what is due now, once: publications, erasures, letters. A running server does it by itself."""
    parts = open_parts()
    try:
        done = delivery.deliver(parts.engine, post(parts), parts.clock())
    except DBAPIError as error:
        fail(f"The database did not answer: {type(error.orig).__name__}")
    say(f"Done: {done}.")
