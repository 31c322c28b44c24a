"""A mail as it is put together: nothing adds a header, and all of it comes whole."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import mail_text

from moderation import messages

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def message(**changes: str) -> EmailMessage:
    fields = {"sender": "Le Site <site@example.org>", "to": "ann@example.org", "subject": "Bonjour"}
    return messages.message(**{"body": "Ici.", "html": "<p>Ici.", **fields, **changes}, now=NOW, name="k7qf")


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
