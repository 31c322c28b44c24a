import pytest
from test_markup_judges import text_of

from moderation.markup import Dialect, render

BOTH = pytest.mark.parametrize("dialect", list(Dialect))
REL = 'rel="nofollow ugc noopener"'
NBSP = "\u00a0"
THIN = "\u202f"


def spip(typed: str) -> str:
    return render(typed, Dialect.SPIP).html


def plain(typed: str) -> str:
    return render(typed, Dialect.PLAIN).html


@BOTH
@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("un", "<p>un</p>"),
        ("un\ndeux", "<p>un<br>deux</p>"),
        ("un\n\ndeux", "<p>un</p>\n<p>deux</p>"),
        ("\n\n un \n \t \n\n\ndeux\n", "<p>un</p>\n<p>deux</p>"),
        ("- un\n- deux", "<ul>\n<li>un</li>\n<li>deux</li>\n</ul>"),
        ("Voici\n- un\n\n- deux\nfin", "<p>Voici</p>\n<ul>\n<li>un</li>\n<li>deux</li>\n</ul>\n<p>fin</p>"),
        ("- un\n  suite", "<ul>\n<li>un<br>suite</li>\n</ul>"),
        (
            "- un\n  - deux\n  - trois\n- quatre",
            "<ul>\n<li>un\n<ul>\n<li>deux</li>\n<li>trois</li>\n</ul></li>\n<li>quatre</li>\n</ul>",
        ),
        ("-5 degrés\n-- x\n- ", "<p>-5 degrés<br>-- x<br>-</p>"),
        (
            "> un\n> deux\n>\n> trois\nfin",
            "<blockquote><p>un<br>deux</p>\n<p>trois</p></blockquote>\n<p>fin</p>",
        ),
        ("> un\n\n> deux", "<blockquote><p>un</p></blockquote>\n<blockquote><p>deux</p></blockquote>"),
        (">> un\n> deux", "<blockquote><blockquote><p>un</p></blockquote>\n<p>deux</p></blockquote>"),
        ("> - un\n> - deux", "<blockquote><ul>\n<li>un</li>\n<li>deux</li>\n</ul></blockquote>"),
        (">", "<p>&gt;</p>"),
        (">:(", "<p>&gt;:(</p>"),
    ],
)
def test_plain_text_has_paragraphs_lists_and_quotes(typed: str, html: str, dialect: Dialect) -> None:
    assert render(typed, dialect).html == html


@BOTH
@pytest.mark.parametrize(
    ("typed", "html"),
    [
        (
            "<b>a <i>b</i></b> <strong>c</strong> <em>d</em>",
            "<p><b>a <i>b</i></b> <strong>c</strong> <em>d</em></p>",
        ),
        (
            "<abbr>a</abbr> <cite>b</cite> <del>c</del> <ins>d</ins> <q>e</q>",
            "<p><abbr>a</abbr> <cite>b</cite> <del>c</del> <ins>d</ins> <q>e</q></p>",
        ),
        ("a<br>b<BR />c<br/>\nd", "<p>a<br>b<br>c<br>d</p>"),
        ("<p>un</p><p>deux</p>", "<p>un</p>\n<p>deux</p>"),
        ("<P>un\n\ndeux</P >trois", "<p>un</p>\n<p>deux</p>\n<p>trois</p>"),
        ("<ul><li>a</li>\n<li><b>b</b></li></ul>", "<ul>\n<li>a</li>\n<li><b>b</b></li>\n</ul>"),
        ("<ol><li>a<ul><li>b</li></ul></li></ol>", "<ol>\n<li>a\n<ul>\n<li>b</li>\n</ul></li>\n</ol>"),
        ("<ul>a<li>b</li></ul>", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("<blockquote>a\n\nb</blockquote>c", "<blockquote><p>a</p>\n<p>b</p></blockquote>\n<p>c</p>"),
        ("<blockquote><p>a</p></blockquote>", "<blockquote><p>a</p></blockquote>"),
        ("<pre>\n a <b>\n\n  c</pre>", "<pre> a &lt;b&gt;\n\n  c</pre>"),
        ("<pre><code>x\n</code></pre>", "<pre><code>x</code></pre>"),
        ("a <code><b> : !</code> b", "<p>a <code>&lt;b&gt; : !</code> b</p>"),
        ("a <code>x\n\n- y</code> b", "<p>a</p>\n<pre><code>x\n\n- y</code></pre>\n<p>b</p>"),
        ("<code>https://a.example/</code>", "<p><code>https://a.example/</code></p>"),
        ("<code> </code><code>", "<p>&lt;code&gt; &lt;/code&gt;&lt;code&gt;</p>"),
    ],
)
def test_safelisted_html_works(typed: str, html: str, dialect: Dialect) -> None:
    assert render(typed, dialect).html == html


@BOTH
@pytest.mark.parametrize(
    "typed",
    [
        "<b>a <i>b</b>",
        "<b>a\n\nb</b>",
        "<blockquote>a",
        "<ul><li>a</li>",
        "a</li></ul>",
        "<li>a</li>",
        "<pre>a",
        "<b class=x>a</b>",
        "<b/>",
        "< b>a</b>",
    ],
)
def test_a_tag_without_its_partner_is_text(typed: str, dialect: Dialect) -> None:
    assert text_of(render(typed, dialect).html).replace("\n", "") in {
        typed.replace("\n", ""),
        # Only the pair that is a pair is taken.
        typed.replace("\n", "").replace("<b>", "").replace("</b>", ""),
    }


def test_the_inner_one_of_two_crossed_pairs_stays_text() -> None:
    assert plain("<b>a<i>b</b>c</i>") == "<p><b>a&lt;i&gt;b</b>c&lt;/i&gt;</p>"


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("{{gras}}", "<p><strong>gras</strong></p>"),
        ("{italique}", "<p><i>italique</i></p>"),
        ("{{gras {et italique}}}", "<p><strong>gras <i>et italique</i></strong></p>"),
        ("{un {{deux}}}", "<p><i>un <strong>deux</strong></i></p>"),
        ("a\n{{{Intertitre}}}\nb", "<p>a</p>\n<p><strong>Intertitre</strong></p>\n<p>b</p>"),
        ("[texte->https://a.example/]", f'<p><a href="https://a.example/" {REL}>texte</a></p>'),
        ("[->https://a.example/x]", f'<p><a href="https://a.example/x" {REL}>https://a.example/x</a></p>'),
        (
            "[{{a}} b -> https://a.example/ ]",
            f'<p><a href="https://a.example/" {REL}><strong>a</strong> b </a></p>',
        ),
        ("[a->mailto:x@a.example]", f'<p><a href="mailto:x@a.example" {REL}>a</a></p>'),
        ("[->mailto:x@a.example]", f'<p><a href="mailto:x@a.example" {REL}>x@a.example</a></p>'),
        (
            '[a|dit "b"->https://a.example/]',
            f'<p><a href="https://a.example/" title="dit &quot;b&quot;" {REL}>a</a></p>',
        ),
        (
            "[a|bulle{fr}->https://a.example/]",
            f'<p><a href="https://a.example/" title="bulle" {REL}>a</a></p>',
        ),
        (
            "[1] [a->https://a.example/?x=1&y=2]",
            f'<p>[1] <a href="https://a.example/?x=1&amp;y=2" {REL}>a</a></p>',
        ),
        (
            "[sic] a->https://a.example/]",
            f'<p>[sic] a-&gt;<a href="https://a.example/" {REL}>https://a.example/</a>]</p>',
        ),
        ("[a->art12] [b->#c]", "<p>[a-&gt;art12] [b-&gt;#c]</p>"),
        ("<quote>a\n\nb</quote>", "<blockquote><p>a</p>\n<p>b</p></blockquote>"),
        (
            "<code>{{x}} [a->https://a.example/]</code>",
            "<p><code>{{x}} [a-&gt;https://a.example/]</code></p>",
        ),
        ("<code>\n{{x}}\n- y\n</code>", "<pre><code>{{x}}\n- y</code></pre>"),
        ("<pre>{{x}}</pre>", "<pre>{{x}}</pre>"),
        ("-* un\n-* deux", "<ul>\n<li>un</li>\n<li>deux</li>\n</ul>"),
        ("-# un\n-# deux", "<ol>\n<li>un</li>\n<li>deux</li>\n</ol>"),
        ("{{a", "<p>{{a</p>"),
        ("a}} b}", "<p>a}} b}</p>"),
        ("{{a}", "<p>{{a}</p>"),
        ("{{a\n\nb}}", "<p>{{a</p>\n<p>b}}</p>"),
        ("{a <b>b}</b>", "<p><i>a &lt;b&gt;b</i>&lt;/b&gt;</p>"),
    ],
)
def test_spip_markup_works(typed: str, html: str) -> None:
    assert spip(typed) == html


@pytest.mark.parametrize("typed", ["{{gras}} {i}", "[texte->#x]", "<quote>a</quote>", "{{{a}}}"])
def test_spip_markup_is_text_elsewhere(typed: str) -> None:
    assert text_of(plain(typed)) == typed


@BOTH
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Vrai ? Oui ! Bon ; voilà : fin", f"Vrai{THIN}? Oui{THIN}! Bon{THIN}; voilà{NBSP}: fin"),
        ("« cité »", f"«{NBSP}cité{NBSP}»"),
        ("quoi ?! (vrai ?) « non ! »", f"quoi{THIN}?! (vrai{THIN}?) «{NBSP}non{THIN}!{NBSP}»"),
        ("vrai? oui! bon; voilà: «x»", "vrai? oui! bon; voilà: «x»"),
        ("à 12:30 :-) ;-) :) ;) :D a :b", "à 12:30 :-) ;-) :) ;) :D a :b"),
        ("a != b ?x=1 !important", "a != b ?x=1 !important"),
        (f"déjà{NBSP}: dur{THIN}!", f"déjà{NBSP}: dur{THIN}!"),
    ],
)
def test_typed_spaces_are_hardened_and_none_is_added(typed: str, shown: str, dialect: Dialect) -> None:
    assert text_of(render(typed, dialect).html) == shown


def test_a_space_is_hardened_beside_a_tag() -> None:
    assert plain("<b>Vrai</b> ? <i>oui</i> :") == f"<p><b>Vrai</b>{THIN}? <i>oui</i>&nbsp;:</p>"


def test_spaces_in_code_and_addresses_are_left_alone() -> None:
    assert plain("<code>a : b ?</code>") == "<p><code>a : b ?</code></p>"


@BOTH
@pytest.mark.parametrize(
    ("typed", "address", "after"),
    [
        ("https://a.example", "https://a.example", ""),
        ("HTTP://A.example/B", "http://A.example/B", ""),
        ("https://a.example/x.", "https://a.example/x", "."),
        ("https://a.example/A_(b)).", "https://a.example/A_(b)", ")."),
        ("https://a.example/x?a=1&b=2, c", "https://a.example/x?a=1&amp;b=2", ", c"),
        ("https://a.example/x»", "https://a.example/x", "»"),
        ("https://a.example/x…", "https://a.example/x", "…"),
        ("https://a.example/?q=1&amp;r=2", "https://a.example/?q=1&amp;r=2", ""),
        ("https://a.example/&lt;x", "https://a.example/", "&lt;x"),
        ("http://a.example:8000/", "http://a.example:8000/", ""),
    ],
)
def test_a_bare_address_becomes_a_link(typed: str, address: str, after: str, dialect: Dialect) -> None:
    html = render(typed, dialect).html
    assert html.startswith(f'<p><a href="{address}" {REL}>')
    assert html.endswith(f"</a>{after}</p>")


@pytest.mark.parametrize(
    "typed",
    ["xhttps://a.example", "https://", "http:// a", "ftp://a.example", "www.a.example", "a@b.example"],
)
def test_what_is_no_address_stays_text(typed: str) -> None:
    assert plain(typed) == f"<p>{typed}</p>"


def test_an_address_inside_a_link_is_its_text() -> None:
    html = plain('<a href="https://a.example/">voir https://a.example/</a>')
    assert html == f'<p><a href="https://a.example/" {REL}>voir https://a.example/</a></p>'


def test_a_long_address_is_shown_short_and_kept_whole() -> None:
    address = "https://a.example/" + "b" * 50
    assert plain(address) == f'<p><a href="{address}" {REL}>https://a.example/{"b" * 41}…</a></p>'


def test_an_address_of_sixty_characters_is_shown_whole() -> None:
    address = "https://a.example/" + "b" * 42
    assert plain(address) == f'<p><a href="{address}" {REL}>{address}</a></p>'


def test_the_host_is_never_cut() -> None:
    host = ".".join(["a" * 30] * 3) + ".example"
    assert plain(f"https://{host}/x").endswith(f">https://{host}…</a></p>")


def test_a_host_in_other_letters_is_shown_as_it_is_sent() -> None:
    assert plain("http://аррӏе.example/") == (
        f'<p><a href="http://аррӏе.example/" {REL}>http://xn--80ak6aa92e.example/</a></p>'
    )


def test_the_title_of_a_link_is_kept() -> None:
    html = plain("<a title='a \"b\" &lt;c' href='https://a.example/'>d</a>")
    assert html == f'<p><a href="https://a.example/" title="a &quot;b&quot; &lt;c" {REL}>d</a></p>'


def test_an_empty_title_is_none() -> None:
    assert (
        plain('<a href="https://a.example/" title="">d</a>')
        == f'<p><a href="https://a.example/" {REL}>d</a></p>'
    )


def test_the_first_of_two_equal_attributes_counts() -> None:
    html = plain('<a href="https://a.example/" href="https://b.example/">c</a>')
    assert html == f'<p><a href="https://a.example/" {REL}>c</a></p>'


@BOTH
def test_nesting_stops_somewhere(dialect: Dialect) -> None:
    deep = render("> " * 40 + "a", dialect).html
    assert deep.count("<blockquote>") == 12
    assert text_of(deep) == "> " * 28 + "a"
    assert render("<b>" * 40 + "a" + "</b>" * 40, dialect).html.count("<b>") == 12
    assert render("<blockquote>" * 40 + "a" + "</blockquote>" * 40, dialect).html.count("<blockquote>") == 12
