"""The statuses of a comment and the moves between them: one table, read by everything else."""

from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    ASKED = "asked"
    PUBLISHED = "published"
    REFUSED = "refused"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    UNPUBLISHED = "unpublished"


class Action(StrEnum):
    PUBLISH = "publish"
    REFUSE = "refuse"
    SPAM = "spam"
    ASK = "ask"
    REOPEN = "reopen"
    UNPUBLISH = "unpublish"
    WITHDRAW = "withdraw"
    ANSWER = "answer"
    LAPSE = "lapse"
    CORRECT = "correct"
    REDACT = "redact"
    EDIT = "edit"
    APPEAL = "appeal"
    AMEND = "amend"
    RETRACT = "retract"


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
    (Status.PENDING, Action.ASK): Status.ASKED,
    (Status.PENDING, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.PENDING, Action.EDIT): Status.PENDING,
    (Status.ASKED, Action.PUBLISH): Status.PUBLISHED,
    (Status.ASKED, Action.REFUSE): Status.REFUSED,
    (Status.ASKED, Action.SPAM): Status.SPAM,
    (Status.ASKED, Action.REOPEN): Status.PENDING,
    (Status.ASKED, Action.ANSWER): Status.PENDING,
    (Status.ASKED, Action.LAPSE): Status.PENDING,
    (Status.ASKED, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.ASKED, Action.EDIT): Status.PENDING,
    (Status.PUBLISHED, Action.UNPUBLISH): Status.UNPUBLISHED,
    (Status.PUBLISHED, Action.SPAM): Status.SPAM,
    (Status.REFUSED, Action.PUBLISH): Status.PUBLISHED,
    (Status.REFUSED, Action.REOPEN): Status.PENDING,
    (Status.SPAM, Action.PUBLISH): Status.PUBLISHED,
    (Status.SPAM, Action.REOPEN): Status.PENDING,
    (Status.UNPUBLISHED, Action.PUBLISH): Status.PUBLISHED,
    (Status.UNPUBLISHED, Action.REOPEN): Status.PENDING,
    (Status.REFUSED, Action.APPEAL): Status.PENDING,
    (Status.SPAM, Action.APPEAL): Status.PENDING,
    (Status.UNPUBLISHED, Action.APPEAL): Status.PENDING,
    (Status.PENDING, Action.CORRECT): Status.PENDING,
    (Status.PUBLISHED, Action.CORRECT): Status.PUBLISHED,
    (Status.PENDING, Action.REDACT): Status.PENDING,
    (Status.PUBLISHED, Action.REDACT): Status.PUBLISHED,
    (Status.PUBLISHED, Action.AMEND): Status.PUBLISHED,
    (Status.PUBLISHED, Action.RETRACT): Status.WITHDRAWN,
    (Status.SPAM, Action.RETRACT): Status.WITHDRAWN,
    (Status.UNPUBLISHED, Action.RETRACT): Status.WITHDRAWN,
    # What was granted while it was public, whatever became of it in the meantime.
    (Status.PENDING, Action.RETRACT): Status.WITHDRAWN,
    (Status.ASKED, Action.RETRACT): Status.WITHDRAWN,
    (Status.REFUSED, Action.RETRACT): Status.WITHDRAWN,
    (Status.REFUSED, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.SPAM, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.UNPUBLISHED, Action.WITHDRAW): Status.WITHDRAWN,
}

# Withdrawing, answering, writing anew and appealing are the author's: no door of the moderation offers them.
BY_AUTHOR = frozenset({Action.WITHDRAW, Action.ANSWER, Action.EDIT, Action.APPEAL})
# Nobody does it: its time has come.
BY_ITSELF = frozenset({Action.LAPSE})
# What its author asked of a text that was public, and the moderation granted: see `amendments`.
GRANTED = frozenset({Action.AMEND, Action.RETRACT})
# The moderation changes the text, and its status stays: each has a page of its own.
REWRITES = frozenset({Action.CORRECT, Action.REDACT})
# Put to one author about one text: not offered for several at once.
ALONE = frozenset({Action.ASK})
# What is not decided yet, whoever it waits for: the moderators, or its author.
OPEN = frozenset({Status.PENDING, Status.ASKED})
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
    return [action for before, action in MOVES if before is status and is_decided(action)]


def is_decided(action: Action) -> bool:
    """Whether a moderator decides it: neither its author, nor time, nor what changes the text alone."""
    return action not in BY_AUTHOR | BY_ITSELF | REWRITES | GRANTED


def judges(action: Action) -> bool:
    """Whether it is somebody else’s than the author’s, an address which anybody may have typed."""
    return action not in {Action.SPAM, Action.UNPUBLISH}


def several_from(status: Status) -> list[Action]:
    """What a moderator may do with several at once."""
    return [action for action in actions_from(status) if action not in ALONE]


def may_be_rewritten(status: Status) -> bool:
    return (status, Action.CORRECT) in MOVES


def takes_down(before: Status, then: Status) -> bool:
    """Whether the move removes a text from the public, which is never delayed."""
    return before is Status.PUBLISHED and then is not Status.PUBLISHED
