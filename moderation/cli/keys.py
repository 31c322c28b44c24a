"""API tokens, from the command line."""

from typing import Annotated

import typer

from moderation import accounts, tokens
from moderation.cli.console import explained, line, open_parts, say
from moderation.decisions import NotFound
from moderation.logs import escaped
from moderation.tokens import Scope

app = typer.Typer(no_args_is_help=True, help="Keys to the API.")


@app.command("create")
def create(
    email: str,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[list[Scope] | None, typer.Option(help="May be given several times.")] = None,
) -> None:
    """Make a token for an account; it is shown once. It reads and moderates unless --scope says otherwise."""
    parts = open_parts()
    said = line(name, "name") if name else ""
    scopes = frozenset(scope or (Scope.READ, Scope.MODERATE))
    with explained(), parts.writing() as session:
        account = accounts.by_email(session, email)
        if account is None:
            raise NotFound
        secret = tokens.create(session, account, said, scopes, parts.clock())
    say(f"For {email}: {', '.join(sorted(scopes))}. Keep it; it cannot be shown again.")
    typer.echo(secret)


@app.command("list")
def list_tokens() -> None:
    """The tokens that open something, never their secrets."""
    parts = open_parts()
    with parts.reading() as session:
        for token, account in tokens.living(session):
            scopes = ",".join(token.scopes)
            typer.echo(
                f"{token.id}\t{account.email}\t{scopes}\t{token.created_at:%Y-%m-%d}\t{escaped(token.name)}"
            )


@app.command("revoke")
def revoke(number: Annotated[int, typer.Argument(help="As `token list` shows it.", min=1)]) -> None:
    """Close a token at once."""
    parts = open_parts()
    with explained(), parts.writing() as session:
        tokens.revoke(session, number, parts.clock())
    say("Revoked.")
