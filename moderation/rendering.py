"""The Jinja environment: pages are escaped, undefined names refused, strings go through the catalogue."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from moderation import identifiers, resources, sheets, shortcuts, words
from moderation.language import Language
from moderation.settings import Settings
from moderation.wording import Wording

STATIC = resources.PACKAGE / "web" / "static"


def environment(settings: Settings, language: Language, wording: Wording) -> Environment:
    env = Environment(
        loader=FileSystemLoader(resources.folder("templates")),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["site"] = settings
    env.globals["lang"] = language.code
    env.globals["root"] = settings.path
    # Before each identifier of a form.
    env.globals["prefix"] = ""
    env.globals["mails"] = settings.smtp_url is not None
    env.globals["asset"] = _assets(settings.path)
    env.globals["label"] = words.Labels(language, wording)
    env.globals["reasons"] = wording
    env.globals["reason_keys"] = shortcuts.REASON_KEYS
    env.globals["other_key"] = shortcuts.OTHER_KEY
    env.filters["date"] = language.date
    env.filters["moment"] = language.moment
    env.filters["short_date"] = language.short_date
    env.filters["month"] = language.month
    env.filters["atmost"] = language.at_most
    env.filters["clock"] = language.clock
    env.filters["age"] = language.age
    env.filters["span"] = language.span
    env.filters["row"] = partial(sheets.row, language=language.code)
    env.filters["number"] = language.number
    env.filters["isoformat"] = datetime.isoformat
    env.filters["grouped"] = identifiers.grouped
    env.filters["contribution"] = _contribution(env)
    return env


def abroad(env: Environment, settings: Settings) -> Environment:
    """The same for what other sites show: every address and every identifier in it says whose it is."""
    found = env.overlay()
    found.globals = {**env.globals, "root": settings.site_url, "prefix": "moderation-"}
    found.filters = {**env.filters, "contribution": _contribution(found)}
    return found


def _contribution(env: Environment) -> Callable[[Any, bool], str]:
    """The same on every page and in every answer, and a page has a hundred: each is made once."""

    @lru_cache(maxsize=1000)
    def contribution(item: Any, is_open: bool) -> str:
        made: str = env.get_template("_parts.html").module.contribution(item, is_open)  # type: ignore[attr-defined]
        return made

    return contribution


def _assets(path: str) -> dict[str, str]:
    """Each file's address, with a part that changes with its content, so that it may be kept for ever."""
    return {file.name: f"{path}/static/{file.name}?v={_digest([file])}" for file in STATIC.iterdir()}


def fingerprint(settings: Settings) -> str:
    """Changes when anything but the data changes what a public page looks like."""
    spoken = [resources.PACKAGE / "words.py", *(resources.PACKAGE / "locales").glob("*.po")]
    files = [
        *sorted(resources.folder("templates").rglob("*.html")),
        *sorted(resources.folder("templates").glob("*.atom")),
        *sorted(resources.folder("templates").glob("*.xml")),
        *sorted(STATIC.iterdir()),
        *sorted(spoken),
    ]
    shown = settings.model_dump_json(
        include={"site_url", "site_name", "slogan", "language", "timezone", "notice", "required", "contact"}
    )
    mails = settings.smtp_url is not None
    return hashlib.sha256(f"{version('moderation')}{shown}{mails}{_digest(files)}".encode()).hexdigest()[:10]


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:10]
