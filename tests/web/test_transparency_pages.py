"""The figures of each month, as people read them, as spreadsheets and programs take them."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import timedelta

import pytest
from conftest import BuildParts, FakeClock, add_article, statements
from page import Page
from starlette.testclient import TestClient
from test_public_log import decide
from test_transparency import over, several

from moderation import statements as database
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.models.public import Figure, MonthFigure
from moderation.pages import transparency as pages
from moderation.sheets import MARK
from moderation.web.app import create_app
from moderation.web.dependencies import Parts


@pytest.fixture
def march(parts: Parts, clock: FakeClock, article: str, ann: Person) -> None:
    """Six published, thirteen refused for three reasons, one taken for spam."""
    outcomes: list[tuple[Action, Reason | None, int]] = [
        (Action.PUBLISH, None, 6),
        (Action.REFUSE, Reason.PRIVACY, 7),
        (Action.REFUSE, Reason.ILLEGAL, 4),
        (Action.REFUSE, Reason.OFF_TOPIC, 2),
        (Action.SPAM, None, 1),
    ]
    for action, reason, number in outcomes:
        for one in several(parts, article, number):
            decide(parts, one, ann, action, reason=reason, undo=timedelta())
        clock.tick(minutes=90)
    over(parts, clock)


def rows(page: Page, css: str = "#last-month ~ table") -> dict[str, str]:
    heads, cells = page.texts(f"{css} tbody th"), page.texts(f"{css} tbody td")
    return dict(zip(heads, cells, strict=True))


def test_the_page_is_public_without_a_cookie_and_linked_from_every_page_and_the_log(
    client: TestClient,
) -> None:
    for path in ("/", "/log"):
        assert Page(client.get(path)).hrefs["Transparence"] == "/transparency"
    assert Page(client.get("/log")).hrefs["Les chiffres de chaque mois"] == "/transparency"
    answer = client.get("/transparency")
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, "Transparence")
    assert "set-cookie" not in answer.headers
    assert "Aucun mois n’est encore à dire" in page.main
    assert not page.nodes("svg, table")
    assert json.loads(client.get("/transparency.json").content)["months"] == []


@pytest.mark.usefixtures("march")
def test_a_month_is_a_table_and_a_part_of_a_chart(client: TestClient) -> None:
    page = Page(client.get("/transparency"))
    assert page.text("#last-month") == "Mars 2026"
    assert rows(page) == {
        "Reçues": "20",
        "Publiées": "6",
        "Refusées ou dépubliées": "13",
        "atteinte à la vie privée": "7",
        "autres motifs, ensemble": "6",
        "Dépubliées après un signalement": "0",
        "Classées comme spam": "moins de 5",
        "Retirées par leur auteur·ice": "0",
        "Décisions contestées": "0",
        "Contestations closes": "0",
        "Attente médiane": "1 heure",
    }
    assert page.texts("svg.chart svg title") == [
        "Mars 2026. Reçues : 20, publiées : 6, refusées ou dépubliées : 13"
    ]


@pytest.mark.usefixtures("march")
def test_programs_have_the_fields_of_the_transparency_database(client: TestClient) -> None:
    answer = client.get("/transparency.json")
    assert answer.headers["content-type"] == "application/json"
    told = json.loads(answer.content)
    assert (told["fewest"], told["time_zone"]) == (5, "UTC")
    (month,) = told["months"]
    common = {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_DISABLED"],
        "content_type": ["CONTENT_TYPE_TEXT"],
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "No",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
    }
    assert month == {
        "month": "2026-03",
        "received": 20,
        "published": 6,
        "restricted": 13,
        "notified": 0,
        "spam": None,
        "withdrawn": 0,
        "appealed": 0,
        "answered": 0,
        "median_wait_hours": 1,
        "restricted_by": [
            common
            | {
                "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
                "category": "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
                "reason": "privacy",
                "count": 7,
            },
            common | {"decision_ground": None, "category": None, "reason": None, "count": 6},
        ],
        "notified_by": [],
        "appealed_by": {},
        "answered_by": {},
    }


@pytest.mark.usefixtures("march")
def test_spreadsheets_have_a_row_for_each_number(client: TestClient) -> None:
    answer = client.get("/transparency.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="transparency.csv"'
    text = answer.content.decode()
    assert text.startswith(MARK)
    found = list(csv.DictReader(io.StringIO(text.removeprefix(MARK)), delimiter=";"))
    assert set(database.FIELDS) < set(found[0])
    assert {(row["figure"], row["part"]): row["count"] for row in found} == {
        ("received", ""): "20",
        ("published", ""): "6",
        ("restricted", ""): "13",
        ("restricted", "privacy"): "7",
        ("restricted", "others"): "6",
        ("notified", ""): "0",
        ("spam", ""): "<5",
        ("withdrawn", ""): "0",
        ("appealed", ""): "0",
        ("answered", ""): "0",
        ("median_wait_hours", ""): "1",
    }
    of_privacy = next(row for row in found if row["part"] == "privacy")
    assert of_privacy["category"] == "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS"
    assert of_privacy["decision_ground"] == "DECISION_GROUND_INCOMPATIBLE_CONTENT"


@pytest.mark.usefixtures("march")
def test_what_is_too_small_is_in_no_byte_of_it(client: TestClient) -> None:
    for ending in ("", ".csv", ".json"):
        text = client.get(f"/transparency{ending}").text
        assert not [word for word in ("illegal", "off_topic", "illicite", "hors sujet") if word in text]


@pytest.mark.usefixtures("march")
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_who_has_the_files_is_sent_them_again_once_there_is_more(
    client: TestClient, parts: Parts, clock: FakeClock, ending: str
) -> None:
    path = f"/transparency.{ending}"
    seen = {"If-None-Match": client.get(path).headers["etag"]}
    with statements(parts.public_engine) as asked:
        answer = client.get(path, headers=seen)
    assert (answer.status_code, answer.content, len(asked)) == (304, b"", 1)
    clock.tick(days=30)
    over(parts, clock)
    answer = client.get(path, headers=seen)
    assert (answer.status_code, "2026-04" in answer.text) == (200, True)


def tell(parts: Parts, months: Iterable[str], count: int | None) -> None:
    with parts.writing() as session:
        for month in months:
            for figure in Figure:
                session.add(MonthFigure(month=month, figure=figure, count=count))


def test_the_last_two_years_are_on_the_page_and_the_last_one_in_its_chart(
    client: TestClient, parts: Parts
) -> None:
    months = [f"{year}-{number:02}" for year in (2023, 2024, 2025) for number in range(1, 13)]
    tell(parts, months, 7)
    page = Page(client.get("/transparency"))
    assert (page.text("#last-month"), len(page.nodes("table"))) == ("Décembre 2025", pages.SHOWN)
    assert len(page.nodes("svg.chart svg")) == pages.DRAWN
    assert "Les mois plus anciens sont dans les fichiers" in page.main
    assert [one["month"] for one in client.get("/transparency.json").json()["months"]] == months[::-1]


def test_a_month_in_which_nothing_happened_says_so_and_one_too_quiet_to_tell_does_not(
    client: TestClient, parts: Parts
) -> None:
    tell(parts, ["2026-03", "2026-01"], 7)
    tell(parts, ["2026-02", "2025-11", "2025-10", "2025-09"], 0)
    tell(parts, ["2025-12"], None)
    page = Page(client.get("/transparency"))
    assert "Février 2026 : rien." in page.main
    assert "De septembre 2025 à novembre 2025 : rien." in page.main
    assert page.texts("details summary") == ["Janvier 2026", "Décembre 2025"]
    assert set(page.texts("details:last-of-type td")) == {"moins de 5", "–"}


def test_nothing_drawn_is_higher_than_the_chart_and_what_is_not_told_stands_on_the_ground(
    parts: Parts,
) -> None:
    tell(parts, ["2026-03"], 21)
    tell(parts, ["2026-02"], None)
    with parts.reading() as session:
        drawn = pages.chart(pages.every(session))
    assert [mark.of for mark in drawn.marks] == [10, 20, 30]
    february, march = drawn.strips
    assert {top for _, top in february.tops} == {drawn.bottom}
    assert all(drawn.marks[-1].y < top < drawn.bottom for _, top in march.tops)
    assert february.left + drawn.width == pytest.approx(march.left, abs=0.01)


def test_the_page_is_there_in_english(build_parts: BuildParts) -> None:
    parts = build_parts(language="en")
    add_article(parts, "le-pont")
    with parts.writing() as session:
        session.add(MonthFigure(month="2026-03", figure=Figure.RESTRICTED, count=12))
        session.add(MonthFigure(month="2026-03", figure=Figure.RESTRICTED, part=Reason.PRIVACY, count=12))
    page = Page(TestClient(create_app(parts)).get("/transparency"))
    assert (page.heading, page.text("#last-month")) == ("Transparency", "March 2026")
    assert rows(page)["invades someone’s privacy"] == "12"
    assert rows(page)["Received"] == "fewer than 5"


def test_contested_spam_and_what_came_of_what_was_contested_are_told_apart(
    client: TestClient, parts: Parts
) -> None:
    figures = (
        *((Figure.APPEALED, "", 12), (Figure.APPEALED, "spam", 7), (Figure.APPEALED, "restricted", 5)),
        *((Figure.ANSWERED, "", 11), (Figure.ANSWERED, "upheld", 6), (Figure.ANSWERED, "changed", 5)),
    )
    with parts.writing() as session:
        for figure, part, count in figures:
            session.add(MonthFigure(month="2026-03", figure=figure, part=part, count=count))
    told = rows(Page(client.get("/transparency")))
    assert told["Décisions contestées"] == "12"
    assert (told["classements comme spam"], told["refus et dépublications"]) == ("7", "5")
    assert (told["décisions confirmées"], told["décisions modifiées"]) == ("6", "5")
    (month,) = json.loads(client.get("/transparency.json").content)["months"]
    assert month["appealed_by"] == {"spam": 7, "restricted": 5}
    assert month["answered_by"] == {"upheld": 6, "changed": 5}


def test_what_was_taken_down_after_a_notice_says_so_in_the_words_of_the_database(
    client: TestClient, parts: Parts
) -> None:
    with parts.writing() as session:
        session.add(MonthFigure(month="2026-03", figure=Figure.NOTIFIED, count=12))
        session.add(MonthFigure(month="2026-03", figure=Figure.NOTIFIED, part=Reason.ILLEGAL, count=12))
    (month,) = json.loads(client.get("/transparency.json").content)["months"]
    (told,) = month["notified_by"]
    assert (told["source_type"], told["reason"], told["count"]) == ("SOURCE_ARTICLE_16", "illegal", 12)
    assert "SOURCE_ARTICLE_16" in client.get("/transparency.csv").text
    assert rows(Page(client.get("/transparency")))["contenu illicite"] == "12"
