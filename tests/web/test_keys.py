import json

from conftest import Sent
from page import Page
from starlette.testclient import TestClient

from moderation.shortcuts import SHIPPED, Shortcut

TYPED = {shortcut.value: key for shortcut, key in SHIPPED.items()}
ADDRESS = "/desk/account/shortcuts"


def known(desk: TestClient) -> dict[str, str] | None:
    """The keys the desk’s script is told of."""
    told = Page(desk.get("/desk")).node(".places").attributes.get("data-keys")
    return json.loads(told) if told else None


def test_the_desk_knows_the_keys_it_comes_with(desk: TestClient, pending: Sent) -> None:
    assert known(desk) == TYPED
    page = Page(desk.get(f"/desk/comments/{pending.id}"))
    # Alone, nobody notes anything for the others.
    assert page.texts("dialog kbd") == [key for name, key in SHIPPED.items() if name is not Shortcut.NOTE]


def test_a_changed_key_replaces_the_one_it_came_with(desk: TestClient) -> None:
    answer = desk.post(ADDRESS, data={**TYPED, "on": "true", "publish": "v"})
    assert answer.headers["location"] == "/desk/account?done=shortcuts_saved"
    assert known(desk) == {**TYPED, "publish": "v"}
    assert "(à l’origine : p)" in Page(desk.get(ADDRESS)).main


def test_switched_off_no_key_does_anything(desk: TestClient) -> None:
    desk.post(ADDRESS, data={**TYPED})
    assert known(desk) is None
    assert "Désactivés." in Page(desk.get("/desk/account")).main


def test_a_key_that_cannot_be_is_said_beside_its_field_and_nothing_is_kept(desk: TestClient) -> None:
    answer = desk.post(ADDRESS, data={**TYPED, "on": "true", "publish": "j"})
    page = Page(answer)
    assert answer.status_code == 422
    assert page.error("publish") == "Cette touche sert déjà à autre chose."
    assert page.value("publish") == "j"
    assert known(desk) == TYPED


def test_a_key_is_shown_as_it_is(desk: TestClient, pending: Sent) -> None:
    desk.post(ADDRESS, data={**TYPED, "on": "true", "publish": '"', "spam": "<"})
    assert known(desk) == {**TYPED, "publish": '"', "spam": "<"}
    assert '"' in Page(desk.get(f"/desk/comments/{pending.id}")).texts("dialog kbd")
