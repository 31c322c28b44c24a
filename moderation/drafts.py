"""What a reader wrote, checked field by field and rendered; nothing of it is stored yet."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from moderation import folding, markup
from moderation.markup import Dialect, Refused, Rendered

LONGEST_NAME = 80
LONGEST_EMAIL = 254
# As HTML has it for <input type=email>, but for what mail programs would decode (RFC 2047).
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL = re.compile(rf"(?!.*=\?)[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")


def is_address(text: str) -> bool:
    """Whether mail could be sent there: one address, without a name around it."""
    return len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


@dataclass(frozen=True)
class Draft:
    """What a reader wrote, checked and rendered; nothing of it is stored yet."""

    author: str
    email: str
    text: Rendered
    dialect: Dialect
    # What it is searched by.
    folded: str

    @cached_property
    def digest(self) -> str:
        """Equal for two drafts a reader would call the same."""
        return digest(self.author, self.email, self.text.source)

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256(markup.fold(self.text.source).encode()).hexdigest()


def digest(author: str, email: str, source: str) -> str:
    return hashlib.sha256(f"{author}\0{email}\0{source}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field, as a code word; `limit` and `found` say by how much."""

    code: str
    limit: int = 0
    found: int = 0


class Invalid(Exception):
    def __init__(self, problems: Mapping[str, Problem]) -> None:
        super().__init__(", ".join(f"{field}: {problem.code}" for field, problem in problems.items()))
        self.problems = problems


def read(
    author: str,
    email: str,
    text: str,
    *,
    dialect: Dialect,
    required: str = "",
    longest: int = markup.MAX_CHARACTERS,
) -> Draft:
    """Raises Invalid, with every field at fault. `required` names fields as the setting does."""
    problems: dict[str, Problem] = {}
    name = _line("author", author, LONGEST_NAME, problems)
    address = _line("email", email, LONGEST_EMAIL, problems)
    if address and not is_address(address):
        problems["email"] = Problem("not_an_address")
    for field, value in (("author", name), ("email", address)):
        if field in required and not value and field not in problems:
            problems[field] = Problem("required")
    try:
        rendered = markup.render(text, dialect, longest)
    except Refused as refused:
        problems["text"] = Problem(refused.reason, refused.limit, refused.found)
    if problems:
        raise Invalid(problems)
    return Draft(name, address, rendered, dialect, folding.bag(name, address, rendered.source))


def rewritten(
    author: str, email: str, text: str, *, dialect: Dialect, longest: int = markup.MAX_CHARACTERS
) -> Draft:
    """Another text by the same author. Raises Invalid."""
    try:
        rendered = markup.render(text, dialect, longest)
    except Refused as refused:
        raise Invalid({"text": Problem(refused.reason, refused.limit, refused.found)}) from None
    return Draft(author, email, rendered, dialect, folding.bag(author, email, rendered.source))


def _line(field: str, value: str, limit: int, problems: dict[str, Problem]) -> str:
    try:
        return markup.plain_line(value, limit)
    except Refused as refused:
        problems[field] = Problem(refused.reason, refused.limit, refused.found)
        return ""
