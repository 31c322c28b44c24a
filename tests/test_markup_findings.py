import pytest

from moderation.markup import Dialect, render


def found(typed: str) -> list[tuple[str, str]]:
    return [(finding.kind, finding.detail) for finding in render(typed, Dialect.SPIP).findings]


@pytest.mark.parametrize(
    "typed",
    [
        "Bonjour ! « Ça va ? » 1 < 2, a<b, <toto@example.org>, <mon nom>, (a<b && c>d), <b>c</b>, :-)",
        "<code><script>alert(1)</script></code><pre><img src=x></pre>",
        "l’Αθήνα et Москва, 10 kΩ, 5 μm, 3µg",
        "👩\u200d🌾 ❤\ufe0f 1\ufe0f\u20e3 می\u200cخواهم",
    ],
)
def test_an_ordinary_text_has_no_findings(typed: str) -> None:
    assert found(typed) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("<script>x</script>", [("tag_removed", "script")]),
        ("<SCRIPT >", [("tag_removed", "script")]),
        (
            "<img src=x onerror=alert(1)>",
            [("tag_removed", "img"), ("attribute_removed", "src"), ("attribute_removed", "onerror")],
        ),
        ("<svg/onload=alert(1)>", [("tag_removed", "svg"), ("attribute_removed", "onload")]),
        ('<p class="x">y</p>', [("tag_removed", "p"), ("attribute_removed", "class")]),
        ("<b onclick='x'>y</b> <b>z", [("tag_removed", "b"), ("attribute_removed", "onclick")]),
        ('<a href="javascript:x">y</a>', [("tag_removed", "a"), ("attribute_removed", "href")]),
        (
            "<img src=x onerror=alert(1)",
            [("tag_removed", "img"), ("attribute_removed", "src"), ("attribute_removed", "onerror")],
        ),
    ],
)
def test_tags_shown_as_text_are_named(typed: str, expected: list[tuple[str, str]]) -> None:
    assert found(typed) == expected


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://www.Example.org:80/x", "www.example.org"),
        ("[a->https://é.example/]", "xn--9ca.example"),
        ('<a href="http://ÉTÉ.example/">a</a>', "xn--t-9fab.example"),
        ("[a->mailto:x@é.example]", "x@xn--9ca.example"),
        ("http://a。example", "a.example"),
        ("http://ａ.example", "a.example"),
        ("[->https://a.example/www.b.example]", "a.example"),
    ],
)
def test_every_link_comes_with_its_real_host(typed: str, host: str) -> None:
    assert ("link", host) in found(typed)
    assert "misleading_link" not in {kind for kind, _ in found(typed)}


def test_all_links_are_named_once() -> None:
    typed = " ".join(f"https://a{number}.example/" for number in range(100))
    assert found(typed + " " + typed) == [("link", f"a{number}.example") for number in range(100)]


@pytest.mark.parametrize(
    ("typed", "detail"),
    [
        ("[lemonde.fr->https://evil.example/]", "lemonde.fr → evil.example"),
        ("[https://lemonde.fr/x->https://lemonde.fr.evil.example/]", "lemonde.fr → lemonde.fr.evil.example"),
        ("[voir www.lemonde.fr ici->https://lemonde.org/]", "www.lemonde.fr → lemonde.org"),
        ("[lеmonde.fr->https://lemonde.fr/]", "lеmonde.fr → lemonde.fr"),
        ("[{{le}}monde.fr->https://evil.example/]", "lemonde.fr → evil.example"),
        ("[a.example->https://b.a.example.org/]", "a.example → b.a.example.org"),
    ],
)
def test_a_link_whose_text_names_another_host_is_misleading(typed: str, detail: str) -> None:
    assert ("misleading_link", detail) in found(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "[lemonde.fr->https://www.lemonde.fr/x]",
        "[www.lemonde.fr->https://lemonde.fr/x]",
        "[a.example->https://b.a.example/]",
        "[Le Monde, p. ex.->https://evil.example/]",
        "[x@a.example->mailto:x@a.example]",
        "https://a.example/?u=https://b.example/" + "x" * 60,
    ],
)
def test_a_link_that_says_where_it_leads_is_not_misleading(typed: str) -> None:
    assert "misleading_link" not in {kind for kind, _ in found(typed)}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a\u200bb\u200bc\u00ad", [("invisible", "U+00AD ×1, U+200B ×2")]),
        ("a&#x200b;&shy;b", [("invisible", "U+00AD ×1, U+200B ×1")]),
        ("a\u200db", [("invisible", "U+200D ×1")]),
        ("a\U000e0041", [("invisible", "U+E0041 ×1")]),
        ("a\u202eb&#x202e;c\u200f", [("bidi", "U+200F ×1, U+202E ×2")]),
        ("a\x00b&#8;", [("control", "U+0000 ×1, U+0008 ×1")]),
        ("<code>a\u200bb</code>", [("invisible", "U+200B ×1")]),
    ],
)
def test_characters_nobody_sees_are_counted(typed: str, expected: list[tuple[str, str]]) -> None:
    assert found(typed) == expected


@pytest.mark.parametrize("word", ["pаypal", "Ηello", "аdmin", "scοpe"])
def test_a_word_of_several_alphabets_is_found(word: str) -> None:
    assert found(f"avec {word} ici") == [("mixed_scripts", word)]


def test_a_host_of_several_alphabets_is_found() -> None:
    assert ("mixed_scripts", "pаypal") in found("https://www.pаypal.example/")


def test_no_label_of_a_host_is_longer_than_names_can_be() -> None:
    """Nor are they turned into letters that a browser sends, in time that grows with their square."""
    long, short = "\u4e00" * 64, "\u4e00" * 20
    assert "<a " not in render(f"https://{long}.example/", Dialect.SPIP).html
    assert "<a " in render(f"https://{short}.example/", Dialect.SPIP).html
