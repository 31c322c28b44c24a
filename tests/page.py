"""A page as the person in front of it has it: headings, fields, errors, buttons, links. Never its looks."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLANKS = re.compile(r"[ \t\n\r]+")


def plain(text: str) -> str:
    """On one line, and with ordinary spaces where French typography puts hard ones."""
    return _BLANKS.sub(" ", text.replace("\u00a0", " ").replace("\u202f", " ")).strip()


def mail_text(letter: EmailMessage) -> str:
    """What a letter says in plain text."""
    part = letter.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


@dataclass(frozen=True)
class Form:
    """A form as a browser without script would send it."""

    action: str
    method: str
    fields: dict[str, str]
    buttons: tuple[str, ...]


class Page:
    def __init__(self, answer: Any) -> None:
        self.status: int = answer.status_code
        self.html: str = answer.text
        self._tree = LexborHTMLParser(self.html)

    def nodes(self, css: str) -> list[LexborNode]:
        return self._tree.css(css)

    def node(self, css: str) -> LexborNode:
        (found,) = self._tree.css(css)
        return found

    def texts(self, css: str) -> list[str]:
        return [plain(node.text()) for node in self.nodes(css)]

    def text(self, css: str) -> str:
        return plain(self.node(css).text())

    @property
    def heading(self) -> str:
        return self.text("h1")

    @property
    def main(self) -> str:
        return self.text("main")

    @property
    def alert(self) -> str:
        """What a screen reader says by itself, when the page opens."""
        return " ".join(self.texts("[role=alert], [role=status]"))

    @property
    def hrefs(self) -> dict[str, str]:
        """Where each link of the page leads, by its words."""
        return {plain(node.text()): str(node.attributes["href"]) for node in self.nodes("a[href]")}

    @property
    def addresses(self) -> list[str]:
        """Everywhere the page points at, whatever with."""
        return [
            str(node.attributes[name])
            for name in ("href", "src", "action")
            for node in self.nodes(f"[{name}]")
        ]

    def field(self, name: str) -> LexborNode:
        """By its identifier, which no other has, or else by its name."""
        found = self.nodes(f"main [id={name}][name]") or self.nodes(f"[name={name}]")
        (field,) = found
        return field

    def value(self, name: str) -> str:
        """What stands in a field, as typed."""
        node = self.field(name)
        return node.text() if node.tag == "textarea" else str(node.attributes.get("value") or "")

    def chosen(self, name: str, within: str = "") -> str:
        return next(
            (
                str(node.attributes.get("value") or "")
                for node in self.nodes(f"{within} select[name={name}] option[selected]")
            ),
            "",
        )

    def error(self, name: str) -> str:
        """The error tied to a field, or "" when it has none."""
        node = self.field(name)
        described = str(node.attributes.get("aria-describedby") or "").split()
        errors = [self.text(f"#{name}") for name in described if name.endswith("-error")]
        assert bool(errors) == (node.attributes.get("aria-invalid") == "true")
        return " ".join(errors)

    def label(self, name: str) -> str:
        identifier = self.field(name).attributes["id"]
        return self.text(f"label[for={identifier}]")

    @property
    def forms(self) -> list[Form]:
        return [
            Form(
                action=str(node.attributes.get("action") or ""),
                method=str(node.attributes.get("method") or "get"),
                fields={
                    str(field.attributes["name"]): str(field.attributes.get("value") or "")
                    for field in node.css("input[type=hidden]")
                },
                buttons=tuple(plain(button.text()) for button in node.css("button")),
            )
            for node in self.nodes("main form")
        ]

    def form(self, button: str) -> Form:
        """The form with that button; one that stands there twice does the same."""
        first, *others = [form for form in self.forms if button in form.buttons]
        assert all(form == first for form in others)
        return first
