"""The pages every foot leads to, « Mentions légales » and « Contact », as who administers writes them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from moderation import prose, resources
from moderation.database import in_turn
from moderation.models.public import SitePage
from moderation.settings import Settings

# Characters.
LONGEST = 20_000


class Name(StrEnum):
    LEGAL = "legal"
    CONTACT = "contact"


@dataclass(frozen=True)
class Page:
    name: Name
    source: str
    html: str
    # Empty as long as nobody has written another than the one a site begins with.
    written_at: datetime | None


class Unusable(Exception):
    """What was written is `empty` or too `long`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read(session: Session, name: Name, settings: Settings) -> Page:
    row = session.get(SitePage, name)
    if row is not None:
        return Page(name, row.source, row.html, row.written_at)
    source = _starting(name, settings)
    return Page(name, source, prose.rendered(source), None)


def rendered(typed: str) -> tuple[str, str]:
    """The source as it is kept, and its HTML, made before any writing. Raises Unusable."""
    source = typed.replace("\r\n", "\n").replace("\0", "").strip()
    if not source:
        raise Unusable("empty")
    if len(source) > LONGEST:
        raise Unusable("long")
    return source, prose.rendered(source)


def write(session: Session, name: Name, source: str, html: str, now: datetime) -> None:
    in_turn(session, "site page", name)
    row = session.get(SitePage, name) or SitePage(name=name, source="", html="", written_at=now)
    row.source, row.html, row.written_at = source, html, now
    session.add(row)


def _starting(name: Name, settings: Settings) -> str:
    """What a site begins with: what it knows of itself, and in brackets what is to be filled in."""
    path = resources.PACKAGE / "locales" / f"{name}.{settings.language}.md"
    unknown = {"fr": "[adresse électronique à indiquer]", "en": "[e-mail address to be given]"}
    known = {
        "site_name": settings.site_name,
        "site_url": settings.site_url,
        "contact": f"<{settings.contact}>" if settings.contact else unknown[settings.language],
    }
    text = path.read_text(encoding="utf-8").replace("](/", f"]({settings.path}/")
    for word, said in known.items():
        text = text.replace(f"{{{word}}}", said)
    return text.strip()
