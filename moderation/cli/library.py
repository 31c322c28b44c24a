"""The articles, from the command line."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from moderation import articles
from moderation.articles import Content
from moderation.cli.console import fail, open_parts, say
from moderation.markup import Refused
from moderation.models.public import Mode

app = typer.Typer(no_args_is_help=True, help="The articles and their forums.")


@app.command("add")
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
    closed: Annotated[
        bool | None, typer.Option("--closed/--open", help="Whether the forum takes contributions.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the article of that slug.")] = False,
) -> None:
    """Add an article; its forum is open, a priori."""
    parts = open_parts()
    content = Content(
        title=title,
        body=_text_of(file),
        lead=lead,
        postscript=postscript,
        section=section,
        place=place,
        themes=tuple(theme or ()),
        proposer=proposer,
        featured=featured,
        mode=None if closed is None else Mode.CLOSED if closed else Mode.APRIORI,
    )
    try:
        with parts.writing() as session:
            articles.put(session, slug, content, now=parts.clock(), replace=replace)
    except articles.Exists:
        fail(f"There is an article “{slug}” already; --replace replaces it.")
    except articles.BadSlug:
        _refuse("A slug is made of small letters, digits and single dashes.")
    except Refused as refused:
        _refuse(f"Something is too long: {refused.found} characters, at most {refused.limit} are taken.")
    typer.echo(f"{parts.settings.site_url}/articles/{slug}")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        _refuse(f"{file} is not UTF-8.")


def _refuse(message: str) -> NoReturn:
    say(message)
    raise typer.Exit(2)
