from itertools import product

import pytest

from moderation import lifecycle
from moderation.lifecycle import Action, IllegalMove, Status

# The picture of the states, move by move. Every pair that is not here is refused.
PICTURE = {
    ("pending", "publish"): "published",
    ("pending", "refuse"): "refused",
    ("pending", "spam"): "spam",
    ("pending", "ask"): "asked",
    ("pending", "withdraw"): "withdrawn",
    ("pending", "edit"): "pending",
    ("asked", "publish"): "published",
    ("asked", "refuse"): "refused",
    ("asked", "spam"): "spam",
    ("asked", "reopen"): "pending",
    ("asked", "answer"): "pending",
    ("asked", "lapse"): "pending",
    ("asked", "withdraw"): "withdrawn",
    ("asked", "edit"): "pending",
    ("published", "unpublish"): "unpublished",
    ("published", "spam"): "spam",
    ("refused", "publish"): "published",
    ("refused", "reopen"): "pending",
    ("spam", "publish"): "published",
    ("spam", "reopen"): "pending",
    ("unpublished", "publish"): "published",
    ("unpublished", "reopen"): "pending",
    ("refused", "appeal"): "pending",
    ("spam", "appeal"): "pending",
    ("unpublished", "appeal"): "pending",
    ("pending", "correct"): "pending",
    ("pending", "redact"): "pending",
    ("published", "correct"): "published",
    ("published", "redact"): "published",
    ("published", "amend"): "published",
    ("published", "retract"): "withdrawn",
    ("pending", "retract"): "withdrawn",
    ("asked", "retract"): "withdrawn",
    ("refused", "retract"): "withdrawn",
    ("spam", "retract"): "withdrawn",
    ("unpublished", "retract"): "withdrawn",
    ("refused", "withdraw"): "withdrawn",
    ("spam", "withdraw"): "withdrawn",
    ("unpublished", "withdraw"): "withdrawn",
}
OFFERED = {
    "pending": ["publish", "refuse", "spam", "ask"],
    "asked": ["publish", "refuse", "spam", "reopen"],
    "published": ["unpublish", "spam"],
    "refused": ["publish", "reopen"],
    "spam": ["publish", "reopen"],
    "unpublished": ["publish", "reopen"],
    "withdrawn": [],
}


@pytest.mark.parametrize(("status", "action"), list(product(Status, Action)))
def test_each_action_from_each_status_goes_where_the_picture_says(status: Status, action: Action) -> None:
    expected = PICTURE.get((status.value, action.value))
    if expected is None:
        with pytest.raises(IllegalMove) as refused:
            lifecycle.after(status, action)
        assert (refused.value.status, refused.value.action) == (status, action)
    else:
        assert lifecycle.after(status, action).value == expected


@pytest.mark.parametrize("status", list(Status))
def test_what_is_offered_is_what_is_allowed_in_the_order_of_the_buttons(status: Status) -> None:
    offered = lifecycle.actions_from(status)
    assert sorted(offered) == sorted(OFFERED[status.value])
    others = {"withdraw", "answer", "edit", "appeal", "lapse", "correct", "redact", "amend", "retract"}
    by_moderators = [action for action in Action if (status, action) in PICTURE and action not in others]
    assert sorted(offered) == sorted(by_moderators)


def test_withdrawing_answering_editing_and_appealing_are_the_authors_alone_and_lapsing_nobodys() -> None:
    assert {Action.WITHDRAW, Action.ANSWER, Action.EDIT, Action.APPEAL} == lifecycle.BY_AUTHOR
    assert {Action.LAPSE} == lifecycle.BY_ITSELF
    offered = {action for status in Status for action in lifecycle.actions_from(status)}
    others = lifecycle.BY_AUTHOR | lifecycle.BY_ITSELF | lifecycle.REWRITES | lifecycle.GRANTED
    assert offered == set(Action) - others


def test_several_authors_are_not_asked_at_once() -> None:
    assert lifecycle.several_from(Status.PENDING) == [Action.PUBLISH, Action.REFUSE, Action.SPAM]
    assert lifecycle.several_from(Status.ASKED) == lifecycle.actions_from(Status.ASKED)


@pytest.mark.parametrize("status", list(Status))
def test_what_waits_and_what_is_public_may_be_rewritten_and_stays_where_it_is(status: Status) -> None:
    assert lifecycle.may_be_rewritten(status) == (status in {"pending", "published"})
    assert all(
        before is after for (before, action), after in lifecycle.MOVES.items() if action in lifecycle.REWRITES
    )


def test_what_is_withdrawn_stays_withdrawn() -> None:
    assert not [move for move in lifecycle.MOVES if move[0] is Status.WITHDRAWN]


def test_refusing_and_taking_down_are_explained_and_spam_is_not() -> None:
    assert sorted(lifecycle.NEEDS_REASON) == ["refuse", "unpublish"]


@pytest.mark.parametrize(("before", "then"), list(product(Status, Status)))
def test_only_a_move_away_from_published_takes_down(before: Status, then: Status) -> None:
    assert lifecycle.takes_down(before, then) == (before == "published" and then != "published")


def test_every_status_can_be_reached() -> None:
    reached = {Status.PENDING}
    for _ in Status:
        reached |= {after for (before, _), after in lifecycle.MOVES.items() if before in reached}
    assert reached == set(Status)
