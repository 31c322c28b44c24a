import base64
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from moderation import totp

# The secret and the codes of RFC 6238, appendix B, cut to six digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
NOW = datetime(2026, 3, 1, 9, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def code(moment: datetime) -> str:
    return pyotp.TOTP(SECRET).at(moment)


@pytest.mark.parametrize(("seconds", "typed"), VECTORS.items())
def test_the_codes_of_the_standard_are_right(seconds: int, typed: str) -> None:
    assert totp.step(SECRET, typed, at(seconds), after=None) == seconds // 30


@pytest.mark.parametrize("steps", range(-3, 4))
def test_the_code_before_and_the_code_after_count_too(steps: int) -> None:
    found = totp.step(SECRET, code(NOW + steps * STEP), NOW, after=None)
    assert (found is not None) == (abs(steps) <= 1)


def test_a_code_serves_once_and_so_do_all_before_it() -> None:
    used = totp.step(SECRET, code(NOW), NOW, after=None)
    for moment in (NOW - STEP, NOW):
        assert totp.step(SECRET, code(moment), NOW, after=used) is None
    assert totp.step(SECRET, code(NOW + STEP), NOW, after=used) is not None


@pytest.mark.parametrize("shape", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "{1}\u202f{2}"])
def test_a_code_is_heard_with_spaces_in_it(shape: str) -> None:
    right = code(NOW)
    assert totp.step(SECRET, shape.format(right, right[:3], right[3:]), NOW, after=None)


@given(st.text(max_size=30))
def test_what_is_no_code_is_wrong(typed: str) -> None:
    if re.sub(r"[\s-]", "", typed) not in {code(NOW + steps * STEP) for steps in (-1, 0, 1)}:
        assert totp.step(SECRET, typed, NOW, after=None) is None


def test_digits_of_other_alphabets_are_not_digits() -> None:
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    assert totp.step(SECRET, code(NOW).translate(arabic), NOW, after=None) is None


def test_a_secret_has_a_hundred_and_sixty_bits() -> None:
    secrets = {totp.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


def test_the_address_says_the_account_the_site_and_the_secret() -> None:
    parts = urlsplit(totp.address(SECRET, "ann@example.org", "L’Écho : le site"))
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/L’Écho   le site:ann@example.org"
    assert (asked["secret"], asked["issuer"]) == ([SECRET], ["L’Écho   le site"])


def test_the_picture_is_the_code_with_its_quiet_zone() -> None:
    text = totp.address(SECRET, "ann@example.org", "Le Passe-Muraille")
    side, path = totp.picture(text)
    dark = {
        (x, int(y))
        for start, y, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path)
        for x in range(int(start), int(start) + int(length))
        if length == back
    }
    matrix = segno.make(text, error="m", micro=False).matrix
    expected = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert dark == expected
    assert side == len(matrix) + 8
    assert re.sub(r"M\d+ \d+h\d+v1h-\d+z", "", path) == ""
