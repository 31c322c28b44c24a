import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Sent, add_person, send, sign_in
from page import Page, plain
from starlette.testclient import TestClient

from moderation import articles, contesting, decisions
from moderation.accounts import Person
from moderation.articles import Content
from moderation.lifecycle import Action, Reason
from moderation.models.people import Role
from moderation.pages import statistics
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WAITED = (
    "Attente avant la première décision, par semaine | Semaine du 2 mars 2026 : "
    "la moitié en 1 j 12 h au plus, neuf sur dix en 2 j 12 h au plus"
)


def decide(
    parts: Parts, sent: Sent, by: Person, action: Action = Action.PUBLISH, reason: Reason | None = None
) -> None:
    now = parts.clock()
    with parts.writing() as session:
        decisions.decide(
            session, sent.id, action, revision=1, by=by.id, now=now, undo=timedelta(), reason=reason, note="!"
        )


@pytest.fixture
def some(parts: Parts, clock: FakeClock, article: str, ann: Person) -> None:
    """Two came on a Sunday, one on Monday; one is refused after a day and a half, one validated later."""
    first, second = send(parts, article, "Un."), send(parts, article, "Deux.")
    clock.tick(hours=36)
    send(parts, article, "Trois.")
    decide(parts, first, ann, Action.REFUSE, Reason.OFF_TOPIC)
    clock.tick(hours=24)
    decide(parts, second, ann)


def read(answer: Any, separator: str = ";") -> list[list[str]]:
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


@pytest.mark.usefixtures("some")
def test_the_page_says_how_it_goes_in_words_charts_and_tables(desk: TestClient) -> None:
    page = Page(desk.get("/desk/figures"))
    assert page.heading == "Chiffres"
    assert "La plus ancienne attend depuis 24 heures." in page.main
    assert "Depuis le 8 septembre 2025" in page.main
    assert page.texts(".legend")[0] == "3 reçues 2 décisions".replace(" 2", "2")
    assert [
        len(page.nodes(f"section[aria-labelledby={of}-title] tbody tr")) for of in ("weeks", "waits")
    ] == [
        26,
        26,
    ]
    rows = [plain(row.text(separator=" ")) for row in page.nodes("tbody tr")]
    assert [row for row in rows if row[-1] != "–" and not row.endswith(" 0 0")] == [
        "2 mars 1 2",
        "23 févr. 2 0",
        "2 mars 1 j 12 h 2 j 12 h",
        "hors sujet 1",
        "Ville 2",
    ]


@pytest.mark.usefixtures("some")
def test_each_chart_is_an_image_with_a_name_and_says_what_it_shows(desk: TestClient) -> None:
    page = Page(desk.get("/desk/figures"))
    said = []
    for image in page.nodes("svg[role=img]"):
        named = str(image.attributes["aria-labelledby"]).split()
        said.append(" | ".join(page.text(f"#{name}") for name in named))
    assert said == [
        "Contributions reçues et décisions, par semaine | 3 reçues, 2 décisions",
        WAITED,
        "Décisions par motif | hors sujet 1",
        "Décisions par rubrique | Ville 2",
    ]


def test_a_site_where_nothing_happened_yet_has_a_page_too(desk: TestClient) -> None:
    page = Page(desk.get("/desk/figures"))
    assert "Rien n’attend." in page.main
    assert len(page.nodes("svg[role=img]")) == 1


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (1, "Les décisions sont trop nombreuses pour être comptées ici."),
        (4, "trop nombreuses pour être toutes comptées ici : elles le sont depuis le 9 mars 2026."),
    ],
)
@pytest.mark.usefixtures("some")
def test_the_page_says_since_when_decisions_are_counted_where_they_are_too_many(
    parts: Parts,
    client: TestClient,
    clock: FakeClock,
    ann: Person,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    said: str,
) -> None:
    clock.tick(days=6)
    for number in range(3):
        decide(parts, send(parts, "le-pont", f"Encore {number}."), ann)
    desk = sign_in(parts, client, ann)
    monkeypatch.setattr(statistics, "LOOKED_AT", most)
    assert said in Page(desk.get("/desk/figures")).main
    week = read(desk.get("/desk/figures.csv?of=weeks"))[-2]
    assert week == ["2026-W10", "2026-03-02", "1", ""]


@pytest.mark.usefixtures("some")
def test_nobody_of_the_team_is_named_in_any_figure(parts: Parts, desk: TestClient, sami: Person) -> None:
    browser = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    page = Page(browser.get("/desk/figures"))
    assert "Ann" not in page.main
    for of in ("weeks", "waits", "reasons", "sections", "appeals"):
        assert b"Ann" not in desk.get(f"/desk/figures.csv?of={of}").content


@pytest.mark.usefixtures("some")
def test_every_chart_can_be_taken_into_a_spreadsheet(desk: TestClient) -> None:
    page = Page(desk.get("/desk/figures"))
    found = [node.attributes["href"] for node in page.nodes("main a[href*=csv]")]
    sheets = [read(desk.get(str(address))) for address in found]
    assert [(sheet[0], sheet[-1]) for sheet in sheets] == [
        (["semaine", "lundi", "contributions reçues", "décisions"], ["2026-W10", "2026-03-02", "1", "2"]),
        (
            ["semaine", "lundi", "attente médiane, en minutes", "90e centile de l’attente, en minutes"],
            ["2026-W10", "2026-03-02", "2160", "3600"],
        ),
        (["motif", "décisions"], ["hors sujet", "1"]),
        (["rubrique", "décisions"], ["Ville", "2"]),
    ]
    assert [len(sheet) for sheet in sheets] == [27, 27, 2, 2]
    assert sheets[1][1] == ["2025-W37", "2025-09-08", "", ""]


def test_a_sheet_is_private_and_opens_as_what_it_is(desk: TestClient) -> None:
    answer = desk.get("/desk/figures.csv?of=weeks")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="figures-weeks.csv"'
    assert answer.content.startswith('\ufeff"semaine";'.encode())
    assert answer.content.endswith(b"\r\n")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_name_of_a_section_is_never_a_formula(parts: Parts, desk: TestClient, ann: Person) -> None:
    with parts.writing() as session:
        content = Content(title="Le pré", body="", section='=HYPERLINK("https://evil.example";"ici")')
        articles.put(session, "pre", content, now=parts.clock())
    decide(parts, send(parts, "pre", "Un texte."), ann)
    assert read(desk.get("/desk/figures.csv?of=sections"))[1] == [f"'{content.section}", "1"]


def test_there_is_no_sheet_of_anything_else(desk: TestClient) -> None:
    assert desk.get("/desk/figures.csv?of=people").status_code == 422
    assert desk.get("/desk/figures.csv").status_code == 422


def test_an_english_sheet_is_apart_by_commas(build_parts: BuildParts) -> None:
    parts = build_parts(language="en")
    person = add_person(parts, "eve@example.org", "Eve", Role.MODERATOR)
    browser = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), person)
    answer = browser.get("/desk/figures.csv?of=weeks")
    assert read(answer, ",")[0] == ["week", "Monday", "contributions received", "decisions"]
    assert Page(browser.get("/desk/figures")).heading == "Figures"


def test_what_was_contested_is_told_and_can_be_taken_along(
    parts: Parts, desk: TestClient, ann: Person, pending: Sent
) -> None:
    assert "Aucune décision contestée sur cette période." in Page(desk.get("/desk/figures")).main
    decide(parts, pending, ann, Action.REFUSE, Reason.OFF_TOPIC)
    with parts.writing() as session:
        contesting.appeal(session, pending.tracking, "Pourtant.", revision=2, now=parts.clock())
    assert "pas encore relues : 1" in Page(desk.get("/desk/figures")).main
    assert read(desk.get("/desk/figures.csv?of=appeals"))[1:] == [["pas encore relues", "1"]]
