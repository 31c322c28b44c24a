from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.vault import Unopened, Vault

OLD, NEW = "old-key-" * 5, "new-key-" * 5


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_is_opened_for_the_same_thing_alone(secret: str, about: str) -> None:
    vault = Vault([NEW])
    sealed = vault.seal(secret, about)
    assert vault.open(sealed, about) == secret
    with pytest.raises(Unopened):
        vault.open(sealed, about + "x")


def test_the_same_secret_is_never_sealed_alike() -> None:
    vault = Vault([NEW])
    assert len({vault.seal("secret", "a") for _ in range(50)}) == 50
    assert "secret" not in vault.seal("secret", "a")


def test_any_key_opens_and_the_newest_seals() -> None:
    before = Vault([OLD]).seal("secret", "a")
    both = Vault([NEW, OLD])
    assert both.open(before, "a") == "secret"
    assert Vault([NEW]).open(both.seal("secret", "a"), "a") == "secret"
    with pytest.raises(Unopened):
        Vault([NEW]).open(before, "a")
    with pytest.raises(Unopened):
        Vault([OLD]).open(both.seal("secret", "a"), "a")


def test_a_changed_bit_is_noticed() -> None:
    vault = Vault([NEW])
    raw = urlsafe_b64decode(vault.seal("secret", "a") + "==")
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(Unopened):
            vault.open(urlsafe_b64encode(changed).decode(), "a")


@given(st.text(max_size=100))
def test_what_is_no_seal_opens_nothing(sealed: str) -> None:
    with pytest.raises(Unopened):
        Vault([NEW]).open(sealed, "a")


@pytest.mark.parametrize("keys", [[], [""], [NEW, ""]])
def test_no_key_seals_nothing(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="no key"):
        Vault(keys)
