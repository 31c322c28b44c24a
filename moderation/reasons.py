"""The reasons a refusal may give: those shipped and the site’s own, worded, ordered and offered by it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlmodel import Session, col, exists, select

from moderation import database, folding, markup, remarks
from moderation.lifecycle import Action, Reason
from moderation.models.judging import LONGEST_CODE, LONGEST_EXPLANATION, LONGEST_LABEL, SiteReason
from moderation.models.queue import Decision
from moderation.models.together import Voice
from moderation.remarks import ReasonNeeded
from moderation.shortcuts import MOST_REASONS
from moderation.statements import Category
from moderation.wording import SHIPPED, Worded, Wording, as_shipped

# How each is called where the site has no word of its own: by code, in the site’s language.
Shipped = Mapping[str, str]
# Known in all: those no longer offered stay, and nobody reads a thousand.
MOST_KNOWN = 100
_CODE = re.compile(rf"[a-z0-9_]{{1,{LONGEST_CODE}}}", re.ASCII)
# Against who removes it, and nobody else.
_HELD = {"read": True, "key_share": True}


@dataclass(frozen=True)
class Tie:
    """What a reason goes by: an article of the charter, empty for none, and a category. None: as it is."""

    article: str | None = None
    category: Category | None = None


AS_IT_IS = Tie()


class NoSuchReason(Exception):
    """Somebody removed it."""


class Unusable(Exception):
    """Words that cannot be taken: in which field, and why."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class NotDone(Exception):
    """What was asked would leave too few or too many, or a decision without its reason."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def check(session: Session, action: Action, code: str | None, note: str) -> None:
    """As `remarks.check`, whichever door it came through; raises ReasonNeeded for none of this site’s too."""
    remarks.check(action, code, note)
    check_code(session, code)


def check_code(session: Session, code: str | None) -> None:
    """Raises ReasonNeeded for none of this site’s; there need not be any."""
    if code is None or code in SHIPPED:
        return
    # Held until the decision that names it is kept: nobody removes it meanwhile.
    if not _CODE.fullmatch(code) or session.get(SiteReason, code, with_for_update=_HELD) is None:
        raise ReasonNeeded(note=False)


def listed(session: Session) -> list[Worded]:
    """All that are known, in the order they are offered; « other » is always the last."""
    rows = {row.code: row for row in session.exec(select(SiteReason))}
    places = {code: place for place, code in enumerate(Reason)} | {
        row.code: row.place for row in rows.values()
    }
    ordered = sorted(places, key=lambda code: (code == Reason.OTHER, places[code], code))
    return [_worded(code, rows.get(code)) for code in ordered]


def _worded(code: str, row: SiteReason | None) -> Worded:
    first = as_shipped(str(code))
    if row is None:
        return first
    article = first.article if row.article is None else row.article
    category = first.category if row.category is None else Category(row.category)
    return Worded(first.code, row.label, row.explanation, row.offered, article, category)


def article(session: Session, code: str) -> str:
    """The name of the article of the charter it goes by; empty for none."""
    return _worded(code, session.get(SiteReason, code)).article


def offered(session: Session) -> list[Worded]:
    return [one for one in listed(session) if one.offered]


def recall(session: Session, wording: Wording, now: datetime) -> None:
    """Reads them again, when it is time, in a transaction that was begun for something else."""
    if wording.is_old(now):
        wording.keep(listed(session), now)


def used(session: Session) -> Collection[str]:
    """The site’s own that a decision or a voice names, even one that was undone."""
    return {
        str(code)
        for kind in (Decision, Voice)
        for code in session.exec(select(kind.reason).where(col(kind.reason).not_in(SHIPPED)).distinct())
    }


def add(session: Session, label: str, explanation: str, shipped: Shipped, tie: Tie = AS_IT_IS) -> str:
    """Its code, made from its label once and for all. Raises Unusable and NotDone."""
    known = _in_turn(session)
    said = _label(label, "", known, shipped)
    explained = _explanation(explanation)
    if not said:
        raise Unusable("label", "empty")
    _room(known)
    if len(known) >= MOST_KNOWN:
        raise NotDone("many")
    code = _code(said, {one.code for one in known})
    row = SiteReason(code=code, label=said, explanation=explained, place=len(known))
    _tie(row, tie)
    session.add(row)
    session.flush()
    _put_in_order(session, [*(one.code for one in known), code])
    return code


def change(
    session: Session, code: str, label: str, explanation: str, shipped: Shipped, tie: Tie = AS_IT_IS
) -> None:
    """Its words, and what it goes by. A shipped one whose label is empty, or as shipped, is said as shipped.

    Raises NoSuchReason and Unusable.
    """
    known = _in_turn(session)
    row = _row(session, code, known)
    said = _label(label, code, known, shipped)
    explained = _explanation(explanation)
    if not said and code not in SHIPPED:
        raise Unusable("label", "empty")
    row.label = "" if said == shipped.get(code) else said
    row.explanation = explained
    _tie(row, tie)
    session.add(row)


def _tie(row: SiteReason, tie: Tie) -> None:
    """What is as shipped is not kept."""
    first = as_shipped(row.code)
    if tie.article is not None:
        row.article = tie.article if tie.article != first.article else None
    if tie.category is not None:
        row.category = tie.category.value if tie.category is not first.category else None


def move(session: Session, code: str, by: int) -> None:
    """Up (-1) or down (1) among those offered; past the first, the last and « other » there is nothing.

    Raises NoSuchReason.
    """
    known = _in_turn(session)
    _row(session, code, known)
    movable = [one.code for one in known if one.offered and one.code != Reason.OTHER]
    there = movable.index(code) + by if code in movable else -1
    if 0 <= there < len(movable):
        movable.remove(code)
        movable.insert(there, code)
        _put_in_order(session, [*movable, *(one.code for one in known if one.code not in movable)])


def offer(session: Session, code: str, *, offered: bool) -> None:
    """Raises NoSuchReason, and NotDone where that leaves « other » alone, or more than there are keys for."""
    known = _in_turn(session)
    row = _row(session, code, known)
    if row.offered == offered:
        return
    if offered:
        _room(known)
    elif code == Reason.OTHER:
        raise NotDone("last")
    else:
        _others(known)
    row.offered = offered
    session.add(row)


def remove(session: Session, code: str) -> None:
    """One of the site’s own. Raises NoSuchReason, and NotDone where something names it or it is the last."""
    known = _in_turn(session)
    row = session.get(SiteReason, code, with_for_update=True) if _CODE.fullmatch(code) else None
    if row is None or code in SHIPPED:
        raise NoSuchReason
    if any(
        session.exec(select(exists().where(col(kind.reason) == code))).one() for kind in (Decision, Voice)
    ):
        raise NotDone("used")
    if row.offered:
        _others(known)
    session.delete(row)
    session.flush()


def _in_turn(session: Session) -> list[Worded]:
    """Two who change the list do so one after the other."""
    database.in_turn(session, "reasons")
    return listed(session)


def _row(session: Session, code: str, known: Sequence[Worded]) -> SiteReason:
    """What is kept of it, from now on if nothing was. Raises NoSuchReason."""
    if code not in {one.code for one in known}:
        raise NoSuchReason
    return session.get(SiteReason, code) or SiteReason(code=code, place=_place(code))


def _place(code: str) -> int:
    """Of one that was shipped."""
    return list(Reason).index(Reason(code))


def _put_in_order(session: Session, codes: Sequence[str]) -> None:
    """Kept of those alone that do not stand where they were shipped; « other » is the last anyway."""
    for place, code in enumerate(code for code in codes if code != Reason.OTHER):
        row = session.get(SiteReason, code)
        if row is None and _place(code) != place:
            row = SiteReason(code=code, place=place)
        if row is not None:
            row.place = place
            session.add(row)


def _label(typed: str, code: str, known: Sequence[Worded], shipped: Shipped) -> str:
    """On one line. No two read the same, as whoever gives one could not tell them apart."""
    said = _line("label", typed, LONGEST_LABEL)
    read = said or shipped.get(code, "")
    others = (one.label or shipped[one.code] for one in known if one.code != code)
    if read and folding.key(read) in set(map(folding.key, others)):
        raise Unusable("label", "twice")
    return said


def _explanation(typed: str) -> str:
    return _line("explanation", typed, LONGEST_EXPLANATION)


def _line(field: str, typed: str, longest: int) -> str:
    try:
        return markup.plain_line(typed, longest)
    except markup.Refused:
        raise Unusable(field, f"{field}_long") from None


def _room(known: Sequence[Worded]) -> None:
    if sum(one.offered for one in known) >= MOST_REASONS:
        raise NotDone("full")


def _others(known: Sequence[Worded]) -> None:
    """« Other » alone explains nothing: one besides it stays."""
    if sum(one.offered for one in known) <= 2:
        raise NotDone("last")


def _code(label: str, taken: Collection[str]) -> str:
    """A word of the program: letters without accents, digits, and what holds them together."""
    words = re.sub(r"[^a-z0-9]+", "_", "_".join(folding.words(label))).strip("_") or "reason"
    ends = ("" if number == 1 else f"_{number}" for number in count(1))
    codes = (words[: LONGEST_CODE - len(end)].strip("_") + end for end in ends)
    return next(code for code in codes if code not in taken)
