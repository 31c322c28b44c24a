"""What an address of the desk carries of a selection, and of what became of one."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query

from moderation.bulk import MOST, Seen
from moderation.pages.lots import Selection

Words = Annotated[list[str] | None, Query(max_length=MOST)]


def _picked(selected: Words = None, pick: Literal["all", "same", "none"] | None = None) -> Selection:
    if pick == "none":
        return Selection()
    words = dict.fromkeys(word for word in selected or () if Seen.read(word))
    return Selection(tuple(words), every=pick == "all", same=pick == "same")


Picked = Annotated[Selection, Depends(_picked)]


@dataclass(frozen=True)
class Made:
    """A lot that was just decided or undone, and those left as they were."""

    lot: str | None = None
    left: tuple[str, ...] = ()


def _made(lot: Annotated[str | None, Query(max_length=26)] = None, left: Words = None) -> Made:
    return Made(lot, tuple(left or ()))


JustMade = Annotated[Made, Depends(_made)]
