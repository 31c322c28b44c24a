import ast
import json
import logging
import sys
import threading
from pathlib import Path

import pytest
from test_markup_judges import comment_faults, elements_of, text_of

import moderation
from moderation.markup import MAX_CHARACTERS, Dialect, Finding, Refused, Rendered, render, sanitise, trusted

BOTH = pytest.mark.parametrize("dialect", list(Dialect))

# Written for this project after the advisories that each id names.
HOSTILE = {
    # bleach
    "CVE-2018-7753 references in the scheme": '<a href="&#106;&#97;vascript&colon;alert(1)">x</a>',
    "CVE-2018-7753 hexadecimal": '<a href="&#x6a;avascript:alert(1)">x</a>',
    "CVE-2020-6802 noscript": "<noscript><style></noscript><img src=x onerror=alert(1)>",
    "CVE-2020-6802 textarea": "<noscript><textarea></noscript><svg onload=alert(1)></textarea>",
    "CVE-2020-6816 svg": '<svg><p></p><style><a title="</style><img src onerror=alert(1)>">',
    "CVE-2020-6816 math": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img&gt;'>",
    "CVE-2020-6817 style": '<b style="' + "a" * 2000 + ': expression(alert(1))">x</b>',
    "CVE-2021-23980 comment": "<svg></p><title><!--</title><img src=x onerror=alert(1)>-->",
    "CVE-2021-23980 br": "<math></br><style><!--</style><img src=x onerror=alert(1)>--></style></math>",
    "GHSA-8rfp zero-width space in the scheme": '<a href="java\u200bscript:alert(1)">x</a>',
    "GHSA-gj48 formaction": '<button formaction="javascript:alert(1)">x</button>',
    "digits after the scheme": '<a href="javascript:123">x</a>',
    "digits after the scheme, full width": '<a href="javascript:`ＨＡＣＫ 1`">x</a>',
    "a premium number": '<a href="tel:0899123456">x</a> <a href="sms:81073">y</a>',
    "data and digits": '<a href="data:1">x</a> <a href="x-foo:0">y</a> <a href="&#1;javascript:1">z</a>',
    "a reference of 4301 digits": '<a href="&#' + "1" * 4301 + ';">x</a>',
    "a reference of 4301 digits in text": "&#" + "1" * 4301 + ";",
    # others
    "CVE-2026-93485 blank line in an attribute": '<a href="https://example.org" title="a\n\nonclick=b">x</a>',
    "CVE-2026-93485 blank line in a tag": '<a\n\nhref="https://example.org"\n\ntitle="x">y</a>',
    "CVE-2026-93485 list in an attribute": '<a title="\n- a\n> b" href="https://example.org/">x</a>',
    "CVE-2026-93485 blank line in a comment": "<!-- a\n\n<img src=x onerror=alert(1)>\n\n-->",
    "CVE-2026-93485 blank line in pre": "<pre>\n\na\n\n<img src=x onerror=alert(1)></pre>",
    "CVE-2026-93485 blank line in cite": '<blockquote cite="\n\n onmouseover=alert(1) ">x</blockquote>',
    "CVE-2024-34078 full width": "＜script＞alert(1)＜/script＞ ﹤img src=x onerror=alert(1)﹥",
    "RUSTSEC-2021-0074 namespaces": "<svg><desc><b><p><style><iframe src=x:y></style></desc></svg>",
    "CVE-2026-44990 xmp": "<xmp></xmp><img src=x onerror=alert(1)></xmp>",
    "CVE-2024-45801 nesting": "<b>" * 190 + "x" + "</b>" * 190 + "<svg onload=alert(1)>",
    "CVE-2019-9787 quotes in a title": "<a href='https://example.org/' title='x\" onclick=z id=\"'>y</a>",
    "CVE-2019-9787 quoted quotes": '<a href="https://example.org/" title="x&quot; onclick=&quot;z">y</a>',
    "CVE-2023-36462 hidden target": '<a href="https://evil.example/">https://bank.example/</a>',
    "GHSA-rr9w javascript address": "[x->javascript:alert(document.domain)] [x->JaVaScRiPt:1]",
    "GHSA-rr9w quotes in an address": "https://example.org/\"onmouseover=alert(1)// https://example.org/'x'",
    "CVE-2021-32052 newline in an address": '<a href="https://example.org/\r\nX: y\t">x</a>',
    "CVE-2021-32052 newline as reference": '<a href="java&#10;script:alert(1)">x</a> [x->java&Tab;script:1]',
    "long s and kelvin": '<a href="javaſcript:alert(1)">x</a> <ſcript>alert(1)</ſcript> <lin\u212a>',
    "user before the host": '<a href="https://bank.example@evil.example/">x</a> https://bank.example@evil.example/',
    "backslashes": '<a href="https:\\\\evil.example">x</a> [x->\\\\evil.example] [x->//evil.example]',
    "relative addresses": '<a href="/admin">x</a> <a href="?q">y</a> <a href="#z">z</a> [x->../x]',
    "a host that folds into another": "https://evil.example／bank.example/ https://℀.example/ [x->http://a．b]",
    "hosts that cannot be": "http://472.314.470.462/ http://a:99999/ http://xn--a/ http://[::1]/ http://.a http://a..b",
    "links in links": '<a href="https://a.example/">x <a href="https://b.example/">y</a> z</a>',
    "crossed tags": "<b><i>x</b></i> {{a {b}} c} <quote><b></quote></b> <ul><b><li></b></li></ul>",
    "controls": "a\x00b\x08c\x1bd\x7fe\x9ff <scr\x00ipt>alert(1)</script>",
    "controls as references": "&#0;&#8;&#x1b;&#14;&#x202e;&#xd800;&#xffff;&#x110000;&#13;<a title='&#8;' href='http://a.example'>b</a>",
    "half characters": "\ud800 \udfff a\udc00",
    "one reference in another": "&#x2\u202e02e;&#x2&#x202e;02e;",
    "unfinished": '<a href="https://example.org/',
    "code that ends code": "<code></pre></code></code><script>alert(1)</script>",
    "a link around a block": '<a href="https://example.org/"><blockquote>x</blockquote></a>',
    "everything at once": '{{[<b>->https://a.example/"><script>alert(1)</script>]}}</b>\n> <ul><li>{</ul>}',
}


@BOTH
@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_does_nothing_for_two_parsers(payload: str, dialect: Dialect) -> None:
    rendered = render(payload, dialect)
    assert comment_faults(rendered.html) == []
    assert "unverified" not in {finding.kind for finding in rendered.findings}


@BOTH
@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_the_kept_source_renders_the_same_again(payload: str, dialect: Dialect) -> None:
    rendered = render(payload, dialect)
    again = render(rendered.source, dialect)
    assert (again.source, again.html) == (rendered.source, rendered.html)


@BOTH
@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_sanitising_what_is_kept_changes_nothing(payload: str, dialect: Dialect) -> None:
    html = render(payload, dialect).html
    assert sanitise.comment(html) == html


@pytest.mark.parametrize(
    "payload",
    [
        "javascript:123",
        "tel:0899123456",
        "data:1",
        "//evil.example",
        "/admin",
        "https://a@b.example/",
        "ftp://a.b",
    ],
)
def test_a_link_to_anything_but_a_web_or_mail_address_is_text(payload: str) -> None:
    typed = f'<a href="{payload}">x</a>'
    html = render(typed, Dialect.SPIP).html
    assert not [
        element for element in elements_of(html) if element.name == "a" and element.children == ("x",)
    ]
    assert text_of(html) == typed


# Fidelity: as read by a parser, the text is what was typed.
AS_TYPED = [
    "a<b",
    "x <toto@example.org> y",
    "<https://example.org>",
    "if (a<b && c>d)",
    "<script>alert(1)</script>",
    "1 < 2, <3",
    "<!-- x -->",
    "<img src=x onerror=alert(1)>",
    "a & b &copy 2019 &unknown; &#1",
    "<b>y",
    "y</b>",
    '<p class="x">y</p>',
    "{} {{}} }} {{ [sic] [[note]] a -> b] f(x) { }",
    "[x->art12] [->]",
    "<a href='https://example.org'> </a>",
    "<ul></ul> <blockquote> </blockquote> <li>x</li>",
    "C:\\temp\\new | a|b",
    "＜script＞",
    "https://example.org/?a=1&copy=2&lt=3&section=4",
]


@BOTH
@pytest.mark.parametrize("typed", AS_TYPED)
def test_text_that_looks_like_a_tag_is_kept(typed: str, dialect: Dialect) -> None:
    assert text_of(render(typed, dialect).html) == typed


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("&eacute; &nbsp;x", "<p>é &nbsp;x</p>"),
        ("&amp;lt;", "<p>&amp;lt;</p>"),
        ("&amp;amp;eacute;", "<p>&amp;amp;eacute;</p>"),
        ("&lt;b&gt;", "<p>&lt;b&gt;</p>"),
        ("<code>&amp;lt;</code>", "<p><code>&amp;lt;</code></p>"),
        ("&#8217;&#x2019;&#146;", "<p>’’’</p>"),
        ("a\r\nb\rc\x85d\u2028e", "<p>a<br>b<br>c<br>d<br>e</p>"),
        ("a\x00b\x1bc", "<p>a\ufffdb\ufffdc</p>"),
        ("a&#0;b&#13;c", "<p>a\ufffdb<br>c</p>"),
        ("a\ud800b", "<p>a\ufffdb</p>"),
        ("a\u202eb\u2066c\U000e0041d", "<p>abcd</p>"),
        ("a&#x202e;b", "<p>a\ufffdb</p>"),
        ("e\u0301", "<p>é</p>"),
        ("&#" + "9" * 9 + ";", "<p>\ufffd</p>"),
    ],
)
def test_each_character_is_read_once(typed: str, html: str) -> None:
    assert render(typed, Dialect.PLAIN).html == html


def test_the_kept_source_is_what_was_typed() -> None:
    typed = "{{Bonjour}}  <b>x\n\n\t<script>&eacute; « x »"
    assert render(typed, Dialect.SPIP).source == typed


@pytest.mark.parametrize(
    "typed",
    ["", " \n\t\u00a0", "\u200b\u2060\u3164", "&nbsp;&#8203;", "\u202e", "<br>", "<b></b>", "<p></p>"],
)
def test_a_text_in_which_nothing_can_be_seen_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        render(typed, Dialect.PLAIN)
    assert refused.value.reason == "empty"


@BOTH
@pytest.mark.parametrize("character", ["a", "é", "𝕏", "\n"])
def test_a_text_one_character_too_long_is_refused_whole(character: str, dialect: Dialect) -> None:
    assert render("x" + character * (MAX_CHARACTERS - 1), dialect).html
    with pytest.raises(Refused) as refused:
        render("x" + character * MAX_CHARACTERS, dialect)
    assert (refused.value.reason, refused.value.limit, refused.value.found) == ("too_long", 10_000, 10_001)


@pytest.mark.parametrize("size", [65_535, 65_536, 70_000, 1_000_000])
def test_a_very_long_text_is_refused_and_never_cut(size: int) -> None:
    with pytest.raises(Refused) as refused:
        render("𝕏" * size, Dialect.PLAIN)
    assert refused.value.found == size


def test_a_newline_counts_once_however_it_is_sent() -> None:
    typed = "x" + "\r\n" * (MAX_CHARACTERS - 2) + "y"
    assert render(typed, Dialect.PLAIN).html == "<p>x</p>\n<p>y</p>"


def test_a_character_that_grows_in_its_one_spelling_cannot_pass_the_limit() -> None:
    with pytest.raises(Refused) as refused:
        render("\u0344" * 6_000, Dialect.PLAIN)
    assert (refused.value.reason, refused.value.found) == ("too_long", 12_000)


def test_more_than_400_tags_are_refused() -> None:
    assert render("<3" * 400, Dialect.PLAIN).html
    with pytest.raises(Refused) as refused:
        render("<3" * 401, Dialect.PLAIN)
    assert (refused.value.reason, refused.value.limit, refused.value.found) == ("too_many_tags", 400, 401)


@pytest.mark.parametrize(
    "result",
    [
        "<p><script>alert(1)</script></p>",
        '<p><a href="https://a@b/" rel="nofollow ugc noopener">x</a></p>',
        "<p>x",
        "<p>a\u202eb</p>",
    ],
)
def test_what_fails_the_last_check_is_kept_as_text_and_flagged(
    result: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sanitise, "comment", lambda _document: result)
    rendered = render("<b>Secret</b>\nsuite\n\n\n&eacute;", Dialect.PLAIN)
    assert rendered.html == "<p>&lt;b&gt;Secret&lt;/b&gt;<br>suite</p>\n<p>&amp;eacute;</p>"
    assert rendered.findings[-1] == Finding("unverified", "")
    assert caplog.records[0].levelno == logging.WARNING
    assert "Secret" not in caplog.text


def test_a_library_that_raises_costs_the_markup_and_not_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_document: str) -> str:
        raise ValueError

    monkeypatch.setattr(sanitise, "comment", crash)
    rendered = render("un\n\ndeux", Dialect.PLAIN)
    assert rendered.html == "<p>un</p>\n<p>deux</p>"
    assert rendered.findings == (Finding("unverified", ""),)


def test_html_that_does_not_settle_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanitise, "_cleaned", lambda document, _policy: document + "x")
    assert render("a", Dialect.PLAIN).findings == (Finding("unverified", ""),)


def test_html_that_settles_in_two_rounds_is_kept() -> None:
    assert sanitise.comment("<pre>\n\na</pre>") == "<pre>a</pre>"


def test_trusted_html_is_not_escaped_again() -> None:
    assert trusted("<p>x</p>").__html__() == "<p>x</p>"


def test_eight_threads_rendering_at_once_give_what_one_gives() -> None:
    def texts(word: str) -> list[str]:
        return [
            f"Bonjour {word}{number} !\n\n- {{{{{word}}}}} <b>{word}</b>\n> [{word}->https://{word}.example/?{number}]"
            for number in range(25)
        ]

    words = [f"secret{letter}" for letter in "abcdefgh"]
    expected = {word: [render(text, Dialect.SPIP) for text in texts(word)] for word in words}
    found: dict[str, list[Rendered]] = {}
    start = threading.Barrier(len(words))

    def work(word: str) -> None:
        start.wait()
        found[word] = [render(text, Dialect.SPIP) for text in texts(word)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(word,)) for word in words]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == expected
    for word in words:
        others = [other for other in words if other != word]
        assert not [html for html in found[word] if any(other in html.html for other in others)]


def test_findings_can_be_kept_as_json() -> None:
    found = render("<script> https://é.example \u202e", Dialect.PLAIN).findings
    assert json.loads(json.dumps([[finding.kind, finding.detail] for finding in found])) == [
        ["tag_removed", "script"],
        ["link", "xn--9ca.example"],
        ["bidi", "U+202E ×1"],
    ]


def test_nothing_else_imports_the_sanitisers_or_marks_html_as_safe() -> None:
    package = Path(moderation.__file__).parent
    guilty = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (
            isinstance(node, ast.Import)
            and any(name.name.split(".")[0] in {"bleach", "nh3"} for name in node.names)
        )
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"bleach", "nh3"})
    }
    assert guilty == {"markup/sanitise.py"}
    marking = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "Markup(" in path.read_text("utf-8")
    }
    assert marking == {"markup/rendering.py"}
