"""What is kept for a while: as long as is said, no longer, and it is said what was erased."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from conftest import FakeClock, Run, Sent, add_article, at_once, send, sign_in
from page import Page
from sqlmodel import Session, col, select
from starlette.testclient import TestClient
from test_corrections import decide, sound, tracked
from test_database import files

from moderation import chain, contesting, delivery, erasing, logs, mailboxes, notes, public_log, retention
from moderation.accounts import Person
from moderation.delivery import Loop
from moderation.doctor import kept
from moderation.doctor.finding import State
from moderation.lifecycle import Action, IllegalMove, Status
from moderation.models.public import Publication
from moderation.models.queue import Comment, Decision, Letter, LetterKind, Mailbox, Version
from moderation.models.retention import Kept
from moderation.models.together import Note
from moderation.pages import item as items
from moderation.pages import queue
from moderation.pages.filters import Filter
from moderation.web.dependencies import Parts

# As the settings are where nothing else is said: to contest, then to be erased.
APPEAL, TEXTS = timedelta(days=90), timedelta(days=120)
ADDRESS = "zoe@canarimel.example"
Sweep = Callable[[], int]


@pytest.fixture
def sent(parts: Parts, article: str) -> Sent:
    return send(parts, article, "Un canaritexte.", author="Canarinom", email=ADDRESS)


@pytest.fixture
def sweep(parts: Parts, clock: FakeClock) -> Sweep:
    """As a server does it; how much was erased."""

    def once() -> int:
        done = retention.sweep(parts.engine, clock(), parts.settings.periods, lambda: False)
        delivery.effects(parts.engine, clock())
        return done

    return once


def texts(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return [*session.exec(select(Version.source).order_by(col(Version.id)))]


@pytest.fixture
def on_sqlite(postgresql: str | None) -> None:
    if postgresql is not None:
        pytest.skip("this is about SQLite")


def found(parts: Parts, person: Person, q: str) -> list[str]:
    """Those that are published."""
    with parts.reading() as session:
        asked = Filter(status=Status.PUBLISHED, q=q)
        return [card.source for card in queue.listing(session, person, asked, after=None, limit=9).cards]


def told(parts: Parts) -> list[tuple[str, Kept, int]]:
    with parts.reading() as session:
        return [(one.day, one.kind, one.count) for one in retention.told(session, 10)]


def logged(parts: Parts) -> int:
    """How many lines of the public log hold together."""
    with parts.reading() as session:
        return len([*chain.read(public_log.every(session))])


# Texts


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ([Action.REFUSE], Status.REFUSED),
        ([Action.SPAM], Status.SPAM),
        ([Action.PUBLISH, Action.UNPUBLISH], Status.UNPUBLISHED),
    ],
)
def test_what_is_not_published_is_erased_some_time_after_nobody_can_contest_it_any_more(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep, path: list[Action], status: Status
) -> None:
    for revision, action in enumerate(path, start=1):
        decide(parts, sent, ann, action, revision=revision, note="canarinote")
        clock.tick(hours=1)
        delivery.effects(parts.engine, clock())
    clock.tick(days=90)
    assert sweep() == 0
    assert (tracked(parts, sent).source, tracked(parts, sent).appealable) == (sent.text, None)
    clock.tick(days=30)
    assert sweep() == 1
    page = tracked(parts, sent)
    assert (page.status, page.source, page.author, page.email, page.note) == (status, "", "", "", "")
    assert page.erased_at == clock()
    assert told(parts) == [(clock().date().isoformat(), Kept.TEXT, 1)]
    assert (sweep(), sound(parts), logged(parts)) == (0, True, len(path))


@pytest.mark.usefixtures("on_sqlite")
def test_promise_09_what_was_kept_long_enough_is_in_no_file(
    parts: Parts, url: str, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.REFUSE, note="canarinote")
    assert b"canaritexte" in files(url)
    clock.tick(days=121)
    sweep()
    assert [word for word in (b"canari", b"Canari") if word in files(url)] == []


def test_what_is_public_or_waits_is_not_touched(
    parts: Parts, ann: Person, article: str, clock: FakeClock, sweep: Sweep
) -> None:
    public, waits = (send(parts, article, f"Un pont {words}.") for words in ("ouvert", "fermé"))
    decide(parts, public, ann, Action.PUBLISH)
    clock.tick(days=1000)
    delivery.effects(parts.engine, clock())
    assert sweep() == 0
    assert texts(parts) == [public.text, waits.text]


def test_what_is_contested_is_kept_until_it_is_answered_and_as_long_after(
    parts: Parts, ann: Person, sami: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=89)
    with parts.writing() as session:
        contesting.appeal(session, sent.tracking, "Relisez.", revision=2, now=clock())
    clock.tick(days=500)
    assert sweep() == 0
    decide(parts, sent, sami, Action.REFUSE, revision=3, note="Non.")
    clock.tick(days=119)
    assert (sweep(), texts(parts)) == (0, [sent.text])
    clock.tick(days=2)
    assert (sweep(), texts(parts)) == (1, [""])


def test_what_is_erased_is_decided_no_more_and_contested_no_more_even_where_there_is_more_time_by_now(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=121)
    sweep()
    for action in (Action.PUBLISH, Action.REOPEN):
        with pytest.raises(IllegalMove):
            decide(parts, sent, ann, action, revision=2)
    with parts.writing() as session, pytest.raises(IllegalMove):
        contesting.appeal(
            session, sent.tracking, "Non.", revision=2, now=clock(), within=timedelta(days=1000)
        )
    with parts.reading() as session:
        item = items.item(session, ann, sent.id)
        assert item is not None
        assert (item.actions, item.card.erased_at) == ((), clock())


def test_its_author_is_told_that_it_is_gone(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep, client: TestClient
) -> None:
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=121)
    sweep()
    page = Page(client.get(f"/track/{sent.tracking}"))
    assert "ont été effacés le" in page.main
    assert "Votre texte" not in page.texts("h2")
    assert "Modifier et proposer à nouveau" not in page.main


def test_a_site_may_erase_it_as_soon_as_nobody_can_contest_it(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock
) -> None:
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=91)
    periods = parts.settings.model_copy(update={"refused_days": 0}).periods
    assert retention.sweep(parts.engine, clock(), periods, lambda: False) == 1


# Addresses


def test_an_address_is_erased_a_year_after_the_last_decision_and_the_text_stays(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.PUBLISH)
    clock.tick(days=364)
    delivery.effects(parts.engine, clock())
    assert (sweep(), tracked(parts, sent).email) == (0, ADDRESS)
    assert found(parts, ann, "canarimel") == [sent.text]
    clock.tick(days=2)
    assert sweep() == 1
    assert (tracked(parts, sent).email, tracked(parts, sent).source) == ("", sent.text)
    assert (found(parts, ann, "canarimel"), found(parts, ann, "canaritexte")) == ([], [sent.text])
    with parts.reading() as session:
        assert session.get_one(Comment, sent.id).email_key is None
        assert session.exec(select(Publication.author)).all() == ["Canarinom"]
    assert told(parts) == [(clock().date().isoformat(), Kept.ADDRESS, 1)]
    assert (sweep(), sound(parts)) == (0, True)


@pytest.mark.usefixtures("on_sqlite")
def test_promise_09_an_address_that_was_kept_long_enough_is_in_no_file(
    parts: Parts, url: str, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.PUBLISH)
    clock.tick(days=366)
    sweep()
    assert (b"canarimel" in files(url), b"canaritexte" in files(url)) == (False, True)


def test_an_address_nobody_writes_to_is_forgotten_unless_it_wants_nothing(
    parts: Parts, clock: FakeClock, sweep: Sweep
) -> None:
    with parts.writing() as session:
        for name, kinds in (("all", mailboxes.KINDS), ("none", ())):
            mailboxes.choose(session, name, kinds, clock())
            mailboxes.wrote(session, mailboxes.of(session, name), "letter", clock())
    clock.tick(days=300)
    with parts.writing() as session:
        mailboxes.wrote(session, mailboxes.of(session, "new"), "letter", clock())
    clock.tick(days=66)
    assert sweep() == 1
    with parts.reading() as session:
        assert {*session.exec(select(Mailbox.digest))} == {"none", "new"}


# Notes, letters


def test_notes_and_words_of_decisions_are_erased_a_year_after_the_last_one(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.REFUSE, note="canarinote")
    decide(parts, sent, ann, Action.PUBLISH, revision=2)
    with parts.writing() as session:
        notes.write(session, sent.id, "canarimot", by=ann.id, now=clock())
    clock.tick(days=200)
    delivery.effects(parts.engine, clock())
    with parts.writing() as session:
        notes.write(session, sent.id, "canaribis", by=ann.id, now=clock())
    periods = parts.settings.model_copy(update={"note_days": 1}).periods
    assert periods.notes == APPEAL
    assert retention.sweep(parts.engine, clock(), periods, lambda: False) == 0
    clock.tick(days=366)
    sweep()
    with parts.reading() as session:
        assert {*session.exec(select(Decision.note))} == {""}
        assert session.exec(select(Note)).all() == []
    assert (Kept.NOTE, 1) in [(kind, count) for _, kind, count in told(parts)]
    assert (texts(parts), sweep()) == ([sent.text], 0)


def test_a_letter_that_could_not_leave_is_not_kept_for_ever(
    parts: Parts, clock: FakeClock, sweep: Sweep
) -> None:
    def letter(name: str, **due: float) -> Letter:
        return Letter(
            kind=LetterKind.RECEIVED,
            name=name,
            written_at=clock(),
            due_at=clock() + timedelta(**due),
            tries=6,
            failure="SMTPRecipientsRefused",
        )

    with parts.writing() as session:
        session.add(letter("given up", days=36500))
    clock.tick(days=29)
    with parts.writing() as session:
        session.add(letter("young", days=36500))
    clock.tick(days=2)
    assert sweep() == 1
    with parts.reading() as session:
        assert session.exec(select(Letter.name)).all() == ["young"]


# How


def refuse_many(parts: Parts, ann: Person, number: int) -> None:
    for one in range(number):
        slug = add_article(parts, f"a{one}")
        decide(parts, send(parts, slug, f"Texte {one}"), ann, Action.REFUSE)


def test_cut_short_it_goes_on_where_it_was(
    parts: Parts, ann: Person, clock: FakeClock, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    refuse_many(parts, ann, 8)
    clock.tick(days=121)
    asked = count()
    periods = parts.settings.periods
    assert retention.sweep(parts.engine, clock(), periods, lambda: next(asked) >= 2) == 6
    assert told(parts) == [(clock().date().isoformat(), Kept.TEXT, 6)]
    assert len([text for text in texts(parts) if text]) == 2
    assert (sweep(), {*texts(parts)}) == (2, {""})
    assert told(parts) == [(clock().date().isoformat(), Kept.TEXT, 8)]


def test_several_servers_at_once_erase_and_count_each_once(
    parts: Parts, ann: Person, clock: FakeClock, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    refuse_many(parts, ann, 9)
    clock.tick(days=121)
    done = at_once(
        *(lambda: retention.sweep(parts.engine, clock(), parts.settings.periods, lambda: False),) * 4
    )
    assert sum(done) == 9
    assert told(parts) == [(clock().date().isoformat(), Kept.TEXT, 9)]
    assert sweep() == 0


def test_it_says_in_the_log_how_much_and_nothing_of_what(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(logs, "tell", lambda event, /, **facts: said.append((event, facts)))
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=121)
    sweep()
    assert ("kept long enough", {"kind": Kept.TEXT, "erased": 1}) in said


def test_the_settings_show_what_was_erased_and_on_which_day(
    parts: Parts, ann: Person, sent: Sent, client: TestClient, clock: FakeClock, sweep: Sweep
) -> None:
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=121)
    sign_in(parts, client, ann)
    assert Page(client.get("/desk/settings")).texts("table") == []
    sweep()
    (table,) = Page(client.get("/desk/settings")).texts("table")
    assert "30 juin 2026" in table
    assert "textes refusés, indésirables ou dépubliés" in table


def test_the_doctor_says_what_is_kept_for_too_long(
    parts: Parts, ann: Person, sent: Sent, clock: FakeClock, sweep: Sweep
) -> None:
    def finding() -> tuple[State, str]:
        (one,) = kept.too_long(parts.engine, clock(), parts.settings.periods)
        return one.state, one.said

    assert finding() == (State.OK, "nothing was there for long enough yet")
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=123)
    assert finding() == (State.WARNING, "kept for longer than it should be: text")
    sweep()
    assert finding()[0] is State.OK
    assert finding()[1].endswith(": 1 text")


def test_what_goes_wrong_in_the_middle_changes_nothing_and_counts_nothing(
    parts: Parts, ann: Person, clock: FakeClock, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_many(parts, ann, 3)
    clock.tick(days=121)
    asked, expire = count(), erasing.expire

    def fail_at_the_last(session: Session, comment: Comment, now: datetime) -> None:
        expire(session, comment, now)
        if next(asked) == 2:
            raise OSError("killed")

    monkeypatch.setattr(erasing, "expire", fail_at_the_last)
    with pytest.raises(OSError, match="killed"):
        sweep()
    assert (len({*texts(parts)}), told(parts)) == (3, [])
    assert (sweep(), {*texts(parts)}) == (3, {""})
    assert [number for _, _, number in told(parts)] == [3]


def test_a_server_does_it_by_itself(parts: Parts, ann: Person, sent: Sent, clock: FakeClock) -> None:
    decide(parts, sent, ann, Action.REFUSE)
    clock.tick(days=121)
    loop = Loop(parts.engine, None, clock, parts.settings.periods)
    loop.start()
    until = time.monotonic() + 30
    while texts(parts) != [""] and time.monotonic() < until:
        time.sleep(0.05)
    loop.stop()
    assert texts(parts) == [""]


def test_from_the_command_line_too(parts: Parts, ann: Person, sent: Sent, clock: FakeClock, run: Run) -> None:
    clock.now = datetime.now(UTC) - timedelta(days=121)
    decide(parts, sent, ann, Action.REFUSE)
    assert run("deliver").exit_code == 0
    assert texts(parts) == [""]
