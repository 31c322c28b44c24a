from datetime import timedelta
from functools import partial

import pyotp
import pytest
from conftest import KEY, BuildParts, FakeClock, add_person, at_once
from sqlmodel import select

from moderation import accounts, factors, identifiers, members, passwords, sessions, tokens
from moderation.accounts import CannotSignIn, Person
from moderation.decisions import NotFound
from moderation.factors import AlreadyOn
from moderation.models.people import Account, RecoveryCode, Role
from moderation.models.queue import Letter
from moderation.vault import Unopened
from moderation.web.dependencies import Parts

GOOD = "cheval agrafe pile correct"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(parts: Parts, *, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(parts.clock() + timedelta(seconds=30 * steps))


def turn_on(parts: Parts, person: Person, typed: str | None = None) -> list[str] | None:
    with parts.writing() as session:
        return factors.turn_codes_on(
            session,
            parts.vault,
            person,
            SECRET,
            code(parts) if typed is None else typed,
            parts.clock(),
        )


def prove(parts: Parts, person: Person, typed: str = "", recovery: str = "") -> bool:
    with parts.writing() as session:
        return factors.prove(session, parts.vault, person.id, parts.clock(), code=typed, recovery=recovery)


def sealed(parts: Parts) -> str | None:
    with parts.reading() as session:
        return session.exec(select(Account.totp)).one()


def half(parts: Parts, person: Person) -> str:
    with parts.writing() as session:
        return accounts.half_way(session, person.id, parts.clock()).id


def second(parts: Parts, sign_in: str, typed: str = "", recovery: str = "") -> int | None:
    with parts.writing() as session:
        return factors.open_by_second_step(
            session, parts.vault, sign_in, parts.clock(), code=typed, recovery=recovery
        )


def set_password(parts: Parts, person: Person, password: str = GOOD) -> str:
    hashed = passwords.hashed(password)
    with parts.writing() as session:
        factors.set_password(session, person, hashed, parts.clock())
    return hashed


def told(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return [letter.kind for letter in session.exec(select(Letter).order_by(Letter.id))]  # type: ignore[arg-type]


def asks(parts: Parts, person: Person) -> bool:
    with parts.reading() as session:
        return factors.asks_for_codes(session, person.id)


def left(parts: Parts, person: Person) -> int:
    with parts.reading() as session:
        return factors.recovery_codes_left(session, person.id)


@pytest.fixture
def codes(parts: Parts, ann: Person) -> list[str]:
    """Ann's recovery codes: her application is on, and its first code is used."""
    found = turn_on(parts, ann)
    assert found is not None
    return found


# Passwords


def test_a_password_opens_until_it_is_changed_or_removed(parts: Parts, ann: Person) -> None:
    set_password(parts, ann)
    with parts.reading() as session:
        before = factors.known(session, " ANN@example.org")
    with parts.writing() as session:
        assert factors.open_by_password(session, before, None) == ann.id
    set_password(parts, ann, "un autre mot de passe")
    with pytest.raises(CannotSignIn), parts.writing() as session:
        factors.open_by_password(session, before, None)
    with parts.writing() as session:
        factors.remove_password(session, ann, parts.clock())
    with parts.reading() as session:
        assert factors.known(session, ann.email) == factors.Known(ann.id, None)
    with pytest.raises(NotFound), parts.writing() as session:
        factors.remove_password(session, ann, parts.clock())
    assert told(parts) == ["password_set", "password_set", "password_removed"]


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("email", ["nobody@example.org", "", "ann\0@example.org"])
def test_nobody_is_known_by_another_address(parts: Parts, email: str) -> None:
    with parts.reading() as session:
        found = factors.known(session, email)
    assert found == factors.Known(None, None)
    with pytest.raises(CannotSignIn), parts.writing() as session:
        factors.open_by_password(session, found, None)


def test_no_password_opens_an_account_without_one(parts: Parts, ann: Person) -> None:
    with pytest.raises(CannotSignIn), parts.writing() as session:
        factors.open_by_password(session, factors.Known(ann.id, None), None)


def test_a_renewed_hash_is_kept(parts: Parts, ann: Person) -> None:
    set_password(parts, ann)
    with parts.writing() as session:
        factors.open_by_password(session, factors.known(session, ann.email), "renewed")
        assert factors.known(session, ann.email).password == "renewed"


def test_a_new_password_signs_the_other_browsers_out(parts: Parts, ann: Person, sami: Person) -> None:
    with parts.writing() as session:
        cookies = [
            sessions.start(session, person.id, kept=False, now=parts.clock()) for person in (ann, ann, sami)
        ]
        here = sessions.holder(session, cookies[0], parts.clock())
        assert here is not None
        factors.set_password(session, here, "hash", parts.clock())
        open_ones = [sessions.holder(session, cookie, parts.clock()) for cookie in cookies]
    assert [person and person.name for person in open_ones] == ["Ann", None, "Sami"]
    assert told(parts) == ["password_set"]


def test_what_an_attacker_tries_first_is_ones_own(ann: Person) -> None:
    own = factors.own_words(ann, "Le Passe-Muraille", "https://forum.example.org")
    assert {"Ann", "ann@example.org", "example", "Muraille", "Le Passe-Muraille", "forum"} <= set(own)


# Codes


def test_codes_are_asked_for_once_one_was_given(parts: Parts, ann: Person) -> None:
    assert turn_on(parts, ann, "000000") is None
    assert not asks(parts, ann)
    codes = turn_on(parts, ann)
    assert codes is not None
    assert asks(parts, ann)
    assert len(set(codes)) == factors.RECOVERY_CODES == left(parts, ann)
    assert {len(code) for code in codes} == {24}
    with pytest.raises(AlreadyOn):
        turn_on(parts, ann, code(parts, steps=1))
    assert told(parts) == ["codes_on"]


def test_the_secret_and_the_codes_are_not_readable_in_the_database(
    parts: Parts, ann: Person, codes: list[str]
) -> None:
    with parts.reading() as session:
        account = session.get_one(Account, ann.id)
        kept = [account.totp or "", *session.exec(select(RecoveryCode.digest))]
    assert SECRET not in kept[0]
    assert parts.vault.open(kept[0], f"totp {ann.id}") == SECRET
    assert not set(codes) & set(kept)
    assert {len(digest) for digest in kept[1:]} == {64}


@pytest.mark.usefixtures("codes")
def test_a_code_is_accepted_once_and_none_from_before(parts: Parts, ann: Person, clock: FakeClock) -> None:
    assert not prove(parts, ann, code(parts))
    clock.tick(seconds=60)
    assert prove(parts, ann, code(parts))
    assert not prove(parts, ann, code(parts))
    assert not prove(parts, ann, code(parts, steps=-1))
    assert prove(parts, ann, code(parts, steps=1))
    assert not prove(parts, ann, "000000")


@pytest.mark.usefixtures("codes")
def test_the_same_code_in_many_places_at_once_is_accepted_in_one(
    parts: Parts, ann: Person, clock: FakeClock
) -> None:
    clock.tick(minutes=5)
    told = at_once(*[partial(prove, parts, ann, code(parts))] * 6)
    assert sorted(told) == [False] * 5 + [True]


def test_a_recovery_code_is_accepted_once_however_it_is_typed(
    parts: Parts, ann: Person, codes: list[str]
) -> None:
    assert prove(parts, ann, recovery=codes[0])
    assert not prove(parts, ann, recovery=codes[0])
    assert prove(parts, ann, recovery=f" {identifiers.grouped(codes[1]).lower()} ")
    assert left(parts, ann) == 8
    assert told(parts) == ["codes_on", "recovery_used", "recovery_used"]


def test_a_recovery_code_in_many_places_at_once_is_accepted_in_one(
    parts: Parts, ann: Person, codes: list[str]
) -> None:
    told = at_once(*[partial(prove, parts, ann, recovery=codes[3])] * 6)
    assert sorted(told) == [False] * 5 + [True]
    assert left(parts, ann) == 9


def test_nobody_uses_another_s_codes(parts: Parts, sami: Person, codes: list[str]) -> None:
    assert not prove(parts, sami, recovery=codes[0])
    turn_on(parts, sami, code(parts))
    assert not prove(parts, sami, recovery=codes[0])


def test_new_recovery_codes_replace_the_old(parts: Parts, ann: Person, codes: list[str]) -> None:
    with parts.writing() as session:
        new = factors.renew_recovery_codes(session, ann, parts.clock())
    assert not set(new) & set(codes)
    assert not prove(parts, ann, recovery=codes[0])
    assert prove(parts, ann, recovery=new[0])
    assert left(parts, ann) == 9


def test_codes_turned_off_are_asked_for_no_more(parts: Parts, ann: Person, codes: list[str]) -> None:
    with parts.writing() as session:
        factors.turn_codes_off(session, ann, parts.clock())
    assert not asks(parts, ann)
    assert not prove(parts, ann, code(parts, steps=1))
    assert not prove(parts, ann, recovery=codes[0])
    assert left(parts, ann) == 0
    for act in (factors.turn_codes_off, factors.renew_recovery_codes):
        with pytest.raises(NotFound), parts.writing() as session:
            act(session, ann, parts.clock())


# Keys that change


@pytest.mark.usefixtures("codes")
def test_what_older_keys_sealed_is_sealed_anew_before_they_are_forgotten(
    build_parts: BuildParts, ann: Person, clock: FakeClock
) -> None:
    clock.tick(minutes=1)
    new = "a-newer-key-of-the-tests-long-enough-too"
    both, after = build_parts(secret_keys=f"{new},{KEY}"), build_parts(secret_keys=new)
    assert prove(both, ann, code(both))
    clock.tick(minutes=1)
    with pytest.raises(Unopened):
        prove(after, ann, code(after))
    with both.writing() as session:
        assert factors.seal_anew(session, both.vault) == 0
    assert prove(after, ann, code(after))


@pytest.mark.usefixtures("codes")
def test_what_no_key_opens_any_more_is_counted_and_left(build_parts: BuildParts, parts: Parts) -> None:
    lost = build_parts(secret_keys="another-key-of-the-tests-which-is-long")
    before = sealed(parts)
    with lost.writing() as session:
        assert factors.seal_anew(session, lost.vault) == 1
    assert sealed(parts) == before


def test_without_the_key_recovery_codes_still_open(
    build_parts: BuildParts, ann: Person, codes: list[str]
) -> None:
    lost = build_parts(secret_keys="another-key-of-the-tests-which-is-long")
    with pytest.raises(Unopened):
        prove(lost, ann, code(lost, steps=1))
    assert prove(lost, ann, recovery=codes[0])


def test_a_secret_put_under_another_account_opens_nothing(
    parts: Parts, ann: Person, sami: Person, codes: list[str], clock: FakeClock
) -> None:
    del codes
    with parts.writing() as session:
        theirs = session.get_one(Account, sami.id)
        theirs.totp = session.get_one(Account, ann.id).totp
        session.add(theirs)
    clock.tick(minutes=1)
    with pytest.raises(Unopened):
        prove(parts, sami, code(parts))


# The second step


def test_a_second_step_opens_once(parts: Parts, ann: Person, codes: list[str], clock: FakeClock) -> None:
    clock.tick(minutes=1)
    sign_in = half(parts, ann)
    assert second(parts, sign_in, "000000") is None
    assert second(parts, sign_in, code(parts)) == ann.id
    for again in ({"typed": code(parts, steps=1)}, {"recovery": codes[0]}):
        with pytest.raises(CannotSignIn):
            second(parts, sign_in, **again)
    assert left(parts, ann) == 10


def test_a_second_step_in_many_places_at_once_opens_in_one(
    parts: Parts, ann: Person, codes: list[str]
) -> None:
    sign_in = half(parts, ann)
    steps = [partial(second, parts, sign_in, recovery=recovery) for recovery in codes[:5]]
    told = at_once(*steps)
    assert [one for one in told if not isinstance(one, CannotSignIn)] == [ann.id]
    assert left(parts, ann) == 9


def test_one_code_for_two_second_steps_at_once_opens_one(
    parts: Parts, ann: Person, codes: list[str], clock: FakeClock
) -> None:
    del codes
    clock.tick(minutes=1)
    right = code(parts)
    told = at_once(*[partial(second, parts, half(parts, ann), right) for _ in range(4)])
    assert [one for one in told if one] == [ann.id]


def test_a_second_step_may_be_tried_five_times(parts: Parts, ann: Person, codes: list[str]) -> None:
    sign_in = half(parts, ann)
    for _ in range(5):
        assert second(parts, sign_in, recovery="0" * 24) is None
    with pytest.raises(CannotSignIn):
        second(parts, sign_in, recovery=codes[0])
    assert told(parts)[-1] == "second_step_failed"
    assert second(parts, half(parts, ann), recovery=codes[0]) == ann.id
    assert told(parts).count("second_step_failed") == 1


def test_a_second_step_of_who_has_no_codes_opens_nothing(parts: Parts, ann: Person) -> None:
    sign_in = half(parts, ann)
    for typed in ("", "000000"):
        assert second(parts, sign_in, typed) is None


# Who lost everything


def test_a_reset_leaves_the_link_and_nothing_else(parts: Parts, ann: Person, codes: list[str]) -> None:
    set_password(parts, ann)
    with parts.writing() as session:
        cookie = sessions.start(session, ann.id, kept=True, now=parts.clock())
        factors.reset(session, ann.email, parts.clock())
        assert sessions.holder(session, cookie, parts.clock()) is None
        assert factors.known(session, ann.email).password is None
    assert not asks(parts, ann)
    assert not prove(parts, ann, recovery=codes[0])
    assert told(parts)[-1] == "factors_reset"
    with pytest.raises(NotFound), parts.writing() as session:
        factors.reset(session, "nobody@example.org", parts.clock())


@pytest.mark.usefixtures("ann")
def test_who_is_removed_leaves_no_factor_behind(parts: Parts) -> None:
    eve = add_person(parts, "eve@example.org", "Ève", Role.ADMIN)
    set_password(parts, eve)
    codes = turn_on(parts, eve, code(parts))
    assert codes
    with parts.writing() as session:
        members.remove(session, eve.email, parts.clock())
    with parts.reading() as session:
        row = session.get_one(Account, eve.id)
        assert (row.password, row.totp, row.totp_step) == (None, None, None)
        assert session.exec(select(RecoveryCode)).all() == []
    assert not prove(parts, eve, recovery=codes[0])
    with pytest.raises(NotFound), parts.writing() as session:
        factors.set_password(session, eve, "hash", parts.clock())
    with pytest.raises(NotFound):
        turn_on(parts, eve)


def test_a_reset_closes_the_tokens_too(parts: Parts, ann: Person) -> None:
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        secret = tokens.create(session, account, "essai", frozenset(tokens.Scope), parts.clock())
        assert tokens.bearer(session, secret)
        factors.reset(session, ann.email, parts.clock())
        assert tokens.bearer(session, secret) is None
    assert told(parts) == ["token_made", "factors_reset"]
