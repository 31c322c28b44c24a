"""Whether all is well, from the command line."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from moderation import chain, public_log
from moderation import doctor as doctors
from moderation.cli.console import Json, fail, open_parts, problems, say
from moderation.clock import utc
from moderation.doctor.finding import Finding, State, failure, ok
from moderation.settings import Settings

app = typer.Typer()
COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILURE: "red"}


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Look at everything a site rests on, a line each, and say what to do. Ends with 1 if something fails."""
    found: list[Finding] = []
    for finding in _findings():
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False))
    raise typer.Exit(1 if any(finding.fails for finding in found) else 0)


@app.command()
def verify_log(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A copy of /log.jsonl; the site’s own without it.")
    ] = None,
) -> None:
    """Check that no line of the public log was changed, dropped, slipped in or moved; print its last hash.

    Whoever noted that hash earlier finds it again in the line it was noted from.
    """
    try:
        if file is not None:
            with file.open("rb") as lines:
                _verified(chain.read(lines))
        else:
            with open_parts().reading() as session:
                _verified(chain.read(public_log.every(session)))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except ValueError as wrong:
        fail(f"The log does not hold together: {wrong}.")


def _verified(lines: Iterator[dict[str, object]]) -> None:
    count, last = 0, ""
    for line in lines:
        count, last = count + 1, str(line["hash"])
    say(f"{count} lines hold together.")
    typer.echo(last)


def _findings() -> Iterator[Finding]:
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in problems(error):
            yield failure("settings", problem, "The README lists what each may be.")
        return
    yield ok("settings", "each is understood")
    yield from doctors.examine(settings, utc)


def _show(finding: Finding) -> None:
    state = typer.style(f"{finding.state:<8}", fg=COLOURS[finding.state])
    typer.echo(f"{state} {finding.check}: {finding.said}")
    if finding.advice:
        typer.echo(f"         {finding.advice}")
