"""The statuses of a comment and the moves between them: one table, read by everything else."""

from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    PUBLISHED = "published"
    REFUSED = "refused"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    UNPUBLISHED = "unpublished"


class Action(StrEnum):
    PUBLISH = "publish"
    REFUSE = "refuse"
    SPAM = "spam"
    REOPEN = "reopen"
    UNPUBLISH = "unpublish"
    WITHDRAW = "withdraw"
    CORRECT = "correct"
    REDACT = "redact"


class Reason(StrEnum):
    """Why a text was refused or taken down. The order is the order offered."""

    OFF_TOPIC = "off_topic"
    NO_INFORMATION = "no_information"
    UNVERIFIABLE = "unverifiable"
    PERSONAL_ATTACK = "personal_attack"
    DISCRIMINATORY = "discriminatory"
    PRIVACY = "privacy"
    ENDANGERS = "endangers"
    ILLEGAL = "illegal"
    ADVERTISING = "advertising"
    DUPLICATE = "duplicate"
    OTHER = "other"


MOVES: dict[tuple[Status, Action], Status] = {
    (Status.PENDING, Action.PUBLISH): Status.PUBLISHED,
    (Status.PENDING, Action.REFUSE): Status.REFUSED,
    (Status.PENDING, Action.SPAM): Status.SPAM,
    (Status.PENDING, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.PUBLISHED, Action.UNPUBLISH): Status.UNPUBLISHED,
    (Status.PUBLISHED, Action.SPAM): Status.SPAM,
    (Status.REFUSED, Action.PUBLISH): Status.PUBLISHED,
    (Status.REFUSED, Action.REOPEN): Status.PENDING,
    (Status.SPAM, Action.PUBLISH): Status.PUBLISHED,
    (Status.SPAM, Action.REOPEN): Status.PENDING,
    (Status.UNPUBLISHED, Action.PUBLISH): Status.PUBLISHED,
    (Status.UNPUBLISHED, Action.REOPEN): Status.PENDING,
    (Status.PENDING, Action.CORRECT): Status.PENDING,
    (Status.PUBLISHED, Action.CORRECT): Status.PUBLISHED,
    (Status.PENDING, Action.REDACT): Status.PENDING,
    (Status.PUBLISHED, Action.REDACT): Status.PUBLISHED,
}

# Withdrawing is the author's: no door of the moderation offers it.
BY_AUTHOR = frozenset({Action.WITHDRAW})
# The moderation changes the text, and its status stays: each has a page of its own.
REWRITES = frozenset({Action.CORRECT, Action.REDACT})
NEEDS_REASON = frozenset({Action.REFUSE, Action.UNPUBLISH})


class IllegalMove(Exception):
    def __init__(self, status: Status, action: Action) -> None:
        super().__init__(f"{action} is not possible from {status}")
        self.status = status
        self.action = action


def after(status: Status, action: Action) -> Status:
    """Raises IllegalMove when the table has no such move."""
    try:
        return MOVES[status, action]
    except KeyError:
        raise IllegalMove(status, action) from None


def actions_from(status: Status) -> list[Action]:
    """What a moderator may do now, in the table's order: what is offered is what is allowed."""
    return [action for before, action in MOVES if before is status and action not in BY_AUTHOR | REWRITES]


def may_be_rewritten(status: Status) -> bool:
    return (status, Action.CORRECT) in MOVES


def takes_down(before: Status, then: Status) -> bool:
    """Whether the move removes a text from the public, which is never delayed."""
    return before is Status.PUBLISHED and then is not Status.PUBLISHED
