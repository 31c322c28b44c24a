"""The versions of a charter: the newest holds, and each stays as it was."""

from datetime import timedelta

import pytest
from conftest import FakeClock, Sent, at_once, send
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from moderation import charter, charters, decisions
from moderation.accounts import Person
from moderation.charter import Cited
from moderation.charters import Changed, Version
from moderation.lifecycle import Action
from moderation.models.queue import Comment, Decision
from moderation.web.dependencies import Parts

NEW = "## Courtoisie\n\nSoyez brefs."


def write(parts: Parts, source: str = NEW, seen: int = 1) -> Version:
    with parts.writing() as session:
        return charters.write(session, charter.read(source), seen=seen, language="fr", now=parts.clock())


def numbered(parts: Parts, number: int) -> Version | None:
    with parts.reading() as session:
        return charters.numbered(session, number, "fr")


def test_until_one_is_written_the_one_a_site_begins_with_is_the_first(parts: Parts) -> None:
    first = numbered(parts, 1)
    assert first is not None
    assert (first.source, first.written_at) == (charter.starting("fr").strip(), None)
    assert numbered(parts, 2) is None


def test_a_new_one_is_the_next_and_the_first_is_kept_as_it_was(
    parts: Parts, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = charter.starting("fr").strip()
    written = write(parts)
    assert (written.number, written.source, written.written_at) == (2, NEW, clock())
    monkeypatch.setattr(charter, "begun", lambda _: charter.read("## Tout autre chose"))
    first = numbered(parts, 1)
    assert first is not None
    assert first.source == begun
    with parts.reading() as session:
        assert charters.newest(session, "fr").number == 2
        assert [number for number, _ in charters.dates(session)] == [2, 1]


def test_the_same_text_is_no_new_version(parts: Parts) -> None:
    assert write(parts).number == 2
    assert write(parts, f"{NEW}\r\n", seen=1).number == 2
    assert numbered(parts, 3) is None


def test_who_did_not_see_the_newest_replaces_nothing(parts: Parts) -> None:
    write(parts)
    with pytest.raises(Changed):
        write(parts, "## Autre", seen=1)


def test_of_two_who_write_at_once_one_does(parts: Parts) -> None:
    done = at_once(lambda: write(parts, "## Un"), lambda: write(parts, "## Deux"))
    assert [type(one) for one in done if isinstance(one, Exception)] == [Changed]
    assert numbered(parts, 2) is not None
    assert numbered(parts, 3) is None


# What decisions go by


def refused(parts: Parts, sent: Sent, person: Person, reason: str) -> Cited | None:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            sent.id,
            Action.REFUSE,
            revision=session.get_one(Comment, sent.id).revision,
            by=person.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
            reason=reason,
            note="Dit.",
        )
        return charters.named(made)


@pytest.mark.parametrize(
    ("reason", "clause"),
    [("privacy", "privacy"), ("duplicate", "no_information"), ("other", None)],
)
def test_a_decision_cites_the_version_and_the_article_of_its_reason(
    parts: Parts, ann: Person, pending: Sent, reason: str, clause: str | None
) -> None:
    assert refused(parts, pending, ann, reason) == Cited(1, clause)


def test_a_new_charter_changes_no_old_decision(parts: Parts, ann: Person, article: str) -> None:
    before = send(parts, article, "Avant.")
    cited = refused(parts, before, ann, "privacy")
    write(parts, "## Chez soi {#privacy}\n\n## Courtoisie")
    after = refused(parts, send(parts, article, "Après."), ann, "privacy")
    write(parts, "## Courtoisie", seen=2)
    gone = refused(parts, send(parts, article, "Enfin."), ann, "privacy")
    assert (cited, after, gone) == (Cited(1, "privacy"), Cited(2, "privacy"), Cited(3, None))
    with parts.reading() as session:
        titles = [charters.title(session, one, "fr") for one in (cited, after, gone) if one]
        (kept,) = session.exec(select(Decision).where(Decision.comment_id == before.id))
    assert titles == ["Vie privée", "Chez soi", ""]
    assert charters.named(kept) == cited


def test_what_gives_no_reason_cites_nothing(parts: Parts, ann: Person, pending: Sent) -> None:
    with parts.writing() as session:
        made = decisions.decide(
            session,
            pending.id,
            Action.SPAM,
            revision=1,
            by=ann.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
        )
        assert charters.named(made) is None


def test_the_database_changes_no_citation(parts: Parts, ann: Person, pending: Sent) -> None:
    refused(parts, pending, ann, "privacy")
    for column in ("charter", "charter_article"):
        with pytest.raises(DBAPIError, match="never changed"), parts.writing() as session:
            session.execute(text(f"UPDATE decision SET {column} = NULL"))  # noqa: S608 - our own words
