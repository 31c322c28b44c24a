"""The policy proved: every sequence of up to five people, each saying what can be said or taking it back."""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from moderation.lifecycle import Action
from moderation.policy import ONE_VOICE, Hold, Policy, Say, verdict

PEOPLE = 5
# By person, in the order they spoke.
Voices = Mapping[int, Say]


def sequences(policy: Policy, said: dict[int, Say], steps: int) -> Iterator[tuple[Voices, Say | None]]:
    """What stands after each step of every sequence that has not moved the text yet, and what was just said.

    People are alike: only the first of those who have not spoken yet may begin to.
    """
    if not steps:
        return
    for person in range(min(PEOPLE, len(said) + 1)):
        for word in (*Say, None):
            if word is None and person not in said:
                continue
            now = {who: what for who, what in said.items() if who != person}
            if word is not None:
                now[person] = word
            yield now, word
            if isinstance(verdict(list(now.values()), policy), Hold):
                yield from sequences(policy, now, steps - 1)


@pytest.mark.parametrize("veto", [True, False])
@pytest.mark.parametrize(("publish", "refuse"), list(product(range(1, PEOPLE + 1), (1, 2, 5))))
def test_never_public_while_a_veto_stands_and_never_with_too_few(
    publish: int, refuse: int, *, veto: bool
) -> None:
    policy = Policy(publish, refuse, veto)
    moved = set()
    for voices, _ in sequences(policy, {}, 4 if veto else 3):
        said = list(voices.values())
        found = verdict(said, policy)
        if veto and Say.VETO in said:
            assert found is Hold.PAUSED
        elif found is Action.PUBLISH:
            assert said.count(Say.PUBLISH) >= publish
        elif isinstance(found, Action):
            assert said.count(Say(found)) >= refuse
        if isinstance(found, Action):
            moved.add(found)
    assert moved <= {Action.PUBLISH, Action.REFUSE, Action.SPAM}


def test_nothing_is_public_while_a_veto_stands_after_five_words_of_five_people() -> None:
    policy = Policy(3, 2, veto=True)
    seen = 0
    for voices, _ in sequences(policy, {}, PEOPLE):
        seen += len(voices) == PEOPLE
        if Say.VETO in voices.values():
            assert verdict(list(voices.values()), policy) is Hold.PAUSED
    assert seen > 100


@pytest.mark.parametrize(("publish", "refuse"), list(product(range(1, PEOPLE + 1), (1, 2, 5))))
def test_every_way_five_people_may_speak_once(publish: int, refuse: int) -> None:
    policy = Policy(publish, refuse, veto=True)
    for count in range(PEOPLE + 1):
        for said in product(Say, repeat=count):
            found = verdict(said, policy)
            if Say.VETO in said:
                assert found is Hold.PAUSED
            else:
                public = said.count(Say.PUBLISH) >= publish
                away = max(said.count(Say.REFUSE), said.count(Say.SPAM)) >= refuse
                assert (found is Action.PUBLISH) == (public and not away)
                assert found is not Action.PUBLISH or said.count(Say.PUBLISH) >= publish


@pytest.mark.parametrize("publish", range(1, PEOPLE + 1))
def test_the_order_of_voices_changes_nothing(publish: int) -> None:
    policy = Policy(publish, 2, veto=True)
    for said in product(Say, repeat=4):
        assert verdict(said, policy) == verdict(sorted(said), policy)


@pytest.mark.parametrize("said", [Say.PUBLISH, Say.REFUSE, Say.SPAM])
def test_by_default_one_voice_decides(said: Say) -> None:
    assert verdict([said], ONE_VOICE) is Action(said)
    assert verdict([], ONE_VOICE) is Hold.UNDECIDED


def test_a_veto_is_nothing_where_the_policy_knows_none() -> None:
    assert verdict([Say.VETO, Say.PUBLISH], ONE_VOICE) is Action.PUBLISH


def test_opposed_majorities_decide_nothing() -> None:
    assert verdict([Say.PUBLISH, Say.REFUSE], ONE_VOICE) is Hold.UNDECIDED


def test_a_policy_asks_for_no_more_voices_than_there_are_people() -> None:
    assert Policy(3, 4).among(2) == Policy(2, 2)
    assert Policy(3, 4).among(0) == ONE_VOICE
    assert Policy(2, 1, veto=True).among(5) == Policy(2, 1, veto=True)
