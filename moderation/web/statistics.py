"""Figures for the team to look at, and to take into a spreadsheet."""

from enum import StrEnum
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from moderation import sheets
from moderation.pages import charts
from moderation.pages.statistics import statistics
from moderation.web.dependencies import Now, Reading, ThisApp
from moderation.web.people import PRIVATE, SignedIn

router = APIRouter(prefix="/desk")


class Sheet(StrEnum):
    WEEKS = "weeks"
    WAITS = "waits"
    REASONS = "reasons"
    SECTIONS = "sections"
    APPEALS = "appeals"


@router.get("/figures")
def show(app: ThisApp, session: Reading, person: SignedIn, now: Now) -> Response:
    page = statistics(session, person, ZoneInfo(app.settings.timezone), now)
    return app.page("figures.html", page, headers=PRIVATE, person=person, charts=charts.charts(page))


@router.get("/figures.csv")
def export(app: ThisApp, session: Reading, person: SignedIn, now: Now, of: Sheet) -> Response:
    page = statistics(session, person, ZoneInfo(app.settings.timezone), now)
    rows = app.templates.get_template("figures.txt").render(page=page, of=of).splitlines()
    text = sheets.MARK + "".join(f"{row}\r\n" for row in rows)
    headers = PRIVATE | {"Content-Disposition": f'attachment; filename="figures-{of}.csv"'}
    return Response(text, media_type="text/csv", headers=headers)
