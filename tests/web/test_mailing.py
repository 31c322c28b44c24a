"""What an address is written about: a GET changes nothing, one press ends it, and nobody else’s link does."""

import pytest
from conftest import BuildParts, FakeClock, Sent, add_article, send
from page import Page
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import mailboxes
from moderation.links import Mailing
from moderation.models.queue import Letter, LetterKind, Mailbox, Version
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

ADDRESS = "zoe@example.org"
ALL = set(mailboxes.KINDS)
EVERYTHING = {"kind": [kind.value for kind in ALL], "action": "keep"}


@pytest.fixture
def address(parts: Parts) -> str:
    """Where the link of a letter leads."""
    return f"/mail/{parts.links.sign(Mailing(mailboxes.digest(ADDRESS)), parts.clock())}"


def wanted(parts: Parts) -> tuple[bool, set[LetterKind]]:
    """Whether the address is confirmed, and what it gets."""
    with parts.reading() as session:
        box = mailboxes.of(session, mailboxes.digest(ADDRESS))
        return box.confirmed_at is not None, {kind for kind in mailboxes.KINDS if mailboxes.wants(box, kind)}


def test_the_page_offers_everything_and_confirms_what_is_kept(
    client: TestClient, parts: Parts, address: str
) -> None:
    answer = client.get(address)
    page = Page(answer)
    assert (answer.status_code, page.heading) == (200, "Vos courriels")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "same-origin")
    assert "set-cookie" not in answer.headers
    form = page.form("Confirmer mon adresse")
    kept = client.post(form.action, data={"kind": ["question", "published"], "action": "keep"})
    assert wanted(parts) == (True, {LetterKind.QUESTION, LetterKind.PUBLISHED})
    saved = Page(client.get(kept.headers["location"]))
    assert "C’est enregistré." in saved.alert
    assert {str(node.attributes["value"]) for node in saved.nodes("input[checked]")} == {
        "question",
        "published",
    }


def test_one_press_ends_it_and_another_begins_it_again(
    client: TestClient, parts: Parts, address: str
) -> None:
    client.post(address, data=EVERYTHING)
    form = Page(client.get(address)).form("Ne plus rien recevoir")
    stopped = client.post(form.action, data={**form.fields, "action": "stop"})
    assert wanted(parts) == (False, set())
    page = Page(client.get(stopped.headers["location"]))
    assert "ne recevra plus de courriel" in page.alert
    assert "Ne plus rien recevoir" not in [button for form in page.forms for button in form.buttons]
    client.post(address, data=EVERYTHING)
    assert wanted(parts) == (True, ALL)


def test_a_mail_program_ends_it_by_itself(client: TestClient, parts: Parts, address: str) -> None:
    """RFC 8058: a POST without a cookie, an origin or a redirect, of a form of either kind."""
    for form in (
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
    ):
        client.post(address, data=EVERYTHING)
        answer = client.post(address, **form)
        assert answer.status_code == 200
        assert wanted(parts) == (False, set())


def test_a_robot_that_follows_links_changes_nothing(client: TestClient, parts: Parts, address: str) -> None:
    for method in ("GET", "HEAD"):
        for purpose in ({}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}):
            client.request(method, f"{address}?done=stopped&action=stop&kind=", headers=purpose)
    assert wanted(parts) == (False, ALL)
    with parts.reading() as session:
        assert session.exec(select(Mailbox)).all() == []


def test_a_page_of_another_site_changes_nothing(client: TestClient, parts: Parts, address: str) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post(address, data={"action": "stop"}, headers=headers).status_code == 403
    assert wanted(parts) == (False, ALL)


def test_a_link_that_is_not_ours_or_too_old_opens_nothing(
    client: TestClient, parts: Parts, address: str, clock: FakeClock
) -> None:
    assert client.get(f"{address}x").status_code == 404
    assert client.post(f"{address[:-1]}", data={"action": "stop"}).status_code == 404
    clock.tick(days=1001)
    assert client.get(address).status_code == 404
    assert wanted(parts) == (False, ALL)


@pytest.mark.parametrize(
    "data", [{"kind": "sign_in", "action": "keep"}, {"kind": "followed", "action": "keep"}]
)
def test_what_cannot_be_chosen_is_not_kept(
    client: TestClient, parts: Parts, address: str, data: dict[str, str]
) -> None:
    client.post(address, data=data)
    assert wanted(parts)[1] == set()


def test_an_author_has_the_address_of_their_text_sent(build_parts: BuildParts) -> None:
    mailing = build_parts(smtp_url="smtp://mail.example", mail_from="site@example.org")
    sent = send(mailing, add_article(mailing, "le-pont"), "Le pont rouvre.", email=ADDRESS)
    client = TestClient(create_app(mailing), client=("203.0.113.9", 1234), follow_redirects=False)
    form = Page(client.get(f"/track/{sent.tracking}")).form("Me l’envoyer par courriel")
    for _ in range(5):
        answer = client.post(form.action, data={**form.fields, "action": "mail"})
    assert "Un courriel part" in Page(client.get(answer.headers["location"])).alert
    with mailing.reading() as session:
        assert [letter.kind for letter in session.exec(select(Letter))] == [LetterKind.RECEIVED]
    often = client.post(form.action, data={**form.fields, "action": "mail"})
    assert (often.status_code, int(often.headers["retry-after"]) > 0) == (429, True)
    assert "attendez quelques minutes" in Page(often).alert


def test_where_no_mail_leaves_nothing_is_offered(client: TestClient, pending: Sent) -> None:
    page = Page(client.get(f"/track/{pending.tracking}"))
    assert not any("courriel" in button for form in page.forms for button in form.buttons)


# All that came with the address


@pytest.fixture
def sent(parts: Parts, article: str) -> Sent:
    return send(parts, article, "Canaritexte.", author="Zoé", email=ADDRESS)


def sources(parts: Parts) -> set[str]:
    with parts.reading() as session:
        return {*session.exec(select(Version.source))}


def test_who_has_confirmed_an_address_takes_all_its_texts_along(
    client: TestClient, address: str, sent: Sent
) -> None:
    client.post(address, data=EVERYTHING)
    form = Page(client.get(address)).form("Tout télécharger")
    answer = client.post(form.action, data={"email": " Zoe@Example.org ", "action": "download"})
    assert answer.headers["content-disposition"] == 'attachment; filename="contributions.json"'
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert [one["id"] for one in told["texts"]] == [sent.id]
    assert told["address"]["declined"] == []


def test_all_is_erased_after_a_second_press_and_not_before(
    client: TestClient, parts: Parts, address: str, sent: Sent
) -> None:
    client.post(address, data=EVERYTHING)
    form = Page(client.get(address)).form("Tout effacer…")
    asked = Page(client.post(form.action, data={"email": ADDRESS, "action": "erase"}))
    assert asked.heading.startswith("Tout effacer")
    assert "1 texte a été envoyé" in asked.main
    assert sources(parts) == {sent.text}
    sure = asked.form("Tout effacer")
    answer = client.post(sure.action, data={**sure.fields, "action": "erase"})
    assert (answer.status_code, sources(parts)) == (303, {""})
    assert "sont effacés" in Page(client.get(answer.headers["location"])).alert
    assert wanted(parts) == (False, ALL)


@pytest.mark.parametrize("action", ["download", "erase"])
def test_all_texts_of_an_address_are_gone_through_for_one_at_a_time(
    client: TestClient, parts: Parts, address: str, sent: Sent, action: str
) -> None:
    """There may be thousands, and whoever writes has one of twenty places."""
    client.post(address, data=EVERYTHING)
    said = {"email": ADDRESS, "action": action, "sure": "true"}
    with parts.whole_addresses.taken(0):
        answer = client.post(f"{address}/texts", data=said)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert sources(parts) == {sent.text}
    assert client.post(f"{address}/texts", data=said).status_code in (200, 303)


@pytest.mark.usefixtures("sent")
def test_looking_erases_nothing(client: TestClient, parts: Parts, address: str) -> None:
    client.post(address, data=EVERYTHING)
    for method in ("GET", "HEAD"):
        asked = f"{address}/texts?action=erase&sure=true&email={ADDRESS}"
        assert client.request(method, asked).status_code == 405
    cross = {"Sec-Fetch-Site": "cross-site"}
    said = {"email": ADDRESS, "action": "erase", "sure": "true"}
    assert client.post(f"{address}/texts", data=said, headers=cross).status_code == 403
    assert sources(parts) == {"Canaritexte."}


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("action", ["download", "erase"])
def test_neither_an_address_not_confirmed_nor_another_nor_an_old_letter_opens_the_texts(
    client: TestClient, parts: Parts, address: str, clock: FakeClock, action: str
) -> None:
    said = {"email": ADDRESS, "action": action, "sure": "true"}

    def asked(**other: str) -> tuple[int, bool]:
        answer = client.post(f"{address}/texts", data={**said, **other})
        return answer.status_code, "Canaritexte" in answer.text

    assert asked() == (409, False)
    client.post(address, data=EVERYTHING)
    assert asked(email="sami@example.org") == (422, False)
    assert client.post(f"{address}x/texts", data=said).status_code == 404
    clock.tick(days=31)
    assert asked() == (422, False)
    assert "trop ancien" in Page(client.post(f"{address}/texts", data=said)).main
    assert sources(parts) == {"Canaritexte."}


def test_who_tries_too_often_waits(build_parts: BuildParts) -> None:
    limited = build_parts(submit_limit="2 per minute")
    client = TestClient(create_app(limited), client=("203.0.113.9", 1234))
    link = f"/mail/{limited.links.sign(Mailing(mailboxes.digest(ADDRESS)), limited.clock())}/texts"
    client.post(link.removesuffix("/texts"), data=EVERYTHING)
    answers = [client.post(link, data={"email": "x@example.org", "action": "download"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert int(answers[2].headers["retry-after"]) > 0


def test_where_nothing_is_kept_nothing_is_offered_to_erase(client: TestClient, address: str) -> None:
    client.post(address, data=EVERYTHING)
    page = Page(client.post(f"{address}/texts", data={"email": ADDRESS, "action": "erase"}))
    assert "ne garde aucun texte" in page.main
    assert page.forms == [] or all("Tout effacer" not in form.buttons for form in page.forms)
