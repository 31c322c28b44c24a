"""What a person asks of the moderation about something public, beside contributing to it. Pure."""

from datetime import timedelta
from enum import StrEnum


class Lane(StrEnum):
    """What waits in the queue and is no contribution: a notice of a text, or a right of reply."""

    NOTICE = "notice"
    REPLY = "reply"


class Ground(StrEnum):
    """What somebody who gives notice of a text holds it for. The order is the order offered."""

    DEFAMATION = "defamation"
    HATRED = "hatred"
    THREATS = "threats"
    PRIVACY = "privacy"
    CHILD_ABUSE = "child_abuse"
    COPYRIGHT = "copyright"
    FRAUD = "fraud"
    OTHER = "other"


# Regulation (EU) 2022/2065, article 16(2)(c): of these offences nobody has to say who they are.
UNNAMED = frozenset({Ground.CHILD_ABUSE})
# Characters of what is said about a text.
LONGEST_CLAIM = 5000
# Loi 2004-575, article 1-1: a reply is published within three days of its receipt.
REPLY_WITHIN = timedelta(hours=72)
