"""A mail as it is put together: in plain text and HTML, and nothing anybody wrote can add a header to it."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import groupby


def tidy(text: str) -> str:
    """Paragraphs with one empty line between them, whatever a template left there."""
    return "\n\n".join("\n".join(lines) for lines in paragraphs(text)) + "\n"


def paragraphs(text: str) -> list[list[str]]:
    """Their lines, without those that are empty."""
    # But for the sign before a signature (RFC 3676, 4.3).
    lines = (line if line == "-- " else line.rstrip() for line in text.splitlines())
    groups = groupby(lines, key=bool)
    return [list(lines) for is_said, lines in groups if is_said]


def message(
    *,
    sender: str,
    to: str,
    subject: str,
    body: str,
    html: str,
    now: datetime,
    name: str,
    unsubscribe: str = "",
) -> EmailMessage:
    """A mail in plain text and the same in HTML; the name makes a repeat recognisable.

    `unsubscribe` is where one press, or a mail program by itself (RFC 8058), ends such letters. Raises
    ValueError for a line break in a header, and for anything but one address to send it to.
    """
    # Unfolded: folding would encode an address that is longer than a line, and nobody could follow it.
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    mail["From"] = sender
    mail["To"] = to
    if [address.addr_spec for address in mail["To"].addresses] != [to]:
        raise ValueError("not one address")
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{name}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    if unsubscribe:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(body, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail
