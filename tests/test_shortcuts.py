import pytest

from moderation import shortcuts
from moderation.lifecycle import Reason
from moderation.shortcuts import MOST_REASONS, OTHER_KEY, REASON_KEYS, SHIPPED, Shortcut, Unusable

TYPED = {shortcut.value: key for shortcut, key in SHIPPED.items()}


def test_the_shipped_keys_are_these_for_ever() -> None:
    assert {
        Shortcut.NEXT: "j",
        Shortcut.PREVIOUS: "k",
        Shortcut.PUBLISH: "p",
        Shortcut.REFUSE: "r",
        Shortcut.SPAM: "s",
        Shortcut.TAKE_DOWN: "t",
        Shortcut.ASK: "q",
        Shortcut.UNDO: "u",
        Shortcut.HELP: "?",
    }.items() <= SHIPPED.items()


def test_no_key_does_two_things() -> None:
    assert len({*SHIPPED.values(), *REASON_KEYS, OTHER_KEY}) == len(SHIPPED) + MOST_REASONS


def test_every_reason_has_its_key() -> None:
    assert len(Reason) <= MOST_REASONS


def test_only_what_differs_is_kept() -> None:
    assert shortcuts.chosen({**TYPED, "publish": "v"}) == {"publish": "v"}
    assert shortcuts.keys({"publish": "v"}, on=True).of == {**SHIPPED, Shortcut.PUBLISH: "v"}


def test_a_key_somebody_chose_is_not_taken_by_a_shortcut_that_came_later() -> None:
    keys = shortcuts.keys({"next": "q"}, on=True).of
    assert (keys[Shortcut.NEXT], keys[Shortcut.ASK]) == ("q", "")


def test_two_keys_may_change_places() -> None:
    assert shortcuts.chosen({**TYPED, "next": "k", "previous": "j"}) == {"next": "k", "previous": "j"}


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "not_a_key"),
        (" ", "not_a_key"),
        ("ab", "not_a_key"),
        ("\n", "not_a_key"),
        ("\u202e", "not_a_key"),
        ("3", "digit"),
        ("j", "twice"),
    ],
)
def test_a_key_that_cannot_be_is_refused(key: str, problem: str) -> None:
    with pytest.raises(Unusable) as refused:
        shortcuts.chosen({**TYPED, "publish": key})
    assert (refused.value.field, refused.value.problem) == (Shortcut.PUBLISH, problem)
