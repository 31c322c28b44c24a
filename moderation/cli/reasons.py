"""The reasons a refusal may give, from the command line."""

import json

import typer

from moderation import reasons
from moderation.cli.console import Json, open_parts
from moderation.logs import escaped
from moderation.web.api_shapes import ReasonOffered

app = typer.Typer(no_args_is_help=True, help="The reasons a refusal may give.")


@app.command("list")
def reason_list(*, as_json: Json = False) -> None:
    """Those that are offered, in their order, as the site says them."""
    parts = open_parts()
    with parts.reading() as session:
        reasons.recall(session, parts.wording, parts.clock())
        offered = ReasonOffered.all(session, parts.wording, parts.templates.globals["label"])  # type: ignore[arg-type]
    if as_json:
        typer.echo(escaped(json.dumps([one.model_dump() for one in offered], ensure_ascii=False)))
        return
    for one in offered:
        typer.echo(f"{one.code}\t{escaped(one.label)}")
