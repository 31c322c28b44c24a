"""Codes an application makes from a shared secret and the time (RFC 6238)."""

import hmac
import re
from datetime import datetime

import pyotp
import segno

# Clocks of telephones are a little off: the code before and the code after count too.
STEPS_AROUND = 1
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
# What a camera needs around the code, in modules.
QUIET = 4


def new_secret() -> str:
    """160 random bits, in base 32."""
    return pyotp.random_base32()


def address(secret: str, email: str, site: str) -> str:
    """The otpauth address applications read."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=site.replace(":", " "))


def picture(text: str) -> tuple[int, str]:
    """A QR code: the side of its square, and the dark parts as an SVG path."""
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    runs = [
        f"M{run.start() + QUIET} {y}h{len(run[0])}v1h-{len(run[0])}z"
        for y, row in enumerate(rows, start=QUIET)
        for run in re.finditer(rb"\x01+", row)
    ]
    return len(rows) + 2 * QUIET, "".join(runs)


def step(secret: str, typed: str, now: datetime, *, after: int | None) -> int | None:
    """The thirty seconds the code is of, later than `after` so that it serves once; None for a wrong one."""
    code = re.sub(r"[\s-]", "", typed)
    if not _CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    middle = totp.timecode(now)
    for candidate in range(middle - STEPS_AROUND, middle + STEPS_AROUND + 1):
        if hmac.compare_digest(totp.generate_otp(candidate), code) and (after is None or candidate > after):
            return candidate
    return None
