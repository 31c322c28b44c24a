import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import drafts
from moderation.drafts import Draft, Invalid, Problem
from moderation.markup import Dialect

TEXT = "Le pont est ouvert."


def read(author: str = "", email: str = "", text: str = TEXT, *, required: str = "") -> Draft:
    return drafts.read(author, email, text, dialect=Dialect.SPIP, required=required)


def problems(
    author: str = "", email: str = "", text: str = TEXT, *, required: str = ""
) -> dict[str, Problem]:
    with pytest.raises(Invalid) as invalid:
        read(author, email, text, required=required)
    return dict(invalid.value.problems)


def test_a_name_and_an_address_may_be_left_out() -> None:
    draft = read()
    assert (draft.author, draft.email, draft.text.source) == ("", "", TEXT)


@pytest.mark.parametrize("text", ["", " ", "\r\n\r\n", "\u200b\u2060", "\t\u00a0"])
def test_a_text_says_something(text: str) -> None:
    assert problems(text=text) == {"text": Problem("empty")}


def test_a_text_has_an_end() -> None:
    assert read(text="a" * 10_000).text.source == "a" * 10_000
    assert problems(text="a" * 10_001) == {"text": Problem("too_long", 10_000, 10_001)}
    assert problems(text="<b>" * 401) == {"text": Problem("too_many_tags", 400, 401)}


def test_names_and_addresses_have_an_end() -> None:
    assert read(author="n" * 80).author == "n" * 80
    assert problems(author="n" * 81) == {"author": Problem("too_long", 80, 81)}
    host = ".".join(["b" * 63] * 3)[:189]
    assert read(email=f"{'a' * 64}@{host}").email == f"{'a' * 64}@{host}"
    assert problems(email=f"{'a' * 65}@example.org") == {"email": Problem("not_an_address")}
    assert problems(email=f"zoe@{'b' * 64}.example") == {"email": Problem("not_an_address")}
    assert problems(email=f"{'a' * 64}@{host}b") == {"email": Problem("too_long", 254, 255)}


@pytest.mark.parametrize(
    "email",
    [
        "zoe",
        "zoe@",
        "@example.org",
        "zoe@@example.org",
        "zoe@example.org, ann@example.org",
        "zoe@example.org ann@example.org",
        "Zoé <zoe@example.org>",
        '"zoe"@example.org',
        "zoe@example.org;ann@example.org",
        "zoe@exa\nBcc: ann@example.org",
        "zoe\r\nBcc:@example.org",
        "zoe@[127.0.0.1]",
        "zoé@exemple.fr",
        "zoe@exämple.org",
        "zoe\u00a0b@example.org",
        "zoe\u2028@example.org",
        "zoe@-example.org",
        "zoe@example..org",
        "x@=?utf-8?q?b.example=0D=0ASubject=3A_You_won?=",
        "=?utf-8?q?victim=40other.example=2C?=bob@b.example",
    ],
)
def test_an_address_is_one_address(email: str) -> None:
    assert problems(email=email) == {"email": Problem("not_an_address")}


@pytest.mark.parametrize("email", ["zoe@example.org", "z+pont@example.org", "z.o-e_1@a.b.c"])
def test_honest_addresses_are_taken(email: str) -> None:
    assert read(email=f"  {email} ").email == email


@pytest.mark.parametrize(
    ("required", "missing"),
    [("", []), ("author", ["author"]), ("email", ["email"]), ("author,email", ["author", "email"])],
)
def test_a_site_may_ask_for_names_and_addresses(required: str, missing: list[str]) -> None:
    if missing:
        assert problems(author="\u200b ", required=required) == {
            field: Problem("required") for field in missing
        }
    assert read("Zoé", "zoe@example.org", required=required).author == "Zoé"


def test_a_wrong_value_of_a_required_field_is_said_to_be_wrong_and_not_missing() -> None:
    found = problems("n" * 81, "zoe", required="author,email")
    assert found == {"author": Problem("too_long", 80, 81), "email": Problem("not_an_address")}


def test_every_field_at_fault_is_named_at_once() -> None:
    assert sorted(problems("n" * 81, "zoe", "")) == ["author", "email", "text"]


def test_a_name_is_one_line_of_what_can_be_seen() -> None:
    assert read(author="  Zoé\r\nBcc:\tann\u202e\u200b\x00  ").author == "Zoé Bcc: ann"
    assert read(author="<b>Zoé</b>").author == "<b>Zoé</b>"


def test_two_drafts_that_differ_are_told_apart() -> None:
    drafts_ = [
        read(),
        read("Zoé"),
        read("", "zoe@example.org"),
        read("Zoé", "zoe@example.org"),
        read(text="Non."),
    ]
    assert len({draft.digest for draft in drafts_}) == len(drafts_)


def test_the_fingerprint_is_of_the_words_alone() -> None:
    same = [
        read(),
        read("Zoé"),
        read(text="le  PONT\r\nest ouvert."),
        read(text="Le\u200b pont est ouvert. "),
    ]
    assert len({draft.fingerprint for draft in same}) == 1
    assert read(text="Le pont est fermé.").fingerprint != read().fingerprint


@given(st.text(max_size=100), st.text(max_size=60), st.text(max_size=200))
def test_what_was_accepted_is_accepted_again_unchanged(author: str, email: str, text: str) -> None:
    try:
        draft = read(author, email, text)
    except Invalid:
        return
    # No control, no broken half, no line end.
    assert {"Cc", "Cs", "Zl", "Zp"}.isdisjoint(map(unicodedata.category, draft.author + draft.email))
    assert "\0" not in draft.author + draft.email + draft.text.source + draft.text.html
    # The second request sends back what the first was shown.
    again = read(draft.author, draft.email, draft.text.source)
    assert again.digest == draft.digest
