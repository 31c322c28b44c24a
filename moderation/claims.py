"""What anybody may ask about something public: notice of a text (DSA, article 16), and a right of reply."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from moderation import database, folding, identifiers, mail, publication, settling, texts
from moderation.database import HELD
from moderation.decisions import NotFound
from moderation.drafts import Draft
from moderation.lanes import Ground, Lane
from moderation.lifecycle import OPEN
from moderation.models.claims import Claim
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, LetterKind, Version

# Nobody presses a button twice later than that.
TWICE = timedelta(minutes=1)
# Notices of one text: whoever takes that down answers all of them at once.
MOST_WAITING = 200


class Enough(Exception):
    """As many wait of that text already as may: it is read first, whatever one more says."""


def notify(
    session: Session, comment_id: str, words: Draft, ground: Ground, *, now: datetime, told: bool = True
) -> str:
    """Notice of a public text; the code of its own tracking address, which a letter tells too, if `told`.

    Sent twice it is one. Raises NotFound where the text is not public, and Enough.
    """
    database.in_turn(session, Lane.NOTICE, comment_id, words.fingerprint)
    text = session.get(Comment, comment_id, with_for_update=HELD)
    if text is None or not publication.is_up(session, comment_id):
        raise NotFound
    mine = (Comment.amends == comment_id, Claim.ground == ground)
    if (sent := _sent(session, words, now, *mine)) is not None:
        return sent
    if len(session.exec(settling.about(comment_id, *OPEN).limit(MOST_WAITING)).all()) == MOST_WAITING:
        raise Enough
    notice = _new(text.thread_id, text.section, Lane.NOTICE, words, now)
    notice.amends = text.id
    return _put(session, notice, words, Claim(comment_id=notice.id, ground=ground), told=told)


def reply(
    session: Session,
    slug: str,
    words: Draft,
    passage: str,
    *,
    now: datetime,
    to: str | None = None,
    told: bool = True,
) -> str:
    """A reply to be published under an article, or under a public contribution to it. As `notify`."""
    database.in_turn(session, Lane.REPLY, slug, words.fingerprint)
    found = session.exec(select(Thread.id, Article.section).join(Article).where(Article.slug == slug)).first()
    if found is None or (to is not None and not publication.is_up(session, to)):
        raise NotFound
    thread, section = found
    assert thread is not None
    mine = (Comment.thread_id == thread, Comment.lane == Lane.REPLY, Claim.passage == passage)
    if (sent := _sent(session, words, now, *mine)) is not None:
        return sent
    asked = _new(thread, section, Lane.REPLY, words, now)
    asked.parent_id = to
    return _put(session, asked, words, Claim(comment_id=asked.id, passage=passage), told=told)


def _sent(session: Session, words: Draft, now: datetime, *where: object) -> str | None:
    """Where the same is followed that was sent a moment ago: pressed twice.

    Neither later nor where nobody is named: who guesses the words would be led to somebody else’s page.
    """
    if not (words.author and words.email):
        return None
    same = (
        select(Comment.tracking)
        .join(Version)
        .join(Claim, col(Claim.comment_id) == Comment.id)
        .where(
            *where,  # type: ignore[arg-type]
            col(Comment.lane).is_not(None),
            col(Comment.status).in_(OPEN),
            col(Comment.submitted_at) > now - TWICE,
            Version.fingerprint == words.fingerprint,
            Version.author == words.author,
            Version.email == words.email,
        )
    )
    return session.exec(same).first()


def _new(thread: int, section: str, lane: Lane, words: Draft, now: datetime) -> Comment:
    return Comment(
        id=identifiers.new_id(),
        thread_id=thread,
        lane=lane,
        section=section,
        nonce=identifiers.new_code(),
        tracking=identifiers.new_code(),
        submitted_at=now,
        author_key=folding.key(words.author),
        email_key=words.email.lower() or None,
    )


def _put(session: Session, comment: Comment, words: Draft, claim: Claim, *, told: bool) -> str:
    texts.start(session, comment, words)
    session.add(claim)
    if words.email and told:
        mail.write(session, LetterKind.RECEIVED, comment.submitted_at, comment_id=comment.id)
    session.flush()
    assert comment.tracking is not None
    return comment.tracking
