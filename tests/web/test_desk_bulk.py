"""Several at once, as a browser without script does it, and its answers."""

from collections.abc import Callable, Sequence

import pytest
from conftest import FakeClock, Sent, add_article, send, sign_in
from likeness_corpus import HONEST, LOANS, PETITION
from page import Page, plain
from sqlmodel import col, func, select
from starlette.testclient import TestClient

from moderation import claims, deciders, drafts, voices
from moderation.accounts import Person
from moderation.lanes import Ground
from moderation.lifecycle import Reason, Status
from moderation.markup import Dialect
from moderation.models.queue import Comment, Decision
from moderation.policy import Policy
from moderation.web.dependencies import Parts


@pytest.fixture
def twenty(parts: Parts, article: str, clock: FakeClock) -> list[Sent]:
    sent = []
    for number in range(20):
        clock.tick(seconds=1)
        sent.append(send(parts, article, f"La contribution {number} parle du pont.", author=f"A{number}"))
    return sent


def words(sent: Sequence[Sent], revision: int = 1) -> list[str]:
    return [f"{one.id}:{revision}" for one in sent]


def statuses(parts: Parts) -> dict[Status, int]:
    with parts.reading() as session:
        rows = session.exec(select(Comment.status, func.count()).group_by(Comment.status)).all()
    return {Status(status): number for status, number in rows}


def boxes(page: Page) -> dict[str, bool]:
    """Of the list: each contribution’s word, and whether it is picked."""
    return {
        str(node.attributes["value"]): "checked" in node.attributes
        for node in page.nodes(".rows input[name=selected], .gathered input[name=selected]")
    }


def carried(page: Page) -> list[str]:
    return [
        str(node.attributes["value"])
        for node in page.nodes("form.picks[data-list] input[type=hidden][name=selected]")
    ]


def test_those_picked_are_decided_in_one_go_and_undone_in_one(
    parts: Parts, desk: TestClient, twenty: list[Sent]
) -> None:
    answer = desk.post(
        "/desk/bulk", data={"selected": words(twenty[:17]), "action": "refuse", "reason": "duplicate"}
    )
    assert answer.status_code == 303
    page = Page(desk.get(answer.headers["location"]))
    assert page.alert.startswith("17 contributions refusées. Encore 3 en attente.")
    with parts.reading() as session:
        assert set(session.exec(select(Decision.reason)).all()) == {Reason.DUPLICATE}
    undo = next(form for form in page.forms if form.action == "/desk/undo")
    answer = desk.post(undo.action, data=undo.fields)
    assert Page(desk.get(answer.headers["location"])).alert.startswith("17 décisions annulées.")
    assert statuses(parts) == {Status.PENDING: 20}


def test_of_twenty_with_three_stale_seventeen_are_done_and_three_named_with_who_and_when(
    parts: Parts, desk: TestClient, client: TestClient, sami: Person, twenty: list[Sent]
) -> None:
    other = sign_in(parts, client, sami)
    for one in twenty[4:7]:
        other.post(f"/desk/comments/{one.id}/publish", data={"revision": "1"})
    answer = desk.post("/desk/bulk", data={"selected": words(twenty), "action": "spam"})
    page = Page(desk.get(answer.headers["location"]))
    assert "17 contributions classées comme spam." in page.alert
    assert "3 contributions n’ont pas changé :" in page.alert
    left = [plain(node.text()) for node in page.nodes(".undone li")]
    assert [line.partition(",")[0] for line in left] == ["A4", "A5", "A6"]
    assert all("validée par Sami le 1er mars 2026 à 10 h 00" in line for line in left)
    assert statuses(parts) == {Status.PUBLISHED: 3, Status.SPAM: 17}


def test_of_one_s_own_that_somebody_else_decided_it_is_told_who_did(
    parts: Parts, desk: TestClient, client: TestClient, sami: Person, article: str
) -> None:
    own, other = (
        send(parts, article, f"J’y étais, {n}.", email=e) for n, e in [(1, "ann@example.org"), (2, "")]
    )
    sign_in(parts, client, sami).post(f"/desk/comments/{own.id}/publish", data={"revision": "1"})
    answer = desk.post("/desk/bulk", data={"selected": words([own, other]), "action": "spam"})
    page = Page(desk.get(answer.headers["location"]))
    assert "1 contribution classée comme spam." in page.alert
    assert "validée par Sami" in page.text(".undone li")


def test_where_nothing_could_be_done_it_is_said_and_what_was_typed_is_kept(
    parts: Parts, desk: TestClient, client: TestClient, sami: Person, pending: Sent
) -> None:
    sign_in(parts, client, sami).post(f"/desk/comments/{pending.id}/publish", data={"revision": "1"})
    data = {
        "selected": words([pending]),
        "action": "refuse",
        "reason": "other",
        "note": "Trop tard, dommage.",
    }
    answer = desk.post("/desk/bulk", data=data)
    page = Page(answer)
    assert answer.status_code == 409
    assert "validée par Sami" in page.alert
    assert "Trop tard, dommage." in page.main
    assert statuses(parts) == {Status.PUBLISHED: 1}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"action": "refuse"}, "Choisissez un motif"),
        ({"action": "refuse", "reason": "other"}, "Avec « autre », dites pourquoi"),
        ({"action": "spam", "note": "x" * 2001}, "C’est trop long"),
        ({}, "choisissez ce qu’elles deviennent"),
        ({"action": "spam", "selected": ""}, "cochez d’abord"),
        ({"action": "spam", "selected": [f"a{n}:1" for n in range(201)]}, "deux cents au plus"),
    ],
)
def test_what_is_missing_is_asked_for_with_the_selection_kept(
    parts: Parts, desk: TestClient, pending: Sent, more: dict[str, str], said: str
) -> None:
    answer = desk.post("/desk/bulk", data={"selected": words([pending]), **more})
    page = Page(answer)
    assert answer.status_code == 422
    assert said in page.alert
    assert statuses(parts) == {Status.PENDING: 1}
    if "selected" not in more:
        assert boxes(page) == {f"{pending.id}:1": True}


def test_the_reasons_of_the_bar_refuse_at_one_press(
    parts: Parts, desk: TestClient, twenty: list[Sent]
) -> None:
    page = Page(desk.get("/desk"))
    button = page.nodes(".listed .bar button[value=off_topic]")[0]
    address = str(button.attributes["formaction"])
    desk.post(address, data={"selected": words(twenty[:2]), "reason": "off_topic"})
    assert statuses(parts) == {Status.PENDING: 18, Status.REFUSED: 2}


def test_a_selection_is_kept_from_page_to_page(desk: TestClient, twenty: list[Sent]) -> None:
    first = Page(desk.get("/desk", params={"selected": words(twenty[:2])}))
    assert [word for word, picked in boxes(first).items() if picked] == words(twenty[:2])
    onward = first.nodes("button[name=after]")[0]
    second = Page(
        desk.get("/desk", params={"selected": words(twenty[:2]), "after": str(onward.attributes["value"])})
    )
    assert set(carried(second)) | {word for word, picked in boxes(second).items() if picked} == set(
        words(twenty[:2])
    )
    assert second.text(".listed .picked") == "2 choisies"


def test_all_that_are_shown_are_picked_by_one_press_and_none_by_another(
    desk: TestClient, twenty: list[Sent]
) -> None:
    page = Page(desk.get("/desk", params={"selected": words(twenty[19:]), "pick": "all"}))
    assert all(boxes(page).values())
    assert len(boxes(page)) + len(carried(page)) >= 17
    page = Page(desk.get("/desk", params={"selected": words(twenty[:3]), "pick": "none"}))
    assert not any(boxes(page).values())
    assert carried(page) == []


def test_what_names_nothing_in_an_address_is_passed_over(desk: TestClient, pending: Sent) -> None:
    page = Page(desk.get("/desk", params={"selected": ["<b>", "x:y", f"{pending.id}:7"], "left": ["nobody"]}))
    assert page.status == 200
    assert boxes(page) == {f"{pending.id}:1": False}
    assert desk.get("/desk", params={"selected": ["a:1"] * 201}).status_code == 422


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"author": "Kate"}, {"Kate"}),
        ({"email": "bob@example.org"}, {"Bob"}),
        ({"host": "pret-rapide.example"}, {"Kate", "Bob"}),
        ({"host": "%"}, set()),
        ({"author": "Personne"}, set()),
    ],
)
def test_those_that_have_something_in_common_are_listed_on_a_page_of_their_own(
    parts: Parts, desk: TestClient, article: str, asked: dict[str, str], found: set[str]
) -> None:
    send(parts, article, LOANS[0], author="Kate", email="kate@example.org")
    send(parts, article, LOANS[1], author="Bob", email="bob@example.org")
    send(parts, article, HONEST[0], author="Zoé")
    page = Page(desk.get("/desk/bulk", params=asked))
    assert set(page.texts(".gathered .author")) == found
    assert ("Aucune n’attend." in page.main) == (not found)


def test_a_group_of_similar_ones_is_shown_with_what_differs_and_none_picked(
    parts: Parts, desk: TestClient, article: str
) -> None:
    other = add_article(parts, "la-ligne-7")
    sent = [send(parts, other if number else article, text) for number, text in enumerate(PETITION)]
    send(parts, article, HONEST[0])
    desk.post(f"/desk/comments/{sent[4].id}/refuse", data={"revision": "1", "reason": "duplicate"})
    page = Page(desk.get(f"/desk/comments/{sent[0].id}"))
    assert page.text(".kin > summary") == "5 contributions semblables"
    assert "3 autres attendent" in page.text(".kin")
    assert "refusée : 1" in page.text(".kin")
    assert "Mireille, rue des Tanneurs." in page.texts(".kin ins")
    picks = page.nodes(".kin input[name=selected]")
    assert len(picks) == 4
    assert not any("checked" in node.attributes for node in picks)
    every = Page(desk.get(page.hrefs["Les voir toutes, et décider de celles qui attendent"]))
    assert boxes(every) == {word: place == 0 for place, word in enumerate(words(sent[:4]))}


def test_equal_short_texts_are_said_to_be_the_same_and_no_more(
    parts: Parts, desk: TestClient, article: str
) -> None:
    first = send(parts, article, "Merci !")
    send(parts, add_article(parts, "la-ligne-7"), "Merci !")
    page = Page(desk.get(f"/desk/comments/{first.id}"))
    assert page.text(".kin > summary") == "2 contributions avec le même texte"


LONG = " ".join(f"mot{number}" for number in range(205))


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (f"{LONG} Merci.", f"{LONG} Le maire habite rue des Lilas.", "Le maire habite rue des Lilas."),
        (
            f"{LONG} Merci",
            f'{LONG} <a href="https://evil.example/x">Merci</a>',
            "(https://evil.example/x)",
        ),
    ],
)
def test_of_texts_that_differ_late_or_in_a_link_s_address_it_is_shown(
    parts: Parts, desk: TestClient, article: str, one: str, other: str, shown: str
) -> None:
    first = send(parts, article, one)
    send(parts, article, other)
    page = Page(desk.get(f"/desk/comments/{first.id}"))
    assert page.text(".kin > summary") == "2 contributions semblables"
    assert "Le même texte." not in page.text(".kin")
    assert shown in page.texts(".kin ins")


def test_the_same_text_is_said_of_all_and_not_of_those_shown_alone(
    parts: Parts, desk: TestClient, article: str, clock: FakeClock
) -> None:
    text = f"{LONG} Merci beaucoup."
    sent = []
    for number in range(10):
        clock.tick(seconds=1)
        sent.append(send(parts, add_article(parts, f"article-{number}"), text))
    page = Page(desk.get(f"/desk/comments/{sent[0].id}"))
    assert page.text(".kin > summary") == "10 contributions avec le même texte"
    clock.tick(seconds=1)
    last = send(parts, article, f"{text} Mort aux voisins.")
    page = Page(desk.get(f"/desk/comments/{sent[0].id}"))
    assert page.text(".kin > summary") == "11 contributions semblables"
    every = Page(desk.get(page.hrefs["Les voir toutes, et décider de celles qui attendent"]))
    assert boxes(every) == {**dict.fromkeys(words(sent), True), **dict.fromkeys(words([last]), False)}
    assert len(every.nodes(".gathered details[open]")) == 1
    other = Page(desk.get("/desk/bulk", params={"kin": sent[0].id, "pick": "same"}))
    assert boxes(other) == boxes(every)
    # Or all of them, whatever list one came from.
    assert set(boxes(Page(desk.get("/desk/bulk", params={"kin": sent[0].id, "pick": "all"}))).values()) == {
        True
    }
    narrowed = Page(desk.get(f"/desk/comments/{sent[0].id}?article=article-0"))
    there = Page(desk.get(narrowed.hrefs["Les voir toutes, et décider de celles qui attendent"]))
    assert boxes(there) == boxes(every)


def test_the_same_words_otherwise_put_are_not_the_same_text(
    parts: Parts, desk: TestClient, article: str
) -> None:
    first = send(parts, article, "Merci.")
    send(parts, add_article(parts, "la-ligne-7"), "merci")
    page = Page(desk.get(f"/desk/comments/{first.id}"))
    assert page.text(".kin > summary") == "2 contributions semblables"
    assert "Les mêmes mots" in page.text(".kin")


def test_one_that_is_alone_shows_no_group(desk: TestClient, pending: Sent) -> None:
    assert Page(desk.get(f"/desk/comments/{pending.id}")).nodes(".kin") == []


def test_a_lot_that_can_no_longer_be_undone_is_told_so(
    desk: TestClient, twenty: list[Sent], settle: Callable[[], None]
) -> None:
    answer = desk.post("/desk/bulk", data={"selected": words(twenty[:2]), "action": "publish"})
    lot = answer.headers["location"].partition("lot=")[2]
    settle()
    late = desk.post("/desk/undo", data={"lot": lot})
    assert late.status_code == 409
    assert "2 contributions n’ont pas changé" in Page(late).alert
    assert desk.post("/desk/undo", data={"lot": "nothing"}).status_code == 404
    assert desk.post("/desk/undo").status_code == 422


def test_nobody_decides_who_is_not_signed_in(parts: Parts, client: TestClient, pending: Sent) -> None:
    answer = client.post("/desk/bulk", data={"selected": words([pending]), "action": "spam"})
    assert answer.status_code == 401
    assert client.get("/desk/bulk?author=Kate").status_code == 303
    assert statuses(parts) == {Status.PENDING: 1}


def test_voices_given_in_one_go_are_told_and_those_not_theirs_to_decide_as_well(
    parts: Parts, desk: TestClient, twenty: list[Sent], ann: Person, sami: Person, clock: FakeClock
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(2, 2, veto=False))
        deciders.stand_aside(session, twenty[0].id, by=ann.id, now=clock())
    answer = desk.post("/desk/bulk", data={"selected": words(twenty), "action": "publish"})
    assert (answer.status_code, sami.name) == (303, "Sami")
    page = Page(desk.get(answer.headers["location"]))
    assert "19 voix enregistrées. D’autres voix sont attendues." in page.main
    assert "1 contribution n’a pas changé :" in page.main
    assert "vous avez dit être cité·e : quelqu’un d’autre décide" in page.main
    assert statuses(parts) == {Status.PENDING: 20}
    nothing = desk.post("/desk/bulk", data={"selected": words(twenty[:1]), "action": "publish"})
    assert nothing.status_code == 409
    assert "vous avez dit être cité·e : quelqu’un d’autre décide" in Page(nothing).main


def test_to_say_one_reads_keeps_what_was_picked(desk: TestClient, twenty: list[Sent], sami: Person) -> None:
    page = Page(desk.get("/desk"))
    (button, *_) = page.nodes(".rows .read")
    assert (button.attributes["formmethod"], sami.name) == ("post", "Sami")
    answer = desk.post(str(button.attributes["formaction"]), data={"selected": words(twenty[3:5])})
    after = boxes(Page(desk.get(answer.headers["location"])))
    assert [word for word, checked in after.items() if checked] == words(twenty[3:5])


def test_as_many_as_may_be_decided_at_once_go_through_with_all_that_goes_with_them(
    parts: Parts, desk: TestClient, pending: Sent
) -> None:
    gone = [f"a{number}:1" for number in range(199)]
    data = {
        "selected": [*words([pending]), *gone],
        "action": "refuse",
        "reason": "other",
        "note": "Déjà dit.",
    }
    assert desk.post("/desk/bulk?order=newest", data=data).status_code == 303
    assert statuses(parts) == {Status.REFUSED: 1}


def test_several_authors_are_not_asked_at_once(parts: Parts, desk: TestClient, twenty: list[Sent]) -> None:
    page = Page(desk.get("/desk"))
    assert "ask" not in [node.attributes.get("value") for node in page.nodes(".bar button[name=action]")]
    answer = desk.post(
        "/desk/bulk", data={"selected": words(twenty[:2]), "action": "ask", "note": "D’où vient la date ?"}
    )
    assert answer.status_code == 422
    assert "choisissez ce qu’elles deviennent" in Page(answer).alert
    assert statuses(parts) == {Status.PENDING: 20}


def test_those_that_wait_for_answers_are_decided_in_one_go(
    parts: Parts, desk: TestClient, twenty: list[Sent]
) -> None:
    for one in twenty[:3]:
        desk.post(f"/desk/comments/{one.id}/ask", data={"revision": "1", "note": "D’où ?"})
    desk.post("/desk/bulk", data={"selected": words(twenty[:3], 2), "action": "reopen"})
    assert statuses(parts) == {Status.PENDING: 20}


# Notices of one text


@pytest.fixture
def noticed(
    parts: Parts, desk: TestClient, article: str, settle: Callable[[], None], clock: FakeClock
) -> tuple[Sent, list[str]]:
    """A public text and the names of ten notices of it; and one of another text."""
    texts = [send(parts, article, f"La mairie savait tout {number}.", author="Zoé") for number in range(2)]
    for text in texts:
        desk.post(f"/desk/comments/{text.id}/publish", data={"revision": "1"})
    settle()
    for number in range(11):
        clock.tick(seconds=1)
        about = texts[number == 10].id
        words = drafts.read(
            f"Léa {number}", f"lea{number}@example.net", f"Faux {number}.", dialect=Dialect.SPIP
        )
        with parts.writing() as session:
            claims.notify(session, about, words, Ground.DEFAMATION, now=clock())
    with parts.reading() as session:
        mine = select(Comment.id).where(Comment.amends == texts[0].id).order_by(col(Comment.submitted_at))
        return texts[0], [*session.exec(mine)]


def test_all_notices_of_a_text_are_answered_in_one_go_and_without_a_reason(
    parts: Parts, desk: TestClient, noticed: tuple[Sent, list[str]]
) -> None:
    text, names = noticed
    item = Page(desk.get(f"/desk/comments/{text.id}"))
    address = item.hrefs["Laisser le texte et leur répondre à tous"]
    page = Page(desk.get(address))
    assert page.heading == "Tous les signalements d’un texte"
    assert boxes(page) == dict.fromkeys((f"{name}:1" for name in names), True)
    assert page.texts(".bar summary") == ["Laisser le texte… pour toutes celles qui sont choisies"]
    assert page.nodes(".bar .reasons, .bar [value=publish]") == []
    selected = [f"{name}:1" for name in names]
    answer = desk.post(
        "/desk/bulk", data={"selected": selected, "action": "refuse", "note": "C’est une opinion."}
    )
    assert answer.status_code == 303
    assert "10 contributions refusées." in Page(desk.get(answer.headers["location"])).main
    with parts.reading() as session:
        lines = session.exec(select(Decision).where(Decision.action == "refuse")).all()
        assert {(line.comment_id, line.note, line.reason) for line in lines} == {
            (name, "C’est une opinion.", None) for name in names
        }


def test_notices_are_not_answered_without_a_word(
    parts: Parts, desk: TestClient, noticed: tuple[Sent, list[str]]
) -> None:
    _, names = noticed
    selected = [f"{name}:1" for name in names]
    answer = desk.post("/desk/bulk", data={"selected": selected, "action": "refuse"})
    page = Page(answer)
    assert answer.status_code == 422
    assert page.texts("#note-error") == ["Un signalement reçoit une réponse : écrivez-la en quelques mots."]
    assert boxes(page) == dict.fromkeys(selected, True)
    assert page.texts(".undone") == []
    assert statuses(parts)[Status.PENDING] == 11


def test_notices_among_others_are_left_without_a_word_and_said_to_be(
    parts: Parts, desk: TestClient, noticed: tuple[Sent, list[str]], article: str
) -> None:
    _, names = noticed
    other = send(parts, article, "Un texte qui attend.")
    selected = [f"{names[0]}:1", f"{other.id}:1"]
    answer = desk.post("/desk/bulk", data={"selected": selected, "action": "refuse", "reason": "duplicate"})
    page = Page(desk.get(answer.headers["location"]))
    assert "un signalement attend une réponse écrite" in page.text(".undone")
