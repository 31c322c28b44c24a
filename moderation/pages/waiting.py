"""What a letter tells its person of the team: what waits of what came since the one before."""

from dataclasses import dataclass

from moderation.pages.cards import Card
from moderation.pages.queue import Count


@dataclass(frozen=True)
class Waiting:
    # The oldest first, each with where it is decided.
    listed: tuple[tuple[Card, str], ...]
    # Whether there are others.
    more: bool
    # All that waits.
    count: Count
    # Whether those links decide by themselves.
    straight: bool
