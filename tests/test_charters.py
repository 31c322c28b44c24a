"""The versions of a charter: the newest holds, and each stays as it was."""

import pytest
from conftest import FakeClock, at_once

from moderation import charter, charters
from moderation.charters import Changed, Version
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
