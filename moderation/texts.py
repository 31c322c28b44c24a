"""The texts of a comment, each kept as it was: a new one takes the place of the newest."""

from dataclasses import asdict, astuple, dataclass
from datetime import datetime

from sqlmodel import Session, select

from moderation import folding, markup, precedents, public_log, search, traits, voices
from moderation.drafts import Draft
from moderation.lifecycle import REWRITES
from moderation.markup import Finding, Rendered
from moderation.models.public import Publication
from moderation.models.queue import Comment, Decision, Version


@dataclass(frozen=True)
class Marks:
    """What is said beside a text: when the moderation changed words of it, and its author all of it."""

    corrected_at: datetime | None = None
    redacted_at: datetime | None = None
    amended_at: datetime | None = None


def marks(text: Version | Publication) -> Marks:
    return Marks(text.corrected_at, text.redacted_at, text.amended_at)


def newest(session: Session, comment: Comment) -> Version:
    return numbered(session, comment.id, comment.version)


def numbered(session: Session, comment_id: str, number: int) -> Version:
    return session.exec(
        select(Version).where(Version.comment_id == comment_id, Version.number == number)
    ).one()


def start(session: Session, comment: Comment, draft: Draft) -> None:
    """A new comment, with its first text."""
    session.add(comment)
    session.flush()
    first = _row(draft, comment.id, 1, written_at=comment.submitted_at)
    session.add(first)
    session.flush()
    assert first.id is not None
    search.add(session.connection(), first.id, first.folded)
    traits.replace(session, comment, draft.text.findings)


def _row(
    draft: Draft, comment_id: str, number: int, *, written_at: datetime, renderer: int = markup.VERSION
) -> Version:
    return Version(
        comment_id=comment_id,
        number=number,
        author=draft.author,
        email=draft.email,
        source=draft.text.source,
        struck=[list(one) for one in draft.text.struck],
        html=draft.text.html,
        folded=draft.folded,
        findings=[asdict(finding) for finding in draft.text.findings],
        dialect=draft.dialect,
        renderer=renderer,
        fingerprint=draft.fingerprint,
        written_at=written_at,
    )


def replace(
    session: Session,
    comment: Comment,
    draft: Draft,
    *,
    said: Marks,
    renderer: int = markup.VERSION,
) -> None:
    """The draft is the newest text; the one before is searched no more. The comment is locked by the caller.

    What the moderation objects to stays in the way: its vetoes are carried over. All other voices were given
    on other words, and count no more.
    """
    old = newest(session, comment)
    connection = session.connection()
    assert old.id is not None
    search.take(connection, old.id, old.folded)
    old.folded = ""
    newer = _row(draft, comment.id, comment.version + 1, written_at=old.written_at, renderer=renderer)
    newer.corrected_at, newer.redacted_at, newer.amended_at = astuple(said)
    comment.version += 1
    session.add_all([old, newer, comment])
    session.flush()
    assert newer.id is not None
    search.add(connection, newer.id, newer.folded)
    traits.replace(session, comment, draft.text.findings)
    precedents.follow(session, comment)
    voices.carry_vetoes(session, comment, to=comment.revision + 1)


def put_back(session: Session, comment: Comment, undone: Decision) -> int:
    """Undoes what a decision did to the text, byte for byte; the number of the text there is then.

    Words that were erased meanwhile stay gone.
    """
    if undone.action in REWRITES and can_put_back(session, undone):
        before = numbered(session, comment.id, undone.version - 1)
        replace(session, comment, as_draft(before), said=marks(before), renderer=before.renderer)
    return comment.version


def can_put_back(session: Session, undone: Decision) -> bool:
    """Whether what stood there before, if it was another text, is not erased."""
    rewrote = undone.action in REWRITES
    return not rewrote or bool(numbered(session, undone.comment_id, undone.version - 1).source)


def erase_before(session: Session, comment: Comment, number: int) -> None:
    """The words of its texts up to one, and all that is made of them; who wrote them stays."""
    older = select(Version.number).where(Version.comment_id == comment.id, Version.number < number)
    for earlier in session.exec(older).all():
        empty(session, comment.id, earlier)


def empty(session: Session, comment_id: str, number: int) -> None:
    """The words of one of its texts, and all that is made of them."""
    text = numbered(session, comment_id, number)
    assert text.id is not None
    search.take(session.connection(), text.id, text.folded)
    text.source = text.html = text.folded = text.fingerprint = ""
    text.findings, text.struck = [], []
    session.add(text)
    session.flush()
    public_log.forget(session, comment_id, number)


def forget_address(session: Session, comment: Comment) -> None:
    """Where its author may be written to, in each of its texts; nobody is found by it any more."""
    for text in session.exec(select(Version).where(Version.comment_id == comment.id, Version.email != "")):
        assert text.id is not None
        search.take(session.connection(), text.id, text.folded)
        text.email = ""
        text.folded = folding.bag(text.author, "", text.source) if text.folded else ""
        search.add(session.connection(), text.id, text.folded)
        session.add(text)
    comment.email_key = None
    session.add(comment)
    session.flush()


def as_draft(text: Version) -> Draft:
    """What is stored, as if it had just been written."""
    findings = tuple(Finding(**finding) for finding in text.findings)
    struck = tuple((at, code) for at, code in text.struck)
    rendered = Rendered(text.source, text.html, findings, struck)
    return Draft(
        text.author, text.email, rendered, text.dialect, folding.bag(text.author, text.email, text.source)
    )
