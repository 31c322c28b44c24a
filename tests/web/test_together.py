"""The desk as several people have it: each thing done by a form, nothing by looking."""

from typing import Any

import pytest
from conftest import FakeClock, Run, Sent, add_person, send, sign_in, statements
from page import Page
from sqlmodel import SQLModel, select
from starlette.testclient import TestClient

from moderation import leases, members, voices
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.models.people import Role
from moderation.models.queue import Comment, Decision
from moderation.models.together import Lease, Mention, Note, Pass, Recusal, Voice
from moderation.policy import Policy
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

Browser = TestClient


@pytest.fixture
def sami_s(parts: Parts, sami: Person) -> Browser:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)


def item(browser: Browser, sent: Sent, query: str = "") -> str:
    answer = browser.get(f"/desk/comments/{sent.id}{query}")
    assert answer.status_code == 200
    return answer.text


def press(browser: Browser, sent: Sent, name: str, **fields: str) -> Any:
    return browser.post(f"/desk/comments/{sent.id}/{name}", data=fields)


def rows(parts: Parts, kind: type[SQLModel]) -> int:
    with parts.reading() as session:
        return len(session.exec(select(kind)).all())


def status(parts: Parts, sent: Sent) -> Status:
    with parts.reading() as session:
        return session.get_one(Comment, sent.id).status


# Alone


def test_alone_one_sees_nothing_of_it(desk: TestClient, pending: Sent) -> None:
    html = item(desk, pending)
    for word in (
        "Entre nous",
        "Lire<",
        "cité·e",
        "veto",
        "Mes mentions",
        "laissées aux autres",
        "data-reading",
    ):
        assert word not in html
    assert "data-changes" not in html
    assert "Décider à plusieurs" not in desk.get("/desk/settings").text
    assert Page(desk.get("/desk/account/shortcuts")).field("note").attributes["type"] == "hidden"


def test_with_somebody_else_one_is_told_of_deciding_together(desk: TestClient, sami: Person) -> None:
    assert sami.id
    assert "Décider à plusieurs" in desk.get("/desk/settings").text
    assert Page(desk.get("/desk/account/shortcuts")).label("note") == "Écrire une note pour l’équipe"


def test_alone_a_decision_takes_no_lease(parts: Parts, desk: TestClient, article: str) -> None:
    first, _ = send(parts, article, "Une."), send(parts, article, "Deux.")
    assert press(desk, first, "publish", revision="1").status_code == 303
    assert rows(parts, Lease) == 0


# Reading


def test_looking_takes_no_lease_and_reading_does(
    parts: Parts, clock: FakeClock, desk: TestClient, sami_s: Browser, pending: Sent
) -> None:
    item(desk, pending)
    desk.get("/desk")
    assert rows(parts, Lease) == 0
    assert press(desk, pending, "lease").headers["Location"] == f"/desk/comments/{pending.id}"
    assert "commence à la lire" in item(sami_s, pending)
    clock.tick(minutes=2)
    assert "la lit depuis 2 min" in item(sami_s, pending)
    assert "la lit depuis" not in item(desk, pending)
    clock.now += leases.LASTS
    assert "la lit" not in item(sami_s, pending)


def test_it_is_taken_over_with_one_press(desk: TestClient, sami_s: Browser, pending: Sent) -> None:
    press(desk, pending, "lease")
    press(sami_s, pending, "lease", over="true")
    assert "Sami" in item(desk, pending)
    assert "commence à la lire" in item(desk, pending)


def test_the_script_says_that_one_still_reads(
    parts: Parts, desk: TestClient, sami: Person, pending: Sent
) -> None:
    assert sami.id
    answer = press(desk, pending, "reading")
    assert (answer.status_code, answer.content) == (204, b"")
    assert rows(parts, Lease) == 1
    assert press(desk, Sent("absent", "", ""), "reading").status_code == 404


def test_a_decision_reads_the_next_and_passes_what_others_read(
    parts: Parts, clock: FakeClock, desk: TestClient, sami_s: Browser, article: str
) -> None:
    sent = []
    for number in range(4):
        clock.tick(seconds=1)
        sent.append(send(parts, article, f"La {number}e."))
    press(sami_s, sent[1], "lease")
    place = press(desk, sent[0], "publish", revision="1").headers["Location"]
    assert place.startswith(f"/desk/comments/{sent[2].id}")
    assert "commence à la lire" in item(sami_s, sent[2])
    assert (
        press(sami_s, sent[1], "spam", revision="1")
        .headers["Location"]
        .startswith(f"/desk/comments/{sent[3].id}")
    )


# Changes


def test_what_came_and_what_moved_is_told_without_a_page(
    parts: Parts, clock: FakeClock, desk: TestClient, sami_s: Browser, article: str, pending: Sent
) -> None:
    since = clock().isoformat()
    asked = {"since": since, "opened": pending.id, "revision": "1"}
    assert desk.get("/desk/changes", params=asked).json() == {"arrived": "", "moved": ""}
    clock.tick(minutes=1)
    for number in range(3):
        send(parts, article, f"La {number}e.")
    press(sami_s, pending, "spam", revision="1")
    told = desk.get("/desk/changes", params=asked).json()
    assert told["arrived"] == "3 nouvelles contributions\u00a0: les afficher"
    assert told["moved"].startswith("Décidée entre-temps\u00a0: classée comme spam par Sami le 1er mars 2026")


def test_changes_are_told_in_four_statements(
    parts: Parts, clock: FakeClock, desk: TestClient, article: str, pending: Sent
) -> None:
    for _ in range(20):
        send(parts, article, f"À {clock.tick(seconds=1)}.")
    asked = {"since": "2026-03-01T08:00:00+00:00", "opened": pending.id, "revision": "1"}
    with statements(parts.engine) as seen:
        assert "21 nouvelles" in desk.get("/desk/changes", params=asked).json()["arrived"]
    assert len(seen) <= 4


@pytest.mark.parametrize(
    "since", ["", "x", "2026-03-01T08:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)
def test_a_time_that_is_none_is_refused(desk: TestClient, since: str) -> None:
    assert desk.get("/desk/changes", params={"since": since}).status_code in {404, 422}


def test_who_is_not_signed_in_is_told_no_changes(client: TestClient) -> None:
    assert client.get("/desk/changes?since=2026-03-01T08:00:00Z").status_code == 303


# Notes


def test_a_note_calls_somebody_until_they_have_seen_it(
    parts: Parts, desk: TestClient, sami_s: Browser, pending: Sent
) -> None:
    assert press(desk, pending, "note", internal="@Sami, tu <b>vois</b> ?").status_code == 303
    assert "Mes mentions" not in desk.get("/desk").text
    page = sami_s.get("/desk").text
    assert "Mes mentions" in page
    assert "<mark>@Sami</mark>, tu &lt;b&gt;vois&lt;/b&gt; ?" in page
    assert rows(parts, Mention) == 1
    seen = sami_s.post("/desk/mentions/1/seen")
    assert seen.headers["Location"] == f"/desk/comments/{pending.id}"
    assert "Mes mentions" not in sami_s.get("/desk").text
    assert "<mark>@Sami</mark>" in item(sami_s, pending)
    assert sami_s.post("/desk/mentions/99/seen").status_code == 303


@pytest.mark.parametrize(
    "name", ["mentions/99999999999999999999/seen", "voices/99999999999999999999/take-back"]
)
def test_a_number_no_database_holds_is_refused(desk: TestClient, name: str) -> None:
    assert desk.post(f"/desk/{name}").status_code in {404, 422}


@pytest.mark.parametrize(("words", "said"), [(" ", "Écrivez quelques mots"), ("a" * 2001, "C’est trop long")])
def test_a_note_that_cannot_be_kept_is_given_back(
    parts: Parts, desk: TestClient, sami: Person, pending: Sent, words: str, said: str
) -> None:
    assert sami.id
    answer = press(desk, pending, "note", internal=words)
    assert answer.status_code == 422
    assert said in answer.text
    assert words.strip() in answer.text
    assert rows(parts, Note) == 0


def test_a_note_is_in_no_answer_but_the_desk_s(
    desk: TestClient, client: TestClient, run: Run, sami: Person, pending: Sent
) -> None:
    press(desk, pending, "note", internal="canariquichante @Sami")
    press(desk, pending, "publish", revision="1")
    assert sami.id
    for path in ("/", "/articles/le-pont", f"/track/{pending.tracking}", "/api/v1/articles/le-pont/comments"):
        assert "canariquichante" not in client.get(path).text
    assert "canariquichante" not in run("show", pending.id, "--json").output


@pytest.mark.parametrize("name", ["note", "pass", "stand-aside"])
def test_nothing_is_written_beside_a_text_that_was_withdrawn_meanwhile(
    parts: Parts, desk: TestClient, client: TestClient, sami: Person, pending: Sent, name: str
) -> None:
    assert sami.id
    assert 'name="internal"' in item(desk, pending)
    assert client.post(f"/track/{pending.tracking}", data={"revision": 1}).status_code == 303
    answer = press(desk, pending, name, revision="1", internal="Il écrit « le pont ».")
    assert answer.status_code == 409
    assert "Rien n’a été fait." in answer.text
    assert ("Il écrit « le pont »." in answer.text) == (name != "stand-aside")
    assert (rows(parts, Note), rows(parts, Pass), rows(parts, Recusal)) == (0, 0, 0)
    page = item(desk, pending)
    assert 'name="internal"' not in page
    assert "Je suis cité·e" not in page


# Passing


def test_what_one_passes_leaves_one_s_list_and_no_other(
    parts: Parts, clock: FakeClock, desk: TestClient, sami_s: Browser, article: str
) -> None:
    first = send(parts, article, "Une.")
    clock.tick(seconds=1)
    second = send(parts, article, "Deux.")
    assert press(desk, first, "pass", internal="Aucune idée.").headers["Location"] == "/desk?said=passed"
    assert f'data-item="{second.id}"' in desk.get("/desk").text
    assert f'data-item="{first.id}"' in desk.get("/desk?passed=yes").text
    assert f'data-item="{first.id}"' in sami_s.get("/desk").text
    assert "Aucune idée." in item(sami_s, first)
    assert "Vous l’avez laissée aux autres." in item(desk, first)
    assert "Laissée aux autres." in Page(desk.get("/desk?said=passed")).alert
    assert press(desk, first, "take-up").headers["Location"].endswith("?said=taken_up")
    assert f'data-item="{first.id}"' in desk.get("/desk").text
    assert rows(parts, Pass) == 0


def test_what_all_pass_stands_first_for_all(
    parts: Parts, clock: FakeClock, desk: TestClient, sami_s: Browser, article: str
) -> None:
    sent = []
    for number in range(3):
        clock.tick(seconds=1)
        sent.append(send(parts, article, f"La {number}e."))
    for browser in (desk, sami_s):
        press(browser, sent[2], "pass")
    for browser in (desk, sami_s):
        page = browser.get("/desk").text
        assert f'data-item="{sent[2].id}"' in page
        assert page.count("tout le monde l’a passée") == 1
        assert page.count(f'href="/desk/comments/{sent[2].id}" aria-current="true"') == 1
    press(desk, sent[2], "pass")
    assert f'data-item="{sent[0].id}"' in desk.get("/desk").text


# Standing aside


def test_who_is_named_decides_by_no_door(
    parts: Parts, desk: TestClient, sami: Person, run: Run, client: TestClient, pending: Sent
) -> None:
    assert sami.id
    press(desk, pending, "stand-aside")
    page = item(desk, pending)
    assert "Vous avez dit être cité·e" in page
    assert "Valider</button>" not in page
    refused = press(desk, pending, "refuse", revision="1", reason="privacy", note="Il me nomme.")
    assert refused.status_code == 403
    assert "Il me nomme." in refused.text
    assert "atteinte à la vie privée" in refused.text
    token = run("token", "create", "ann@example.org").output.split()[-1]
    answer = client.post(
        f"/api/v1/comments/{pending.id}/decisions",
        json={"action": "publish", "revision": 1},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, "stood aside" in answer.json()["detail"]) == (403, True)
    assert run("decide", pending.id, "publish", "--as", "ann@example.org").exit_code == 1
    assert status(parts, pending) is Status.PENDING
    press(desk, pending, "come-back")
    assert press(desk, pending, "publish", revision="1").status_code == 303


def test_who_is_named_undoes_nothing(desk: TestClient, sami_s: Browser, pending: Sent) -> None:
    press(sami_s, pending, "publish", revision="1")
    press(desk, pending, "stand-aside")
    assert desk.post("/desk/undo", data={"decision": "1"}).status_code == 403


def test_one_s_own_is_for_somebody_else(
    parts: Parts, article: str, desk: TestClient, sami_s: Browser
) -> None:
    own = send(parts, article, "J’y étais.", author="Ann", email="ann@example.org")
    page = Page(desk.get(f"/desk/comments/{own.id}"))
    assert "Elle porte votre adresse : quelqu’un d’autre en décide." in page.main
    assert [node.attributes["data-do"] for node in page.nodes(".decide [data-do]")] == ["spam"]
    assert page.texts(".decide form button") == ["Spam : pas de moi"]
    for action in ("publish", "refuse", "ask"):
        answer = press(desk, own, action, revision="1", reason="off_topic", note="Quand ?")
        assert answer.status_code == 403
    assert press(sami_s, own, "publish", revision="1").status_code == 303
    page = Page(desk.get(f"/desk/comments/{own.id}"))
    assert page.texts(".decide summary") == ["Dépublier : pas de moi"]


def test_alone_one_s_own_is_one_s_own(parts: Parts, article: str, desk: TestClient) -> None:
    own = send(parts, article, "J’y étais.", author="Ann", email="ann@example.org")
    assert press(desk, own, "publish", revision="1").status_code == 303


# Voices


@pytest.fixture
def two(parts: Parts, sami: Person) -> None:
    assert sami.id
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(2, 2, veto=True))


@pytest.mark.usefixtures("two")
def test_a_voice_is_heard_and_the_next_opens(
    parts: Parts, desk: TestClient, sami_s: Browser, article: str, clock: FakeClock
) -> None:
    first = send(parts, article, "Une.")
    clock.tick(seconds=1)
    second = send(parts, article, "Deux.")
    place = press(desk, first, "publish", revision="1").headers["Location"]
    assert place == f"/desk/comments/{second.id}?heard=1"
    page = desk.get(place).text
    assert "Voix enregistrée." in page
    assert "Il en manque 1." in page
    assert f'data-item="{second.id}"' in desk.get("/desk").text
    assert f'data-item="{first.id}"' in desk.get("/desk?passed=yes").text
    assert "valider\u00a0: 1 voix sur 2" in item(sami_s, first)
    assert "done=" in press(sami_s, first, "publish", revision="1").headers["Location"]
    assert status(parts, first) is Status.PUBLISHED
    assert "Il en manque" not in desk.get(place).text
    assert "Ce que chacun·e en avait dit" in item(desk, first)


@pytest.mark.usefixtures("two")
def test_a_voice_is_taken_back_by_its_author(
    parts: Parts, desk: TestClient, sami_s: Browser, pending: Sent
) -> None:
    press(sami_s, pending, "publish", revision="1")
    assert desk.post("/desk/voices/1/take-back").status_code == 404
    assert sami_s.post("/desk/voices/1/take-back").status_code == 303
    again = sami_s.post("/desk/voices/1/take-back")
    assert again.status_code == 409
    assert "Cette voix ne compte plus." in Page(again).alert
    assert "done=" not in press(desk, pending, "publish", revision="1").headers["Location"]
    assert rows(parts, Decision) == 0


@pytest.mark.usefixtures("two")
def test_a_veto_pauses_and_an_admin_may_lift_it(
    parts: Parts, desk: TestClient, sami_s: Browser, pending: Sent
) -> None:
    assert press(sami_s, pending, "veto", revision="1", internal="Il y a un nom.").status_code == 303
    press(sami_s, pending, "publish", revision="1")
    press(sami_s, pending, "veto", revision="1", internal="Il y a un nom.")
    press(desk, pending, "publish", revision="1")
    page = item(desk, pending)
    assert "En pause" in page
    assert "Il y a un nom." in page
    assert "Lever le veto" in page
    assert status(parts, pending) is Status.PENDING
    with parts.reading() as session:
        veto = session.exec(select(Voice.id).order_by(Voice.id.desc())).all()[1]  # type: ignore[union-attr]
    assert desk.post(f"/desk/voices/{veto}/take-back").status_code == 303
    assert "levé par" in item(desk, pending)


@pytest.mark.usefixtures("two")
def test_an_admin_who_stood_aside_is_told_that_they_lift_no_veto(
    desk: TestClient, sami_s: Browser, pending: Sent
) -> None:
    press(sami_s, pending, "veto", revision="1", internal="Il y a un nom.")
    assert "Trop peu de personnes" not in item(desk, pending)
    press(desk, pending, "stand-aside")
    page = item(desk, pending)
    assert "Lever le veto" not in page
    assert "Trop peu de personnes peuvent encore en décider" in page
    answer = desk.post("/desk/voices/1/take-back")
    assert answer.status_code == 403
    assert "Vous avez dit être cité·e" in answer.text
    assert "En pause" in answer.text


@pytest.mark.usefixtures("two")
def test_the_api_says_that_others_must_agree(
    run: Run, client: TestClient, ann: Person, pending: Sent, desk: TestClient
) -> None:
    token = run("token", "create", "sami@example.org").output.split()[-1]
    bearer = {"Authorization": f"Bearer {token}"}
    answer = client.post(
        f"/api/v1/comments/{pending.id}/decisions", json={"action": "publish", "revision": 1}, headers=bearer
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "pending",
        "revision": 1,
        "decision": None,
        "undo_until": None,
        "missing": 1,
        "paused": False,
    }
    queue = client.get("/api/v1/queue", headers=bearer).json()
    assert [one["id"] for one in queue["items"]] == [pending.id]
    assert ann.id
    assert "done=" in press(desk, pending, "publish", revision="1").headers["Location"]


@pytest.mark.usefixtures("two")
def test_the_command_line_says_that_others_must_agree(run: Run, ann: Person, pending: Sent) -> None:
    heard = run("decide", pending.id, "publish", "--as", "sami@example.org")
    assert (heard.exit_code, heard.stdout) == (0, "pending\n")
    assert "1 more needed" in heard.stderr
    assert ann.id
    assert run("decide", pending.id, "publish", "--as", "ann@example.org").stdout == "published\n"


@pytest.mark.parametrize("name", ["veto", "note", "lease", "pass", "take-up", "stand-aside", "come-back"])
def test_what_is_not_there_is_not_there(desk: TestClient, sami: Person, name: str) -> None:
    assert sami.id
    answer = press(desk, Sent("absent", "", ""), name, revision="1", internal="x")
    assert answer.status_code == 404


def test_a_veto_where_there_is_none_is_explained(desk: TestClient, sami: Person, pending: Sent) -> None:
    assert sami.id
    answer = press(desk, pending, "veto", revision="1", internal="Non.")
    assert answer.status_code == 409
    assert "Rien n’a été fait." in answer.text
    assert ">\nNon.</textarea>" in answer.text


# The rules, duty, the guide


def test_an_admin_sets_the_policy_of_the_site_and_of_a_section(
    parts: Parts, desk: TestClient, article: str
) -> None:
    assert article
    page = desk.get("/desk/settings/policy")
    assert "Ville" in page.text
    fields = {"section": "", "publish": "2", "refuse": "1", "veto": "true"}
    assert desk.post("/desk/settings/policy", data=fields).status_code == 303
    desk.post("/desk/settings/policy", data={"section": "Ville", "publish": "3", "refuse": "3"})
    with parts.reading() as session:
        assert voices.policy_for(session, "Autre") == Policy(2, 1, veto=True)
        assert voices.policy_for(session, "Ville") == Policy(3, 3)
    desk.post("/desk/settings/policy", data={"section": "Ville", "as_site": "true"})
    with parts.reading() as session:
        assert voices.policy_for(session, "Ville") == Policy(2, 1, veto=True)
    assert desk.post("/desk/settings/policy", data={"publish": "0"}).status_code == 422


def test_nobody_else_sets_it(sami_s: Browser) -> None:
    assert sami_s.get("/desk/settings/policy").status_code == 403
    assert sami_s.post("/desk/settings/policy", data={"publish": "2"}).status_code == 403
    assert sami_s.post("/desk/team/duty", data={"week": "2026-W09"}).status_code == 403


def test_who_is_on_duty_is_said_at_the_head_of_the_queue(
    desk: TestClient, sami_s: Browser, sami: Person
) -> None:
    assert "Permanence" in desk.get("/desk/team").text
    assert desk.post("/desk/team/duty", data={"week": "2026-W09", "who": [sami.id]}).status_code == 303
    assert "De permanence cette semaine\u00a0: Sami." in sami_s.get("/desk").text
    desk.post("/desk/team/duty", data={"week": "2026-W09"})
    assert "De permanence" not in sami_s.get("/desk").text
    for week in ("2026-W54", "x"):
        assert desk.post("/desk/team/duty", data={"week": week}).status_code == 422


def test_the_guide_is_offered_until_it_is_put_away(desk: TestClient) -> None:
    assert "Première visite" in desk.get("/desk").text
    desk.get("/desk/guide")
    assert "Première visite" in desk.get("/desk").text
    assert desk.post("/desk/guide").status_code == 303
    page = desk.get("/desk").text
    assert "Première visite" not in page
    assert 'href="/desk/guide"' in page


# What was typed


def test_a_stale_decision_keeps_its_reason_and_its_words(
    desk: TestClient, sami_s: Browser, pending: Sent
) -> None:
    press(sami_s, pending, "publish", revision="1")
    answer = press(desk, pending, "refuse", revision="1", reason="off_topic", note="Ce n’est pas le sujet.")
    assert answer.status_code == 409
    assert "Vous aviez choisi ce motif\u00a0: hors sujet." in answer.text
    assert "Ce n’est pas le sujet." in answer.text


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("refuse", {"revision": "1", "reason": "off_topic", "note": "Ce n’est pas le sujet."}),
        ("note", {"revision": "1", "internal": "Ce n’est pas le sujet."}),
    ],
)
def test_a_session_that_ended_keeps_what_was_typed(
    client: TestClient, pending: Sent, name: str, fields: dict[str, str]
) -> None:
    answer = press(client, pending, name, **fields)
    assert answer.status_code == 401
    assert "Ce n’est pas le sujet." in answer.text
    assert f'action="/desk/comments/{pending.id}/{name}"' in answer.text
    assert f'name="next" value="/desk/comments/{pending.id}"' in answer.text
    assert ("hors sujet" in answer.text) == (name == "refuse")


def test_a_password_is_never_written_into_a_page(client: TestClient, pending: Sent) -> None:
    answer = press(client, pending, "refuse", revision="1", password="secret", note="x")
    assert answer.status_code == 401
    assert "secret" not in answer.text


def test_who_left_is_in_nothing_any_more(
    parts: Parts, clock: FakeClock, desk: TestClient, sami_s: Browser, sami: Person, pending: Sent
) -> None:
    press(sami_s, pending, "lease")
    press(sami_s, pending, "note", internal="@Ann, je pars.")
    press(desk, pending, "note", internal="@Sami, bonne route.")
    with parts.writing() as session:
        members.remove(session, sami.email, clock.tick(minutes=1))
    add_person(parts, "zoe@example.org", "Zoé", Role.MODERATOR)
    page = item(desk, pending)
    assert "commence à la lire" not in page
    assert "<mark>@Sami</mark>" not in page
    assert "je pars." in page
    assert rows(parts, Lease) == rows(parts, Recusal) == 0


@pytest.mark.usefixtures("two")
def test_what_is_done_beside_deciding_is_said_to_who_listens(desk: TestClient, pending: Sent) -> None:
    for what, said, more in (
        ("note", "Note enregistrée.", {"internal": "Vu."}),
        ("veto", "Veto posé.", {"revision": "1"}),
        ("stand-aside", "quelqu’un d’autre décide", {}),
        ("come-back", "vous pouvez de nouveau en décider", {}),
        ("take-up", "de nouveau dans votre file", {}),
    ):
        place = press(desk, pending, what, **more).headers["Location"]
        assert said in Page(desk.get(place)).alert


def test_what_one_stands_aside_from_is_not_what_one_s_queue_opens_with(
    desk: TestClient, sami_s: Browser, parts: Parts, article: str, clock: FakeClock
) -> None:
    first = send(parts, article, "Une.")
    clock.tick(seconds=1)
    second = send(parts, article, "Deux.")
    press(desk, first, "stand-aside")
    assert f'data-item="{second.id}"' in desk.get("/desk").text
    assert f'data-item="{first.id}"' in desk.get("/desk?passed=yes").text
    assert f'data-item="{first.id}"' in sami_s.get("/desk").text


@pytest.mark.usefixtures("two")
def test_voices_and_vetoes_stay_in_the_history_whatever_the_policy_becomes(
    desk: TestClient, sami_s: Browser, parts: Parts, pending: Sent
) -> None:
    press(desk, pending, "veto", revision="1", internal="La source est douteuse.")
    heard = press(desk, pending, "publish", revision="1").headers["Location"]
    page = Page(desk.get(heard))
    assert "Rien n’a été fait : votre veto est posé." in page.alert
    desk.post("/desk/voices/1/take-back")
    press(desk, pending, "publish", revision="1")
    press(sami_s, pending, "publish", revision="1")
    with parts.writing() as session:
        voices.set_policy(session, "", Policy())
    said = Page(sami_s.get(f"/desk/comments/{pending.id}")).text(".history")
    for words in ("Ann : veto", "La source est douteuse.", "Ann : valider", "Sami : valider"):
        assert words in said


def test_enough_voices_that_a_veto_held_up_are_said_to_wait_for_one_more_word(
    desk: TestClient, sami_s: Browser, parts: Parts, pending: Sent
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(1, 1, veto=True))
    press(desk, pending, "veto", revision="1")
    press(sami_s, pending, "publish", revision="1")
    said = "Il y a assez de voix : la prochaine personne qui le redit décide."
    assert said not in Page(sami_s.get(f"/desk/comments/{pending.id}")).main
    desk.post("/desk/voices/1/take-back")
    assert said in Page(sami_s.get(f"/desk/comments/{pending.id}")).main
    press(sami_s, pending, "publish", revision="1")
    assert status(parts, pending) is Status.PUBLISHED
