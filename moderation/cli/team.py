"""The people of the team, from the command line."""

import json
from datetime import datetime
from typing import Annotated

import typer

from moderation import accounts, factors, members
from moderation.cli.console import Json, explained, fail, line, open_parts, say
from moderation.decisions import NotFound
from moderation.links import Opening
from moderation.logs import escaped
from moderation.models.people import Role
from moderation.models.queue import LetterKind
from moderation.web.dependencies import Parts

app = typer.Typer()
account_app = typer.Typer(no_args_is_help=True, help="The people of the team.")
app.add_typer(account_app, name="account")


@account_app.command("add")
def account_add(
    email: str,
    role: Annotated[Role, typer.Option()],
    name: Annotated[str, typer.Option(help="The name others of the team see.")] = "",
    section: Annotated[
        list[str] | None, typer.Option(help="All a moderator sees; may be said again for another.")
    ] = None,
) -> None:
    """Open an account and invite its person: by mail where mail is set up, by the printed link always."""
    parts = open_parts()
    said = line(name or email.partition("@")[0], "name")
    now = parts.clock()
    sections = [line(one, "section") for one in section or ()]
    try:
        with parts.writing() as session:
            accounts.add(session, email, said, role, now, sections)
            opening = accounts.ask(
                session, email, now, mail=LetterKind.INVITATION, lasts=accounts.INVITATION_LASTS
            )
            link = _link(parts, opening.id, now)
    except accounts.NotAnAddress:
        say(f"{email} is not an e-mail address.")
        raise typer.Exit(2) from None
    except accounts.Exists:
        fail(f"{email} has an account already.")
    say(f"{email} is a {role}. This link signs in once, within seven days:")
    typer.echo(link)


@account_app.command("list")
def account_list(*, as_json: Json = False) -> None:
    """Who is of the team."""
    parts = open_parts()
    with parts.reading() as session:
        people = accounts.present(session)
        rows = [{"email": a.email, "name": a.name, "role": a.role, "sections": a.sections} for a in people]
        sees = [f"\t{escaped(', '.join(a.sections))}" if a.sections else "" for a in people]
    if as_json:
        typer.echo(escaped(json.dumps(rows, ensure_ascii=False)))
    else:
        for row, sections in zip(rows, sees, strict=True):
            typer.echo("\t".join(escaped(str(row[key])) for key in ("email", "role", "name")) + sections)


@account_app.command("remove")
def account_remove(
    email: str,
    *,
    force: Annotated[bool, typer.Option("--force", help="Even the last who administers.")] = False,
) -> None:
    """Close an account: signed out everywhere, address forgotten; the log keeps the name."""
    parts = open_parts()
    try:
        with explained(), parts.writing() as session:
            members.remove(session, email, parts.clock(), force=force)
    except members.LastAdmin:
        fail(f"{email} is the last admin. Add another first, or say --force.")
    say(f"{email} is no longer of the team.")


@account_app.command("reset-factors")
def account_reset_factors(email: str) -> None:
    """For who lost everything: no password, codes or passkeys any more, signed out everywhere.

    The mailed link, or `sign-in-link`, opens the account again. Make sure first that it is them who ask.
    """
    parts = open_parts()
    with explained(), parts.writing() as session:
        factors.reset(session, email, parts.clock())
    say(f"{email} signs in by link alone now: password, codes and passkeys are gone.")


@app.command()
def sign_in_link(email: str) -> None:
    """Print a link that signs somebody in once, within fifteen minutes."""
    parts = open_parts()
    now = parts.clock()
    with explained(), parts.writing() as session:
        account = accounts.by_email(session, email)
        if account is None:
            raise NotFound
        opening = accounts.ask(session, email, now, mail=None)
        link = _link(parts, opening.id, now)
    typer.echo(link)


def _link(parts: Parts, sign_in: str, now: datetime) -> str:
    return f"{parts.settings.site_url}/sign-in/{parts.links.sign(Opening(sign_in), now)}"
