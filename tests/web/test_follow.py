"""Following by mail: a GET changes nothing, no answer tells who follows, and one press ends it."""

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, send
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient
from test_follows import READER, ask, link, rows
from test_follows import confirm as confirmed
from test_letters import arrived

from moderation import mailboxes
from moderation.links import Following, Mailing, Unfollowing
from moderation.models.follows import Follow
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

HERE = "/articles/le-pont/follow"
BUTTON = "Suivre ce forum"


@pytest.fixture
def mailing(build_parts: BuildParts) -> Parts:
    parts = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")
    add_article(parts, "le-pont")
    return parts


@pytest.fixture
def reader(mailing: Parts) -> TestClient:
    return TestClient(create_app(mailing), client=("203.0.113.9", 1234), follow_redirects=False)


@pytest.fixture
def asked(mailing: Parts) -> str:
    """Where the link of the letter leads."""
    ask(mailing)
    (letter,) = arrived(mailing)
    return f"/follow/{link(letter, 'follow')}"


@pytest.fixture
def stop(mailing: Parts, asked: str) -> str:
    """Where the link of a letter to who follows leads."""
    confirmed(mailing)
    (follow,) = rows(mailing)
    assert asked
    return f"/unfollow/{mailing.links.sign(Unfollowing(follow.id), mailing.clock())}"


def following(parts: Parts) -> list[tuple[str, bool]]:
    """Which addresses follow, and whether they confirmed it."""
    return [(follow.address, follow.confirmed_at is not None) for follow in rows(parts) if follow.address]


# Asking


def test_a_reader_follows_from_the_article_by_one_field(reader: TestClient, mailing: Parts) -> None:
    article = Page(reader.get("/articles/le-pont"))
    page = Page(reader.get(article.hrefs["Suivre ce forum par courriel"]))
    form = page.form(BUTTON)
    answer = reader.post(form.action, data={"email": f" {READER} "})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?done=asked")
    told = reader.get(answer.headers["location"])
    assert "un courriel part pour lui demander confirmation" in Page(told).alert
    assert (told.headers["cache-control"], told.headers["x-robots-tag"]) == ("no-store", "noindex, nofollow")
    assert "set-cookie" not in told.headers
    assert following(mailing) == [(READER, False)]


def test_the_answer_tells_nobody_which_addresses_follow_or_want_nothing(
    reader: TestClient, mailing: Parts, asked: str
) -> None:
    waits = reader.post(HERE, data={"email": READER})
    confirmed(mailing)
    with mailing.writing() as session:
        mailboxes.choose(session, mailboxes.digest("non@example.org"), [], mailing.clock())
    follows, never, silent = (
        reader.post(HERE, data={"email": email}) for email in (READER, "zoe@example.org", "non@example.org")
    )
    for answer in (follows, never, silent):
        assert (answer.status_code, answer.headers, answer.text) == (
            waits.status_code,
            waits.headers,
            waits.text,
        )
    assert asked


@pytest.mark.parametrize(
    "email", ["", "lea", "lea@example.org\nBcc: eve@example.org", "a@b, c@d", "Léa <a@b.fr>"]
)
def test_what_is_no_address_is_given_back_with_what_is_wrong(
    reader: TestClient, mailing: Parts, email: str
) -> None:
    answer = reader.post(HERE, data={"email": email})
    page = Page(answer)
    assert answer.status_code == 422
    assert (
        page.error("email")
        == "Cette adresse ne ressemble pas à une adresse électronique, comme nom@domaine.fr."
    )
    assert following(mailing) == []


def test_one_sender_has_so_many_addresses_asked_and_no_more(reader: TestClient, mailing: Parts) -> None:
    answers = [reader.post(HERE, data={"email": f"lea{number}@example.org"}) for number in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "attendez quelques minutes" in Page(answers[-1]).alert
    assert Page(answers[-1]).value("email") == "lea6@example.org"
    assert len(following(mailing)) == 5


def test_a_page_of_another_site_has_nobody_asked(reader: TestClient, mailing: Parts) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert reader.post(HERE, data={"email": READER}, headers=headers).status_code == 403
    assert following(mailing) == []


def test_where_no_mail_leaves_nothing_is_offered(client: TestClient, article: str, pending: Sent) -> None:
    page = Page(client.get(f"/articles/{article}"))
    assert not [words for words in page.hrefs if "courriel" in words]
    assert client.get(f"/articles/{article}/follow").status_code == 404
    assert client.post(f"/articles/{article}/follow", data={"email": READER}).status_code == 404
    assert client.post(f"/track/{pending.tracking}/answers", data={"follow": "yes"}).status_code == 404
    assert "quelqu’un répond" not in client.get(f"/track/{pending.tracking}").text


def test_an_article_kept_from_before_mail_was_set_up_is_made_anew(
    client: TestClient, reader: TestClient
) -> None:
    assert client.get("/articles/le-pont").headers["etag"] != reader.get("/articles/le-pont").headers["etag"]


def test_an_article_that_is_not_there_is_followed_by_nobody(reader: TestClient) -> None:
    assert reader.get("/articles/nulle-part/follow").status_code == 404
    assert reader.post("/articles/nulle-part/follow", data={"email": READER}).status_code == 404


# Confirming


def test_who_reads_there_confirms_by_a_button(reader: TestClient, mailing: Parts, asked: str) -> None:
    page = Page(reader.get(asked))
    assert "sous « Le pont rouvre »" in page.main
    (box,) = page.nodes("input[name=follow][checked]")
    form = page.form("Confirmer")
    answer = reader.post(form.action, data={**form.fields, "follow": [str(box.attributes["value"])]})
    assert following(mailing) == [(READER, True)]
    assert "C’est confirmé" in Page(reader.get(answer.headers["location"])).alert
    again = reader.get(asked)
    assert "Il n’y a rien à confirmer" in Page(again).main
    assert (again.headers["cache-control"], again.headers["referrer-policy"]) == ("no-store", "same-origin")


def test_what_nobody_ticks_is_forgotten(reader: TestClient, mailing: Parts, asked: str) -> None:
    reader.post(asked)
    assert following(mailing) == [(READER, False)]
    form = Page(reader.get(asked)).form("Confirmer")
    answer = reader.post(form.action, data=form.fields)
    assert following(mailing) == []
    assert "Rien n’est suivi" in Page(reader.get(answer.headers["location"])).alert


def test_a_robot_that_follows_every_link_confirms_and_ends_nothing(
    reader: TestClient, mailing: Parts, asked: str
) -> None:
    (follow,) = rows(mailing)
    stop = f"/unfollow/{mailing.links.sign(Unfollowing(follow.id), mailing.clock())}"
    for method in ("GET", "HEAD"):
        for headers in ({}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}):
            reader.request(method, f"{asked}?follow={follow.id}&done=confirmed", headers=headers)
            reader.request(method, f"{stop}?action=end_all", headers=headers)
            reader.request(method, f"{HERE}?email=zoe@example.org", headers=headers)
    assert rows(mailing) == [follow]


def test_promise_11_a_link_to_confirm_ends_nothing_and_one_to_end_confirms_nothing(
    reader: TestClient, mailing: Parts, asked: str
) -> None:
    (follow,) = rows(mailing)
    now, digest = mailing.clock(), mailboxes.digest(READER)
    rights = (Following(digest), Unfollowing(follow.id), Mailing(digest))
    confirms, ends, chooses = (mailing.links.sign(right, now) for right in rights)
    for path, tokens in (
        ("follow", (ends, chooses)),
        ("unfollow", (confirms, chooses)),
        ("mail", (confirms, ends)),
    ):
        for token in (*tokens, f"{confirms}x", confirms[:-1], "A" * 600):
            assert reader.get(f"/{path}/{token}").status_code == 404
            assert reader.post(f"/{path}/{token}", data={"follow": follow.id}).status_code == 404
    assert rows(mailing) == [follow]
    assert asked


def test_a_link_to_confirm_is_good_for_three_days(
    reader: TestClient, mailing: Parts, asked: str, clock: FakeClock
) -> None:
    clock.tick(days=3, seconds=1)
    assert reader.post(asked, data={"follow": rows(mailing)[0].id}).status_code == 404
    assert following(mailing) == [(READER, False)]


# Ending


def test_one_press_ends_it(reader: TestClient, mailing: Parts, stop: str) -> None:
    page = Page(reader.get(stop))
    assert "sous Le pont rouvre" in page.main
    answer = reader.post(page.form("Ne plus suivre").action, data={"action": "end"})
    assert answer.status_code == 303
    assert following(mailing) == []
    assert "l’adresse est effacée" in Page(reader.get(answer.headers["location"])).alert
    assert reader.post(stop, data={"action": "end_all"}).status_code == 303


def test_another_press_ends_all_of_it(reader: TestClient, mailing: Parts, stop: str) -> None:
    add_article(mailing, "l-ete")
    ask(mailing, slug="l-ete")
    ask(mailing, "zoe@example.org")
    reader.post(stop, data={"action": "end_all"})
    assert following(mailing) == [("zoe@example.org", False)]


@pytest.mark.parametrize(
    "form",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
    ],
)
def test_a_mail_program_ends_it_by_itself(
    reader: TestClient, mailing: Parts, stop: str, form: dict[str, object]
) -> None:
    """RFC 8058: a POST without a cookie, an origin or a redirect, of a form of either kind."""
    assert reader.post(stop, **form).status_code == 200  # type: ignore[arg-type]
    assert following(mailing) == []


def test_who_wants_nothing_any_more_follows_nothing(reader: TestClient, mailing: Parts, stop: str) -> None:
    token = mailing.links.sign(Mailing(mailboxes.digest(READER)), mailing.clock())
    reader.post(f"/mail/{token}", data={"action": "stop"})
    assert following(mailing) == []
    assert stop


# The answers to one's own text


def test_an_author_ticks_and_unticks_it_on_their_page(reader: TestClient, mailing: Parts) -> None:
    sent = send(mailing, "le-pont", "De Léa.", email=READER)
    page = Page(reader.get(f"/track/{sent.tracking}"))
    form = page.form("Me prévenir quand quelqu’un répond à mon texte")
    answer = reader.post(form.action, data={"follow": "yes"})
    assert answer.headers["location"] == f"/track/{sent.tracking}#answers"
    page = Page(reader.get(f"/track/{sent.tracking}"))
    assert "suivez son lien pour confirmer" in page.main
    confirmed(mailing)
    page = Page(reader.get(f"/track/{sent.tracking}"))
    assert "Un courriel vous dira quand quelqu’un y répond" in page.main
    reader.post(page.form("Ne plus me prévenir").action, data={"follow": "no"})
    assert following(mailing) == []
    # Their address is confirmed by now, and is asked all the same.
    reader.post(form.action, data={"follow": "yes"})
    assert following(mailing) == [(READER, False)]


def test_who_gave_no_address_is_offered_nothing(reader: TestClient, mailing: Parts) -> None:
    sent = send(mailing, "le-pont", "Le pont.")
    page = Page(reader.get(f"/track/{sent.tracking}"))
    assert not [button for form in page.forms for button in form.buttons if "prévenir" in button]
    assert reader.post(f"/track/{sent.tracking}/answers", data={"follow": "yes"}).status_code == 404
    assert reader.post("/track/AAAA/answers", data={"follow": "no"}).status_code == 404
    with mailing.reading() as session:
        assert session.exec(select(Follow)).all() == []


def test_one_sender_has_authors_asked_so_often_and_no_more(reader: TestClient, mailing: Parts) -> None:
    sent = send(mailing, "le-pont", "De Léa.", email=READER)
    answers = [reader.post(f"/track/{sent.tracking}/answers", data={"follow": "yes"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
