"""The command line: the same use cases as the pages, for who installs and for scripts."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from moderation import accounts, articles, database, decisions, delivery
from moderation.accounts import Person
from moderation.articles import Content
from moderation.decisions import NotFound, ReasonNeeded, Stale
from moderation.demo import load as demo_load
from moderation.lifecycle import Action, IllegalMove, Reason, Status
from moderation.links import Opening
from moderation.models.public import Mode
from moderation.models.queue import LetterKind, Role
from moderation.pages import desk as pages
from moderation.settings import Settings
from moderation.web.app import build, create_app, post
from moderation.web.dependencies import Parts

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Comments, read before they are published."
)
account_app = typer.Typer(no_args_is_help=True, help="The people of the team.")
article_app = typer.Typer(no_args_is_help=True, help="The articles and their forums.")
app.add_typer(account_app, name="account")
app.add_typer(article_app, name="article")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]
# The command line is the operator's: it sees everything, under nobody's name.
OPERATOR = Person(0, "", "", Role.ADMIN)


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _fail(message: str) -> NoReturn:
    _say(message)
    raise typer.Exit(1)


def _parts(*, current: bool = True) -> Parts:
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            _say(f"MODERATION_{'_'.join(map(str, problem['loc'][:1])).upper()}: {problem['msg']}")
        raise typer.Exit(2) from None
    parts = build(settings)
    if current and not database.is_current(parts.engine):
        _fail("The database is behind this program. Run: moderation upgrade")
    return parts


@contextmanager
def _explained() -> Generator[None]:
    """The state of things said in words, with exit code 1."""
    try:
        yield
    except NotFound:
        _fail("There is no such thing.")
    except Stale as stale:
        by = f" by {stale.last.by or 'its author'}" if stale.last else ""
        _fail(f"It changed{by}: it is now {stale.status}, revision {stale.revision}.")
    except IllegalMove as move:
        _fail(f"Not possible: it is {move.status}.")
    except ReasonNeeded as needed:
        _fail("Say why with --note." if needed.note else "Give a reason with --reason: " + ", ".join(Reason))


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Serve the site."""
    _parts()
    _say(f"Serving on http://{host}:{port}")
    uvicorn.run(
        "moderation.cli:served",
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
    return create_app(build(Settings()))


@app.command()
def upgrade() -> None:
    """Bring the database up to date."""
    parts = _parts(current=False)
    database.upgrade(parts.engine)
    _say("The database is up to date.")


@app.command()
def demo() -> None:
    """Fill an empty database with invented articles and contributions."""
    parts = _parts(current=False)
    database.upgrade(parts.engine)
    if demo_load.load(parts.engine, parts.clock()):
        _say(f"Demo articles and contributions are in; {demo_load.MODERATOR_EMAIL} may sign in.")
    else:
        _say("There are articles already: nothing was changed.")


@account_app.command("add")
def account_add(
    email: str,
    role: Annotated[Role, typer.Option()],
    name: Annotated[str, typer.Option(help="The name others of the team see.")] = "",
) -> None:
    """Open an account and invite its person: by mail where mail is set up, by the printed link always."""
    parts = _parts()
    if "@" not in email:
        _say(f"{email} is not an e-mail address.")
        raise typer.Exit(2)
    now = parts.clock()
    letter = LetterKind.INVITATION if parts.settings.smtp_url else None
    try:
        with parts.writing() as session:
            accounts.add(session, email, name or email.partition("@")[0], role, now)
            opening = accounts.ask(session, email, now, mail=letter, lasts=accounts.INVITATION_LASTS)
            link = _link(parts, opening.id, now)
    except accounts.Exists:
        _fail(f"{email} has an account already.")
    _say(f"{email} is a {role}. This link signs in once, within seven days:")
    typer.echo(link)


@account_app.command("list")
def account_list(*, as_json: Json = False) -> None:
    """Who is of the team."""
    parts = _parts()
    with parts.reading() as session:
        people = accounts.present(session)
        rows = [{"email": a.email, "name": a.name, "role": a.role} for a in people]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            typer.echo(f"{row['email']}\t{row['role']}\t{row['name']}")


@account_app.command("remove")
def account_remove(email: str) -> None:
    """Close an account: signed out everywhere, address forgotten; the log keeps the name."""
    parts = _parts()
    with _explained(), parts.writing() as session:
        accounts.remove(session, email, parts.clock())
    _say(f"{email} is no longer of the team.")


@app.command()
def sign_in_link(email: str) -> None:
    """Print a link that signs somebody in once, within fifteen minutes."""
    parts = _parts()
    now = parts.clock()
    with _explained(), parts.writing() as session:
        account = accounts.by_email(session, email)
        if account is None:
            raise NotFound
        opening = accounts.ask(session, email, now, mail=None)
        link = _link(parts, opening.id, now)
    typer.echo(link)


def _link(parts: Parts, sign_in: str, now: datetime) -> str:
    return f"{parts.settings.site_url}/sign-in/{parts.links.sign(Opening(sign_in), now)}"


@article_app.command("add")
def article_add(
    slug: str,
    title: Annotated[str, typer.Option()],
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The body, as HTML.")],
    lead: Annotated[str, typer.Option()] = "",
    section: Annotated[str, typer.Option()] = "",
    place: Annotated[str, typer.Option()] = "",
    theme: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    proposer: Annotated[str, typer.Option()] = "",
    postscript: Annotated[str, typer.Option(help="P.-S., as HTML.")] = "",
    *,
    featured: Annotated[bool, typer.Option("--featured", help="« À la une ».")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="The forum takes no contributions.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the article of that slug.")] = False,
) -> None:
    """Add an article; its forum is open, a priori."""
    parts = _parts()
    content = Content(
        title=title,
        body=file.read_text(encoding="utf-8"),
        lead=lead,
        postscript=postscript,
        section=section,
        place=place,
        themes=tuple(theme or ()),
        proposer=proposer,
        featured=featured,
        mode=Mode.CLOSED if closed else Mode.APRIORI,
    )
    try:
        with parts.writing() as session:
            articles.put(session, slug, content, now=parts.clock(), replace=replace)
    except articles.Exists:
        _fail(f"There is an article “{slug}” already; --replace replaces it.")
    except articles.BadSlug:
        _say("A slug is made of small letters, digits and single dashes.")
        raise typer.Exit(2) from None
    typer.echo(f"{parts.settings.site_url}/articles/{slug}")


@app.command()
def queue(
    status: Annotated[Status, typer.Option()] = Status.PENDING,
    after: Annotated[str | None, typer.Option(help="What `next` said on the page before.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """What waits, oldest first, fifty at a time."""
    parts = _parts()
    try:
        with parts.reading() as session:
            page = pages.queue(session, OPERATOR, status=status, after=after, done=None)
    except pages.BadCursor:
        _fail("There is no such place in the queue.")
    if as_json:
        items = [_as_json(card) for card in page.cards]
        typer.echo(json.dumps({"items": items, "next": page.next}, ensure_ascii=False))
        return
    for card in page.cards:
        author = card.author or "Anonyme"
        typer.echo(
            f"{card.id}\t{card.revision}\t{card.submitted_at:%Y-%m-%d %H:%M}\t{card.article_slug}\t{author}"
        )
    if page.next:
        _say(f"More: --after {page.next}")


def _as_json(card: pages.Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "kind": "new",
        "revision": card.revision,
        "status": card.status,
        "article": card.article_slug,
        "parent": None,
        "author": card.author,
        "html": str(card.html),
        "source": card.source,
        "findings": [{"kind": kind, "detail": detail} for kind, detail in card.findings],
        "submitted_at": _z(card.submitted_at),
    }


def _z(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@app.command()
def show(comment_id: Annotated[str, typer.Argument(metavar="ID")], *, as_json: Json = False) -> None:
    """One contribution with what was decided about it."""
    parts = _parts()
    with _explained(), parts.reading() as session:
        page = pages.item(session, OPERATOR, comment_id)
        if page is None:
            raise NotFound
    if as_json:
        typer.echo(json.dumps({**_as_json(page.card), **_history(page)}, ensure_ascii=False))
        return
    card = page.card
    typer.echo(f"{card.author or 'Anonyme'}, {card.submitted_at:%Y-%m-%d %H:%M}, {card.article_slug}")
    typer.echo(f"{card.status}, revision {card.revision}\n\n{card.source}\n")
    for kind, detail in card.findings:
        typer.echo(f"! {kind}: {detail}")
    for line in page.history:
        move = "undone" if line.undo else line.action
        typer.echo(
            f"{line.at:%Y-%m-%d %H:%M} {move} by {line.by or 'its author'} {line.reason or ''} {line.note}"
        )


def _history(page: pages.ItemPage) -> dict[str, Any]:
    lines = [
        {
            "id": line.id,
            "action": line.action,
            "undo": line.undo,
            "status": line.after,
            "reason": line.reason,
            "note": line.note,
            "by": line.by,
            "at": _z(line.at),
        }
        for line in reversed(page.history)
    ]
    return {"decisions": lines, "publication": None if page.number is None else {"number": page.number}}


@app.command()
def decide(
    comment_id: Annotated[str, typer.Argument(metavar="ID")],
    action: Action,
    by: Annotated[
        str, typer.Option("--as", help="Whose decision it is; needed when the team is of several.")
    ] = "",
    revision: Annotated[
        int | None, typer.Option(help="The revision seen; the present one if not given.")
    ] = None,
    reason: Annotated[Reason | None, typer.Option()] = None,
    note: Annotated[str, typer.Option(help="A few words for the author.")] = "",
) -> None:
    """Decide about one contribution; prints its new status."""
    parts = _parts()
    now = parts.clock()
    with _explained(), parts.writing() as session:
        person = _decider(session, by)
        seen = revision or _revision(session, comment_id)
        decision = decisions.decide(
            session,
            comment_id,
            action,
            revision=seen,
            by=person,
            now=now,
            undo=timedelta(seconds=parts.settings.undo_seconds),
            reason=reason,
            note=note,
        )
        status = decision.after
    typer.echo(status)


def _decider(session: Session, email: str) -> int:
    people = accounts.present(session)
    found = [person.id for person in people if not email or person.email == email.strip().casefold()]
    if len(found) != 1 or found[0] is None:
        _fail("Say who decides: --as EMAIL, of an account of the team.")
    return found[0]


def _revision(session: Session, comment_id: str) -> int:
    page = pages.item(session, OPERATOR, comment_id)
    if page is None:
        raise NotFound
    return page.card.revision


@app.command()
def deliver() -> None:
    """Do what is due now, once: publications, erasures, letters. A running server does it by itself."""
    parts = _parts()
    try:
        done = delivery.deliver(parts.engine, post(parts), parts.clock())
    except DBAPIError as error:
        _fail(f"The database did not answer: {type(error.orig).__name__}")
    _say(f"Done: {done}.")


def main() -> None:
    sys.exit(app())
