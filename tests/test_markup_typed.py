import pytest
from growth import assert_grows_gently
from hypothesis import given
from test_markup_properties import DIALECTS, EXAMPLES, TEXTS

from moderation.markup import Dialect, Piece, Refused, render, typed


def pieces(text: str) -> list[Piece]:
    rendered = render(text, Dialect.SPIP)
    return list(typed(rendered.source, rendered.struck, rendered.html))


def unseen(text: str) -> list[tuple[str, str]]:
    return [(piece.text, piece.unseen) for piece in pieces(text) if piece.unseen]


def lost(text: str) -> list[str]:
    return [piece.text for piece in pieces(text) if not piece.shown]


def test_what_was_taken_out_is_named_where_it_stood() -> None:
    assert pieces("a\u202eb\u202cc") == [
        Piece("a"),
        Piece("U+202E", unseen="bidi"),
        Piece("b"),
        Piece("U+202C", unseen="bidi"),
        Piece("c"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p\u200bont", [("U+200B", "invisible")]),
        ("pont\u00ad neuf", [("U+00AD", "invisible")]),
        ("a\x00b", [("U+0000", "control")]),
        ("a&#x202e;b", [("U+202E", "bidi")]),
        ("a\U000e0041b", [("U+E0041", "invisible")]),
        ("a\ud800b", [("U+D800", "control")]),
        ("👩\u200d🌾 et می\u200cخواهم", []),
    ],
)
def test_what_no_eye_can_see_is_named(text: str, expected: list[tuple[str, str]]) -> None:
    assert unseen(text) == expected


def test_a_sign_put_in_the_place_of_a_broken_one_is_not_shown_beside_its_name() -> None:
    assert "".join(piece.text for piece in pieces("a\x00b&#7;c")) == "aU+0000bU+0007c"


def test_places_stay_right_when_letters_are_spelled_otherwise() -> None:
    assert "".join(piece.text for piece in pieces("e\u0301e\u0301\u202ex &#13;&#x202e;y")) == (
        "ééU+202Ex \nU+202Ey"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rien du tout", []),
        ("{{gras}} et [lien->https://a.example/x]", ["{{", "}}", "[", "->https://a.example/x]"]),
        ("Bon{{jour}}", ["{{", "}}"]),
        ("<b>gras</b> <script>x</script>", ["<b>", "</b>"]),
        ("- un\n- deux", ["-", "-"]),
        ('<a href="https://a.example/">ici</a>.', ['<a href="https://a.example/">', "</a>"]),
    ],
)
def test_what_readers_are_not_shown_is_marked(text: str, expected: list[str]) -> None:
    assert lost(text) == expected


def test_an_address_that_is_cut_parts_nothing_behind_it() -> None:
    address = "https://été.example/" + "chemin/" * 12 + "fin"
    assert lost(f"Voir {address}, n’est-ce pas ? {{{{Oui}}}}, bien sûr.") == [address, "{{", "}}"]


@EXAMPLES
@given(TEXTS, DIALECTS)
def test_every_character_of_the_source_is_in_a_piece(text: str, dialect: Dialect) -> None:
    try:
        rendered = render(text, dialect)
    except Refused:
        return
    found = typed(rendered.source, rendered.struck, rendered.html)
    written = [chr(int(piece.text.replace("U+", "0x"), 0)) if piece.unseen else piece.text for piece in found]
    # What was refused left nothing, or one sign.
    refused = {chr(code) for _, code in rendered.struck}
    kept = [one for one in "".join(written) if one not in refused and one != "\ufffd"]
    assert kept == [one for one in rendered.source if one != "\ufffd"]
    assert sum(1 for piece in found if piece.unseen) >= len(rendered.struck)


@pytest.mark.parametrize("repeated", ["a ", "{{a}}", "\u202ea", "<b", "é"])
def test_twice_the_text_takes_at_most_three_times_the_time(repeated: str) -> None:
    shown = {}
    for size in (5_000, 10_000):
        text = ("<b" * 200 + repeated * size)[:size] if repeated != "<b" else ("<b" * 400).ljust(size, "x")
        shown[text] = render(text, Dialect.SPIP)
    small, large = shown
    assert_grows_gently(
        small, large, lambda text: list(typed(shown[text].source, shown[text].struck, shown[text].html))
    )


@pytest.mark.parametrize(
    "text",
    [
        "<b onclick=x>gras</b> et <iframe src='http://a.example'></iframe>, fin",
        "<a href='http://x.example/y' onclick=z>lien</a>",
        "(http://a.example/) « http://b.example/é » http://c.example/,",
    ],
)
def test_what_readers_are_shown_as_text_is_not_said_to_be_hidden(text: str) -> None:
    assert lost(text) == []
