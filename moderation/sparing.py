"""What is told where numbers are small: none by which somebody is recognised, nor what it follows from."""

from collections.abc import Mapping

# None is nobody; of fewer than these, the few could tell which of them is meant.
FEWEST = 5
# What a part is called that is several, none of them named. No reason has such a code.
OTHERS = "+"


def told(count: int) -> int | None:
    return None if 0 < count < FEWEST else count


def parts(counted: Mapping[str, int]) -> dict[str, int]:
    """The larger ones first; those that are too small are one, with as many of the next as that takes.

    All together they are the whole. There are none where that would be one alone, or too few.
    """
    alone, others = {}, 0
    for part, count in sorted(counted.items(), key=lambda one: (one[1], one[0])):
        if count < FEWEST or 0 < others < FEWEST:
            others += count
        else:
            alone[part] = count
    found = dict(reversed(alone.items()))
    return found | {OTHERS: others} if found and others else found
