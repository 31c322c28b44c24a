"""Whatever a form says, the answer is one of ours: never an error of the program, and nothing that runs."""

from collections.abc import Iterator

import pytest
from conftest import BuildParts, add_article, add_person, send, sign_in
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

from moderation.models.people import Role
from moderation.web.app import create_app

NAMES = ["text", "author", "email", "token", "step", "nobot", "code", "entry", "next", "stay", "revision"]
NAMES += ["reason", "note", "decision", "action", "parent"]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["1", "0", "-1", "9" * 30, "preview", "send", "other", "off_topic", "true", "a@b.fr", "\0"]
    ),
    st.text("<>\"'&{}[]|-\n\r\0 /=a\u202e\u200b:", max_size=80),
    st.sampled_from("<a").map(lambda character: character * 10_001),
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6)


@pytest.fixture
def browser(build_parts: BuildParts) -> Iterator[tuple[TestClient, list[str]]]:
    parts = build_parts()
    sent = send(parts, add_article(parts, "le-pont"), "Un texte.")
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    with TestClient(create_app(parts), follow_redirects=False) as client:
        yield (
            sign_in(parts, client, ann),
            [
                "/articles/le-pont/comments",
                "/articles/%00/comments",
                "/track",
                f"/track/{sent.tracking}",
                "/sign-in",
                "/sign-in/x",
                "/desk/undo",
                *(
                    f"/desk/comments/{sent.id}/{action}"
                    for action in ("publish", "refuse", "reopen", "\u2028")
                ),
            ],
        )


@settings(max_examples=60)
@given(data=st.data(), fields=FIELDS, raw=st.booleans())
def test_no_form_breaks_the_program(
    browser: tuple[TestClient, list[str]], data: st.DataObject, fields: dict[str, str], raw: bool
) -> None:
    client, addresses = browser
    address = data.draw(st.sampled_from(addresses))
    if raw:
        body = data.draw(st.binary(max_size=200))
        kind = data.draw(
            st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""])
        )
        answer = client.post(address, content=body, headers={"Content-Type": kind})
    else:
        given = {name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()}
        answer = client.post(address, data=given)
    assert answer.status_code in {200, 303, 400, 403, 404, 409, 410, 413, 415, 422}
    for node in LexborHTMLParser(answer.text).css("*"):
        assert not [name for name in node.attributes if name.startswith("on")]
