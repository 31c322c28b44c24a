from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import FakeClock, Sent, add_article, add_person, send, sign_in, statements
from page import Page
from sqlmodel import select, update
from starlette.testclient import TestClient

from moderation import decisions, identifiers, members, preferences
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason, Status
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision, Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts


def decide(desk: TestClient, comment_id: str, action: str, revision: str = "1", **more: str) -> Any:
    return desk.post(f"/desk/comments/{comment_id}/{action}", data={"revision": revision, **more})


def state(parts: Parts, comment_id: str) -> tuple[Status, int]:
    with parts.reading() as session:
        comment = session.get_one(Comment, comment_id)
        return comment.status, comment.revision


def queued(page: Page) -> list[str]:
    return page.texts(".rows .excerpt")


def chosen(page: Page) -> list[str]:
    return [str(node.attributes.get("value")) for node in page.nodes(".reasons .chosen")]


# Who may come in


def test_who_is_not_signed_in_is_led_there_and_back(client: TestClient) -> None:
    answer = client.get("/desk?status=refused&after=x")
    assert answer.status_code == 303
    onward = client.get(answer.headers["location"])
    assert Page(onward).form("Demander un lien").fields == {"next": "/desk?status=refused&after=x"}


def test_a_decision_after_the_session_has_ended_is_not_made(
    parts: Parts, client: TestClient, pending: Sent
) -> None:
    answer = decide(client, pending.id, "publish")
    page = Page(answer)
    assert (answer.status_code, page.heading) == (401, "Se connecter")
    assert "rien n’a été fait" in page.alert
    assert state(parts, pending.id) == (Status.PENDING, 1)


def test_a_moderator_may_do_what_an_admin_may(
    parts: Parts, client: TestClient, pending: Sent, sami: Person
) -> None:
    assert decide(sign_in(parts, client, sami), pending.id, "publish").status_code == 303
    assert state(parts, pending.id) == (Status.PUBLISHED, 2)


# The queue


def test_the_queue_is_oldest_first_and_says_how_many(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    other = add_article(parts, "autre", title="Autre titre")
    for number, slug in enumerate([article, other, article], start=1):
        send(parts, slug, f"Texte {number}.", author=f"Auteur {number}")
        clock.tick(minutes=1)
    page = Page(desk.get("/desk"))
    assert queued(page) == ["Texte 1.", "Texte 2.", "Texte 3."]
    assert page.texts(".rows .author") == ["Auteur 1", "Auteur 2", "Auteur 3"]
    assert "Autre titre" in page.main
    # The first is open beside the list.
    assert page.text(".open .text") == "Texte 1."
    assert "3 contributions attendent" in page.main


def test_an_empty_queue_is_said_kindly(desk: TestClient) -> None:
    assert "Plus rien n’attend : tout a été lu. Merci." in Page(desk.get("/desk")).main


@pytest.mark.parametrize("status", list(Status))
def test_each_state_has_its_list(parts: Parts, desk: TestClient, article: str, status: Status) -> None:
    sent = send(parts, article, "Un texte.")
    with parts.writing() as session:
        session.get_one(Comment, sent.id).status = status
    for other in Status:
        page = Page(desk.get(f"/desk?status={other}"))
        assert (queued(page) == ["Un texte."]) is (other is status)
        assert page.texts(".statuses [aria-current=page]") == [
            {
                Status.PENDING: "en attente de validation",
                Status.ASKED: "en attente de réponse",
                Status.PUBLISHED: "publiée",
                Status.REFUSED: "refusée",
                Status.SPAM: "spam",
                Status.WITHDRAWN: "retirée par son auteur·ice",
                Status.UNPUBLISHED: "dépubliée",
            }[other]
        ]


def test_lists_do_not_shift_while_one_decides(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    sent = [send(parts, article, f"Texte {number:03}.") for number in range(30)]
    ids = sorted(one.id for one in sent)  # of one moment: their names decide the order
    words = {one.id: one.text for one in sent}
    clock.tick(minutes=1)
    late = send(parts, article, "Le dernier.")
    first = Page(desk.get("/desk"))
    assert queued(first) == [words[name] for name in ids[:17]]
    for name in ids[:10]:
        decide(desk, name, "publish")
    after = first.node("button[name=after]")
    second = Page(desk.get(f"{after.attributes['formaction']}?after={after.attributes['value']}"))
    assert second.text(".open .text") == words[ids[17]]
    assert queued(second) == [*(words[name] for name in ids[14:]), late.text]
    assert second.nodes("button[name=after]") == []


def test_the_list_can_be_read_from_its_other_end(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    sent = []
    for number in range(3):
        sent.append(send(parts, article, f"Texte {number}."))
        clock.tick(minutes=1)
    page = Page(desk.get(Page(desk.get("/desk")).hrefs["Les plus récentes d’abord"]))
    assert queued(page) == ["Texte 2.", "Texte 1.", "Texte 0."]
    assert page.hrefs["Les plus anciennes d’abord"] == "/desk"
    # A decision, and its undoing, keep to the list they were made in.
    publish = page.form("Valider")
    answer = desk.post(publish.action, data=publish.fields)
    assert answer.headers["location"].startswith(f"/desk/comments/{sent[1].id}?order=newest&done=")
    undo = Page(desk.get(answer.headers["location"])).form("Annuler cette décision")
    assert "order=newest" in desk.post(undo.action, data=undo.fields).headers["location"]


def test_who_is_around_the_open_one_is_listed(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    sent = []
    for number in range(8):
        sent.append(send(parts, article, f"Texte {number}."))
        clock.tick(minutes=1)
    page = Page(desk.get(f"/desk/comments/{sent[5].id}"))
    assert queued(page) == [f"Texte {number}." for number in range(2, 8)]
    assert page.node(".rows [aria-current=true]").attributes["href"] == f"/desk/comments/{sent[5].id}"


def test_a_long_text_is_listed_by_its_beginning(parts: Parts, desk: TestClient, article: str) -> None:
    send(parts, article, "Un mot après l’autre, {{et encore}} " * 20)
    (row,) = queued(Page(desk.get("/desk")))
    assert row.startswith("Un mot après l’autre, et encore Un mot")
    assert row.endswith("…")
    assert len(row) <= 161


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%00",
        "é",
        "A" * 200,
        "MjAyNi0wMy0wMVQwOTowMDowMCB4",  # a time without its zone
        "MjAyNi0wMy0wMVQwOTowMDowMCswMDowMCAA",  # a name that holds a null
        "MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSB4",  # before the year one, in UTC
    ],
)
def test_a_place_that_is_none_of_the_queue_s_is_not_there(
    desk: TestClient, pending: Sent, cursor: str
) -> None:
    del pending
    assert desk.get(f"/desk?after={cursor}").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/desk/comments/absent",
        "/desk/comments/%00",
        "/desk/comments/" + "a" * 3000,
        "/desk/comments/absent?done=1",
    ],
)
def test_what_is_not_there_is_not_there(desk: TestClient, address: str) -> None:
    assert desk.get(address).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 10, "9" * 30])
@pytest.mark.parametrize("address", ["/desk?done=", "/desk/log?before=", "/desk/comments/absent?done="])
def test_a_number_that_is_none_is_refused(desk: TestClient, address: str, number: str) -> None:
    assert desk.get(address + number).status_code == 422


def test_past_a_thousand_nobody_counts(parts: Parts, desk: TestClient, article: str) -> None:
    first = send(parts, article, "Un texte.")
    with parts.writing() as session:
        comment = session.get_one(Comment, first.id)
        for number in range(1000):
            copy = {
                **comment.model_dump(),
                "id": f"c{number}",
                "nonce": f"n{number}",
                "tracking": f"t{number}",
            }
            session.add(Comment(**copy))
        session.flush()
        version = session.exec(select(Version)).one()
        session.add_all(
            Version(**{**version.model_dump(exclude={"id"}), "comment_id": f"c{number}"})
            for number in range(1000)
        )
    assert "Plus de 1 000 contributions attendent" in Page(desk.get("/desk")).main
    with parts.writing() as session:
        session.exec(update(Comment).where(Comment.id == "c0").values(status=Status.SPAM))  # type: ignore[arg-type]
    assert "1000 contributions attendent" in Page(desk.get("/desk")).main.replace("1 000", "1000")


# One contribution


def test_an_item_shows_what_is_needed_to_decide(parts: Parts, desk: TestClient, article: str) -> None:
    words = "Voir [ici->https://exemple.example/page] <script>x</script> \u202eà l’envers \0"
    sent = send(parts, article, words, author="Zoé", email="zoe@example.org")
    answer = desk.get(f"/desk/comments/{sent.id}")
    page = Page(answer)
    assert page.text("#title") == "Zoé"
    assert "zoe@example.org (adresse non confirmée)" in page.main
    assert page.hrefs["Le pont rouvre"] == f"/articles/{article}"
    for finding in (
        "lien vers exemple.example",
        "balise non admise, montrée comme du texte script",
        "caractères qui changent le sens de lecture U+202E ×1",
    ):
        assert finding in page.main
    # What cannot be seen stands where it was typed.
    assert page.node(".item details pre").text() == (
        "Voir [ici->https://exemple.example/page] <script>x</script> "
        "U+202E (change le sens de lecture)à l’envers U+0000 (caractère de contrôle)"
    )


def test_every_finding_has_its_words(parts: Parts, desk: TestClient, article: str) -> None:
    kinds = [
        "link",
        "misleading_link",
        "tag_removed",
        "attribute_removed",
        "invisible",
        "bidi",
        "control",
        "mixed_scripts",
        "unverified",
    ]
    sent = send(parts, article, "Un texte.")
    with parts.writing() as session:
        findings = [{"kind": kind, "detail": f"détail {kind}"} for kind in kinds]
        session.exec(update(Version).values(findings=findings))
    page = Page(desk.get(f"/desk/comments/{sent.id}"))
    assert all(f"détail {kind}" in page.main for kind in kinds)
    assert "à remarquer" in page.text(".rows")


def test_what_is_answered_and_the_article_are_a_glance_away(
    parts: Parts, desk: TestClient, pending: Sent, article: str, settle: Callable[[], None]
) -> None:
    decide(desk, pending.id, "publish")
    settle()
    answer = send(parts, article, "Je réponds.", parent=pending.id)
    context = Page(desk.get(f"/desk/comments/{answer.id}")).node(".context")
    assert "En réponse à Zoé" in context.text()
    assert pending.text in context.text()


BUTTONS = {
    Status.PENDING: ["Publier et répondre", "Valider", "motifs", "Spam", "Envoyer la question"],
    Status.ASKED: ["Publier et répondre", "Valider", "motifs", "Spam", "Remettre en attente"],
    Status.PUBLISHED: ["motifs", "Spam"],
    Status.REFUSED: ["Publier et répondre", "Valider", "Remettre en attente"],
    Status.SPAM: ["Publier et répondre", "Valider", "Remettre en attente"],
    Status.UNPUBLISHED: ["Publier et répondre", "Valider", "Remettre en attente"],
    Status.WITHDRAWN: [],
}


@pytest.mark.parametrize("status", list(Status))
def test_every_button_is_a_form_of_its_own(
    parts: Parts, desk: TestClient, pending: Sent, status: Status
) -> None:
    with parts.writing() as session:
        session.get_one(Comment, pending.id).status = status
    forms = [form for form in Page(desk.get(f"/desk/comments/{pending.id}")).forms if form.method == "post"]
    forum = next(form for form in forms if form.action == "/desk/articles/le-pont/close")
    forms.remove(forum)
    forms.remove(next(form for form in forms if form.action == "/desk/guide"))
    assert forum.buttons == ("Fermer ce forum",)
    reasons = len(Reason)
    buttons = [form.buttons[0] if len(form.buttons) < reasons else "motifs" for form in forms]
    assert buttons == BUTTONS[status]
    for form in forms:
        assert form.fields == {"revision": "1"}
        assert form.action.startswith(f"/desk/comments/{pending.id}/")


def test_the_reasons_are_those_of_the_table(desk: TestClient, pending: Sent) -> None:
    page = Page(desk.get(f"/desk/comments/{pending.id}"))
    offered = [str(node.attributes.get("value")) for node in page.nodes(".open button[name=reason]")]
    assert offered == list(Reason)
    assert page.text(".open .reasons legend") == "Le motif, dit à l’auteur·ice"
    assert page.label("note") == "Quelques mots pour l’auteur·ice (facultatif)"


def test_one_may_pass_to_the_next(parts: Parts, desk: TestClient, clock: FakeClock, article: str) -> None:
    first = send(parts, article, "Un.")
    clock.tick(minutes=1)
    second = send(parts, article, "Deux.")
    for here, there in ((first, second), (second, first)):
        page = Page(desk.get(f"/desk/comments/{here.id}"))
        assert page.hrefs["Passer à la suivante"] == f"/desk/comments/{there.id}"
    assert page.hrefs["Revenir à la précédente"] == f"/desk/comments/{first.id}"


# Deciding


@pytest.mark.parametrize(
    ("action", "more", "status", "said"),
    [
        ("publish", {}, Status.PUBLISHED, "Contribution validée."),
        ("refuse", {"reason": "off_topic"}, Status.REFUSED, "Contribution refusée."),
        ("spam", {}, Status.SPAM, "Contribution classée comme spam."),
    ],
)
def test_a_decision_leads_to_the_next_with_its_outcome_and_its_undoing(
    parts: Parts,
    desk: TestClient,
    clock: FakeClock,
    article: str,
    action: str,
    more: dict[str, str],
    status: Status,
    said: str,
) -> None:
    first = send(parts, article, "Un.")
    clock.tick(minutes=1)
    second = send(parts, article, "Deux.")
    answer = decide(desk, first.id, action, **more)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/desk/comments/{second.id}?done=")
    assert state(parts, first.id) == (status, 2)
    page = Page(desk.get(answer.headers["location"]))
    assert f"{said} Encore 1 en attente." in page.alert
    undo = page.form("Annuler cette décision")
    undone = desk.post(undo.action, data=undo.fields)
    assert undone.status_code == 303
    assert undone.headers["location"].startswith(f"/desk/comments/{first.id}?done=")
    assert "Décision annulée." in Page(desk.get(undone.headers["location"])).alert
    assert state(parts, first.id) == (Status.PENDING, 3)


def test_the_last_decision_leads_to_the_empty_queue(desk: TestClient, pending: Sent) -> None:
    answer = decide(desk, pending.id, "spam")
    assert answer.headers["location"].startswith("/desk?done=")
    page = Page(desk.get(answer.headers["location"]))
    assert "Contribution classée comme spam. Plus rien n’attend." in page.alert
    assert page.form("Annuler cette décision")


def test_undoing_is_offered_while_it_is_possible(desk: TestClient, clock: FakeClock, pending: Sent) -> None:
    place = decide(desk, pending.id, "spam").headers["location"]
    clock.tick(seconds=20)
    page = Page(desk.get(place))
    assert "Annuler cette décision" not in page.main
    assert page.hrefs["Revoir cette contribution"] == f"/desk/comments/{pending.id}"


def test_undoing_too_late_shows_how_things_are(
    parts: Parts, desk: TestClient, clock: FakeClock, pending: Sent
) -> None:
    place = decide(desk, pending.id, "spam").headers["location"]
    clock.tick(seconds=20)
    answer = desk.post("/desk/undo", data={"decision": place.rpartition("=")[2]})
    page = Page(answer)
    assert answer.status_code == 409
    assert "Rien n’a été fait." in page.alert
    assert "Il est trop tard pour annuler, ou autre chose a été fait depuis : spam." in page.alert
    assert "Remettre en attente" in page.main
    assert state(parts, pending.id) == (Status.SPAM, 2)


def test_undoing_what_was_undone_is_too_late_or_not_there(desk: TestClient, pending: Sent) -> None:
    number = decide(desk, pending.id, "spam").headers["location"].rpartition("=")[2]
    undone = desk.post("/desk/undo", data={"decision": number})
    assert desk.post("/desk/undo", data={"decision": number}).status_code == 409
    line = undone.headers["location"].rpartition("=")[2]
    assert desk.post("/desk/undo", data={"decision": line}).status_code == 404
    assert desk.post("/desk/undo", data={"decision": "999"}).status_code == 404
    for bad in ("0", "x", "", "9" * 10, "9" * 30):
        assert desk.post("/desk/undo", data={"decision": bad}).status_code == 422


@pytest.mark.parametrize(("reason", "field"), [("", "reason"), ("nonsense", "reason"), ("other", "note")])
def test_a_refusal_without_its_reason_is_not_made(
    parts: Parts, desk: TestClient, pending: Sent, reason: str, field: str
) -> None:
    answer = decide(desk, pending.id, "refuse", reason=reason, note=" \r\n ")
    page = Page(answer)
    assert answer.status_code == 422
    if field == "reason":
        assert page.alert.strip() == "Choisissez un motif : pas de refus sans explication."
    else:
        assert page.error("note") == "Avec « autre », dites pourquoi en quelques mots."
    assert chosen(page) == (["other"] if reason == "other" else [])
    assert "open" in page.node("details.refuse").attributes
    assert state(parts, pending.id) == (Status.PENDING, 1)


def test_a_refusal_without_a_reason_keeps_the_words(desk: TestClient, pending: Sent) -> None:
    page = Page(decide(desk, pending.id, "refuse", note="\nDéjà <dit> & redit."))
    assert page.value("note") == "\nDéjà <dit> & redit."


def test_a_note_of_many_lines_is_counted_as_it_was_typed(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    note = "\r\n".join(["un mot"] * 280)
    assert len(note.replace("\r\n", "\n")) < 2000 < len(note)
    assert decide(desk, pending.id, "refuse", reason="off_topic", note=note).status_code == 303
    with parts.reading() as session:
        assert session.exec(select(Decision.note)).one() == note.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ("publish", {}),
        ("spam", {}),
        ("refuse", {"reason": "off_topic"}),
    ],
)
def test_promise_04_who_comes_second_is_told_by_whom_and_keeps_what_was_typed(
    parts: Parts,
    desk: TestClient,
    sami: Person,
    pending: Sent,
    clock: FakeClock,
    first: str,
    more: dict[str, str],
) -> None:
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    decide(other, pending.id, first, **more)
    clock.tick(seconds=90)
    answer = decide(desk, pending.id, "refuse", reason="privacy", note="Cite une adresse.")
    page = Page(answer)
    assert answer.status_code == 409
    assert "Rien n’a été fait." in page.alert
    assert "par Sami" in page.alert
    assert "1er mars 2026 à 10 h 00" in page.alert
    assert {"publish": "validée", "spam": "classée comme spam", "refuse": "refusée"}[first] in page.alert
    assert "Cite une adresse." in answer.text
    assert chosen(page) == ([] if first in ("refuse", "spam") else ["privacy"])
    assert state(parts, pending.id)[1] == 2


def test_a_move_the_table_has_not_is_not_made(parts: Parts, desk: TestClient, pending: Sent) -> None:
    for action in ("reopen", "withdraw", "unpublish"):
        answer = decide(desk, pending.id, action, reason="privacy")
        assert answer.status_code == 409
        assert "Ce n’est plus possible dans son état actuel : en attente de validation." in Page(answer).alert
    assert state(parts, pending.id) == (Status.PENDING, 1)


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("absent/publish", {"revision": "1"}, 404),
        ("{id}/nonsense", {"revision": "1"}, 422),
        ("{id}/publish", {}, 422),
        ("{id}/publish", {"revision": "x"}, 422),
        ("{id}/publish", {"revision": "0"}, 422),
        ("{id}/publish", {"revision": "9" * 30}, 422),
        ("{id}/publish", {"revision": "2"}, 409),
        ("{id}/refuse", {"revision": "1", "reason": "off_topic", "note": "a" * 2001}, 422),
        ("absent/refuse", {"revision": "1", "reason": "off_topic", "note": "a" * 2001}, 404),
        ("%00/publish", {"revision": "1"}, 404),
    ],
)
def test_a_request_that_is_wrong_changes_nothing(
    parts: Parts, desk: TestClient, pending: Sent, path: str, data: dict[str, str], status: int
) -> None:
    answer = desk.post(f"/desk/comments/{path.format(id=pending.id)}", data=data)
    assert answer.status_code == status
    assert state(parts, pending.id) == (Status.PENDING, 1)


def test_a_note_holds_lines_and_tabs_and_no_other_control_character(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    note = "Voyez\x1b[2J la\0 charte.\r\n\tMerci\x7f\u009b\rbien."
    assert decide(desk, pending.id, "refuse", reason="other", note=note).status_code == 303
    with parts.reading() as session:
        assert session.exec(select(Decision.note)).one() == "Voyez[2J la charte.\n\tMerci\nbien."


def test_a_note_that_is_too_long_is_given_back_to_be_shortened(desk: TestClient, pending: Sent) -> None:
    note = "Voyez la charte.\n" * 150
    answer = decide(desk, pending.id, "refuse", reason="off_topic", note=note.replace("\n", "\r\n"))
    page = Page(answer)
    assert answer.status_code == 422
    assert (
        page.error("note") == "C’est trop long : 2 550 caractères, pour 2 000 au plus. Raccourcissez un peu."
    )
    assert (page.value("note"), chosen(page)) == (note, ["off_topic"])
    fits = "\r\n" * 1999 + "x"
    assert decide(desk, pending.id, "refuse", reason="off_topic", note=fits).status_code == 303


def test_a_withdrawn_text_is_gone_from_the_desk(desk: TestClient, client: TestClient, pending: Sent) -> None:
    client.post(f"/track/{pending.tracking}", data={"revision": "1"})
    answer = decide(desk, pending.id, "publish")
    page = Page(answer)
    assert answer.status_code == 409
    assert "par son auteur·ice" in page.alert
    assert pending.text not in answer.text
    assert "Zoé" not in answer.text


# The log


def test_the_log_says_who_did_what_and_why(
    parts: Parts, desk: TestClient, sami: Person, pending: Sent, clock: FakeClock
) -> None:
    decide(desk, pending.id, "refuse", reason="privacy", note="Cite une <adresse>.")
    clock.tick(hours=1)
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    place = decide(other, pending.id, "publish", "2").headers["location"]
    other.post("/desk/undo", data={"decision": place.rpartition("=")[2]})
    lines = Page(desk.get("/desk/log")).texts("main ol > li")
    assert len(lines) == 3
    for line, words in zip(
        lines,
        (
            ["Sami", "annulée"],
            ["Sami", "validée", "11 h 00"],
            ["Ann", "refusée", "10 h 00", "Motif : atteinte à la vie privée.", "Cite une <adresse>."],
        ),
        strict=True,
    ):
        assert all(word in line for word in [*words, "Le pont rouvre"]), line
    history = Page(desk.get(f"/desk/comments/{pending.id}")).main
    assert "Ce qui a été décidé" in history
    assert "Cite une <adresse>." in history


def test_the_log_begins_empty(desk: TestClient) -> None:
    assert "Aucune décision pour le moment." in Page(desk.get("/desk/log")).main


def test_the_log_goes_back_page_by_page(parts: Parts, desk: TestClient, article: str, ann: Person) -> None:
    for number in range(51):
        sent = send(parts, article, f"Texte {number}.")
        with parts.writing() as session:
            decisions.decide(
                session, sent.id, Action.SPAM, revision=1, by=ann.id, now=parts.clock(), undo=timedelta()
            )
    first = Page(desk.get("/desk/log"))
    second = Page(desk.get(first.hrefs["Plus anciennes"]))
    assert (len(first.nodes("main ol > li")), len(second.nodes("main ol > li"))) == (50, 1)
    assert "Plus anciennes" not in second.hrefs


def test_the_log_keeps_the_name_of_who_left(parts: Parts, desk: TestClient, pending: Sent) -> None:
    lea = add_person(parts, "lea@example.org", "Léa", Role.MODERATOR)
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), lea)
    decide(other, pending.id, "spam")
    with parts.writing() as session:
        members.remove(session, "lea@example.org", parts.clock())
    assert "Léa" in Page(desk.get("/desk/log")).main


def test_what_was_published_can_be_found_on_its_page(
    desk: TestClient, client: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending.id, "publish")
    settle()
    link = Page(desk.get(f"/desk/comments/{pending.id}")).hrefs["Le pont rouvre"]
    assert link == "/articles/le-pont#comment1"
    assert Page(client.get(link)).text("#comment1 .text") == pending.text


def test_one_s_own_decisions_are_listed_to_be_undone(
    parts: Parts, desk: TestClient, sami: Person, clock: FakeClock, article: str
) -> None:
    mine, other, old = (send(parts, article, f"Texte {number}.") for number in range(3))
    decide(desk, old.id, "spam")
    clock.tick(seconds=20)
    decide(desk, mine.id, "spam")
    decide(sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami), other.id, "spam")
    page = Page(desk.get(Page(desk.get("/desk/log")).hrefs["Mes décisions"]))
    assert len(page.nodes("main ol > li")) == 2
    undo = page.form("Annuler cette décision")
    desk.post(undo.action, data=undo.fields)
    assert state(parts, mine.id) == (Status.PENDING, 3)
    assert "Annuler cette décision" not in Page(desk.get("/desk/log?whose=own")).main
    assert "Annuler cette décision" not in Page(desk.get("/desk/log")).main


def test_the_last_decision_can_be_taken_back_on_the_pages_after_it_too(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    first, second, third = (send(parts, article, f"Texte {number}.") for number in range(3))
    answer = decide(desk, first.id, "spam")
    assert "Votre dernière décision" not in Page(desk.get(answer.headers["location"])).main
    clock.tick(seconds=1)
    decide(desk, second.id, "publish")
    page = Page(desk.get(f"/desk/comments/{third.id}"))
    assert "Votre dernière décision : Contribution validée." in page.main
    assert "jusqu’à 10 h 0 min 21 s" in page.main
    undo = page.form("Annuler cette décision")
    desk.post(undo.action, data=undo.fields)
    assert state(parts, second.id) == (Status.PENDING, 3)
    # The one before is the last, then.
    assert "Votre dernière décision : Contribution classée comme spam." in Page(desk.get("/desk")).main
    clock.tick(seconds=19)
    assert "Votre dernière décision" not in Page(desk.get("/desk")).main


def test_the_last_lot_can_be_taken_back_on_the_pages_after_it_too(
    parts: Parts, desk: TestClient, article: str
) -> None:
    sent = [send(parts, article, f"Texte {number}.") for number in range(3)]
    selected = [f"{one.id}:1" for one in sent[:2]]
    desk.post("/desk/bulk", data={"selected": selected, "action": "publish"})
    page = Page(desk.get(f"/desk/comments/{sent[2].id}"))
    assert "Votre dernière décision : 2 contributions validées." in page.main
    undo = page.form("Annuler ces 2 décisions")
    desk.post(undo.action, data=undo.fields)
    assert {state(parts, one.id)[0] for one in sent} == {Status.PENDING}


def test_nobody_is_offered_to_take_back_what_is_over(
    parts: Parts, desk: TestClient, client: TestClient, sami: Person, article: str
) -> None:
    first, second = (send(parts, article, f"Texte {number}.") for number in range(2))
    decide(desk, first.id, "spam")
    decide(desk, second.id, "spam")
    decide(sign_in(parts, client, sami), second.id, "reopen", revision="2")
    page = Page(desk.get("/desk?status=published"))
    undo = page.form("Annuler cette décision")
    assert state(parts, first.id)[0] is Status.SPAM
    desk.post(undo.action, data=undo.fields)
    assert state(parts, first.id)[0] is Status.PENDING
    assert "Annuler cette décision" not in Page(desk.get("/desk/log?whose=own")).main


def test_nobody_is_offered_to_take_back_what_others_decided(
    parts: Parts, desk: TestClient, client: TestClient, sami: Person, pending: Sent
) -> None:
    decide(sign_in(parts, client, sami), pending.id, "publish")
    assert "Votre dernière décision" not in Page(desk.get("/desk")).main


def test_the_queue_says_for_how_long_the_first_has_waited(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    send(parts, article, "La première.")
    clock.tick(hours=5)
    send(parts, article, "La seconde.")
    assert "La plus ancienne attend depuis 5 heures." in Page(desk.get("/desk")).main
    assert "attend depuis" not in Page(desk.get("/desk?status=published")).main


def test_pages_and_a_decision_ask_as_often_however_many_wait(
    parts: Parts, desk: TestClient, clock: FakeClock, article: str
) -> None:
    def asked() -> tuple[int, int, int]:
        first, _ = send(parts, article, f"Texte {identifiers.new_code()}."), clock.tick(seconds=1)
        second, _ = send(parts, article, f"Texte {identifiers.new_code()}."), clock.tick(seconds=1)
        counts = []
        for ask in (
            lambda: desk.get("/desk"),
            lambda: desk.get(f"/desk/comments/{first.id}"),
            lambda: decide(desk, second.id, "publish"),
        ):
            with statements(parts.engine) as seen:
                assert ask().status_code in {200, 303}
            counts.append(len(seen))
        clock.tick(minutes=1)
        return counts[0], counts[1], counts[2]

    asked()
    few = asked()
    for number in range(60):
        send(parts, article, f"Un texte, le {number}e.")
        clock.tick(seconds=1)
    assert asked() == few


# Asking the author

QUESTION = "D’où vient la <date> ?"


def test_a_question_is_put_as_any_decision_is_made(parts: Parts, desk: TestClient, pending: Sent) -> None:
    page = Page(desk.get(f"/desk/comments/{pending.id}"))
    assert page.label("question") == "Votre question à l’auteur·ice"
    form = page.form("Envoyer la question")
    answer = desk.post(form.action, data={**form.fields, "note": QUESTION})
    assert answer.status_code == 303
    told = Page(desk.get(answer.headers["location"]))
    assert told.alert.startswith("Question posée. Plus rien n’attend.")
    assert state(parts, pending.id) == (Status.ASKED, 2)
    asked = Page(desk.get(f"/desk/comments/{pending.id}"))
    assert asked.text(".exchange blockquote") == QUESTION
    assert "Réponse attendue jusqu’au 15 mars 2026 à 10 h 00" in asked.text(".exchange")
    assert "question posée par Ann" in asked.text(".history")
    undo = told.form("Annuler cette décision")
    back = Page(desk.get(desk.post(undo.action, data=undo.fields).headers["location"]))
    assert QUESTION not in back.main
    assert state(parts, pending.id) == (Status.PENDING, 3)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (" \r\n", "Écrivez votre question avant de l’envoyer."),
        ("é" * 2001, "C’est trop long : 2 001 caractères, pour 2 000 au plus. Raccourcissez un peu."),
    ],
)
def test_a_question_that_cannot_be_is_said_beside_its_field(
    parts: Parts, desk: TestClient, pending: Sent, typed: str, told: str
) -> None:
    answer = decide(desk, pending.id, "ask", note=typed)
    page = Page(answer)
    assert answer.status_code == 422
    assert page.error("question") == told
    assert page.value("question").strip() == typed.strip()
    assert page.value("note") == ""
    assert "open" in page.node("details.ask").attributes
    assert "open" not in page.node("details.refuse").attributes
    assert state(parts, pending.id) == (Status.PENDING, 1)


def test_a_question_that_comes_too_late_is_kept(
    parts: Parts, desk: TestClient, sami: Person, pending: Sent
) -> None:
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    decide(other, pending.id, "publish")
    answer = decide(desk, pending.id, "ask", note=QUESTION)
    assert answer.status_code == 409
    assert QUESTION in Page(answer).alert


def test_a_question_is_written_again_where_another_was_put_and_answered(
    desk: TestClient, client: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    decide(desk, pending.id, "ask", note=QUESTION)
    settle()
    client.post(f"/track/{pending.tracking}", data={"revision": "2", "action": "answer", "text": "De Zoé."})
    answer = decide(desk, pending.id, "ask", note="Et le lieu ?")
    page = Page(answer)
    assert answer.status_code == 409
    assert "réponse donnée par son auteur·ice" in page.alert
    assert page.value("question").strip() == "Et le lieu ?"


@pytest.mark.parametrize("action", ["answer", "lapse", "withdraw"])
def test_what_is_not_the_moderators_to_do_is_not_done(
    parts: Parts, desk: TestClient, pending: Sent, action: str
) -> None:
    decide(desk, pending.id, "ask", note=QUESTION)
    assert decide(desk, pending.id, action, "2").status_code == 409
    assert state(parts, pending.id) == (Status.ASKED, 2)


def test_a_question_outside_one_s_sections_is_not_put(
    parts: Parts, desk: TestClient, sami: Person, pending: Sent
) -> None:
    with parts.writing() as session:
        preferences.set_sections(session, sami.id, ["Sport"], parts.clock())
    other = sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)
    assert decide(other, pending.id, "ask", note=QUESTION).status_code == 404
    decide(desk, pending.id, "ask", note=QUESTION)
    assert other.get(f"/desk/comments/{pending.id}").status_code == 404
    assert Page(other.get("/desk?status=asked")).text(".empty") == "Aucune contribution dans cet état."
    assert state(parts, pending.id) == (Status.ASKED, 2)
