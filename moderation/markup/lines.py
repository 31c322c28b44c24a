"""Which lines of a plain text belong together: paragraphs, `- ` lists, `> ` quotes."""

import re
from dataclasses import dataclass, field

from moderation.markup.dialect import Dialect

_BLANK = " \t\u00a0"
_QUOTED = re.compile(r">(?: |\Z|(?=>))")
_ITEM = {
    Dialect.PLAIN: re.compile(r"- (?=[^ ])"),
    Dialect.SPIP: re.compile(r"- (?=[^ ])|-(?P<sign>[*#])[*#]* ?(?=[^ *#])"),
}
_TITLE = re.compile(r"\{\{\{[^{}]+\}\}\}")
_INDENT = re.compile(r"  |\t")


@dataclass
class Group:
    """Lines of one block, without their marks; in a list each item has its own."""

    kind: str
    parts: list[list[str]] = field(default_factory=list)

    def items(self) -> list[str]:
        return ["\n".join(lines) for lines in self.parts]

    def text(self) -> str:
        return "\n".join(self.items())


def grouped(lines: list[str], dialect: Dialect, *, flat: bool) -> list[Group]:
    """In a flat text the marks of lists and quotes are text."""
    groups: list[Group] = []
    apart = True
    for line in lines:
        words = line.strip(_BLANK)
        if words:
            kind, content = ("p", words) if flat else _read(words, dialect)
            _add(groups, kind, content, line, apart=apart)
        apart = not words
    return [_meant(group) for group in groups]


def _add(groups: list[Group], kind: str, content: str, line: str, *, apart: bool) -> None:
    last = groups[-1] if groups else Group("")
    in_list = last.kind in {"ol", "ul"}
    if in_list and _INDENT.match(line) and (kind != "p" or not apart):
        last.parts[-1].append(_INDENT.sub("", line, count=1))
    elif kind == last.kind and (in_list or (kind != "title" and not apart)):
        last.parts.append([content])
    else:
        groups.append(Group(kind, [[content]]))


def _read(line: str, dialect: Dialect) -> tuple[str, str]:
    if quoted := _QUOTED.match(line):
        return "blockquote", line[quoted.end() :]
    if item := _ITEM[dialect].match(line):
        ordered = dialect is Dialect.SPIP and item["sign"] == "#"
        return "ol" if ordered else "ul", line[item.end() :]
    if dialect is Dialect.SPIP and _TITLE.fullmatch(line):
        return "title", line
    return "p", line


def _meant(group: Group) -> Group:
    """A mark with nothing behind it quotes nothing."""
    if group.kind == "blockquote" and not group.text().strip():
        return Group("p", [[">"] for _ in group.parts])
    return group
