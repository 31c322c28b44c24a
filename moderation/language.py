"""The interface's language: its catalogue, its typography, its dates."""

import gettext
import io
import re
from datetime import date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from moderation import resources

NBSP, NARROW = "\u00a0", "\u202f"
_HIGH = re.compile(r" (?=[;!?])")
_COLON = re.compile(r" (?=:)")
_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_OPENING = re.compile(r"«[ \u00a0\u202f]*")
_CLOSING = re.compile(r"[ \u00a0\u202f]*»")


@lru_cache(maxsize=1024)  # a page says « Anonyme » a hundred times
def french(text: str) -> str:
    """Hardens the spaces French typography asks for; our strings are written with ordinary ones."""
    text = _HIGH.sub(NARROW, text)
    text = _THOUSANDS.sub(NARROW, _COLON.sub(NBSP, text))
    return _CLOSING.sub(f"{NBSP}»", _OPENING.sub(f"«{NBSP}", text))


class Language:
    """Strings are written in French; another language is a catalogue of it."""

    def __init__(self, code: str, timezone: str) -> None:
        self.code = code
        self.zone = ZoneInfo(timezone)
        self._catalogue = gettext.NullTranslations() if code == "fr" else _catalogue(code)

    def gettext(self, message: str) -> str:
        return self._finished(self._catalogue.gettext(message))

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        if self.code == "fr":
            # French counts zero and one as one; the catalogue's rule knows that, the empty one does not.
            return french(singular if number < 2 else plural)
        return self._catalogue.ngettext(singular, plural, number)

    def _finished(self, text: str) -> str:
        return french(text) if self.code == "fr" else text

    @cached_property
    def locale(self) -> str:
        return {"fr": "fr_FR", "en": "en_GB"}[self.code]

    def number(self, number: int) -> str:
        """« 10 000 », “10,000”."""
        grouped = f"{number:,}"
        return grouped.replace(",", NARROW) if self.code == "fr" else grouped

    def date(self, moment: datetime) -> str:
        """« 6 mai 2019 », « 1er juillet 2020 »."""
        return _day(moment.astimezone(self.zone).date(), self.locale)

    def moment(self, moment: datetime) -> str:
        """« 6 mai 2019 à 14 h 05 »."""
        local = moment.astimezone(self.zone)
        if self.code == "fr":
            return f"{self.date(moment)} à {local.hour}{NBSP}h{NBSP}{local.minute:02}"
        return f"{self.date(moment)} at {format_time(local, 'HH:mm', locale=self.locale)}"


@lru_cache(maxsize=1024)  # a page names the same few days a hundred times
def _day(day: date, locale: str) -> str:
    text = format_date(day, "d MMMM y", locale=locale)
    return f"1er{text[1:]}" if locale == "fr_FR" and day.day == 1 else text


def _catalogue(code: str) -> gettext.GNUTranslations:
    """Read from its text form, so that no compiled file has to be kept in step."""
    with (resources.PACKAGE / "locales" / f"{code}.po").open("rb") as source:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
