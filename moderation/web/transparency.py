"""What was received and decided, month by month: for people, for spreadsheets and for programs."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response

from moderation import reasons, sheets, sparing, statements
from moderation.models.public import Figure
from moderation.pages import transparency as pages
from moderation.pages.transparency import MonthLine, Part
from moderation.web.dependencies import Now, Parts, ThisApp

router = APIRouter()
PUBLIC = {"Cache-Control": "public, no-cache"}
_RESTRICTIONS = (Figure.RESTRICTED, Figure.NOTIFIED)
_NAMES = {Figure.WAIT: "median_wait_hours"}


@router.get("/transparency")
def show(app: ThisApp, now: Now) -> Response:
    with app.reading() as session:
        reasons.recall(session, app.wording, now)
    with app.public_reading() as session:
        page = pages.transparency(session)
    drawn = pages.chart(page.months) if page.months else None
    return app.page("transparency.html", page, headers=PUBLIC, charts=drawn, fewest=sparing.FEWEST)


@router.get("/transparency.csv")
def sheet(app: ThisApp, request: Request) -> Response:
    """A row for each number, in the fields of the transparency database where it is one of restrictions."""
    months, headers = _all(app, request)
    if months is None:
        return Response(status_code=304, headers=headers)
    heads = ("month", "figure", "part", *statements.FIELDS, "count")
    rows = [heads, *(row for line in months for row in _rows(line))]
    text = sheets.MARK + "".join(f"{sheets.row(row, app.settings.language)}\r\n" for row in rows)
    headers |= {"Content-Disposition": 'attachment; filename="transparency.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


@router.get("/transparency.json")
def document(app: ThisApp, request: Request) -> Response:
    months, headers = _all(app, request)
    if months is None:
        return Response(status_code=304, headers=headers)
    told = {"fewest": sparing.FEWEST, "time_zone": "UTC", "months": [_told(line) for line in months]}
    return Response(json.dumps(told), media_type="application/json", headers=headers)


def _all(app: Parts, request: Request) -> tuple[tuple[MonthLine, ...] | None, dict[str, str]]:
    """None for who has them already."""
    with app.public_reading() as session:
        headers = PUBLIC | {"ETag": app.etag(f"transparency-{pages.latest(session)}")}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return None, headers
        return pages.every(session), headers


def _rows(line: MonthLine) -> Iterator[tuple[str | int, ...]]:
    """The whole of each figure, and its parts."""
    none = ("",) * len(statements.FIELDS)
    for figure in Figure:
        whole = line.wholes[figure]
        few = "" if figure is Figure.WAIT else f"<{sparing.FEWEST}"
        yield line.month.name, _NAMES.get(figure, figure.value), "", *none, few if whole is None else whole
        for part in line.parts[figure]:
            told = tuple(part.statement.values()) if figure in _RESTRICTIONS else none
            yield line.month.name, figure.value, _name(part) or "others", *told, part.count


def _told(line: MonthLine) -> dict[str, Any]:
    told: dict[str, Any] = {"month": line.month.name}
    told |= {_NAMES.get(figure, figure.value): line.wholes[figure] for figure in Figure}
    for figure in _RESTRICTIONS:
        told[f"{figure}_by"] = [
            _fields(part) | {"reason": _name(part), "count": part.count} for part in line.parts[figure]
        ]
    for figure in (Figure.APPEALED, Figure.ANSWERED):
        told[f"{figure}_by"] = {_name(part) or "others": part.count for part in line.parts[figure]}
    return told


def _fields(part: Part) -> dict[str, str | list[str] | None]:
    """As that database takes them: lists where it takes several, nothing where there is none in common."""
    return {
        name: [said] if name in statements.LISTS else said or None for name, said in part.statement.items()
    }


def _name(part: Part) -> str | None:
    return None if part.is_others else part.name
