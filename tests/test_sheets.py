import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_markup_corpora import corpora, strings

from moderation import sheets


def read(line: str, separator: str = ";") -> list[str]:
    (cells,) = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
    return cells


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1+1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1",
        "\u00a0=1+1",
        "\ufeff=1+1",
        "\u200b=1+1",
        "＝1+1",
        "＋1+1",
        "－1+1",
        "＠SUM(1)",
    ],
)
def test_what_begins_like_a_formula_begins_with_an_apostrophe(typed: str) -> None:
    (cell,) = read(sheets.row([typed], "fr"))
    assert cell.startswith("'")


def test_no_payload_that_is_known_survives() -> None:
    folder = corpora()
    if folder is None:
        pytest.skip("shared/data is not there")
    payloads = list(strings(json.loads((folder / "csv_formula.json").read_text(encoding="utf-8"))))
    assert len(payloads) > 30
    for typed in payloads:
        (cell,) = read(sheets.row([typed], "fr"))
        assert not cell.startswith(sheets.FORMULA), typed


@given(st.text())
def test_no_cell_is_a_formula_and_no_text_is_two_cells(typed: str) -> None:
    line = sheets.row([typed, 7], "fr")
    assert not set(line) & set("\t\r\n")
    cell, number = read(line)
    assert number == "7"
    assert not cell.startswith(sheets.FORMULA)


@pytest.mark.parametrize("typed", ["Ville", "Ville ; et campagne", "L’« été » – 5 = 5", '"Ville"', "a, b"])
def test_what_is_no_formula_is_left_as_it_is(typed: str) -> None:
    assert read(sheets.row([typed], "fr")) == [typed]
    assert read(sheets.row([typed], "en"), ",") == [typed]


def test_cells_are_apart_as_spreadsheets_of_the_language_have_it() -> None:
    assert sheets.row(["a", 1], "fr") == '"a";1'
    assert sheets.row(["a", 1], "en") == '"a",1'


@pytest.mark.parametrize(("language", "other"), [("fr", ","), ("en", ";"), ("fr", "\t")])
def test_no_cell_is_two_for_a_spreadsheet_that_expects_another_sign(language: str, other: str) -> None:
    line = sheets.row([f"Ville{other}=1+1", "b"], language)
    assert not any(cell.startswith(sheets.FORMULA) for cell in read(line, other))
