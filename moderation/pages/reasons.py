"""The reasons as who administers sees them: in order, and what can be done with each."""

from dataclasses import dataclass

from sqlmodel import Session

from moderation import charters, reasons
from moderation.charter import Article
from moderation.lifecycle import Reason
from moderation.models.judging import LONGEST_EXPLANATION, LONGEST_LABEL
from moderation.shortcuts import MOST_REASONS
from moderation.wording import Worded


@dataclass(frozen=True)
class Line:
    """One reason, and whether it can go up, go down, be offered no longer, be removed."""

    of: Worded
    up: bool = False
    down: bool = False
    withheld: bool = False
    removed: bool = False


@dataclass(frozen=True)
class Typed:
    """Words that were not taken, for the reason of that code or a new one; in which field, and why."""

    code: str = ""
    label: str = ""
    explanation: str = ""
    article: str = ""
    category: str = ""
    field: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Page:
    offered: tuple[Line, ...]
    # Known to old decisions, and no longer offered.
    others: tuple[Line, ...]
    typed: Typed
    # Of the charter that holds.
    articles: tuple[Article, ...]

    longest_label = LONGEST_LABEL
    longest_explanation = LONGEST_EXPLANATION

    @property
    def full(self) -> bool:
        return len(self.offered) >= MOST_REASONS


def page(session: Session, typed: Typed, language: str) -> Page:
    known, used = reasons.listed(session), reasons.used(session)
    offered = [one for one in known if one.offered]
    # « Other » is the last, and stays.
    last = len(offered) - 2
    return Page(
        tuple(
            Line(
                one,
                up=0 < place <= last,
                down=place < last,
                withheld=last > 0 and one.code != Reason.OTHER,
                removed=last > 0 and one.is_own and one.code not in used,
            )
            for place, one in enumerate(offered)
        ),
        tuple(Line(one, removed=one.is_own and one.code not in used) for one in known if not one.offered),
        typed,
        charters.newest(session, language).articles,
    )
