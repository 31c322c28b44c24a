"""The rules a site moderates by: written in Markdown, each of their articles with a name of its own. Pure."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from markdown_it.token import Token

from moderation import markup, resources
from moderation.prose import MARKDOWN

# Characters; a charter is read by everybody.
LONGEST = 50_000
# Articles.
MOST = 200
LONGEST_NAME, LONGEST_TITLE = 60, 200
# Before the name of an article where a page has it, so that it is no other part of the page.
ANCHOR = "charter-"
_NOT_NAME = re.compile(r"[^a-z0-9]+")
NAME = rf"[a-z0-9_-]{{1,{LONGEST_NAME}}}"
_GIVEN = re.compile(rf"\{{#({NAME})\}}\Z")


@dataclass(frozen=True)
class Article:
    """What a decision can name: its name in an address, and its title."""

    name: str
    title: str


@dataclass(frozen=True)
class Charter:
    source: str
    html: str
    articles: tuple[Article, ...]


@dataclass(frozen=True)
class Cited:
    """What a decision goes by: a version of the charter, and the article its reason is tied to, if any."""

    version: int
    article: str | None

    @classmethod
    def read(cls, written: str) -> "Cited":
        """From what `str` made of one."""
        version, _, article = written.partition("#")
        return cls(int(version), article or None)

    def __str__(self) -> str:
        return f"{self.version}" + (f"#{self.article}" if self.article else "")

    @property
    def address(self) -> str:
        return f"/charter/{self.version}" + (f"#{ANCHOR}{self.article}" if self.article else "")


class Unusable(Exception):
    """Not a charter: `empty`, `long`, no article (`articles`), too `many`, or one without a `title`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def starting(language: str) -> str:
    """What a site begins with: its first version, so that no release changes a word of it."""
    return (resources.PACKAGE / "locales" / f"charter.{language}.md").read_text(encoding="utf-8")


def read(source: str) -> Charter:
    """Each heading of the second level begins an article. Raises Unusable.

    One that ends with a name, as in « ## Vie privée {#privacy} », keeps it whatever its title says later.
    """
    text = source.replace("\r\n", "\n").strip()
    if not text:
        raise Unusable("empty")
    if len(text) > LONGEST:
        raise Unusable("long")
    tokens = MARKDOWN.parse(text)
    begun = sum(one.type == "heading_open" and one.tag == "h2" for one in tokens)
    if not begun:
        raise Unusable("articles")
    if begun > MOST:
        raise Unusable("many")
    articles = _named(tokens)
    if not all(len(one.title) <= LONGEST_TITLE and markup.plain_line(one.title, LONGEST) for one in articles):
        raise Unusable("title")
    return Charter(text, _rendered(tokens, articles), tuple(articles))


@cache
def begun(language: str) -> Charter:
    """The one a site begins with; everybody may ask for it, and reading takes its time."""
    return read(starting(language))


def _named(tokens: list[Token]) -> list[Article]:
    found: list[Article] = []
    for heading, said in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h2":
            given = _given(said)
            title = "".join(one.content for one in said.children or () if one.type in {"text", "code_inline"})
            found.append(Article(_free(given or _name(title), found), title))
    return found


def _given(heading: Token) -> str:
    """The name a heading ends with, taken out of it."""
    last = heading.children[-1] if heading.children else None
    named = _GIVEN.search(last.content.rstrip()) if last is not None and last.type == "text" else None
    if last is None or named is None:
        return ""
    last.content = last.content[: named.start()].rstrip()
    return named.group(1)


def _name(title: str) -> str:
    return _NOT_NAME.sub("-", markup.bare(title)).strip("-")[:LONGEST_NAME].rstrip("-") or "article"


def _free(name: str, taken: list[Article]) -> str:
    names = {one.name for one in taken}
    ends = (f"-{number}" for number in range(2, len(taken) + 3))
    others = (name[: LONGEST_NAME - len(end)] + end for end in ends)
    return next(one for one in (name, *others) if one not in names)


def _rendered(tokens: list[Token], articles: list[Article]) -> str:
    """With their names, put in by us alone: what was written sets none."""
    html = markup.render_article(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))
    before, *parts = html.split("<h2>")
    if len(parts) != len(articles):
        raise Unusable("articles")
    named = (f'<h2 id="{ANCHOR}{one.name}">{part}' for one, part in zip(articles, parts, strict=True))
    return before + "".join(named)
