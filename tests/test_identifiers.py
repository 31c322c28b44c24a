from hypothesis import given
from hypothesis import strategies as st

from moderation import identifiers

CODES = st.text(identifiers.ALPHABET, min_size=1, max_size=24)


def test_a_name_is_eighty_bits_in_sixteen_small_letters_and_digits() -> None:
    name = identifiers.new_id()
    assert len(name) == 16
    assert name == name.lower()
    assert set(name.upper()) <= set(identifiers.ALPHABET)
    assert len(set(identifiers.ALPHABET)) == 32


def test_no_letter_can_be_taken_for_another() -> None:
    assert set("ILOU").isdisjoint(identifiers.ALPHABET)


def test_names_and_codes_are_each_given_once() -> None:
    assert len({identifiers.new_id() for _ in range(2000)}) == 2000
    assert len({identifiers.new_code() for _ in range(2000)}) == 2000


def test_every_letter_comes_up_in_every_place() -> None:
    codes = [identifiers.new_code(8) for _ in range(2000)]
    assert all(len({code[place] for code in codes}) == 32 for place in range(8))


def test_a_code_is_shown_in_fours() -> None:
    assert identifiers.grouped("K7QF3M2D9XWT41HB") == "K7QF-3M2D-9XWT-41HB"
    assert identifiers.grouped("K7QF3M") == "K7QF-3M"


@given(CODES, st.lists(st.integers(0, 4), min_size=24, max_size=24))
def test_a_code_is_understood_however_it_is_typed(code: str, hands: list[int]) -> None:
    alike = [{"1": "1iIlL", "0": "0oO"}.get(character, character + character.lower()) for character in code]
    typed = "".join(ways[hand % len(ways)] for ways, hand in zip(alike, hands, strict=False))
    for shown in (typed, identifiers.grouped(typed), f" {identifiers.grouped(typed).replace('-', ' ')} "):
        assert identifiers.heard(shown) == code
    assert identifiers.heard(identifiers.grouped(typed).replace("-", "\u00a0")) == code


@given(st.text(max_size=60))
def test_whatever_is_typed_is_heard_as_something(typed: str) -> None:
    heard = identifiers.heard(typed)
    assert identifiers.heard(heard) == heard
