from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.links import (
    PURPOSES,
    BadLink,
    Bulletins,
    CodeEntry,
    Expired,
    Following,
    Form,
    Links,
    Mailing,
    NewAddress,
    Opening,
    Review,
    SecondStep,
    Unfollowing,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
NEW, OLD, OTHER = "new-key-" * 5, "old-key-" * 5, "other-key-" * 5
LINKS = Links([NEW])
SECOND = timedelta(seconds=1)
PAYLOADS: dict[type, Any] = {
    Form: Form("le-pont", "d" * 32, "K7QF3M2D9XWT41HB"),
    Opening: Opening("k7qf3m2d9xwt41hb"),
    CodeEntry: CodeEntry("k7qf3m2d9xwt41hb"),
    SecondStep: SecondStep("k7qf3m2d9xwt41hb"),
    NewAddress: NewAddress("k7qf3m2d9xwt41hb"),
    Bulletins: Bulletins(7),
    Review: Review("8xyv5cn3p65d8yap", 1, 7, "publish refuse", "K7QF3M2D9XWT41HB"),
    Mailing: Mailing("b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"),
    Following: Following("b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"),
    Unfollowing: Unfollowing("k7qf3m2d9xwt41hb"),
}
KINDS = pytest.mark.parametrize("kind", list(PURPOSES), ids=lambda kind: kind.__name__)


@KINDS
def test_what_was_signed_is_read_back_with_its_age(kind: type[Any]) -> None:
    token = LINKS.sign(PAYLOADS[kind], NOW)
    payload, age = LINKS.read(kind, token, NOW + timedelta(minutes=3))
    assert payload == PAYLOADS[kind]
    assert age == timedelta(minutes=3)


@KINDS
def test_promise_11_a_flipped_bit_opens_nothing(kind: type[Any]) -> None:
    token = LINKS.sign(PAYLOADS[kind], NOW)
    accepted = []
    for place, bit in [(place, bit) for place in range(len(token)) for bit in range(8)]:
        changed = token[:place] + chr(ord(token[place]) ^ 1 << bit) + token[place + 1 :]
        try:
            payload, _ = LINKS.read(kind, changed, NOW)
        except BadLink:
            continue
        accepted.append(changed)
        assert payload == PAYLOADS[kind]
    # 256 bits take 43 characters of six: the last has two bits to spare, which name nothing. A link is used
    # up by its row and not by its spelling, so that another spelling is the same link.
    assert all(changed[:-1] == token[:-1] for changed in accepted)
    assert len(accepted) <= 2


@KINDS
def test_promise_11_a_link_for_one_thing_opens_no_other(kind: type) -> None:
    token = LINKS.sign(PAYLOADS[kind], NOW)
    for other in set(PURPOSES) - {kind}:
        with pytest.raises(BadLink):
            LINKS.read(other, token, NOW)


def test_each_purpose_has_its_own_salt() -> None:
    salts = [purpose.salt for purpose in PURPOSES.values()]
    assert len(set(salts)) == len(salts)


def test_the_right_salt_with_another_payload_opens_nothing() -> None:
    purpose = PURPOSES[Opening]
    at = NOW.timestamp()
    contents = [
        {"sign_in": "a", "extra": "b", "at": at},
        {"sign_in": "a"},
        {"at": at},
        {"sign_in": "a", "at": "yesterday"},
        {"sign_in": "a", "at": None},
        ["sign_in", "a"],
        "sign_in",
        None,
        7,
    ]
    for content in contents:
        token = LINKS._serializer(purpose.salt).dumps(content)
        with pytest.raises(BadLink):
            LINKS.read(Opening, str(token), NOW)


def test_another_key_opens_nothing() -> None:
    token = Links([OTHER]).sign(PAYLOADS[Opening], NOW)
    with pytest.raises(BadLink):
        LINKS.read(Opening, token, NOW)


def test_the_newest_key_signs_and_the_old_one_still_opens_until_it_is_dropped() -> None:
    both = Links([NEW, OLD])
    of_old = Links([OLD]).sign(PAYLOADS[Opening], NOW)
    of_both = both.sign(PAYLOADS[Opening], NOW)
    assert both.read(Opening, of_old, NOW)[0] == PAYLOADS[Opening]
    assert LINKS.read(Opening, of_both, NOW)[0] == PAYLOADS[Opening]
    with pytest.raises(BadLink):
        Links([OLD]).read(Opening, of_both, NOW)
    with pytest.raises(BadLink):
        LINKS.read(Opening, of_old, NOW)


@KINDS
def test_a_link_is_good_for_its_age_and_not_a_second_more(kind: type) -> None:
    token = LINKS.sign(PAYLOADS[kind], NOW)
    end = NOW + PURPOSES[kind].max_age
    assert LINKS.read(kind, token, end)[1] == PURPOSES[kind].max_age
    with pytest.raises(Expired):
        LINKS.read(kind, token, end + SECOND)


def test_a_clock_a_little_ahead_harms_nobody_and_one_far_ahead_is_refused() -> None:
    token = LINKS.sign(PAYLOADS[Opening], NOW)
    assert LINKS.read(Opening, token, NOW - SECOND)[1] == timedelta()
    with pytest.raises(BadLink):
        LINKS.read(Opening, token, NOW - timedelta(minutes=2))


def _mangled(token: str) -> dict[str, str]:
    return {
        "with =": token + "=",
        "with ==": token + "==",
        "doubled": token + token,
        "shortened": token[:-1],
        "lengthened": token + "A",
        "without its signature": token.rpartition(".")[0],
        "with an empty signature": token.rpartition(".")[0] + ".",
        "signature alone": token.rpartition(".")[2],
        "+ for -": token.replace("-", "+") if "-" in token else token + "+",
        "/ for _": token.replace("_", "/") if "_" in token else token + "/",
        "a point encoded": token.replace(".", "%2E"),
        "with a line end": token + "\n",
        "with a space": " " + token,
        "with a full-width letter": "\uff21" + token,
        "with NUL": token + "\0",
        "in capitals": token.upper(),
        "empty": "",
        "a point": ".",
        "compressed": "." + token,
        "a million characters": "A" * 10**6,
        "a bomb": "." + "A" * 511,
    }


@pytest.mark.parametrize("how", _mangled(""))
def test_a_mangled_link_opens_nothing(how: str) -> None:
    token = LINKS.sign(PAYLOADS[Form], NOW)
    with pytest.raises(BadLink):
        LINKS.read(Form, _mangled(token)[how], NOW)


@given(st.text(max_size=600))
def test_whatever_comes_as_a_link_is_refused_in_one_way(token: str) -> None:
    for kind in PURPOSES:
        with pytest.raises(BadLink):
            LINKS.read(kind, token, NOW)


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=24))
def test_any_words_come_back_as_they_went(slug: str, digest: str, nonce: str) -> None:
    form = Form(slug, digest, nonce)
    token = LINKS.sign(form, NOW)
    if len(token) <= 512:
        assert LINKS.read(Form, token, NOW) == (form, timedelta())


def test_the_longest_form_fits_in_its_link() -> None:
    form = Form("a" * 200, "d" * 32, "K7QF3M2D9XWT41HB")
    token = LINKS.sign(form, NOW)
    assert LINKS.read(Form, token, NOW)[0] == form


def test_a_link_tells_no_address() -> None:
    assert {field.name for kind in PURPOSES for field in fields(kind)} == {
        "slug",
        "digest",
        "nonce",
        "sign_in",
        "change",
        # Random names and numbers of ours, too.
        *("account", "comment", "revision", "actions", "seal"),
        "follow",
    }


@pytest.mark.parametrize("keys", [[], [""], [NEW, ""]])
def test_no_key_signs_nothing(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="no signing key"):
        Links(keys)
