import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from authenticator import PRESENT, VERIFIED, Device, raw, text
from conftest import FEW, START, BuildParts, FakeClock, add_person, at_once
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from moderation import accounts, members, passkeys
from moderation.accounts import Person
from moderation.decisions import NotFound
from moderation.models.people import Challenge, Passkey, Role
from moderation.models.queue import Letter
from moderation.party import Party
from moderation.passkeys import NotAccepted
from moderation.web.dependencies import Parts

ORIGIN = "https://forum.example.org"
PARTY = Party("forum.example.org", ORIGIN, "Le Passe-Muraille")


def registration(parts: Parts, person: Person) -> str:
    with parts.writing() as session:
        return passkeys.registration_options(session, PARTY, person, parts.clock())


def asked(parts: Parts, person: Person | None = None) -> str:
    with parts.writing() as session:
        whose = person.id if person is not None else None
        return passkeys.sign_in_options(session, PARTY, parts.clock(), account_id=whose)


def add(parts: Parts, person: Person, answer: str, name: str = "mon téléphone") -> None:
    made = passkeys.check_registration(PARTY, answer)
    with parts.writing() as session:
        passkeys.add(session, person, made, name, parts.clock())


def accept(parts: Parts, answer: str, person: Person | None = None) -> int:
    with parts.reading() as session:
        key = passkeys.find(session, answer)
    proof = passkeys.check_assertion(PARTY, answer, key)
    with parts.writing() as session:
        whose = person.id if person is not None else None
        return passkeys.accept(session, proof, parts.clock(), account_id=whose)


def remove(parts: Parts, person: Person, passkey: int) -> None:
    with parts.writing() as session:
        passkeys.remove(session, person, passkey, parts.clock())


def kept(parts: Parts) -> list[Passkey]:
    with parts.reading() as session:
        return list(session.exec(select(Passkey)))


def registered(parts: Parts, person: Person, **kind: Any) -> Device:
    device = Device(ORIGIN, **kind)
    add(parts, person, device.create(registration(parts, person)))
    return device


@pytest.fixture
def device(parts: Parts, ann: Person) -> Device:
    return registered(parts, ann)


# Making one


def test_a_key_is_asked_for_that_needs_no_name_typed_and_its_owner_present(parts: Parts, ann: Person) -> None:
    options = json.loads(registration(parts, ann))
    assert options["rp"] == {"name": "Le Passe-Muraille", "id": "forum.example.org"}
    assert (options["user"]["name"], options["user"]["displayName"]) == ("ann@example.org", "Ann")
    assert len(raw(options["user"]["id"])) == 32
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert options["attestation"] == "none"


def test_a_key_is_kept_with_its_name_and_told_by_letter(parts: Parts, ann: Person) -> None:
    device = Device(ORIGIN)
    add(parts, ann, device.create(registration(parts, ann)), "clé bleue")
    (key,) = kept(parts)
    assert (key.account_id, key.name, key.credential, key.handle) == (
        ann.id,
        "clé bleue",
        text(device.id),
        device.handle,
    )
    with parts.reading() as session:
        assert [letter.kind for letter in session.exec(select(Letter))] == ["passkey_added"]


def test_all_keys_of_an_account_know_it_by_one_name_and_nobody_else_does(
    parts: Parts, ann: Person, sami: Person
) -> None:
    devices = [registered(parts, person) for person in (ann, ann, sami)]
    assert devices[0].handle == devices[1].handle != devices[2].handle
    known = json.loads(registration(parts, ann))["excludeCredentials"]
    assert [one["id"] for one in known] == [text(device.id) for device in devices[:2]]


def test_a_registration_is_accepted_once(parts: Parts, ann: Person) -> None:
    answer = Device(ORIGIN).create(registration(parts, ann))
    add(parts, ann, answer)
    with pytest.raises(NotAccepted):
        add(parts, ann, answer)
    assert len(kept(parts)) == 1


def test_one_key_is_registered_for_one_account(
    parts: Parts, ann: Person, sami: Person, device: Device
) -> None:
    for person in (ann, sami):
        with pytest.raises(NotAccepted):
            add(parts, person, device.create(registration(parts, person)))
    assert [key.account_id for key in kept(parts)] == [ann.id]


def test_a_challenge_for_one_person_registers_nothing_for_another(
    parts: Parts, ann: Person, sami: Person
) -> None:
    answer = Device(ORIGIN).create(registration(parts, ann))
    with pytest.raises(NotAccepted):
        add(parts, sami, answer)
    answer = Device(ORIGIN).create(registration(parts, ann), challenge=json.loads(asked(parts))["challenge"])
    with pytest.raises(NotAccepted):
        add(parts, ann, answer)
    assert kept(parts) == []


def test_a_registration_may_take_five_minutes(parts: Parts, ann: Person, clock: FakeClock) -> None:
    early, late = [Device(ORIGIN).create(registration(parts, ann)) for _ in range(2)]
    clock.tick(minutes=5, seconds=-1)
    add(parts, ann, early)
    clock.tick(seconds=1)
    with pytest.raises(NotAccepted):
        add(parts, ann, late)


BENT: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "plain HTTP": {"origin": "http://forum.example.org"},
    "a port": {"origin": "https://forum.example.org:8443"},
    "a longer name": {"origin": "https://forum.example.org.evil.example"},
    "another site": {"site": "evil.example"},
    "nobody there": {"flags": 0},
    "a person not verified": {"flags": PRESENT},
    "verified, not present": {"flags": VERIFIED},
    "a challenge of its own": {"challenge": text(bytes(32))},
}


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT)
def test_no_key_is_made_elsewhere_or_without_its_owner(
    parts: Parts, ann: Person, bent: dict[str, Any]
) -> None:
    with pytest.raises(NotAccepted):
        add(parts, ann, Device(ORIGIN).create(registration(parts, ann), **bent))
    assert kept(parts) == []


@pytest.mark.parametrize(("length", "fits"), [(1023, True), (1024, False), (3000, False)])
def test_a_key_whose_name_is_longer_than_any_is_not_taken(
    parts: Parts, ann: Person, length: int, fits: bool
) -> None:
    device = Device(ORIGIN, id=bytes(length))
    if fits:
        add(parts, ann, device.create(registration(parts, ann)))
    else:
        with pytest.raises(NotAccepted):
            add(parts, ann, device.create(registration(parts, ann)))
    assert len(kept(parts)) == fits


@pytest.mark.parametrize("public", [[], [2, -7], {}, {1: 2}, {1: 2, 3: -7, -1: 1}, 7, "x", {1: []}])
def test_a_key_that_is_none_is_not_taken(parts: Parts, ann: Person, public: object) -> None:
    with pytest.raises(NotAccepted):
        add(parts, ann, Device(ORIGIN).create(registration(parts, ann), public=public))


# Using one


@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
def test_a_key_says_whose_it_is_each_time_it_is_asked(parts: Parts, ann: Person, counts: bool) -> None:
    device = registered(parts, ann, counts=counts)
    for _ in range(3):
        assert accept(parts, device.get(asked(parts))) == ann.id
    (key,) = kept(parts)
    assert (key.sign_count, key.used_at) == (3 if counts else 0, parts.clock())


@pytest.mark.usefixtures("ann")
def test_a_proof_is_accepted_once(parts: Parts, device: Device) -> None:
    answer = device.get(asked(parts))
    accept(parts, answer)
    with pytest.raises(NotAccepted):
        accept(parts, answer)


@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
def test_a_proof_sent_many_times_at_once_is_accepted_once(parts: Parts, ann: Person, counts: bool) -> None:
    device = registered(parts, ann, counts=counts)
    told = at_once(*[partial(accept, parts, device.get(asked(parts)))] * 5)
    assert [one for one in told if not isinstance(one, NotAccepted)] == [ann.id]


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT)
def test_nothing_signed_elsewhere_or_without_its_owner_is_accepted(
    parts: Parts, device: Device, bent: dict[str, Any]
) -> None:
    with pytest.raises(NotAccepted):
        accept(parts, device.get(asked(parts), **bent))
    assert accept(parts, device.get(asked(parts)))


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_count_that_does_not_grow_betrays_a_copy(parts: Parts, device: Device, count: int) -> None:
    for _ in range(2):
        accept(parts, device.get(asked(parts)))
    with pytest.raises(NotAccepted):
        accept(parts, device.get(asked(parts), count=count))


def test_a_key_made_in_place_of_one_that_is_gone_is_not_taken_for_it(
    parts: Parts, ann: Person, sami: Person, device: Device
) -> None:
    answer = device.get(asked(parts))
    with parts.reading() as session:
        proof = passkeys.check_assertion(PARTY, answer, passkeys.find(session, answer))
    with parts.writing() as session:
        (gone,) = passkeys.of(session, ann.id)
        assert gone.id is not None
        passkeys.remove(session, ann, gone.id, parts.clock())
    registered(parts, sami)
    with pytest.raises(NotAccepted), parts.writing() as session:
        passkeys.accept(session, proof, parts.clock())


@pytest.mark.usefixtures("device")
def test_a_key_is_not_removed_in_place_of_one_that_is_gone(parts: Parts, ann: Person) -> None:
    (gone,) = kept(parts)
    assert gone.id is not None
    remove(parts, ann, gone.id)
    other = registered(parts, ann)
    with pytest.raises(NotFound):
        remove(parts, ann, gone.id)
    assert accept(parts, other.get(asked(parts))) == ann.id


def test_a_copy_used_between_the_check_and_its_end_is_noticed(
    parts: Parts, ann: Person, device: Device
) -> None:
    answer = device.get(asked(parts))
    with parts.reading() as session:
        proof = passkeys.check_assertion(PARTY, answer, passkeys.find(session, answer))
    assert accept(parts, device.get(asked(parts))) == ann.id
    with pytest.raises(NotAccepted), parts.writing() as session:
        passkeys.accept(session, proof, parts.clock())


def test_a_signature_by_another_key_is_refused(parts: Parts, device: Device) -> None:
    other = Device(ORIGIN, id=device.id, handle=device.handle)
    with pytest.raises(NotAccepted):
        accept(parts, other.get(asked(parts)))


def test_a_key_says_the_name_of_its_own_account(parts: Parts, sami: Person, device: Device) -> None:
    other = registered(parts, sami)
    with pytest.raises(NotAccepted):
        accept(parts, device.get(asked(parts), handle=other.handle))


def test_one_confirms_with_a_key_of_one_s_own_and_a_challenge_of_one_s_own(
    parts: Parts, ann: Person, sami: Person, device: Device
) -> None:
    theirs = registered(parts, sami)
    for answer in (
        theirs.get(asked(parts, ann)),
        device.get(asked(parts, sami)),
        device.get(asked(parts)),
    ):
        with pytest.raises(NotAccepted):
            accept(parts, answer, ann)
    with pytest.raises(NotAccepted):
        accept(parts, device.get(asked(parts, ann)))
    assert accept(parts, device.get(asked(parts, ann)), ann) == ann.id


def test_a_registration_signs_nobody_in_and_a_proof_registers_nothing(
    parts: Parts, ann: Person, device: Device
) -> None:
    with pytest.raises(NotAccepted):
        accept(parts, device.create(registration(parts, ann)))
    with pytest.raises(NotAccepted):
        passkeys.check_registration(PARTY, device.get(asked(parts)))


def test_a_challenge_may_wait_five_minutes(parts: Parts, device: Device, clock: FakeClock) -> None:
    early, late = [device.get(asked(parts), count=count) for count in (1, 2)]
    clock.tick(minutes=5, seconds=-1)
    accept(parts, early)
    clock.tick(seconds=1)
    with pytest.raises(NotAccepted):
        accept(parts, late)


def test_challenges_nobody_answers_are_forgotten(parts: Parts, clock: FakeClock) -> None:
    for _ in range(5):
        asked(parts)
    clock.tick(minutes=5)
    asked(parts)
    with parts.reading() as session:
        assert len(session.exec(select(Challenge)).all()) == 1


# Leaving


def test_a_removed_key_opens_nothing_and_nobody_removes_another_s(
    parts: Parts, ann: Person, sami: Person, device: Device
) -> None:
    (key,) = kept(parts)
    assert key.id is not None

    def remove(person: Person) -> None:
        with parts.writing() as session:
            passkeys.remove(session, person, key.id or 0, parts.clock())

    with pytest.raises(NotFound):
        remove(sami)
    assert accept(parts, device.get(asked(parts)))
    remove(ann)
    with pytest.raises(NotAccepted):
        accept(parts, device.get(asked(parts)))
    with pytest.raises(NotFound):
        remove(ann)


def test_the_keys_of_who_left_open_nothing(parts: Parts, sami: Person) -> None:
    device = registered(parts, sami)
    with parts.writing() as session:
        members.remove(session, sami.email, parts.clock())
    assert kept(parts) == []
    with pytest.raises(NotAccepted):
        accept(parts, device.get(asked(parts)))


# Whatever is sent


def changes(answer: str, place: int, value: Any) -> str:
    """The same answer with something else in one of its places."""
    sent = json.loads(answer)
    response = sent["response"]
    spots: list[tuple[dict[str, Any], str]] = [(sent, name) for name in sent]
    spots += [(response, name) for name in response]
    where, name = spots[place % len(spots)]
    where[name] = value
    return json.dumps(sent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.binary(max_size=60).map(text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@FEW
@given(st.integers(0, 20), JSON)
def test_what_no_browser_sends_is_refused_and_breaks_nothing(
    build_parts: BuildParts, place: int, value: Any
) -> None:
    parts = build_parts()
    with parts.reading() as session:
        ann = accounts.by_email(session, "ann@example.org")
    person = (
        add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
        if ann is None
        else Person(ann.id or 0, ann.name, ann.email or "", ann.role)
    )
    device = registered(parts, person)
    options: dict[str, Callable[[], str]] = {
        "create": lambda: Device(ORIGIN).create(registration(parts, person)),
        "get": lambda: device.get(asked(parts)),
    }
    for kind, answer in options.items():
        whole = answer()
        bent = changes(whole, place, value)
        try:
            if kind == "create":
                add(parts, person, bent)
            else:
                accept(parts, bent)
        except NotAccepted:
            continue
        same = [json.loads(one)["response"] for one in (whole, bent)]
        assert same[0] == same[1]


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_what_is_not_even_an_answer_is_refused(sent: str) -> None:
    with pytest.raises(NotAccepted):
        passkeys.check_registration(PARTY, sent)
    with pytest.raises(NotAccepted):
        passkeys.check_assertion(PARTY, sent, None)
    key = Passkey(
        id=1,
        account_id=1,
        credential="a",
        public_key="b",
        handle="c",
        sign_count=0,
        name="",
        created_at=START,
    )
    with pytest.raises(NotAccepted):
        passkeys.check_assertion(PARTY, sent, key)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("sent", ["", "x", "[]", "{}", '{"id": 3}', '{"id": "\\u0000"}', "[" * 100_000])
def test_no_key_is_found_for_what_names_none(parts: Parts, sent: str) -> None:
    with parts.reading() as session:
        assert passkeys.find(session, sent) is None
