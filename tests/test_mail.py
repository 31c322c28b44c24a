from datetime import datetime, timedelta

from conftest import FakeClock
from sqlmodel import Session, select

from moderation import accounts, mail
from moderation.accounts import Person
from moderation.models.queue import Letter, LetterKind
from moderation.settings import Settings
from moderation.web.dependencies import Parts


def ask(session: Session, now: datetime) -> str:
    return accounts.ask(session, "ann@example.org", now, mail=LetterKind.SIGN_IN).id


def test_letters_are_claimed_oldest_first_and_each_is_put_off(parts: Parts, clock: FakeClock) -> None:
    with parts.writing() as session:
        first = ask(session, clock())
        second = ask(session, clock.tick(seconds=1))
    with parts.writing() as session:
        claimed = [mail.claim(session, clock()) for _ in range(3)]
        assert [letter and letter.sign_in_id for letter in claimed] == [first, second, None]


def test_the_pauses_grow_and_then_the_letter_is_left_to_be_seen(parts: Parts, clock: FakeClock) -> None:
    with parts.writing() as session:
        ask(session, clock())
    pauses = []
    for _ in range(6):
        with parts.writing() as session:
            letter = mail.claim(session, clock())
            assert letter is not None
            mail.put_off(session, letter.name, "refused", clock())
            pauses.append(letter.due_at - clock())
            clock.now = letter.due_at
            if letter.tries < 6:
                assert mail.claim(session, clock() - timedelta(seconds=1)) is None
    assert pauses[:5] == [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720)]
    assert pauses[5] > timedelta(days=3650)
    with parts.reading() as session:
        assert session.exec(select(Letter.tries)).all() == [6]


def test_a_letter_is_its_claimer_s_for_longer_than_any_sending_lasts(parts: Parts, clock: FakeClock) -> None:
    with parts.writing() as session:
        ask(session, clock())
        assert mail.claim(session, clock()) is not None
    # Writing it out waits for the database, which gives up within seconds.
    clock.tick(seconds=mail.LASTS + 30)
    with parts.writing() as session:
        assert mail.claim(session, clock()) is None
    clock.tick(seconds=30)
    with parts.writing() as session:
        assert mail.claim(session, clock()) is not None


def test_without_smtp_there_is_no_sender() -> None:
    assert mail.sender(Settings(smtp_url=None)) is None


def test_who_waits_to_sign_in_is_written_to_first(parts: Parts, clock: FakeClock, ann: Person) -> None:
    with parts.writing() as session:
        for _ in range(3):
            mail.write(session, LetterKind.PASSWORD_SET, clock(), account_id=ann.id)
        asked = ask(session, clock.tick(seconds=5))
    with parts.writing() as session:
        first = mail.claim(session, clock())
        assert first is not None
        assert first.sign_in_id == asked
