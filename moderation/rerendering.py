"""Renders again what waits and was rendered by an older program; what was decided keeps the bytes it had."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from moderation import lifecycle, markup, search, traits, voices
from moderation.database import HELD, reading, writing
from moderation.markup import Finding, Refused
from moderation.models.public import Publication
from moderation.models.queue import Comment, Version

BATCH = 100


class Outcome(StrEnum):
    SAME = "same"  # the same bytes, now of this program
    CHANGED = "changed"  # a new revision, to be looked at
    REFUSED = "refused"  # no longer a text that would be taken: left as it is
    DIFFERS = "differs"  # published, and left as it is


@dataclass(frozen=True)
class Done:
    comment_id: str
    outcome: Outcome


@dataclass(frozen=True)
class _Again:
    """A text as it was read, and what this program makes of it."""

    old: Version
    revision: int
    html: str
    findings: list[dict[str, str]]

    @property
    def same(self) -> bool:
        return (self.html, self.findings) == (self.old.html, self.old.findings)


def waiting(engine: Engine, *, dry_run: bool = False) -> Iterator[Done]:
    """What waits, each once it is done, a batch a transaction: it may be stopped, and begun again.

    A text that comes out otherwise is a new version and a new revision, so that a decision on the old bytes
    is refused as stale. Rendering is done outside the transaction, which looks again at what was read.
    """
    after = ""
    while batch := _waiting(engine, after):
        after = batch[-1][0].comment_id
        again = [(text, _rendered(text, revision)) for text, revision in batch]
        for text, made in again:
            if made is None:
                yield Done(text.comment_id, Outcome.REFUSED)
        ready = [made for _, made in again if made is not None]
        yield from [_done(made) for made in ready] if dry_run else _stored(engine, ready)


def published(engine: Engine) -> Iterator[Done]:
    """What is public and would come out otherwise today. Changes nothing."""
    after = ""
    while batch := _published(engine, after):
        after = batch[-1].comment_id
        for text in batch:
            made = _rendered(text, 0)
            if made is None or made.html != text.html:
                yield Done(text.comment_id, Outcome.DIFFERS)


def _waiting(engine: Engine, after: str) -> Sequence[tuple[Version, int]]:
    with reading(engine) as session:
        rows = session.exec(
            select(Version, Comment.revision)
            .join(Comment)
            .where(
                col(Comment.status).in_(lifecycle.OPEN),
                Version.number == Comment.version,
                Version.renderer < markup.VERSION,
                Version.source != "",
                Comment.id > after,
            )
            .order_by(col(Comment.id))
            .limit(BATCH)
        ).all()
        session.expunge_all()
    return [(text, revision) for text, revision in rows]


def _published(engine: Engine, after: str) -> Sequence[Version]:
    with reading(engine) as session:
        rows = session.exec(
            select(Version)
            .join(Publication, col(Publication.comment_id) == Version.comment_id)
            .where(
                col(Publication.taken_down_at).is_(None),
                Version.number == Publication.version,
                Version.renderer < markup.VERSION,
                Version.comment_id > after,
            )
            .order_by(Version.comment_id)
            .limit(BATCH)
        ).all()
        session.expunge_all()
    return rows


def _rendered(text: Version, revision: int) -> _Again | None:
    longest = markup.MAX_REDACTED if text.redacted_at else markup.MAX_CHARACTERS
    try:
        rendered = markup.render(text.source, text.dialect, longest)
    except Refused:
        return None
    return _Again(text, revision, rendered.html, [asdict(finding) for finding in rendered.findings])


def _done(made: _Again) -> Done:
    return Done(made.old.comment_id, Outcome.SAME if made.same else Outcome.CHANGED)


def _stored(engine: Engine, batch: Sequence[_Again]) -> list[Done]:
    with writing(engine) as session:
        return [_done(made) for made in batch if _store(session, made)]


def _store(session: Session, made: _Again) -> bool:
    """Whether it still waited as it was read: what somebody decided or changed meanwhile is theirs."""
    comment = session.get(Comment, made.old.comment_id, with_for_update=HELD)
    text = session.get(Version, made.old.id)
    if comment is None or text is None or not text.source:
        return False
    if comment.status not in lifecycle.OPEN or comment.revision != made.revision:
        return False
    if made.same:
        text.renderer = markup.VERSION
        session.add(text)
        return True
    assert text.id is not None
    session.add(
        newer := Version(
            **{
                **text.model_dump(exclude={"id"}),
                "number": comment.version + 1,
                "html": made.html,
                "findings": made.findings,
                "renderer": markup.VERSION,
            }
        )
    )
    search.take(session.connection(), text.id, text.folded)
    text.folded = ""
    voices.carry_vetoes(session, comment, to=comment.revision + 1)
    comment.version += 1
    comment.revision += 1
    session.add(text)
    session.add(comment)
    session.flush()
    assert newer.id is not None
    search.add(session.connection(), newer.id, newer.folded)
    traits.replace(session, comment, [Finding(**finding) for finding in made.findings])
    return True
