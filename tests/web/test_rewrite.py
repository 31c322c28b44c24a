"""Correcting a text as a moderator without script does it: a form, its preview, one button."""

from collections.abc import Callable

import pytest
from conftest import FakeClock, Sent, send, sign_in
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from test_voices import TWO, rule, speak

from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.models.queue import Comment, Decision, Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

RIGHT = "Le pont est aussi ouvert aux piétons."


@pytest.fixture
def sami_s(parts: Parts, sami: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)


def post(browser: TestClient, sent: Sent, text: str, step: str = "preview", revision: int = 1) -> Page:
    fields = {"revision": str(revision), "text": text, "step": step}
    return Page(browser.post(f"/desk/comments/{sent.id}/correct", data=fields))


def decide(browser: TestClient, sent: Sent, action: str, revision: int = 1) -> None:
    fields = {"revision": str(revision), "reason": "off_topic"}
    assert browser.post(f"/desk/comments/{sent.id}/{action}", data=fields).status_code == 303


def counts(parts: Parts) -> tuple[int, int]:
    """How many texts and how many lines of the log there are."""
    with parts.reading() as session:
        return len(session.exec(select(Version)).all()), len(session.exec(select(Decision)).all())


def test_a_typo_is_corrected_by_form_preview_and_one_button(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    opened = Page(desk.get(f"/desk/comments/{pending.id}"))
    form = Page(desk.get(opened.hrefs["Corriger le texte"]))
    assert (form.heading, form.value("text").strip()) == ("Corriger le texte", pending.text)
    shown = post(desk, pending, RIGHT)
    assert shown.status == 200
    assert (shown.texts(".exact del"), shown.texts(".exact ins")) == (
        ["[retiré :] vélos."],
        ["[ajouté :] piétons."],
    )
    assert RIGHT in shown.text(".sheet .text")
    assert "Corrigé par la modération" in shown.text(".sheet footer")
    assert counts(parts) == (1, 0)
    saving = next(one for one in shown.forms if "Enregistrer la correction" in one.buttons)
    answer = desk.post(saving.action, data={**saving.fields, "step": "save"})
    assert answer.status_code == 303
    assert counts(parts) == (2, 1)
    after = Page(desk.get(answer.headers["location"]))
    assert "Texte corrigé." in after.alert
    assert RIGHT in after.text(".judged")
    assert "texte corrigé par Ann" in after.text(".history")


def test_one_undo_takes_it_back(desk: TestClient, pending: Sent) -> None:
    answer = desk.post(
        f"/desk/comments/{pending.id}/correct", data={"revision": "1", "text": RIGHT, "step": "save"}
    )
    after = Page(desk.get(answer.headers["location"]))
    (back,) = [form for form in after.forms if "Annuler cette décision" in form.buttons]
    undone = Page(desk.get(desk.post(back.action, data=back.fields).headers["location"]))
    assert "Décision annulée." in undone.alert
    assert pending.text in undone.text(".judged")


def test_readers_see_that_it_was_corrected_and_when(
    desk: TestClient, client: TestClient, pending: Sent, settle: Callable[[], None], article: str
) -> None:
    decide(desk, pending, "publish")
    settle()
    post(desk, pending, RIGHT, "save", revision=2)
    before = Page(client.get(f"/articles/{article}"))
    assert pending.text in before.text(".contributions .text")
    assert before.texts(".mark") == []
    settle()
    after = Page(client.get(f"/articles/{article}"))
    assert RIGHT in after.text(".contributions .text")
    assert after.texts(".contributions .mark") == ["Corrigé par la modération le 1er mars 2026"]
    assert "2026-03-01" in str(after.node(".mark time").attributes["datetime"])
    tracked = Page(client.get(f"/track/{pending.tracking}"))
    assert tracked.texts(".exact del") == ["[retiré :] vélos."]
    assert tracked.texts(".mark") == ["Corrigé par la modération le 1er mars 2026"]


def test_in_english_it_is_said_in_english(
    build_parts: Callable[..., Parts], ann: Person, pending: Sent, settle: Callable[[], None]
) -> None:
    english = build_parts(language="en", undo_seconds=0)
    browser = sign_in(english, TestClient(create_app(english), follow_redirects=False), ann)
    post(browser, pending, RIGHT, "save")
    decide(browser, pending, "publish", revision=2)
    settle()
    assert Page(browser.get("/articles/le-pont")).texts(".mark") == [
        "Corrected by the moderators on 1 March 2026"
    ]


def test_promise_04_what_changed_meanwhile_is_explained_and_what_was_typed_is_kept(
    desk: TestClient, sami_s: TestClient, pending: Sent, parts: Parts
) -> None:
    post(sami_s, pending, "Ce pont est aussi ouvert aux vélos.", "save")
    late = post(desk, pending, RIGHT, "save")
    assert late.status == 409
    assert "Rien n’a été fait." in late.alert
    assert "texte corrigé par Sami" in late.alert
    assert late.texts(".exact del") == ["[retiré :] Ce", "[retiré :] vélos."]
    assert RIGHT in late.text("textarea[name=text]")
    assert counts(parts) == (2, 1)
    assert post(desk, pending, RIGHT, "preview").status == 409


def test_what_was_decided_meanwhile_is_not_corrected_and_what_was_typed_can_be_copied(
    desk: TestClient, sami_s: TestClient, pending: Sent
) -> None:
    decide(sami_s, pending, "refuse")
    late = post(desk, pending, RIGHT, "save")
    assert late.status == 409
    assert RIGHT in late.alert
    assert "refusée" in late.alert
    assert Page(desk.get(f"/desk/comments/{pending.id}/correct")).status == 409
    assert "Corriger le texte" not in Page(desk.get(f"/desk/comments/{pending.id}")).hrefs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  ", "Écrivez votre message avant de continuer."),
        ("Le pont est aussi ouvert aux vélos.", "C’est mot pour mot le texte de maintenant"),
        ("x" * 60_000, "C’est trop long"),
    ],
)
def test_what_cannot_be_a_correction_is_given_back_with_the_reason(
    parts: Parts, desk: TestClient, pending: Sent, text: str, said: str
) -> None:
    for step in ("preview", "save"):
        answer = post(desk, pending, text, step)
        assert answer.status == 422
        assert answer.error("text").startswith(said)
    assert counts(parts) == (1, 0)


def test_who_wrote_it_or_is_named_in_it_is_told_why_they_may_not(
    desk: TestClient, sami_s: TestClient, sami: Person, parts: Parts, article: str
) -> None:
    own = send(parts, article, "De Sami.", email=sami.email)
    assert "propre contribution" in Page(sami_s.get(f"/desk/comments/{own.id}/correct")).alert
    assert post(sami_s, own, RIGHT, "save").status == 403
    desk.post(f"/desk/comments/{own.id}/stand-aside")
    assert "être cité·e" in post(desk, own, RIGHT, "save").alert


def test_where_several_voices_publish_it_is_said_how_to_go_about_it(
    desk: TestClient, ann: Person, sami: Person, parts: Parts, pending: Sent
) -> None:
    rule(parts, TWO)
    speak(parts, pending, sami, Action.PUBLISH)
    speak(parts, pending, ann, Action.PUBLISH)
    refused = post(desk, pending, RIGHT, "save", revision=2)
    assert (refused.status, "plusieurs voix" in refused.alert) == (409, True)


def test_what_is_not_there_is_not_found(desk: TestClient, client: TestClient, pending: Sent) -> None:
    assert desk.get("/desk/comments/nothing/correct").status_code == 404
    assert desk.post("/desk/comments/nothing/correct", data={"revision": "1", "text": "x"}).status_code == 404
    assert client.get(f"/desk/comments/{pending.id}/correct", follow_redirects=False).status_code == 303
    assert client.post(f"/desk/comments/{pending.id}/correct", data={"revision": "1"}).status_code == 401


def test_markup_goes_the_one_way(desk: TestClient, pending: Sent, parts: Parts) -> None:
    shown = post(desk, pending, "Un <script>alert(1)</script> et [un lien->javascript:alert(1)] {{gras}}")
    assert "<script>alert" not in shown.html
    assert "javascript:alert" not in " ".join(shown.addresses)
    post(desk, pending, "Le pont {{est}} ouvert.", "save")
    with parts.reading() as session:
        comment = session.get_one(Comment, pending.id)
        text = session.exec(select(Version).where(Version.number == comment.version)).one()
    assert text.html == "<p>Le pont <strong>est</strong> ouvert.</p>"


def test_promise_07_looking_at_the_form_changes_nothing(
    parts: Parts, desk: TestClient, pending: Sent, clock: FakeClock
) -> None:
    clock.tick(minutes=1)
    desk.get(f"/desk/comments/{pending.id}/correct")
    post(desk, pending, RIGHT)
    assert counts(parts) == (1, 0)
