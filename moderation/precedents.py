"""What was decided about texts that speak of the same: each decided text is found by a few telling words.

Long words are rare ones, so the longest few of a text find those that share them; however many were decided,
as many rows are looked at.
"""

import hashlib
from collections import Counter

from sqlmodel import Session, col, delete, desc, insert, select, union_all

from moderation import markup
from moderation.models.judging import PrecedentWord
from moderation.models.queue import Comment, Version

# Words a text is found by, and how many of the newest texts are looked at for each.
TELLING = 12
LOOKED_AT = 40
# Letters: shorter words are in every text, longer ones are no words.
SHORTEST, LONGEST = 6, 25
# Words two texts must share, of those they are found by.
SHARED = 2


def remember(session: Session, comment: Comment) -> None:
    """The text of a comment that was just decided."""
    html = session.exec(
        select(Version.html).where(Version.comment_id == comment.id, Version.number == comment.version)
    ).one()
    forget(session, comment.id)
    rows = [{"comment_id": comment.id, "word": word} for word in _telling(html)]
    if rows:
        session.connection().execute(insert(PrecedentWord), rows)


def forget(session: Session, comment_id: str) -> None:
    session.exec(delete(PrecedentWord).where(col(PrecedentWord.comment_id) == comment_id))


def candidates(session: Session, html: str, *, but: str) -> list[str]:
    """Comments whose decided text shares some of the words, those that share most first."""
    words = _telling(html)
    if not words:
        return []
    newest = [
        select(PrecedentWord.comment_id)
        .where(PrecedentWord.word == word)
        .order_by(desc(PrecedentWord.word), desc(PrecedentWord.id))
        .limit(LOOKED_AT)
        .subquery()
        for word in words
    ]
    found = session.connection().execute(union_all(*(select(part.c.comment_id) for part in newest)))
    shared = Counter(found.scalars())
    del shared[but]
    return [name for name, many in shared.most_common() if many >= SHARED]


def likeness(words: frozenset[str], others: frozenset[str]) -> float:
    """From 0 to 1: how much of what both say is said by both."""
    return len(words & others) / len(words | others) if words or others else 0.0


def said(html: str) -> frozenset[str]:
    """The words of a text that say what it is about."""
    return frozenset(word for word in markup.spoken(html) if len(word) >= SHORTEST - 1)


def _telling(html: str) -> list[int]:
    words = {word for word in markup.spoken(html) if SHORTEST <= len(word) <= LONGEST}
    longest = sorted(words, key=lambda word: (-len(word), word))[:TELLING]
    return [_number(word) for word in longest]


def _number(word: str) -> int:
    # As large as both databases take for an integer.
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) >> 1
