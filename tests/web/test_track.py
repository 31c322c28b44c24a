import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import BuildParts, FakeClock, Reader, Sent, add_article, form_fields, send, sign_in, statements
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import accounts, decisions, delivery, identifiers
from moderation.lifecycle import Action, Status
from moderation.models.public import Publication, Site
from moderation.models.queue import Comment, Question, Version
from moderation.pages import public as pages
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WAITS = "Votre contribution attend d’être lue"
DECIDED = "Où en est votre contribution"


def decide(desk: TestClient, sent: Sent, action: str, revision: str = "1", **more: str) -> Any:
    answer = desk.post(f"/desk/comments/{sent.id}/{action}", data={"revision": revision, **more})
    assert answer.status_code == 303
    return answer


def undo(desk: TestClient, decided: Any) -> None:
    number = decided.headers["location"].rpartition("=")[2]
    assert desk.post("/desk/undo", data={"decision": number}).status_code == 303


def seen(client: TestClient, sent: Sent) -> Page:
    answer = client.get(f"/track/{sent.tracking}")
    assert answer.status_code == 200
    return Page(answer)


def withdraw(client: TestClient, sent: Sent, revision: str) -> Any:
    return client.post(f"/track/{sent.tracking}", data={"revision": revision})


def test_promise_06_what_waits_is_said_to_wait_on_every_visit(client: TestClient, pending: Sent) -> None:
    for _ in range(2):
        page = seen(client, pending)
        assert page.heading == WAITS
        assert "en attente de validation depuis le 1er mars 2026 à 10 h 00" in page.main
        assert "Elle n’apparaîtra sous l’article qu’une fois validée" in page.main
        assert page.text("main article .text") == pending.text
        assert page.hrefs["Le pont rouvre"] == "/articles/le-pont"


def test_the_address_and_the_code_are_there_to_be_kept(build_parts: BuildParts) -> None:
    parts = build_parts(site_url="http://testserver/avis")
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")
    page = seen(TestClient(create_app(parts)), sent)
    assert "Gardez cette adresse : elle seule permet de suivre" in page.main
    address = f"http://testserver/avis/track/{sent.tracking}"
    assert page.hrefs[address].endswith(f"/avis/track/{sent.tracking}")
    assert identifiers.grouped(sent.tracking) in page.texts("code")


def test_the_page_is_its_author_s_alone(client: TestClient, pending: Sent) -> None:
    headers = client.get(f"/track/{pending.tracking}").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("rest", ["", "/edit", "/opening.json", "/data.json"])
def test_each_page_of_it_is_kept_nowhere_found_by_nobody_and_sets_no_cookie(
    client: TestClient, pending: Sent, rest: str
) -> None:
    address = f"/track/{pending.tracking}{rest}"
    wrong = {"revision": "7", "text": "Un autre.", "step": "send"}
    answers = [client.get(address), client.get(f"/track/K7QF{rest}"), client.post(address, data=wrong)]
    assert [answer.status_code for answer in answers[:2]] == [200, 404]
    for answer in answers[:2] if rest.endswith(".json") else answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers


def nearly(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


@pytest.mark.parametrize("rest", ["", "/edit", "/opening.json", "/data.json"])
def test_whatever_code_opens_nothing_is_answered_alike_after_the_same_work(
    client: TestClient, parts: Parts, article: str, pending: Sent, rest: str
) -> None:
    gone = send(parts, article, "Un texte dont l’adresse est révoquée.")
    client.post(f"/track/{gone.tracking}", data={"revision": "1", "action": "revoke"})
    found, seconds = [], dict[str, list[float]]()
    codes = [nearly(pending.tracking), gone.tracking, "0" * 16]
    for code in codes:
        with statements(parts.engine) as asked:
            answer = client.get(f"/track/{code}{rest}")
        found.append((answer.status_code, answer.text.replace(code, ""), asked))
    assert found[0][0] == 404
    assert found == found[:1] * 3
    for code in codes * 30:
        begun = time.perf_counter()
        client.get(f"/track/{code}{rest}")
        seconds.setdefault(code, []).append(time.perf_counter() - begun)
    fastest = [min(taken) for taken in seconds.values()]
    assert max(fastest) < 2 * min(fastest)


@pytest.mark.parametrize(
    ("action", "more", "status", "told"),
    [
        ("publish", {}, "publiée", "La lire sous l’article"),
        (
            "refuse",
            {"reason": "privacy", "note": "Une <adresse>."},
            "refusée",
            "Charte du site : « Vie privée ». La modération ajoute : Une <adresse>.",
        ),
        (
            "spam",
            {},
            "spam",
            "prise pour de la publicité ou l’envoi d’un robot, ce qui n’appelle pas d’autre motif.",
        ),
    ],
)
def test_a_decision_is_told_once_it_has_taken_effect(
    client: TestClient,
    desk: TestClient,
    pending: Sent,
    settle: Callable[[], None],
    action: str,
    more: dict[str, str],
    status: str,
    told: str,
) -> None:
    before = client.get(f"/track/{pending.tracking}").text
    decide(desk, pending, action, **more)
    inside = client.get(f"/track/{pending.tracking}").text
    assert inside == before
    settle()
    page = seen(client, pending)
    assert page.heading == DECIDED
    assert f"{status} depuis le 1er mars 2026 à 10 h 00" in page.main
    assert told in page.main
    assert "Retirer mon texte" not in page.main
    assert page.text("main article .text") == pending.text


def test_what_is_public_is_linked(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "publish")
    settle()
    link = seen(client, pending).hrefs["La lire sous l’article"]
    assert Page(client.get(link)).text(f"#{link.partition('#')[2]} .text") == pending.text


def test_a_refusal_is_explained_point_by_point_as_the_law_has_it(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "refuse", reason="illegal")
    settle()
    page = seen(client, pending)
    sentence, contact, detail = (
        page.main.index(words)
        for words in (
            "La modération ne l’a pas publiée. Motif : contenu illicite.",
            "Écrivez à l’équipe du site",
            "Le détail de cette décision",
        )
    )
    assert sentence < contact < detail
    assert page.texts(".statement dt") == [
        "Ce qui est décidé",
        "Sur quels faits",
        "Par quels moyens",
        "Selon quelle règle",
        "Quels recours",
    ]
    assert page.hrefs["« Ce que la loi interdit »"] == "/charter/1#charter-illegal"
    assert client.get("/charter/1").text.count('id="charter-illegal"') == 1
    said = page.text(".statement")
    for words in (
        "Le texte n’est pas publié sur ce site, sans limite de durée ni de lieu.",
        "Sur le texte envoyé le 1er mars 2026",
        "Personne ne l’avait signalé.",
        "Rien n’est décidé par un programme.",
        "Le contenu est tenu pour illicite. Charte du site, version 1, « Ce que la loi interdit ».",
        "Contester la décision, sur la page de votre contribution, jusqu’au 30 mai 2026",
        "Écrire à l’équipe ; saisir la justice.",
    ):
        assert words in said


@pytest.mark.parametrize("action", ["publish", "spam"])
def test_what_needs_no_statement_has_none(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None], action: str
) -> None:
    decide(desk, pending, action)
    settle()
    assert seen(client, pending).nodes(".statement") == []


def test_a_taking_down_is_told_at_once(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "publish")
    settle()
    taken = decide(desk, pending, "unpublish", "2", reason="privacy", note="Un nom.")
    page = seen(client, pending)
    assert "dépubliée" in page.main
    assert "puis retirée de l’article par la modération. Motif : atteinte à la vie privée." in page.main
    assert "Un nom." in page.main
    undo(desk, taken)
    assert "La lire sous l’article" in seen(client, pending).hrefs


def test_what_was_undone_in_its_window_was_never_told(
    client: TestClient, desk: TestClient, pending: Sent
) -> None:
    before = client.get(f"/track/{pending.tracking}").text
    undo(desk, decide(desk, pending, "refuse", reason="off_topic"))
    assert client.get(f"/track/{pending.tracking}").text == before


def test_promise_10_undone_refusals_do_not_show_in_what_is_counted_later(
    client: TestClient, desk: TestClient, parts: Parts, article: str, settle: Callable[[], None]
) -> None:
    pages = []
    for undone in (0, 2):
        sent = send(parts, article, f"Un texte, {undone}.")
        for number in range(undone):
            undo(desk, decide(desk, sent, "refuse", str(1 + 2 * number), reason="off_topic"))
        decide(desk, sent, "refuse", str(1 + 2 * undone), reason="off_topic")
        settle()
        decide(desk, sent, "reopen", str(2 + 2 * undone))
        settle()
        pages.append(form_fields(client.get(f"/track/{sent.tracking}").text))
        assert withdraw(client, sent, pages[-1]["revision"]).status_code == 303
    assert pages[0] == pages[1]


def test_promise_10_what_no_reader_could_see_was_not_published_for_its_author_either(
    client: TestClient, desk: TestClient, pending: Sent, clock: FakeClock, settle: Callable[[], None]
) -> None:
    before = client.get(f"/track/{pending.tracking}").text
    decide(desk, pending, "publish")
    clock.tick(seconds=15)
    decide(desk, pending, "unpublish", "2", reason="privacy")
    for seconds in (0, 6, 13):
        clock.tick(seconds=seconds)
        assert client.get(f"/track/{pending.tracking}").text == before
    settle()
    page = seen(client, pending)
    assert "refusée depuis le" in page.main
    assert "La modération ne l’a pas publiée. Motif : atteinte à la vie privée." in page.main
    assert "retirée de l’article" not in page.main


def test_a_publication_can_still_be_undone_once_its_taking_down_was(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    before = client.get(f"/track/{pending.tracking}").text
    published = decide(desk, pending, "publish")
    undo(desk, decide(desk, pending, "unpublish", "2", reason="privacy"))
    undo(desk, published)
    settle()
    assert client.get(f"/track/{pending.tracking}").text == before
    assert Page(client.get("/articles/le-pont")).nodes("[id^=comment]") == []
    publish = decide(desk, pending, "publish", "5")
    settle()
    assert "#comment1" in seen(client, pending).hrefs["La lire sous l’article"]
    assert (
        desk.post("/desk/undo", data={"decision": publish.headers["location"].rpartition("=")[2]}).status_code
        == 409
    )


def test_promise_10_withdrawing_sets_aside_a_publication_that_was_taken_down_in_its_window(
    client: TestClient, desk: TestClient, pending: Sent, parts: Parts, clock: FakeClock
) -> None:
    decide(desk, pending, "publish")
    clock.tick(seconds=15)
    decide(desk, pending, "unpublish", "2", reason="privacy")
    clock.tick(seconds=10)
    delivery.effects(parts.engine, clock())
    form = seen(client, pending).form("Retirer mon texte")
    assert client.post(form.action, data=form.fields).status_code == 303
    delivery.effects(parts.engine, clock.tick(minutes=1))
    with parts.reading() as session:
        assert session.get_one(Site, 1).last_number == 0
        assert session.exec(select(Publication)).all() == []


def test_an_undone_publication_leaves_the_refusal_and_its_reason(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "refuse", reason="off_topic", note="Déjà dit.")
    settle()
    undo(desk, decide(desk, pending, "publish", "2"))
    page = seen(client, pending)
    assert "Motif : hors sujet." in page.main
    assert "Déjà dit." in page.main


def test_what_is_put_back_waits_again(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "refuse", reason="off_topic", note="Déjà dit.")
    settle()
    decide(desk, pending, "reopen", "2")
    settle()
    page = seen(client, pending)
    assert page.heading == WAITS
    assert "Déjà dit." not in page.main
    assert "hors sujet" not in page.main


# Taking it back


def test_a_waiting_text_can_be_taken_back_and_is_erased(
    parts: Parts, client: TestClient, pending: Sent
) -> None:
    form = seen(client, pending).form("Retirer mon texte")
    answer = client.post(form.action, data=form.fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/track/{pending.tracking}")
    shown = client.get(f"/track/{pending.tracking}")
    assert "Vous l’avez retirée : son texte a été effacé." in Page(shown).main
    assert pending.text not in shown.text
    with parts.reading() as session:
        version = session.exec(select(Version)).one()
        assert (version.source, version.html, version.author) == ("", "", "")


def test_a_decision_nobody_was_told_of_does_not_stop_the_author(
    parts: Parts, client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "publish")
    form = seen(client, pending).form("Retirer mon texte")
    assert client.post(form.action, data=form.fields).status_code == 303
    settle()
    assert "Vous l’avez retirée" in seen(client, pending).main
    assert Page(client.get("/articles/le-pont")).nodes("[id^=comment]") == []
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).status is Status.WITHDRAWN


def test_taking_back_what_changed_meanwhile_shows_where_it_is(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending, "publish")
    settle()
    for revision in ("1", "2"):
        answer = withdraw(client, pending, revision)
        page = Page(answer)
        assert answer.status_code == 409
        assert "rien n’a été retiré" in page.alert
        assert "publiée" in page.main
        assert answer.headers["cache-control"] == "no-store"


def test_taking_back_twice_takes_back_once(client: TestClient, pending: Sent) -> None:
    assert [withdraw(client, pending, revision).status_code for revision in ("1", "1", "2")] == [
        303,
        409,
        409,
    ]


@pytest.mark.parametrize("revision", ["", "0", "x", "-1", "9" * 30])
def test_a_revision_that_is_none_is_refused(client: TestClient, pending: Sent, revision: str) -> None:
    assert withdraw(client, pending, revision).status_code == 422
    assert seen(client, pending).heading == WAITS


# Codes


def spoken(code: str) -> list[str]:
    heard = code.replace("0", "O").replace("1", "l")
    return [code, code.lower(), identifiers.grouped(code), f" {identifiers.grouped(code).lower()} ", heard]


def test_a_code_is_understood_as_it_was_noted(parts: Parts, client: TestClient, article: str) -> None:
    sent = send(parts, article, "Un texte.")
    with parts.writing() as session:
        session.get_one(Comment, sent.id).tracking = "K01F3M2D9XWT41H0"
    for typed in [*spoken("K01F3M2D9XWT41H0"), "K01F\u00a03M2D\u20119XWT\u201341H0"]:
        answer = client.post("/track", data={"code": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, "/track/K01F3M2D9XWT41H0"), typed


@pytest.mark.parametrize(
    "code", ["ABCD", "é", "\0", "<b>\"'", "../desk", "a/b", "?x=1", "a" * 5000, "%2e%2e"]
)
def test_a_code_that_is_nobody_s_is_said_so_and_kept(client: TestClient, code: str) -> None:
    answer = client.post("/track", data={"code": code})
    if answer.status_code == 303:
        assert answer.headers["location"].removeprefix("/track/").isalnum()
        answer = client.get(answer.headers["location"])
    page = Page(answer)
    assert answer.status_code == 404
    assert "Aucune contribution ne correspond à ce code." in page.error("code")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("code", ["ABCD", "%00", "a" * 5000, "k7qf"])
def test_an_unknown_address_is_a_404_with_the_form(client: TestClient, code: str) -> None:
    for answer in (client.get(f"/track/{code}"), client.post(f"/track/{code}", data={"revision": "1"})):
        assert answer.status_code == 404
        assert answer.headers["cache-control"] == "no-store"
    page = Page(client.get("/track/k7qf"))
    assert (page.value("code"), page.form("Voir où elle en est").action) == ("k7qf", "/track")


def test_no_code_at_all_asks_for_one(client: TestClient) -> None:
    assert Page(client.get("/track")).label("code") == "Le code noté après l’envoi"
    answer = client.post("/track")
    assert answer.status_code == 404


def test_withdrawing_tells_nothing_of_a_decision_that_may_still_be_undone(
    parts: Parts, client: TestClient, desk: TestClient, pending: Sent
) -> None:
    before = form_fields(client.get(f"/track/{pending.tracking}").text)
    desk.post(f"/desk/comments/{pending.id}/refuse", data={"revision": 1, "reason": "off_topic"})
    assert form_fields(client.get(f"/track/{pending.tracking}").text) == before
    answer = client.post(f"/track/{pending.tracking}", data={**before, "action": "withdraw"})
    assert answer.status_code == 303
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).status is Status.WITHDRAWN


def test_a_published_text_is_linked_on_the_page_it_is_on(
    build_parts: BuildParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    parts = build_parts(undo_seconds=0)
    add_article(parts, "le-pont")
    client = TestClient(create_app(parts))
    for number in range(1, 4):
        sent = send(parts, "le-pont", f"Texte {number}.")
        with parts.writing() as session:
            ann = accounts.operator(session, parts.clock())
            decisions.decide(
                session, sent.id, Action.PUBLISH, revision=1, by=ann, now=parts.clock(), undo=timedelta()
            )
    link = f"/articles/le-pont?page=2#comment{number}"
    assert link in client.get(f"/track/{sent.tracking}").text
    assert f'id="comment{number}"' in client.get(link.partition("#")[0]).text


# A question

QUESTION = "D’où vient la <date> & l’heure ?"
SAID = "Du bulletin <municipal>.\nPage 3."


@pytest.fixture
def asked(desk: TestClient, pending: Sent, settle: Callable[[], None]) -> Sent:
    decide(desk, pending, "ask", note=QUESTION)
    settle()
    return pending


def answer(client: TestClient, sent: Sent, text: str = SAID, revision: str = "2") -> Any:
    fields = {"action": "answer", "revision": revision, "text": text}
    return client.post(f"/track/{sent.tracking}", data=fields)


def test_a_question_is_shown_once_its_window_has_closed(
    client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    before = client.get(f"/track/{pending.tracking}").text
    asking = decide(desk, pending, "ask", note=QUESTION)
    assert client.get(f"/track/{pending.tracking}").text == before
    settle()
    page = seen(client, pending)
    assert page.heading == "Une question sur votre contribution"
    assert "en attente de réponse depuis le 1er mars 2026 à 10 h 00" in page.main
    assert "Sans elle, votre contribution sera relue après le 15 mars 2026." in page.main
    assert page.text(".exchange blockquote") == QUESTION
    assert page.form("Envoyer ma réponse").fields == {"action": "answer", "revision": "2"}
    assert "Ann" not in page.main
    assert page.form("Retirer mon texte")
    assert undo_too_late(desk, asking)


def undo_too_late(desk: TestClient, decided: Any) -> bool:
    number = decided.headers["location"].rpartition("=")[2]
    return desk.post("/desk/undo", data={"decision": number}).status_code == 409


def test_an_undone_question_was_never_there(client: TestClient, desk: TestClient, pending: Sent) -> None:
    before = client.get(f"/track/{pending.tracking}").text
    undo(desk, decide(desk, pending, "ask", note=QUESTION))
    assert client.get(f"/track/{pending.tracking}").text == before


def test_an_answer_goes_to_the_moderators_and_the_text_waits_again(
    client: TestClient, desk: TestClient, asked: Sent
) -> None:
    sent = answer(client, asked)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/track/{asked.tracking}")
    assert sent.headers["cache-control"] == "no-store"
    page = seen(client, asked)
    assert page.heading == WAITS
    assert "Votre réponse est arrivée à la modération, qui seule la lit." in page.main
    assert page.texts(".exchange blockquote") == [QUESTION, "Du bulletin <municipal>. Page 3."]
    item = Page(desk.get(f"/desk/comments/{asked.id}"))
    assert item.texts(".exchange blockquote") == [QUESTION, "Du bulletin <municipal>. Page 3."]
    assert "réponse reçue" in item.text(".item header")
    assert "réponse donnée par son auteur·ice" in item.text(".history")


def test_an_answer_sent_twice_is_one(client: TestClient, parts: Parts, asked: Sent) -> None:
    assert [answer(client, asked).status_code for _ in range(2)] == [303, 303]
    with parts.reading() as session:
        assert session.get_one(Comment, asked.id).revision == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (" \n", "Écrivez votre réponse avant de l’envoyer."),
        ("a" * 5001, "C’est trop long : 5 001 caractères, pour 5 000 au plus. Raccourcissez un peu."),
    ],
)
def test_an_answer_that_cannot_be_is_said_beside_its_field(
    client: TestClient, asked: Sent, text: str, told: str
) -> None:
    refused = answer(client, asked, text)
    page = Page(refused)
    assert refused.status_code == 422
    assert page.error("text") == told
    assert page.value("text").strip() == text.strip()
    assert page.form("Envoyer ma réponse")


def test_an_answer_to_what_is_no_longer_asked_explains_itself_and_keeps_the_words(
    client: TestClient, desk: TestClient, asked: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, asked, "reopen", "2")
    settle()
    refused = answer(client, asked)
    page = Page(refused)
    assert refused.status_code == 409
    assert "Cette question n’attend plus de réponse : la vôtre n’est pas partie." in page.alert
    assert page.text("[role=alert] blockquote") == "Du bulletin <municipal>. Page 3."
    assert "Aucune réponse n’est plus attendue." in page.text(".exchange")
    assert "Envoyer ma réponse" not in page.main


def test_an_answer_to_another_question_is_given_back_under_the_new_one(
    client: TestClient, desk: TestClient, asked: Sent, settle: Callable[[], None]
) -> None:
    answer(client, asked)
    decide(desk, asked, "ask", "3", note="Et le lieu ?")
    settle()
    refused = answer(client, asked, "Autre chose.")
    page = Page(refused)
    assert refused.status_code == 409
    assert "La question a changé entre-temps" in page.alert
    assert page.value("text").strip() == "Autre chose."
    assert page.form("Envoyer ma réponse").fields["revision"] == "4"


def test_who_is_asked_may_take_their_text_back(client: TestClient, parts: Parts, asked: Sent) -> None:
    assert withdraw(client, asked, "2").status_code == 303
    page = seen(client, asked)
    assert "Vous l’avez retirée : son texte a été effacé." in page.main
    assert QUESTION not in page.main
    with parts.reading() as session:
        assert session.exec(select(Question)).all() == []


def test_a_question_that_nobody_answered_says_so(
    client: TestClient, desk: TestClient, parts: Parts, ann: accounts.Person, clock: FakeClock, asked: Sent
) -> None:
    clock.tick(days=15)
    delivery.effects(parts.engine, clock())
    page = seen(client, asked)
    assert page.heading == WAITS
    assert "Restée sans réponse : plus attendue depuis le 16 mars 2026" in page.text(".exchange")
    desk_page = Page(sign_in(parts, desk, ann).get(f"/desk/comments/{asked.id}"))
    assert "restée sans réponse" in desk_page.text(".item header")
    assert "remise en attente, faute de réponse" in desk_page.text(".history")


# How long it takes


def test_who_waits_is_told_how_long_it_usually_takes_once_it_can_be_said(
    parts: Parts, client: TestClient, desk: TestClient, clock: FakeClock, article: str
) -> None:
    def usual(number: int) -> str:
        for one in range(number):
            sent = send(parts, article, f"Texte {identifiers.new_code()}.")
            clock.tick(minutes=60 if one % 2 else 10)
            decide(desk, sent, "refuse" if one % 3 else "publish", reason="off_topic")
            undo(desk, decide(desk, send(parts, article, f"Sans suite {one} {clock()}."), "spam"))
        clock.tick(minutes=11)
        found = [line for line in seen(client, waiting).texts(".status p") if "D’habitude" in line]
        return " ".join(found)

    waiting = send(parts, article, "La mienne.")
    assert usual(19) == ""
    assert usual(3) == (
        "D’habitude, la moitié des contributions sont lues en moins de 10 minutes, "
        "neuf sur dix en moins de 60 minutes."
    )


# Once more


@pytest.mark.parametrize("action", ["refuse", "spam"])
def test_what_was_not_published_is_taken_up_again_as_a_new_contribution(
    client: TestClient, desk: TestClient, pending: Sent, clock: FakeClock, action: str
) -> None:
    assert "Modifier et proposer à nouveau" not in seen(client, pending).main
    decide(desk, pending, action, reason="off_topic")
    clock.tick(seconds=20)
    form = seen(client, pending).form("Modifier et proposer à nouveau")
    answer = Page(client.post(form.action, data=form.fields))
    assert (answer.value("text"), answer.value("author")) == (pending.text, "Zoé")
    assert answer.text(".sheet .text") == pending.text


# Revoking


def test_a_revoked_address_opens_nothing_and_the_text_goes_on(
    parts: Parts, client: TestClient, desk: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    form = next(one for one in seen(client, pending).forms if "Révoquer cette adresse" in one.buttons)
    answer = client.post(form.action, data={**form.fields, "action": "revoke"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/track?done=revoked")
    assert "L’adresse est révoquée" in Page(client.get(answer.headers["location"])).alert
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/edit"), ("POST", "/edit")):
        data = {"revision": "1", "action": "revoke", "text": "x"}
        asked = client.request(
            method, f"/track/{pending.tracking}{path}", data=data if method == "POST" else None
        )
        assert asked.status_code == 404
    decide(desk, pending, "publish")
    settle()
    with parts.reading() as session:
        assert session.exec(select(Publication)).one().html


def test_a_form_sent_again_after_its_address_was_revoked_is_not_stored_twice(
    parts: Parts, reader: Reader, client: TestClient, article: str
) -> None:
    previewed = reader.preview(article, "Un texte.")
    place = previewed.send(article).headers["location"]
    client.post(place, data={"revision": "1", "action": "revoke"})
    again = previewed.send(article)
    assert (again.status_code, again.headers["location"]) == (303, "/track")
    with parts.reading() as session:
        assert len(session.exec(select(Comment)).all()) == 1


@pytest.mark.parametrize("action", [Action.REFUSE, Action.SPAM])
def test_what_was_not_published_is_erased_by_one_button(
    client: TestClient,
    parts: Parts,
    pending: Sent,
    desk: TestClient,
    settle: Callable[[], None],
    action: Action,
) -> None:
    decide(desk, pending, action, reason="off_topic")
    settle()
    form = Page(client.get(f"/track/{pending.tracking}")).form("Effacer")
    answer = client.post(form.action, data={**form.fields, "action": "withdraw"})
    page = Page(client.get(answer.headers["location"]))
    assert "Vous l’avez retirée : son texte a été effacé." in page.main
    assert pending.text not in page.main
    assert not [button for form in page.forms for button in form.buttons if button == "Effacer"]
    with parts.reading() as session:
        assert session.exec(select(Version.source)).all() == [""]


def test_what_is_public_is_not_erased_there_but_asked_back(
    client: TestClient, pending: Sent, desk: TestClient, settle: Callable[[], None]
) -> None:
    decide(desk, pending, Action.PUBLISH)
    settle()
    page = Page(client.get(f"/track/{pending.tracking}"))
    buttons = {button for form in page.forms for button in form.buttons}
    assert ("Effacer" in buttons, "Demander le retrait" in buttons) == (False, True)
    answer = client.post(f"/track/{pending.tracking}", data={"revision": 2, "action": "withdraw"})
    assert answer.status_code == 409
    assert page.hrefs["Télécharger tout ce que le site garde de ce texte"].endswith("/data.json")
