"""Running the program: serving, bringing the database up to date, doing what is due."""

from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from moderation import database, delivery, logs, migrations, parent, serving
from moderation.cli.console import asks, check, fail, open_parts, read_settings, say
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
    settings = read_settings()
    check(settings)
    if asks(settings.database_url, database.is_read_only):
        place = make_url(settings.database_url).database
        fail(f"{place} may only be read: the file and its folder must be writable.")
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
def demo() -> None:
    """Fill an empty database with invented articles and contributions."""
    parts = open_parts(current=False)
    migrations.upgrade(parts.engine)
    if demo_load.load(parts.engine, parts.clock()):
        say(f"Demo articles and contributions are in; {demo_load.MODERATOR_EMAIL} may sign in.")
    else:
        say("There are articles already: nothing was changed.")


@app.command()
def deliver() -> None:
    """Do what is due now, once: publications, erasures, letters. A running server does it by itself."""
    parts = open_parts()
    try:
        done = delivery.deliver(parts.engine, post(parts), parts.clock(), parts.settings.periods)
    except DBAPIError as error:
        fail(f"The database did not answer: {type(error.orig).__name__}")
    say(f"Done: {done}.")
