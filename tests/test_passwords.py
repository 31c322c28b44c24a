import unicodedata
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from conftest import FEW
from hypothesis import assume, given
from hypothesis import strategies as st
from pwdlib.hashers.argon2 import Argon2Hasher

from moderation import passwords
from moderation.turn import Busy

GOOD = "cheval agrafe pile correct"
OWN = ["Ann Mercier", "Ann", "Mercier", "ann@example.org", "example", "Le Passe-Muraille", "Muraille"]
# Anything a keyboard or a password manager may put in, but for half characters, which no form can send.
TYPED = st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=128)


def old_hash(password: str) -> str:
    """As made before somebody raised the parameters."""
    return Argon2Hasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(password)


# Which are taken


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("a7%kQ!z", "too_short"),
        ("", "too_short"),
        ("é" * 129, "too_long"),
        ("𝔞" * 129, "too_long"),
        ("a" * 513, "too_long"),
        ("password", "common"),
        ("PassWord", "common"),
        ("12345678", "common"),
        ("annmercier", "own"),
        ("Ann Mercier!", "own"),
        ("Mercier2024", "own"),
        ("ann@example.org", "own"),
        ("Le Passe-Muraille", "own"),
        ("passemuraille", ""),
        ("muraille1234", "own"),
        (GOOD, ""),
        ("aaaaabbbbbccccc", ""),
        ("        ", ""),
        ("!!!!!!!!!!", ""),
        ("é" * 128, ""),
        ("𝔞" * 128, ""),
    ],
)
def test_what_is_refused_is_short_long_common_or_ones_own(password: str, why: str) -> None:
    assert passwords.problem(password, OWN) == why


def test_combining_marks_count_as_the_letter_they_make() -> None:
    assert passwords.problem(unicodedata.normalize("NFD", "é" * 128), OWN) == ""
    assert passwords.problem(unicodedata.normalize("NFD", "é" * 7), OWN) == "too_short"


@given(TYPED)
def test_there_is_no_rule_about_kinds_of_characters(password: str) -> None:
    assume(8 <= len(unicodedata.normalize("NFC", password)) <= 128)
    assert passwords.problem(password, []) in {"", "common"}


@given(st.text(max_size=3000), st.lists(st.text(max_size=50), max_size=4))
def test_whatever_is_typed_gets_an_answer(password: str, own: list[str]) -> None:
    assert passwords.problem(password, own) in {"", "too_short", "too_long", "common", "own"}


def test_the_most_common_three_thousand_that_are_long_enough_are_refused() -> None:
    common = [password for password in passwords._common() if len(password) >= 8]
    assert len(common) > 3000
    assert {passwords.problem(password, []) for password in common} == {"common"}


# Hashing


@FEW
@given(TYPED)
def test_the_right_password_and_no_other_is_right(password: str) -> None:
    kept = old_hash(unicodedata.normalize("NFC", password))
    assert passwords.check(password, kept).right
    assert passwords.check(unicodedata.normalize("NFD", password), kept).right
    assert not passwords.check(password + "x", kept).right
    assert not passwords.check(password[:-1], kept).right


def test_a_hash_is_argon2id_with_its_own_salt_and_at_least_nineteen_mebibytes() -> None:
    one, other = passwords.hashed(GOOD), passwords.hashed(GOOD)
    assert one != other
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(one) <= 200
    assert passwords.check(GOOD, one) == (True, None)


def test_a_password_is_never_trimmed_folded_or_cut() -> None:
    kept = old_hash("  Un mot de passe  ")
    for near in ("Un mot de passe", "  un mot de passe  ", "  Un mot de passe ", "  Un mot de passe  \0"):
        assert not passwords.check(near, kept).right
    long = "a" * 100
    assert not passwords.check(long, old_hash(long[:72])).right


def test_old_parameters_are_renewed_when_the_password_is_right() -> None:
    kept = old_hash(GOOD)
    right = passwords.check(GOOD, kept)
    assert right.right
    assert right.renewed is not None
    assert right.renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.check(GOOD, right.renewed) == (True, None)
    assert passwords.check("autre chose", kept) == (False, None)


@pytest.mark.parametrize("typed", [GOOD, "a" * 100_000, "\ud800" * 8, "\0" * 8, ""])
def test_the_same_work_is_done_for_nobody(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    done: list[str] = []
    verify = Argon2Hasher.verify

    def counted(self: Argon2Hasher, password: Any, kept: Any) -> bool:
        done.append(str(kept).rpartition("$")[0].rpartition("$")[0])
        return verify(self, password, kept)

    kept = passwords.hashed("un autre mot de passe")
    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    assert passwords.check(typed, None) == (False, None)
    assert passwords.check(typed, kept) == (False, None)
    assert done == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2


def test_few_are_hashed_at_once_and_few_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    full, go_on = Event(), Event()
    hash_one = Argon2Hasher.hash

    def slow(self: Argon2Hasher, password: Any, **more: Any) -> str:
        begun.append(1)
        if len(begun) == passwords.AT_ONCE:
            full.set()
        assert go_on.wait(20)
        return hash_one(self, password, **more)

    monkeypatch.setattr(Argon2Hasher, "hash", slow)
    with ThreadPoolExecutor(passwords.IN_LINE) as pool:
        hashing = [pool.submit(passwords.hashed, GOOD) for _ in range(passwords.IN_LINE)]
        assert full.wait(20)
        while passwords._line._value:  # all are in line
            pass
        assert len(begun) == passwords.AT_ONCE
        with pytest.raises(Busy):
            passwords.hashed(GOOD)
        with pytest.raises(Busy):
            passwords.check(GOOD, None)
        go_on.set()
        assert all(one.result() for one in hashing)
    assert passwords.check(GOOD, None) == (False, None)
