import pytest
from conftest import sign_in
from page import Page
from starlette.testclient import TestClient

from moderation.accounts import Person
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

WORDS = "/desk/settings/words"


@pytest.fixture
def moderator(parts: Parts, sami: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)


def add(desk: TestClient, *lines: str) -> Page:
    return Page(desk.post(f"{WORDS}/add", data={"words": "\r\n".join(lines)}))


def listed(desk: TestClient) -> list[str]:
    return Page(desk.get(WORDS)).texts(".watched label")


def test_who_administers_adds_words_one_a_line(desk: TestClient) -> None:
    assert listed(desk) == []
    assert add(desk, "escro*", "", "gros mot").status == 303
    assert listed(desk) == ["escro*", "gros mot"]
    assert Page(desk.get(f"{WORDS}?done=words_added")).alert == "Les mots sont dans la liste."
    assert "2 mots sont surlignés" in Page(desk.get("/desk/settings")).main


def test_lines_that_cannot_be_taken_stay_in_the_field_with_their_reason(desk: TestClient) -> None:
    page = add(desk, "bon", "a*b", "<b>*")
    assert page.status == 422
    assert page.text("[role=alert] h2") == "2 lignes n’ont pas été ajoutées"
    reason = "une étoile ne va qu’à la fin d’un mot."
    assert page.texts("[role=alert] li") == [f"a*b – {reason}", f"<b>* – {reason}"]
    assert page.value("words") == "a*b\n<b>*\n"
    assert listed(desk) == ["bon"]


def test_ticked_words_are_removed(desk: TestClient) -> None:
    add(desk, "un", "deux", "trois")
    ids = [node.attributes["value"] for node in Page(desk.get(WORDS)).nodes(".watched input")]
    assert desk.post(f"{WORDS}/remove", data={"word": ids[:2]}).status_code == 303
    assert listed(desk) == ["un"]
    assert desk.post(f"{WORDS}/remove", data={}).status_code == 303


@pytest.mark.parametrize("words", ["\0", "a\0b", "é" * 20_000, "x" * 20_001])
def test_whatever_is_typed_is_answered(desk: TestClient, words: str) -> None:
    assert desk.post(f"{WORDS}/add", data={"words": words}).status_code in {303, 422}


@pytest.mark.parametrize("path", ["/desk/settings", WORDS])
def test_settings_are_for_who_administers(moderator: TestClient, path: str) -> None:
    assert moderator.get(path).status_code == 403
    assert moderator.post(f"{WORDS}/add", data={"words": "mot"}).status_code == 403
    assert moderator.post(f"{WORDS}/remove", data={"word": "1"}).status_code == 403
    assert "Réglages" not in Page(moderator.get("/desk")).hrefs


def test_what_the_server_decides_is_shown(desk: TestClient) -> None:
    page = Page(desk.get("/desk/settings"))
    assert page.hrefs["Réglages"] == "/desk/settings"
    assert page.texts("dd")[0].startswith("Le Passe-Muraille")
    assert "20 secondes" in page.main


# The sentence readers are told

NOTICE = "/desk/settings/notice"


def told(client: TestClient) -> str:
    return Page(client.get("/articles/le-pont")).text(".notice p")


@pytest.mark.usefixtures("article")
def test_the_sentence_above_the_form_is_changed_on_every_page_and_back(
    desk: TestClient, client: TestClient
) -> None:
    usual, tag = told(client), client.get("/articles/le-pont").headers["etag"]
    assert desk.post(NOTICE, data={"text": "Ici, tout est <lu>\n d’abord."}).status_code == 303
    assert told(client) == "Ici, tout est <lu> d’abord."
    assert client.get("/articles/le-pont", headers={"If-None-Match": tag}).status_code == 200
    form = client.post("/articles/le-pont/comments", data={"text": "", "step": "preview"})
    assert Page(form).text(".notice p") == "Ici, tout est <lu> d’abord."
    assert Page(desk.get(NOTICE)).value("text") == "Ici, tout est <lu> d’abord."
    assert "Ici, tout est <lu> d’abord." in Page(desk.get("/desk/settings")).main
    desk.post(NOTICE, data={"text": " "})
    assert told(client) == usual


@pytest.mark.usefixtures("article")
def test_a_sentence_that_is_too_long_stays_typed_and_changes_nothing(
    desk: TestClient, client: TestClient
) -> None:
    usual = told(client)
    page = Page(desk.post(NOTICE, data={"text": "é" * 501}))
    assert (page.status, page.value("text")) == (422, "é" * 501)
    assert "500 caractères au plus" in page.alert
    assert told(client) == usual


def test_only_who_administers_writes_it(moderator: TestClient) -> None:
    assert moderator.get(NOTICE).status_code == 403
    assert moderator.post(NOTICE, data={"text": "x"}).status_code == 403
