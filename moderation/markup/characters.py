"""Which characters are refused, which are invisible, and which invisible ones are honest spelling."""

import re
import unicodedata
from collections.abc import Iterator

_NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))

# As insides of a regular expression's character class.
CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + _NONCHARACTERS
OVERRIDES = r"\u202a-\u202e\u2066-\u2069"
TAGS = r"\U000e0000-\U000e007f"
DIRECTION_MARKS = r"\u061c\u200e\u200f"
_INVISIBLE = (
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff"
)
HIDING = _INVISIBLE + DIRECTION_MARKS + OVERRIDES + TAGS

# Persian, Hindi and emoji cannot be spelled without joiners and variation selectors.
_PICTURES = (
    r"\u00a9\u00ae\u2030-\u205e\u20e3\u2100-\u27bf\u2900-\u2bff\u3030\u303d\u3297\u3299"
    r"\U0001f000-\U0001faff"
)
_JOINED_SCRIPTS = r"\u0600-\u061b\u061d-\u0dff\ufb50-\ufdcf"
_SPELLING = (
    rf"(?<=[{_PICTURES}])[\ufe0e\ufe0f]|\ufe0f(?=\u20e3)"
    rf"|(?<=[{_PICTURES}\ufe0f])\u200d(?=[{_PICTURES}])"
    rf"|(?<=[{_JOINED_SCRIPTS}])[\u200c\u200d](?=[{_JOINED_SCRIPTS}])"
)
_HIDDEN = re.compile(rf"{_SPELLING}|(?P<hidden>[{HIDING}])")
_ANY_HIDDEN = re.compile(rf"[{HIDING}]")
_TURNING = re.compile(rf"[{OVERRIDES}{DIRECTION_MARKS}]")


def hidden(text: str) -> list[str]:
    """Each invisible character that no spelling asks for, in order."""
    if not _ANY_HIDDEN.search(text):  # as with nearly every text, and six times as fast to tell
        return []
    return [match["hidden"] for match in _HIDDEN.finditer(text) if match["hidden"]]


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in order, each invisible character that no spelling asks for by itself, and told."""
    done = 0
    for match in _HIDDEN.finditer(text):
        if match["hidden"]:
            if done < match.start():
                yield text[done : match.start()], False
            yield match["hidden"], True
            done = match.end()
    if done < len(text):
        yield text[done:], False


def code(character: str) -> str:
    """As Unicode writes it, « U+202E »."""
    return f"U+{ord(character):04X}"


def kind_of(character: str) -> str:
    """What a refused or hidden character is, as findings call it: "bidi", "invisible" or "control"."""
    if _TURNING.match(character):
        return "bidi"
    return "invisible" if _ANY_HIDDEN.match(character) else "control"


def without_hidden(text: str) -> str:
    if not _ANY_HIDDEN.search(text):
        return text
    return _HIDDEN.sub(lambda match: "" if match["hidden"] else match[0], text)


def visible(text: str) -> bool:
    """Whether a reader would see anything at all."""
    return bool(_ANY_HIDDEN.sub("", text).strip())


def few_marks(text: str, most: int) -> str:
    """The text with at most so many combining marks in a row, none of them at its start."""
    kept: list[str] = []
    marks = most
    for character in text:
        # Normalising puts what has a combining class in order, in time that grows with the square of a run.
        is_mark = unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}
        marks = marks + 1 if is_mark else 0
        if marks <= most:
            kept.append(character)
    return "".join(kept)
