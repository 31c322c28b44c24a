"""Names: random ones that can be read aloud (Crockford's base 32, no I, L, O or U), and an article's."""

import hashlib
import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BETWEEN = dict.fromkeys("- \u00a0\u202f\u2010\u2011\u2012\u2013\u2014\u2212")
_HEARD = str.maketrans({"I": "1", "L": "1", "O": "0", **_BETWEEN})
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,40}", re.ASCII)


def new_id() -> str:
    """80 random bits in sixteen characters: a comment's name, in lower case for addresses."""
    return _random(16).lower()


def new_code(length: int = 16) -> str:
    """A secret to note down; five random bits a character."""
    return _random(length)


def _random(length: int) -> str:
    # A byte has 256 values and the alphabet 32: none comes more often than another.
    return "".join(ALPHABET[byte % 32] for byte in secrets.token_bytes(length))


def heard(code: str) -> str:
    """What was meant by what was typed: case, dashes, spaces and look-alikes put right."""
    return code.upper().translate(_HEARD)


def grouped(code: str) -> str:
    """In fours, for the eye: « K7QF-3M2D-9XWT-41HB »."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def digest(secret: str) -> str:
    """What is kept of a secret with a hundred random bits or more: nobody guesses it back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_slug(text: str) -> bool:
    return len(text) <= 200 and _SLUG.fullmatch(text) is not None
