"""Passwords: which are taken, how they are hashed, and how one is checked. Nothing here knows an account."""

import secrets
import threading
import unicodedata
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from moderation.turn import Busy

# NIST SP 800-63B-4 §3.1.1.2; fifteen are suggested, eight taken.
SHORTEST, SUGGESTED, LONGEST = 8, 15, 128
# Of what was typed, before any work is done on it.
LONGEST_BYTES = 4 * LONGEST
# The least OWASP asks of argon2id: 19 MiB, two passes, one thread.
MEMORY_KIB, PASSES, THREADS = 19 * 1024, 2, 1
# How many are hashed at the same time, and how many may be hashed or wait for it.
AT_ONCE, IN_LINE = 2, 10  # past that, Busy
# Besides the person's and the site's words, this much must be left.
LEAST_BESIDE = 5
SHORTEST_WORD = 3

_hash = PasswordHash((Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=THREADS),))
_working = threading.BoundedSemaphore(AT_ONCE)
_line = threading.BoundedSemaphore(IN_LINE)


class Checked(NamedTuple):
    """Whether it was the right one; and the hash to keep from now on, when the parameters have changed."""

    right: bool
    renewed: str | None


def problem(password: str, own: Iterable[str]) -> str:
    """Why it is not taken, as a code word, or "". `own` are the words an attacker would try first.

    There is no rule about the kinds of characters in it.
    """
    if len(_bytes(password)) > LONGEST_BYTES:
        return "too_long"
    said = _normal(password)
    if len(said) > LONGEST:
        return "too_long"
    if len(said) < SHORTEST:
        return "too_short"
    if said.casefold() in _common():
        return "common"
    return "own" if _is_own(said, own) else ""


def _is_own(said: str, own: Iterable[str]) -> bool:
    left = _letters(said)
    for word in sorted(map(_letters, own), key=len, reverse=True):
        if len(word) >= SHORTEST_WORD:
            left = left.replace(word, "")
    return len(left) < min(LEAST_BESIDE, len(_letters(said)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


@cache
def _common() -> frozenset[str]:
    # Two megabytes, and only for who chooses a password.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])


def hashed(password: str) -> str:
    """The argon2id hash to keep; takes about 50 ms and 19 MiB, outside any transaction. Raises Busy."""
    with _in_turn():
        return _hash.hash(_bytes(_normal(password)))


def check(password: str, kept: str | None) -> Checked:
    """The same work is done when there is no hash to compare with. Raises Busy."""
    whole = len(_bytes(password)) <= LONGEST_BYTES
    said = _normal(password) if whole else ""
    with _in_turn():
        right, renewed = _hash.verify_and_update(_bytes(said), kept or _nobodys())
    return Checked(right and whole and kept is not None, renewed if right else None)


@cache
def _nobodys() -> str:
    return _hash.hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """One spelling whatever the keyboard; nothing is cut off, trimmed or folded."""
    return unicodedata.normalize("NFC", password)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@contextmanager
def _in_turn() -> Generator[None]:
    if not _line.acquire(blocking=False):
        raise Busy
    try:
        with _working:
            yield
    finally:
        _line.release()
