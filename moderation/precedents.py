"""What was decided about texts that speak of the same: each decided text is found by a few telling words.

Long words are rare ones, so the longest few of a text find those that share them; however many were decided,
as many rows are looked at.
"""

import hashlib
from collections import Counter

from sqlalchemy import Select, bindparam, insert, union_all
from sqlmodel import Session, col, delete, desc, select

from moderation import markup
from moderation.models.judging import PrecedentWord
from moderation.models.queue import Comment, Version

# Words a text is found by, and how many of the newest texts are looked at for each.
TELLING = 12
LOOKED_AT = 40
# Letters: shorter words are in every text, longer ones are no words.
SHORTEST, LONGEST = 6, 25
# Words two texts must share to be looked at: of those they are found by, and of all they say.
SHARED, SAID = 2, 3


def _newest(name: str) -> Select[str]:
    found = (
        select(PrecedentWord.comment_id)
        .where(PrecedentWord.word == bindparam(name))
        .order_by(desc(PrecedentWord.word), desc(PrecedentWord.id))
        .limit(LOOKED_AT)
        .subquery()
    )
    return select(found.c.comment_id)


# Built once: building takes longer than running.
_PARAMETERS = [f"word_{number}" for number in range(TELLING)]
_SHARING = union_all(*map(_newest, _PARAMETERS))
_NO_WORD = -1


def remember(session: Session, comment: Comment) -> None:
    """The text of a comment that was just decided."""
    html = session.exec(
        select(Version.html).where(Version.comment_id == comment.id, Version.number == comment.version)
    ).one()
    forget(session, comment.id)
    rows = [{"comment_id": comment.id, "word": word} for word in _telling(html)]
    if rows:
        session.connection().execute(insert(PrecedentWord), rows)


def follow(session: Session, comment: Comment) -> None:
    """Its text was replaced: the new one is found instead, where the old one was."""
    known = select(PrecedentWord.id).where(PrecedentWord.comment_id == comment.id).limit(1)
    if session.exec(known).first() is not None:
        remember(session, comment)


def forget(session: Session, comment_id: str) -> None:
    session.exec(delete(PrecedentWord).where(col(PrecedentWord.comment_id) == comment_id))


def candidates(session: Session, html: str, *, but: str) -> list[str]:
    """Comments whose decided text shares some of the words, those that share most first."""
    words = _telling(html)
    if not words:
        return []
    asked = dict.fromkeys(_PARAMETERS, _NO_WORD) | dict(zip(_PARAMETERS, words, strict=False))
    shared = Counter(session.connection().execute(_SHARING, asked).scalars())
    del shared[but]
    return [name for name, many in shared.most_common() if many >= SHARED]


def likeness(words: frozenset[str], others: frozenset[str]) -> float:
    """From 0 to 1: how much of what the two say is said by both; a few words in common are nothing."""
    common = len(words & others)
    return common / len(words | others) if common >= SAID else 0.0


def said(html: str) -> frozenset[str]:
    """The words of a text that say what it is about."""
    return frozenset(word for word in markup.spoken(html) if len(word) >= SHORTEST)


def _telling(html: str) -> list[int]:
    words = {word for word in markup.spoken(html) if SHORTEST <= len(word) <= LONGEST}
    longest = sorted(words, key=lambda word: (-len(word), word))[:TELLING]
    return [_number(word) for word in longest]


def _number(word: str) -> int:
    # As large as both databases take for an integer.
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) >> 1
