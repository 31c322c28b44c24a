"""Running the program: serving, bringing the database up to date, doing what is due."""

import gc
from typing import Annotated, Any

import typer
import uvicorn
from sqlalchemy.exc import DBAPIError

from moderation import database, delivery
from moderation.cli.console import fail, open_parts, say
from moderation.demo import load as demo_load
from moderation.settings import Settings
from moderation.web.app import build, create_app, post

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Serve the site."""
    open_parts()
    say(f"Serving on http://{host}:{port}")
    uvicorn.run(
        "moderation.cli.server:served",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,  # it would write down addresses
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )


def served() -> Any:
    """What each server process builds for itself: no connection is carried over a fork."""
    app = create_app(build(Settings()))
    # What is there now stays: looking through it for garbage would hold a reader up for a tenth of a second.
    gc.collect()
    gc.freeze()
    return app


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
