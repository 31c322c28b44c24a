"""Signed payloads: one salt, one type and one age for each purpose. The only import of itsdangerous."""

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from itsdangerous import BadData, URLSafeSerializer

# Two servers’ clocks may differ by this much.
SKEW = timedelta(seconds=60)
# Longer is nobody’s: refused before any parsing.
SHAPE = re.compile(r"[A-Za-z0-9_.-]{1,512}", re.ASCII)


@dataclass(frozen=True)
class Form:
    """A preview that was shown: where the text is to go, of which draft, by which form."""

    slug: str
    digest: str
    nonce: str


@dataclass(frozen=True)
class Opening:
    """The right to sign in once, through one row of `sign_in`."""

    sign_in: str


@dataclass(frozen=True)
class CodeEntry:
    """The browser that asked for a code, and may type it."""

    sign_in: str


@dataclass(frozen=True)
class SecondStep:
    """The browser that gave one proof, and may give the second."""

    sign_in: str


@dataclass(frozen=True)
class NewAddress:
    """The mailbox that an account is to have from now on."""

    change: str


@dataclass(frozen=True)
class Mailing:
    """The right to say what an address, known by its digest, is written about."""

    digest: str


@dataclass(frozen=True)
class Bulletins:
    """The right to end an account’s letters of what waits."""

    account: int


@dataclass(frozen=True)
class Review:
    """A person’s right to decide one of `actions` of a contribution as it was, while the seal is theirs."""

    comment: str
    revision: int
    account: int
    actions: str
    seal: str


@dataclass(frozen=True)
class Following:
    """The right to say that an address, known by its digest, is to be told of what it was asked about."""

    digest: str


@dataclass(frozen=True)
class Unfollowing:
    """The right to end one row of `follow`."""

    follow: str


@dataclass(frozen=True)
class Purpose:
    salt: str
    max_age: timedelta


PURPOSES: dict[type, Purpose] = {
    Form: Purpose("moderation/v1/form", timedelta(hours=24)),
    # The row says how long this one is good for: a week at most.
    Opening: Purpose("moderation/v1/sign-in", timedelta(days=7)),
    CodeEntry: Purpose("moderation/v1/sign-in-code", timedelta(minutes=15)),
    SecondStep: Purpose("moderation/v1/second-step", timedelta(minutes=10)),
    NewAddress: Purpose("moderation/v1/new-address", timedelta(days=1)),
    # Long: an old letter says how to get no more of them, too.
    Mailing: Purpose("moderation/v1/mailing", timedelta(days=1000)),
    Bulletins: Purpose("moderation/v1/bulletins", timedelta(days=1000)),
    Review: Purpose("moderation/v1/review", timedelta(hours=72)),
    # As long as it is waited for.
    Following: Purpose("moderation/v1/following", timedelta(days=3)),
    Unfollowing: Purpose("moderation/v1/unfollowing", timedelta(days=1000)),
}

Payload = TypeVar("Payload")


class BadLink(Exception):
    """Not ours, not for this, or not whole."""


class Expired(Exception):
    """Ours, and too old."""


class Links:
    def __init__(self, keys: list[str]) -> None:
        """`keys` newest first, as SECRET_KEYS has them; itsdangerous signs with the last of its list."""
        if not keys or not all(keys):
            raise ValueError("no signing key")
        self._keys = list(reversed(keys))

    def _serializer(self, salt: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._keys, salt=salt, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def sign(self, payload: Any, now: datetime) -> str:
        """A token for one of the types of PURPOSES."""
        purpose = PURPOSES[type(payload)]
        content = {**asdict(payload), "at": round(now.timestamp(), 3)}
        token = self._serializer(purpose.salt).dumps(content)
        return token.decode() if isinstance(token, bytes) else token

    def read(self, kind: type[Payload], token: str, now: datetime) -> tuple[Payload, timedelta]:
        """The payload and its age. Raises BadLink, or Expired past the purpose's age."""
        purpose = PURPOSES[kind]
        if not SHAPE.fullmatch(token):
            raise BadLink
        try:
            content: dict[str, Any] = self._serializer(purpose.salt).loads(token)
            age = timedelta(seconds=now.timestamp() - content.pop("at"))
            payload = kind(**content)
        except (BadData, TypeError, KeyError, AttributeError):
            raise BadLink from None
        if age < -SKEW:
            raise BadLink
        if age > purpose.max_age:
            raise Expired
        return payload, max(age, timedelta())
