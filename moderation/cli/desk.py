"""The queue and its decisions, from the command line."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from sqlmodel import Session

from moderation import accounts, decisions, reasons
from moderation.accounts import Person
from moderation.cli.console import Json, explained, fail, open_parts, say
from moderation.decisions import NotFound
from moderation.lifecycle import BY_ITSELF, Action, Status
from moderation.logs import escaped
from moderation.models.people import Role
from moderation.pages import item as items
from moderation.pages import queue as lists
from moderation.pages.cards import Card
from moderation.pages.filters import Filter
from moderation.pages.log import Line
from moderation.pages.public import BadCursor
from moderation.remarks import ReasonNeeded
from moderation.voices import Heard
from moderation.web.api_shapes import Queue, Whole
from moderation.web.dependencies import Parts

app = typer.Typer()
# The command line is the operator’s: it sees everything, under nobody’s name.
OPERATOR = Person(0, "", "", Role.ADMIN)


@app.command()
def queue(
    status: Annotated[Status, typer.Option()] = Status.PENDING,
    after: Annotated[str | None, typer.Option(help="What `next` said on the page before.")] = None,
    search: Annotated[str, typer.Option(help="Words of the text, name or address, by how they begin.")] = "",
    article: Annotated[str, typer.Option(help="A slug.")] = "",
    section: Annotated[str, typer.Option()] = "",
    author: Annotated[str, typer.Option()] = "",
    email: Annotated[str, typer.Option()] = "",
    host: Annotated[str, typer.Option(help="Of a site it links to.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """What waits, oldest first, fifty at a time."""
    parts = open_parts()
    which = Filter(
        status, passed=None, q=search, article=article, section=section, author=author, email=email, host=host
    )
    try:
        with parts.reading() as session:
            page = lists.listing(session, OPERATOR, which, after=after)
    except BadCursor:
        fail("There is no such place in the queue.")
    if as_json:
        typer.echo(escaped(Queue.of(page).model_dump_json()))
        return
    for card in page.cards:
        at = f"{card.submitted_at:%Y-%m-%d %H:%M}"
        typer.echo(f"{card.id}\t{card.revision}\t{at}\t{card.article_slug}\t{_author(card)}")
    if page.next:
        say(f"More: --after {page.next}")


@app.command()
def show(comment_id: Annotated[str, typer.Argument(metavar="ID")], *, as_json: Json = False) -> None:
    """One contribution with what was decided about it."""
    parts = open_parts()
    with explained(), parts.reading() as session:
        found = items.item(session, OPERATOR, comment_id)
        if found is None:
            raise NotFound
    if as_json:
        typer.echo(escaped(Whole.of_item(found).model_dump_json()))
        return
    card = found.card
    typer.echo(f"{_author(card)}, {card.submitted_at:%Y-%m-%d %H:%M}, {card.article_slug}")
    typer.echo(f"{card.status}, revision {card.revision}\n\n{_quoted(card.source)}\n")
    for kind, detail in card.findings:
        typer.echo(escaped(f"! {kind}: {detail}"))
    for line in found.history:
        typer.echo(escaped(_said(line)))
        if line.note:
            typer.echo(_quoted(line.note))
    for exchange in found.exchange:
        typer.echo(f"Asked {exchange.asked_at:%Y-%m-%d %H:%M}\n{_quoted(exchange.question)}")
        if exchange.answered_at:
            typer.echo(f"Answered {exchange.answered_at:%Y-%m-%d %H:%M}\n{_quoted(exchange.answer)}")
    for packet in found.packets:
        typer.echo(f"{packet.at:%Y-%m-%d %H:%M} packet by {escaped(packet.by)}, seal {packet.seal}")


def _author(card: Card) -> str:
    return escaped(card.author or "Anonyme")


def _said(line: Line) -> str:
    move = "undone" if line.undo else line.action
    by = "by itself" if line.action in BY_ITSELF else f"by {line.by or 'its author'}"
    return f"{line.at:%Y-%m-%d %H:%M} {move} {by} {line.reason or ''}".rstrip()


def _quoted(text: str) -> str:
    """Set in, so that none of its lines looks like one of ours."""
    return "\n".join(f"    {escaped(line)}" for line in text.expandtabs(4).split("\n"))


@app.command()
def decide(
    comment_id: Annotated[str, typer.Argument(metavar="ID")],
    action: Action,
    by: Annotated[
        str, typer.Option("--as", help="Whose decision it is; the command line’s own if not given.")
    ] = "",
    revision: Annotated[
        int | None, typer.Option(min=1, help="The revision seen; the present one if not given.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="CODE", help="One that « moderation reason list » shows.")
    ] = None,
    note: Annotated[str, typer.Option(help="A few words for the author; with ask, the question.")] = "",
) -> None:
    """Decide about one contribution; prints its new status, or the present one if others must agree."""
    parts = open_parts()
    now = parts.clock()
    with explained(), _reasoned(parts, reason), parts.writing() as session:
        person = _decider(session, by, now)
        seen = revision or _revision(session, comment_id)
        made = decisions.speak(
            session,
            comment_id,
            action,
            revision=seen,
            by=person,
            now=now,
            undo=timedelta(seconds=parts.settings.undo_seconds),
            reason=reason,
            note=note,
            answer_within=timedelta(days=parts.settings.answer_days),
        )
        heard = made if isinstance(made, Heard) else None
        status = made.status if isinstance(made, Heard) else made.after
    if heard is not None:
        say("Heard; a veto stands." if heard.paused else f"Heard; {heard.missing} more needed.")
    typer.echo(status)


@contextmanager
def _reasoned(parts: Parts, given: str | None) -> Generator[None]:
    """What was missing said in words: to give none is refused, to give one that is none is wrong usage."""
    try:
        yield
    except ReasonNeeded as needed:
        if needed.note:
            fail("Say why with --note.")
        with parts.reading() as session:
            say("Give a reason with --reason: " + ", ".join(one.code for one in reasons.offered(session)))
        raise typer.Exit(2 if given else 1) from None


def _decider(session: Session, email: str, now: datetime) -> int:
    if not email:
        return accounts.operator(session, now)
    account = accounts.by_email(session, email)
    if account is None or account.id is None:
        fail(f"{email} is not of the team.")
    return account.id


def _revision(session: Session, comment_id: str) -> int:
    found = items.item(session, OPERATOR, comment_id)
    if found is None:
        raise NotFound
    return found.card.revision
