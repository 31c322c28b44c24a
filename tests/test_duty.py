from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from moderation import duty, members
from moderation.accounts import Person
from moderation.web.dependencies import Parts

PARIS = ZoneInfo("Europe/Paris")


def test_a_week_begins_on_monday_where_the_site_is() -> None:
    assert duty.week_of(datetime(2026, 3, 1, 22, 59, tzinfo=UTC), PARIS) == "2026-W09"
    assert duty.week_of(datetime(2026, 3, 1, 23, 0, tzinfo=UTC), PARIS) == "2026-W10"


def test_weeks_follow_each_other_over_the_year_and_the_change_of_the_clock() -> None:
    assert duty.coming(datetime(2026, 12, 28, tzinfo=UTC), PARIS, 2) == ["2026-W53", "2027-W01"]
    assert duty.coming(datetime(2026, 3, 28, tzinfo=UTC), PARIS, 2) == ["2026-W13", "2026-W14"]
    assert duty.monday("2026-W53", PARIS).isoformat() == "2026-12-28T00:00:00+01:00"


@pytest.mark.parametrize("week", ["", "2026", "2026-W54", "2026-W1x"])
def test_what_is_no_week_is_refused(week: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|Invalid week"):
        duty.monday(week, PARIS)


def test_who_is_on_duty_is_who_was_last_set_and_is_still_there(
    parts: Parts, ann: Person, sami: Person
) -> None:
    for people in ([sami.id], [ann.id, sami.id, 99]):
        with parts.writing() as session:
            duty.assign(session, "2026-W10", people)
    with parts.reading() as session:
        assert duty.on(session, ["2026-W10", "2026-W11"]) == {
            "2026-W10": [(ann.id, "Ann"), (sami.id, "Sami")],
            "2026-W11": [],
        }
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    with parts.reading() as session:
        assert duty.on(session, ["2026-W10"]) == {"2026-W10": [(ann.id, "Ann")]}
