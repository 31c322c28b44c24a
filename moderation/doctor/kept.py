"""Whether what is kept for a while is erased when its time is over."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from moderation import database, retention
from moderation.doctor.finding import Finding, ok, warning
from moderation.settings import Periods

# A server looks several times a day.
WITHIN = timedelta(days=2)
# Days of which it is told what was erased.
TOLD = 30


def too_long(engine: Engine, now: datetime, periods: Periods) -> list[Finding]:
    with database.reading(engine) as session:
        over = retention.over(session, now - WITHIN, periods)
        done = retention.told(session, TOLD)
    if over:
        told = f"kept for longer than it should be: {', '.join(over)}"
        return [warning("retention", told, "Keep a server running, or run: moderation deliver")]
    if not done:
        return [ok("retention", "nothing was there for long enough yet")]
    last = [f"{one.count} {one.kind}" for one in done if one.day == done[0].day]
    return [ok("retention", f"nothing is kept for too long; erased on {done[0].day}: {', '.join(last)}")]
