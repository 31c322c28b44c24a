"""The two ways of writing a site can offer."""

from enum import StrEnum


class Dialect(StrEnum):
    SPIP = "spip"
    PLAIN = "plain"
