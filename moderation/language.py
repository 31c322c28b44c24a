"""The interface's language: its catalogue, its typography, its dates."""

import gettext
import io
import re
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.units import format_unit

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
        return self.finished(self._catalogue.gettext(message))

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        if self.code == "fr":
            # French counts zero and one as one; the catalogue's rule knows that, the empty one does not.
            return french(singular if number < 2 else plural)
        return self._catalogue.ngettext(singular, plural, number)

    def finished(self, text: str) -> str:
        """As the language sets it."""
        return french(text) if self.code == "fr" else text

    @cached_property
    def locale(self) -> str:
        return {"fr": "fr_FR", "en": "en_GB"}[self.code]

    def number(self, number: int) -> str:
        """« 10 000 », “10,000”."""
        grouped = f"{number:,}"
        return grouped.replace(",", NARROW) if self.code == "fr" else grouped

    def month(self, first: date) -> str:
        """« mars 2026 »."""
        return format_date(first, "LLLL y", locale=self.locale)

    def date(self, moment: datetime | date) -> str:
        """« 6 mai 2019 », « 1er juillet 2020 »."""
        day = moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment
        return _day(day, self.locale)

    def moment(self, moment: datetime) -> str:
        """« 6 mai 2019 à 14 h 05 »."""
        local = moment.astimezone(self.zone)
        if self.code == "fr":
            return f"{self.date(moment)} à {local.hour}{NBSP}h{NBSP}{local.minute:02}"
        return f"{self.date(moment)} at {format_time(local, 'HH:mm', locale=self.locale)}"

    def at_most(self, lasted: timedelta) -> str:
        """The least whole number of minutes, hours or days that is as long: « 2 minutes », « 5 heures »."""
        minutes = max(1, -(-int(lasted.total_seconds()) // 60))
        size, unit = next(
            (size, unit)
            for size, unit in ((1440, "day"), (60, "hour"), (1, "minute"))
            if minutes > size or size == 1
        )
        return format_unit(-(-minutes // size), f"duration-{unit}", "long", locale=self.locale)

    def clock(self, moment: datetime) -> str:
        """« 14 h 5 min 9 s », to the second."""
        local = moment.astimezone(self.zone)
        if self.code == "fr":
            return f"{local.hour}{NBSP}h{NBSP}{local.minute}{NBSP}min{NBSP}{local.second}{NBSP}s"
        return f"{local:%H:%M:%S}"

    def short_date(self, moment: datetime) -> str:
        """« 6 mai », « 1er juill. »."""
        day = moment.astimezone(self.zone).date()
        return _first(format_date(day, "d MMM", locale=self.locale), day, self.locale)

    def age(self, lasted: timedelta) -> str:
        """« 3 jours », « 1 heure »: whole ones, of the largest unit there are two of."""
        minutes = max(1, int(lasted.total_seconds()) // 60)
        number, unit = next(
            (minutes // size, unit)
            for size, unit in ((1440, "day"), (60, "hour"), (1, "minute"))
            if minutes >= 2 * size or size == 1
        )
        return format_unit(number, f"duration-{unit}", "long", locale=self.locale)

    def span(self, lasted: timedelta) -> str:
        """« 42 min », « 5 h 20 min », « 3 j 4 h »: for tables and beside lines."""
        minutes = int(lasted.total_seconds()) // 60
        hours, days = minutes // 60, minutes // 1440
        parts = [(minutes, "min")]
        if days:
            parts = [(days, {"fr": "j", "en": "d"}[self.code]), (hours % 24, "h")]
        elif hours:
            parts = [(hours, "h"), (minutes % 60, "min")]
        return NBSP.join(f"{number}{NBSP}{unit}" for number, unit in parts if number or len(parts) == 1)


@lru_cache(maxsize=1024)  # a page names the same few days a hundred times
def _day(day: date, locale: str) -> str:
    return _first(format_date(day, "d MMMM y", locale=locale), day, locale)


def _first(text: str, day: date, locale: str) -> str:
    """The first of a month is said so in French."""
    return f"1er{text[1:]}" if locale == "fr_FR" and day.day == 1 else text


def _catalogue(code: str) -> gettext.GNUTranslations:
    """Read from its text form, so that no compiled file has to be kept in step."""
    with (resources.PACKAGE / "locales" / f"{code}.po").open("rb") as source:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
