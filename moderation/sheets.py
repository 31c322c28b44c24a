"""Rows for a spreadsheet, in which no cell of text is ever taken for a formula."""

import csv
import io
import unicodedata
from collections.abc import Iterable

# What a spreadsheet looks at, and those it takes for the same.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
# Spreadsheets expect the sign of their own language: in French the comma belongs to numbers. The mark tells
# them that this is UTF-8: without it Excel guesses otherwise, and takes « é » for two other letters.
SEPARATOR = {"fr": ";", "en": ","}
MARK = "\ufeff"


def row(cells: Iterable[str | int], language: str) -> str:
    """One line, without its end; each text in quotes, for a spreadsheet that expects another sign."""
    line = io.StringIO()
    csv.writer(line, delimiter=SEPARATOR[language], lineterminator="", quoting=csv.QUOTE_NONNUMERIC).writerow(
        [_safe(cell) for cell in cells]
    )
    return line.getvalue()


def _safe(cell: str | int) -> str | int:
    """On one line, without what cannot be seen, and after an apostrophe where it begins like a formula."""
    if isinstance(cell, int):
        return cell
    visible = "".join(" " if unicodedata.category(sign) in {"Cc", "Cf"} else sign for sign in cell)
    text = " ".join(visible.split())
    return f"'{text}" if text.startswith(FORMULA) else text
