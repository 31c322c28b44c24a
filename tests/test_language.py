from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import plain

from moderation.language import Language, french

FRENCH, ENGLISH = Language("fr", "Europe/Paris"), Language("en", "Europe/Paris")


@pytest.mark.parametrize(
    ("moment", "fr", "en"),
    [
        (datetime(2019, 5, 6, 12, tzinfo=UTC), "6 mai 2019", "6 May 2019"),
        (datetime(2020, 7, 1, 12, tzinfo=UTC), "1er juillet 2020", "1 July 2020"),
        (datetime(2020, 6, 30, 22, 30, tzinfo=UTC), "1er juillet 2020", "1 July 2020"),
        (datetime(2020, 7, 11, 12, tzinfo=UTC), "11 juillet 2020", "11 July 2020"),
        (datetime(2020, 12, 31, 23, 30, tzinfo=UTC), "1er janvier 2021", "1 January 2021"),
        (datetime(2021, 8, 21, 12, tzinfo=UTC), "21 août 2021", "21 August 2021"),
    ],
)
def test_a_date_is_said_as_in_the_place(moment: datetime, fr: str, en: str) -> None:
    assert (FRENCH.date(moment), ENGLISH.date(moment)) == (fr, en)


@pytest.mark.parametrize(
    ("moment", "fr", "en"),
    [
        (datetime(2019, 5, 6, 12, 5, tzinfo=UTC), "6 mai 2019 à 14\u00a0h\u00a005", "6 May 2019 at 14:05"),
        (
            datetime(2020, 6, 30, 22, 0, tzinfo=UTC),
            "1er juillet 2020 à 0\u00a0h\u00a000",
            "1 July 2020 at 00:00",
        ),
        (
            datetime(2020, 1, 15, 8, 9, tzinfo=UTC),
            "15 janvier 2020 à 9\u00a0h\u00a009",
            "15 January 2020 at 09:09",
        ),
    ],
)
def test_an_hour_follows_the_place_and_its_summer(moment: datetime, fr: str, en: str) -> None:
    assert (FRENCH.moment(moment), ENGLISH.moment(moment)) == (fr, en)


@pytest.mark.parametrize(("number", "said"), [(0, "complément"), (1, "complément"), (2, "compléments")])
def test_french_counts_nothing_and_one_as_one(number: int, said: str) -> None:
    assert FRENCH.ngettext("complément", "compléments", number) == said


@pytest.mark.parametrize(
    ("number", "fr", "en"),
    [(0, "0", "0"), (999, "999", "999"), (10_000, "10\u202f000", "10,000")],
)
def test_a_large_number_is_grouped_as_in_the_place(number: int, fr: str, en: str) -> None:
    assert (FRENCH.number(number), ENGLISH.number(number)) == (fr, en)


@pytest.mark.parametrize(
    ("lasted", "fr", "en"),
    [
        (timedelta(seconds=5), "1 minute", "1 minute"),
        (timedelta(minutes=119), "119 minutes", "119 minutes"),
        (timedelta(minutes=120), "2 heures", "2 hours"),
        (timedelta(hours=47, minutes=59), "47 heures", "47 hours"),
        (timedelta(hours=71), "2 jours", "2 days"),
        (timedelta(days=400), "400 jours", "400 days"),
    ],
)
def test_an_age_is_said_in_whole_units_that_have_passed(lasted: timedelta, fr: str, en: str) -> None:
    assert (plain(FRENCH.age(lasted)), plain(ENGLISH.age(lasted))) == (fr, en)


@pytest.mark.parametrize(
    ("lasted", "fr", "en"),
    [
        (timedelta(seconds=59), "0 min", "0 min"),
        (timedelta(minutes=42), "42 min", "42 min"),
        (timedelta(hours=5), "5 h", "5 h"),
        (timedelta(hours=5, minutes=20), "5 h 20 min", "5 h 20 min"),
        (timedelta(days=3), "3 j", "3 d"),
        (timedelta(days=3, hours=4, minutes=59), "3 j 4 h", "3 d 4 h"),
    ],
)
def test_a_span_is_short(lasted: timedelta, fr: str, en: str) -> None:
    assert (plain(FRENCH.span(lasted)), plain(ENGLISH.span(lasted))) == (fr, en)
    assert " " not in FRENCH.span(lasted)


@pytest.mark.parametrize(
    ("moment", "fr", "en"),
    [
        (datetime(2026, 5, 31, 22, 0, tzinfo=UTC), "1er juin", "1 Jun"),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), "23 nov.", "23 Nov"),
    ],
)
def test_a_short_date_has_no_year(moment: datetime, fr: str, en: str) -> None:
    assert (FRENCH.short_date(moment), ENGLISH.short_date(moment)) == (fr, en)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Motif : hors sujet", "Motif\u00a0: hors sujet"),
        ("Vraiment ? Oui ! Bien ; soit.", "Vraiment\u202f? Oui\u202f! Bien\u202f; soit."),
        ("« Envoyer »", "«\u00a0Envoyer\u00a0»"),
        ("«Envoyer»", "«\u00a0Envoyer\u00a0»"),
        ("la page « Suivre » :", "la page «\u00a0Suivre\u00a0»\u00a0:"),
        ("plus de 1 000 000, dont 12 345 à 10 h", "plus de 1\u202f000\u202f000, dont 12\u202f345 à 10 h"),
        ("à 12:30, %(name)s", "à 12:30, %(name)s"),
        ("<a href='x?y=1;z'>a</a>", "<a href='x?y=1;z'>a</a>"),
    ],
)
def test_spaces_are_hardened_where_french_asks_for_it(written: str, said: str) -> None:
    assert french(written) == said
    assert FRENCH.gettext(written) == said


@given(st.text("aé «»:;!?\u00a0\u202f", max_size=30))
def test_hardening_twice_is_hardening_once(text: str) -> None:
    once = french(text)
    assert french(once) == once
    assert [c for c in once if not c.isspace()] == [c for c in text if not c.isspace()]


def test_english_spaces_are_left_alone() -> None:
    assert ENGLISH.gettext("Rien de tel : « ici » !") == "Rien de tel : « ici » !"


@pytest.mark.parametrize(
    ("lasted", "said"),
    [
        (timedelta(), "1 minute"),
        (timedelta(seconds=61), "2 minutes"),
        (timedelta(minutes=60), "60 minutes"),
        (timedelta(minutes=61), "2 heures"),
        (timedelta(hours=24), "24 heures"),
        (timedelta(hours=25), "2 jours"),
    ],
)
def test_what_takes_at_most_so_long_is_never_said_to_take_less(lasted: timedelta, said: str) -> None:
    assert plain(FRENCH.at_most(lasted)) == said
