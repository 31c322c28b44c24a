"""How many must say the same before a comment moves: one pure function of the voices. By default, one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto

from moderation.lifecycle import Action

# How many voices a policy may ask for.
MOST = 9


class Say(StrEnum):
    """What a person may say of a comment. A veto moves nothing, and while it stands nothing moves."""

    PUBLISH = "publish"
    REFUSE = "refuse"
    SPAM = "spam"
    VETO = "veto"


class Hold(Enum):
    """Why nothing moves: too few say the same, or somebody objects."""

    UNDECIDED = auto()
    PAUSED = auto()


@dataclass(frozen=True)
class Policy:
    publish: int = 1
    # To put a text away, whether as refused or as spam.
    refuse: int = 1
    veto: bool = False

    def needs(self, say: Say) -> int:
        return self.publish if say is Say.PUBLISH else self.refuse

    def among(self, people: int) -> "Policy":
        """With no more voices asked for than there are people to give them."""
        most = max(1, people)
        return replace(self, publish=min(self.publish, most), refuse=min(self.refuse, most))


ONE_VOICE = Policy()


def verdict(voices: Sequence[Say], policy: Policy) -> Action | Hold:
    """What the standing voices amount to, each person having one. Two opposed majorities decide nothing."""
    said = Counter(voices)
    if policy.veto and said[Say.VETO]:
        return Hold.PAUSED
    moves = [say for say in Say if say is not Say.VETO and said[say] >= policy.needs(say)]
    return Action(moves[0]) if len(moves) == 1 else Hold.UNDECIDED
