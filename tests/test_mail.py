from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from conftest import FakeClock
from hypothesis import given
from hypothesis import strategies as st
from page import mail_text
from sqlmodel import Session, select

from moderation import accounts, mail
from moderation.models.queue import Letter, LetterKind
from moderation.settings import Settings
from moderation.web.dependencies import Parts

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def message(**changes: str) -> EmailMessage:
    fields = {"sender": "Le Site <site@example.org>", "to": "ann@example.org", "subject": "Bonjour"}
    return mail.message(**{"body": "Ici.", "html": "<p>Ici.", **fields, **changes}, now=NOW, name="k7qf")


def test_a_message_says_who_to_whom_when_and_that_a_machine_wrote_it() -> None:
    written = message()
    kind = written["Content-Type"]
    assert (kind.content_type, written.is_multipart()) == ("multipart/alternative", True)
    assert {name: value for name, value in written.items() if name != "Content-Type"} == {
        "From": "Le Site <site@example.org>",
        "To": "ann@example.org",
        "Subject": "Bonjour",
        "Date": "Sun, 01 Mar 2026 09:00:00 +0000",
        "Message-ID": "<k7qf@example.org>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }


@pytest.mark.parametrize("field", ["sender", "to", "subject"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_line_end_in_a_header_is_refused(field: str, end: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        message(**{field: f"site@example.org{end}Bcc: eve@example.org"})


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), max_size=200)
)
def test_a_subject_adds_no_header_and_a_body_comes_whole(words: str) -> None:
    written = message(subject=words, body=f"{words}\n")
    assert sorted(written.keys()) == sorted(message().keys())
    sent = written.as_bytes()
    assert max(len(line) for line in sent.split(b"\r\n")) <= 998
    assert mail_text(written).rstrip("\r\n") == words.rstrip("\r\n")


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
