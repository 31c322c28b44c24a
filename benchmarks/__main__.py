"""`python -m benchmarks`: measures, and prints one table."""

import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
import uvloop

from benchmarks import deciding, figures, finding, hostile, reading, servers, stores, submitting, weighing
from benchmarks.figures import Row
from benchmarks.scale import FULL, MILLION, QUICK, SMOKE, USUAL, Scale
from benchmarks.stores import PostgreSQL, SQLite, Store

Measure = Callable[[Store, Path, Scale], Coroutine[Any, Any, list[Row]]]
PARTS: dict[str, Measure] = {
    "reading": reading.measure,
    "submitting": submitting.measure,
    "hostile": hostile.measure,
    "deciding": deciding.measure,
    "finding": finding.measure,
    "weighing": weighing.measure,
}
KEPT = Path(tempfile.gettempdir()) / "moderation-benchmarks"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->"


class Size(StrEnum):
    SMOKE = "smoke"
    QUICK = "quick"
    USUAL = "usual"
    FULL = "full"


class On(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


SCALES = {Size.SMOKE: SMOKE, Size.QUICK: QUICK, Size.USUAL: USUAL, Size.FULL: FULL}


def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(PARTS)}; all if none.")] = None,
    *,
    size: Annotated[Size, typer.Option(envvar="BENCH", help="About 2, 8 or 20 minutes.")] = Size.USUAL,
    million: Annotated[bool, typer.Option("--million", help="The desk with 1,000,000 comments too.")] = False,
    on: Annotated[list[On] | None, typer.Option(help="Of the databases; both if not said.")] = None,
    write: Annotated[Path | None, typer.Option(help="A file whose table is replaced.")] = None,
    kept: Annotated[Path, typer.Option(help="Where filled databases stay for the next run.")] = KEPT,
) -> None:
    """Measure the program against baselines, and print one table."""
    unknown = set(parts or ()) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"no such part: {', '.join(sorted(unknown))}")
    # What is measured is set here and nowhere else.
    for name in [name for name in os.environ if name.startswith("MODERATION_")]:
        del os.environ[name]
    scale = SCALES[size]
    if million:
        scale = replace(scale, sizes=(*scale.sizes, MILLION))
    kept.mkdir(exist_ok=True)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="moderation-bench-")))
        found = [_store(one, folder, kept, running) for one in on or list(On)]
        told = _circumstances(found, size)
        rows = [
            row
            for part in parts or PARTS
            for store in (found[:1] if part == "weighing" else found)
            for row in _measured(part, store, folder, scale)
        ]
    report = f"{told}\n\n{figures.table(rows)}"
    typer.echo(report)
    missed = [row for row in rows if row.verdict.startswith("missed")]
    typer.echo(f"\n{len(missed)} of {sum(row.bar is not None for row in rows)} bars missed.")
    if write is not None:
        _write(write, report)


def _store(on: On, folder: Path, kept: Path, running: ExitStack) -> Store:
    if on is On.SQLITE:
        return SQLite(folder, kept)
    given = os.environ.get("TEST_DATABASE_URL", "embedded")
    if given != "embedded":
        return running.enter_context(stores.given(given))
    # The embedded PostgreSQL keeps its lock here.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    return running.enter_context(stores.embedded(kept))


def _measured(part: str, store: Store, folder: Path, scale: Scale) -> list[Row]:
    typer.echo(f"{datetime.now(UTC):%H:%M:%S} {part}, {store.name}", err=True)
    place = folder / f"{part}-{store.name}"
    place.mkdir()
    rows = uvloop.run(PARTS[part](store, place, scale))
    # At once: what comes later may fail.
    typer.echo(figures.table(rows), err=True)
    return rows


def _circumstances(found: list[Store], size: Size) -> str:
    """What the figures depend on, and no name of a machine."""
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    if load > cores / 4:
        typer.echo(f"This machine is busy (load {load:.1f}): figures will be noisy.", err=True)
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    versions += [_postgresql(store) for store in found if isinstance(store, PostgreSQL)]
    versions += [f"uvicorn {version('uvicorn')}", servers.nginx_version()]
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    return (
        f"{when}, {size}, {cores} cores, load {load:.1f} at the start; {', '.join(filter(None, versions))}."
    )


def _postgresql(store: PostgreSQL) -> str:
    with psycopg.connect(store.server) as connection:
        return f"PostgreSQL {connection.info.server_version // 10000}"


def _write(file: Path, report: str) -> None:
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise typer.BadParameter(f"{file} has no place for the table: {BEGIN.strip()} … {END}")
    file.write_text(f"{before}{begin}\n{report}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
