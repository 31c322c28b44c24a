"""Taking words out of a text without script: the passages, their preview, one button."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import FakeClock, Sent, send, sign_in
from page import Page
from starlette.testclient import TestClient
from test_voices import TWO, rule, speak

from moderation import delivery, standing, texts
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.markup import MAX_CHARACTERS
from moderation.models.queue import Comment
from moderation.web import redact, rewrite
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

MARK = "[passage retiré par la modération]"
SECRET = "Xaviérine Quatrebarbes"
TEXT = f"Le chantier est dirigé par {SECRET}, dit-on."


@pytest.fixture
def named(parts: Parts, article: str) -> Sent:
    return send(parts, article, TEXT, author="Zoé")


def post(browser: TestClient, sent: Sent, passages: str, step: str = "preview", revision: int = 1) -> Page:
    fields = {"revision": str(revision), "passages": passages, "step": step}
    return Page(browser.post(f"/desk/comments/{sent.id}/redact", data=fields))


def publish(browser: TestClient, sent: Sent, revision: int = 1) -> None:
    assert (
        browser.post(f"/desk/comments/{sent.id}/publish", data={"revision": str(revision)}).status_code == 303
    )


def test_a_name_is_taken_out_by_form_preview_and_one_button(desk: TestClient, named: Sent) -> None:
    opened = Page(desk.get(f"/desk/comments/{named.id}"))
    form = Page(desk.get(opened.hrefs["Retirer un passage"]))
    assert (form.heading, MARK in form.main) == ("Retirer un passage", True)
    assert form.text("#source") == TEXT
    shown = post(desk, named, f"{SECRET}\r\n")
    assert shown.text(".sheet .text") == f"Le chantier est dirigé par {MARK}, dit-on."
    assert "pendant 90 jours" in shown.text("#next")
    assert "Restent le nom de l’auteur·ice" in shown.text("#next")
    saving = next(one for one in shown.forms if "Retirer ces mots" in one.buttons)
    answer = desk.post(saving.action, data={**saving.fields, "step": "save"})
    assert answer.status_code == 303
    after = Page(desk.get(answer.headers["location"]))
    assert "Passage retiré." in after.alert
    assert MARK in after.text(".judged")
    assert SECRET not in after.text(".judged")
    assert SECRET in " ".join(after.texts(".rewritten del"))
    assert "passage retiré par Ann" in after.text(".history")
    assert any("Annuler cette décision" in one.buttons for one in after.forms)


def test_promise_01_the_words_are_in_no_public_byte(
    desk: TestClient, client: TestClient, named: Sent, settle: Callable[[], None], article: str
) -> None:
    publish(desk, named)
    settle()
    places = (f"/articles/{article}", f"/api/v1/articles/{article}/comments", "/")
    assert SECRET in client.get(places[0]).text
    answer = desk.post(
        f"/desk/comments/{named.id}/redact", data={"revision": "2", "passages": SECRET, "step": "save"}
    )
    assert answer.status_code == 303
    for place in places:
        assert "Quatrebarbes" not in client.get(place).text
    page = Page(client.get(places[0]))
    assert MARK in page.text(".contributions .text")
    assert page.texts(".contributions .mark") == ["Passage retiré par la modération le 1er mars 2026"]


def test_the_author_reads_what_was_taken_until_the_appeal_is_over(
    desk: TestClient,
    client: TestClient,
    named: Sent,
    settle: Callable[[], None],
    clock: FakeClock,
    parts: Parts,
) -> None:
    post(desk, named, SECRET, "save")
    settle()
    before = Page(client.get(f"/track/{named.tracking}"))
    assert SECRET in " ".join(before.texts(".exact del"))
    assert "90 jours" in before.main
    clock.tick(days=90)
    delivery.effects(parts.engine, clock())
    after = Page(client.get(f"/track/{named.tracking}"))
    assert "Quatrebarbes" not in after.html
    assert "Les mots d’avant ont été effacés" in after.main
    item = Page(desk.get(f"/desk/comments/{named.id}", follow_redirects=True))
    assert "Quatrebarbes" not in item.html


def test_what_the_passages_leave_is_told_before_anything_is_kept(
    desk: TestClient, parts: Parts, article: str
) -> None:
    sent = send(parts, article, "Voir Secret ou ses Secrets.")
    shown = post(desk, sent, "Secret")
    assert shown.texts(".left li") == ["Secret"]
    assert post(desk, sent, "Secret\nSecrets").texts(".left") == []


@pytest.mark.parametrize(
    ("passages", "said"),
    [
        (" \r\n", "Écrivez au moins un passage à retirer."),
        ("Jean Dupont", "Ce qui suit ne se trouve pas dans le texte"),
    ],
)
def test_what_is_not_in_the_text_is_given_back_and_named(
    desk: TestClient, named: Sent, passages: str, said: str
) -> None:
    for step in ("preview", "save"):
        answer = post(desk, named, f"{passages}", step)
        assert answer.status == 422
        assert answer.error("passages").startswith(said)
        assert answer.texts(".missing q") == [passages.strip()] * bool(passages.strip())
        assert answer.text("#passages") == passages.strip()


def test_of_many_passages_that_are_not_in_the_text_ten_are_named(desk: TestClient, named: Sent) -> None:
    answer = post(desk, named, "\n".join(f"absent {number}" for number in range(100)))
    assert answer.status == 422
    assert answer.texts(".missing li")[:2] == ["absent 10", "absent 11"]
    assert answer.texts(".missing li")[10:] == ["et 90 autres"]


MARKS = "\u0301\u0316" * 10_000


@pytest.mark.parametrize(
    "passages",
    ["\n".join(map(str, range(101))), "x" * 10_001 + "\n" + "y" * 10_000, "e" + MARKS],
    ids=["many", "long", "marks"],
)
def test_so_many_passages_are_taken_out_in_one_go_and_no_more(
    desk: TestClient, named: Sent, passages: str
) -> None:
    answer = post(desk, named, passages, "save")
    assert answer.status == 422
    assert answer.error("passages").startswith("Au plus 100 passages à la fois")
    assert answer.text("#passages").split() == passages.split()


def test_promise_04_what_changed_meanwhile_is_explained_and_what_was_typed_is_kept(
    desk: TestClient, parts: Parts, sami: Person, named: Sent
) -> None:
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    publish(other, named)
    late = post(desk, named, SECRET, "save")
    assert late.status == 409
    assert "validée par Sami" in late.alert
    assert late.text("#passages") == SECRET
    assert MARK in late.text(".sheet .text")
    assert post(desk, named, SECRET, "save", revision=2).status == 303


def test_a_correction_that_is_not_public_yet_is_undone_or_waited_for(
    desk: TestClient, named: Sent, settle: Callable[[], None], clock: FakeClock
) -> None:
    publish(desk, named)
    settle()
    fields = {"revision": "2", "text": f"{TEXT} Oui.", "step": "save"}
    assert desk.post(f"/desk/comments/{named.id}/correct", data=fields).status_code == 303
    clock.tick(seconds=5)
    early = post(desk, named, SECRET, "save", revision=3)
    assert early.status == 409
    for said in ("texte corrigé par Ann", "attendez 15 secondes", SECRET):
        assert said in early.alert
    settle()
    assert post(desk, named, SECRET, "save", revision=3).status == 303


def test_while_its_author_is_asked_a_text_is_left_as_it_is(
    desk: TestClient, named: Sent, settle: Callable[[], None]
) -> None:
    asked = desk.post(f"/desk/comments/{named.id}/ask", data={"revision": "1", "note": "D’où ?"})
    assert asked.status_code == 303
    for _ in range(2):
        early = Page(desk.get(f"/desk/comments/{named.id}/redact"))
        assert (early.status, "Seule une contribution qui attend" in early.alert) == (409, True)
        settle()


def test_it_takes_one_person_where_publishing_takes_several(
    desk: TestClient, ann: Person, sami: Person, parts: Parts, named: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, named, sami, Action.PUBLISH)
    speak(parts, named, ann, Action.PUBLISH)
    assert Page(desk.get(f"/desk/comments/{named.id}/redact")).status == 200
    assert post(desk, named, SECRET, "save", revision=2).status == 303


def test_who_is_named_in_it_lets_the_others_take_it_out(desk: TestClient, named: Sent) -> None:
    desk.post(f"/desk/comments/{named.id}/stand-aside")
    assert post(desk, named, SECRET, "save").status == 403


def test_in_english_the_mark_is_english(
    build_parts: Callable[..., Parts], ann: Person, named: Sent, settle: Callable[[], None]
) -> None:
    english = build_parts(language="en", undo_seconds=0)
    browser = sign_in(english, TestClient(create_app(english), follow_redirects=False), ann)
    post(browser, named, SECRET, "save")
    publish(browser, named, revision=2)
    settle()
    page = Page(browser.get("/articles/le-pont"))
    assert "[passage removed by the moderators], dit-on." in page.text(".contributions .text")


def test_the_api_of_moderators_has_the_text_without_the_words(
    desk: TestClient, named: Sent, run: Callable[..., object]
) -> None:
    post(desk, named, SECRET, "save")
    shown = run("show", named.id, "--json")
    assert "Quatrebarbes" not in shown.stdout  # type: ignore[attr-defined]


def test_what_was_taken_out_already_is_not_taken_out_again(desk: TestClient, named: Sent) -> None:
    post(desk, named, SECRET, "save")
    again = post(desk, named, MARK, "save", revision=2)
    assert again.status == 422
    assert "il n’y a rien à enregistrer" in again.error("passages")


# What an attacker found


@pytest.mark.parametrize("other", ["redact", "correct"])
def test_a_revision_named_ahead_of_time_brings_back_no_word_just_taken_out(
    desk: TestClient,
    parts: Parts,
    sami: Person,
    named: Sent,
    monkeypatch: pytest.MonkeyPatch,
    other: str,
) -> None:
    """Ann’s redaction comes between what Sami’s request reads and what it writes."""
    browser = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    module = {"redact": redact, "correct": rewrite}[other]
    read = module.found

    def late(app: Parts, person: Person, *what: Any) -> Any:
        page = read(app, person, *what)
        if person.id == sami.id and page.card.revision == 1:
            assert post(desk, named, SECRET, "save").status == 303
        return page

    monkeypatch.setattr(module, "found", late)
    fields = {"revision": "2", "passages": "chantier", "text": f"{TEXT} Oui.", "step": "save"}
    answer = Page(browser.post(f"/desk/comments/{named.id}/{other}", data=fields))
    assert answer.status == 409
    assert SECRET not in source(parts, named)


def test_of_the_longest_text_words_are_taken_out_put_back_and_corrected(
    desk: TestClient, parts: Parts, article: str
) -> None:
    words = "Tel 0612345678. " + "mot " * 2496
    sent = send(parts, article, words.ljust(MAX_CHARACTERS, "x"))
    assert post(desk, sent, "0612345678", "save").status == 303
    undone = desk.post("/desk/undo", data={"decision": last_decision(parts, sent)})
    assert undone.status_code == 303
    assert post(desk, sent, "0612345678", "save", revision=3).status == 303
    long = source(parts, sent)
    assert long == words.replace("0612345678", MARK).ljust(len(long), "x")
    assert len(long) == MAX_CHARACTERS - len("0612345678") + len(MARK)
    for text, status in ((long + "x", 422), (long.replace("Tel", "Tél"), 303)):
        fields = {"revision": "4", "text": text, "step": "save"}
        assert desk.post(f"/desk/comments/{sent.id}/correct", data=fields).status_code == status
    assert source(parts, sent).startswith("Tél")


def last_decision(parts: Parts, sent: Sent) -> str:
    with parts.reading() as session:
        return str(standing.lines(session, sent.id)[0].id)


def source(parts: Parts, sent: Sent) -> str:
    """As it stands now."""
    with parts.reading() as session:
        return texts.newest(session, session.get_one(Comment, sent.id)).source
