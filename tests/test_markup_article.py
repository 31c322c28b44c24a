import pytest
from test_markup import HOSTILE
from test_markup_judges import article_faults, elements_of

from moderation.markup import article, render_article, sanitise


@pytest.mark.parametrize(
    "body",
    [
        '<h2>Titre</h2>\n<p>Un <a href="/x#y" title="z" id="n1">lien</a> <sup>1</sup></p>',
        "<p><sub>2</sub> <small>x</small></p>",
        '<figure><img src="/i.png" alt="Ici" width="3" height="4"><figcaption>Légende</figcaption></figure>',
        "<table><caption>c</caption><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "<dl><dt>a</dt><dd>b</dd></dl><hr><h3>c</h3><h4>d</h4>",
        '<p><a href="https://a.org/">a</a> <a href="b.html">b</a> <a href="?q=1">c</a></p><a href="#d">d</a>',
        "<pre><code>x\n\ny</code></pre><blockquote><p>a<br>b</p></blockquote><ul><li>c</li></ul>",
    ],
)
def test_an_article_keeps_its_html(body: str) -> None:
    assert render_article(body) == body
    assert article_faults(body) == []


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p>a</p><script>alert(1)</script><style>p{}</style>", "<p>a</p>"),
        ('<p class="x" style="y" onclick="z" lang="fr">a</p>', "<p>a</p>"),
        ('<div><p>a</p></div><!-- b --><iframe src="https://a.example"></iframe>', "<p>a</p>"),
        (
            '<a href="javascript:1">a</a><a href="//b.example">b</a><a href="x:1">c</a>',
            "<a>a</a><a>b</a><a>c</a>",
        ),
        (
            '<img src="data:x" alt="a"><img src="//a.example/b.png"><img src="b.png">',
            '<img alt="a"><img><img>',
        ),
        ('<img src="https://a.example/b.png" onerror="x">', '<img src="https://a.example/b.png">'),
        ('<a id="1 x">a</a><img width="3px">', "<a>a</a><img>"),
        ("a\x00\u202eb\r\nc", "ab\nc"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
    ],
)
def test_an_article_loses_what_it_may_not_hold(body: str, kept: str) -> None:
    assert render_article(body) == kept


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_html_in_an_article_does_nothing(payload: str) -> None:
    assert article_faults(render_article(payload)) == []


def test_a_long_article_is_taken() -> None:
    body = "<p>mot</p>" * 10_000
    assert render_article(body) == body


@pytest.mark.parametrize(
    "result",
    [
        "<p><script>x</script></p>",
        '<p onclick="x">a</p>',
        '<p><a href="javascript:1">a</a></p>',
        '<a href="/a"><a href="/b">c</a></a>',
        "<p>a",
        "</p>",
        '<img src="data:x">',
        "<b><i>a</b></i>",
    ],
)
def test_an_article_that_fails_the_last_check_is_kept_as_text(
    result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sanitise, "article", lambda _document: result)
    assert article.render_article("<b>a</b>\n\nb") == "<p>&lt;b&gt;a&lt;/b&gt;</p>\n<p>b</p>"


def test_a_library_that_raises_costs_an_article_its_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_document: str) -> str:
        raise ValueError

    monkeypatch.setattr(sanitise, "article", crash)
    assert render_article("<b>a</b>") == "<p>&lt;b&gt;a&lt;/b&gt;</p>"


def test_an_empty_article_is_empty() -> None:
    assert render_article("") == ""


def test_the_wide_list_is_not_for_comments() -> None:
    assert not [element for element in elements_of(sanitise.comment("<p>a</p>")) if element.name == "h2"]
