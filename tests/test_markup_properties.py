import contextlib
import os
from collections.abc import Iterator

import pytest
from growth import assert_grows_gently
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from test_markup import HOSTILE
from test_markup_judges import comment_faults, text_of

from moderation.markup import (
    MAX_CHARACTERS,
    Dialect,
    Refused,
    Rendered,
    fold,
    plain_line,
    render,
    rendering,
    sanitise,
)

THOROUGH = os.environ.get("TEST_THOROUGH") == "1"
EXAMPLES = settings(
    max_examples=5_000 if THOROUGH else 120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

WORDS = """
http:// https:// mailto: a.org é.fr xn--a :80 :99999 1.2.3.4 1.2.3.999
/ ? # @ % = ( ) [ ] ->
{ {{ {{{ } }} }}} &amp; & &lt; &copy &#x202e; &#13; &#10; &nbsp; &# &#1 65; < <!--
--> ' " ` \\ | |x{fr} - -- .. , … « » : ; !
<b> </b> <i> </i> </a> <ul> </ul> <li> </li> <ol> </ol> <p> </p> <blockquote> </blockquote> <quote> </quote>
<pre> </pre> <code> </code> <br> <q> </q> <script> </script> <svg> <style> <title> a www.
javascript: data: ＜ ﬁ
"""
PIECES = [
    *WORDS.split(),
    '<a href="http://a.org">',
    "<a href='mailto:x@y.fr' title=\"é&quot;\n\nx\">",
    "<img src=x onerror=alert(1)>",
    *" \n\t\x00\ud800\x0b\u2028\u202e\u200b\u0301\u00a0\u3000\ufeff\u037e\u212a\u00ad",
    "\n\n",
    "\n- ",
    "\n  - ",
    "\n> ",
    "\n>> ",
    "\n-* ",
    "b c",
]
DIALECTS = st.sampled_from(list(Dialect))
REL = 'rel="nofollow ugc noopener"'
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(
    st.characters(exclude_categories=()), max_size=60
)


def rendered(text: str, dialect: Dialect) -> Rendered:
    with contextlib.suppress(Refused):
        return render(text, dialect)
    return reject()


@EXAMPLES
@given(TEXTS, DIALECTS)
def test_whatever_is_typed_both_parsers_find_it_clean(text: str, dialect: Dialect) -> None:
    result = rendered(text, dialect)
    assert comment_faults(result.html) == []
    assert "unverified" not in {finding.kind for finding in result.findings}
    assert sanitise.comment(result.html) == result.html


@EXAMPLES
@given(TEXTS, DIALECTS)
def test_the_kept_source_stands_for_the_text(text: str, dialect: Dialect) -> None:
    result = rendered(text, dialect)
    again = render(result.source, dialect)
    assert (again.source, again.html) == (result.source, result.html)


@EXAMPLES
@given(st.text(st.sampled_from("ab <>{}[]|-!:;?«»'\"\n\\=/éÉ.,@"), max_size=80))
def test_no_typed_character_is_lost(text: str) -> None:
    """Without what is markup in plain text, the text as shown is the text as typed."""
    assume("<" not in text or not any(tag in text.lower() for tag in ("<b", "<a", "</")))
    shown = text_of(rendered(text, Dialect.PLAIN).html)
    marks = "".join(line.strip().removeprefix("- ").lstrip("> ") for line in text.split("\n"))
    assert "".join(shown.replace(">", "").replace("-", "").split()) == "".join(
        marks.replace(">", "").replace("-", "").split()
    )


@EXAMPLES
@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_a_line_is_clean_once_and_for_all(text: str) -> None:
    line = plain_line(text, 400)
    assert plain_line(line, 400) == line
    assert "\n" not in line
    line.encode("utf-8")


@EXAMPLES
@given(st.text(max_size=80))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


CANONICAL = [
    render(text, Dialect.SPIP).html
    for text in (
        "{{a}} <b>b</b>\n<code>c</code> &amp; «\u00a0d\u00a0» [e->https://f.org/?g=1&h=2] [i->mailto:j@k.fr]",
        "- a\n  - b\n> c\n> > d\n\n<pre>\n e\n\nf</pre>\n<code>\ng\n</code><q><em>h</em></q>",
        "<ol><li>a</li></ol><a href='http://b.fr' title='c \"d\" &lt;'>e</a>",
    )
]
CHARACTERS = "<>\"'&/= ;:\\\n\t\x00\x0b\u00a0\u202eaApb1#!-\u0130ſ"


def accepted(document: str) -> bool:
    try:
        rendering._verified(document)
    except rendering._Unverified:
        return False
    return True


def mutants(document: str) -> Iterator[str]:
    for place in range(len(document) + 1):
        yield document[:place] + document[place + 1 :]
        for character in CHARACTERS:
            yield document[:place] + character + document[place:]
            yield document[:place] + character + document[place + 1 :]


@pytest.mark.parametrize("document", CANONICAL)
def test_whatever_the_last_check_accepts_after_one_character_changed_is_clean(document: str) -> None:
    assert accepted(document)
    survivors = [mutant for mutant in mutants(document) if accepted(mutant)]
    assert survivors
    for mutant in survivors[:: 1 if THOROUGH else 40]:
        assert comment_faults(mutant) == [], mutant


@pytest.mark.parametrize(
    "document",
    [
        "a",
        "<p>a",
        "a</p>",
        "<p>a</b></p>",
        "<p><p>a</p></p>",
        "<b>a</b>",
        "<p><ul><li>a</li></ul></p>",
        "<ul>a</ul>",
        "<p><li>a</li></p>",
        "<p>a & b</p>",
        "<p>&eacute;</p>",
        "<p>&#60;</p>",
        "<P>a</P>",
        "<p >a</p>",
        "<p><br/></p>",
        '<p class="a">b</p>',
        "<p><!-- a --></p>",
        "<pre>\na</pre>",
        '<p><a href="https://a.org">b</a></p>',
        '<p><a rel="nofollow ugc noopener">b</a></p>',
        '<p><a href="https://a.org" href="https://b.org" rel="nofollow ugc noopener">b</a></p>',
        "<p><a href='https://a.org' rel=\"nofollow ugc noopener\">b</a></p>",
        '<p><a href="javascript:1" rel="nofollow ugc noopener">b</a></p>',
        '<p><a href="https://a b" rel="nofollow ugc noopener">c</a></p>',
        '<p><a href="https:///a" rel="nofollow ugc noopener">c</a></p>',
        f'<p><a href="https://a.org" {REL}><b><a href="https://a.org" {REL}>c</a></b></a></p>',
        "<p>a\x00</p>",
        "<p>a\u202e</p>",
    ],
)
def test_the_last_check_refuses_what_is_not_our_form(document: str) -> None:
    assert not accepted(document)


# Each is repeated to its full length.
SHAPES = """
( a- a & &#111 { } {a} {{a}} {{{ {{{a}}} [ ] -> [-> [a-> [a->b] [a->http://b] ->b] | |a-> [| [a|b{fr}->http://c]
http:// http://a) http://a/( http://a/) [http://b](http://a) www.a.b. a.b@ @ a@b.fr . a.b. > >> {a{ [a{b [a]
&lt; &nbsp; &amp; &#x202e; &#13; &a &notit; é а aа ! ?! ??x " ' ` 1: \\ / = _ * ~ « »
"""
SPACED = [
    *" \n\t\u00a0\u202e\u200b\u0301",
    "a\n",
    "a\n\n",
    "- a\n",
    "  - a\n",
    "-* a\n",
    "> a\n",
    "> ",
    "- - ",
    "> - ",
    " :",
    " !",
    "« ",
    "{ a }",
    "{{a {b} ",
    "http://a ",
    "[->http://a] ",
    "{{{a}}}\n",
    "- a\n  - b\n    - c\n",
    "\u0327\u0301",
    "👩\u200d",
]
TAGS = '< <b> <b>a</b> <ul><li> <p> <br> <a_ <a_href="http://a"> <a_href=\' <code> <pre> </b> <b><i> <a_href="http://a"_'
SIZE = MAX_CHARACTERS if THOROUGH else 4_000


def attempt(text: str) -> None:
    with contextlib.suppress(Refused):
        render(text, Dialect.SPIP)


@pytest.mark.parametrize("shape", [*SHAPES.split(), *SPACED])
def test_twice_the_text_takes_at_most_three_times_the_time(shape: str) -> None:
    text = (shape * SIZE)[:SIZE]
    assert_grows_gently(text[: SIZE // 2], text, attempt)


@pytest.mark.parametrize("shape", TAGS.split())
def test_twice_the_tags_take_at_most_three_times_the_time(shape: str) -> None:
    tag = shape.replace("_", " ")
    text = tag * (400 // tag.count("<"))
    half = text[: len(text) // 2]
    assert_grows_gently(half.ljust(SIZE // 2, "x"), text.ljust(SIZE, "x")[:MAX_CHARACTERS], attempt)


@pytest.mark.parametrize("shape", ["a", " ", " a", "\u0301", "\u0327\u0301", "\u200b", "\u0344"])
def test_twice_the_name_takes_at_most_three_times_the_time(shape: str) -> None:
    def attempt_line(text: str) -> None:
        with contextlib.suppress(Refused):
            plain_line(text, 200)

    text = (shape * 100_000)[:100_000]
    assert_grows_gently(text[:50_000], text, attempt_line)


def test_each_payload_stays_clean_in_every_place() -> None:
    places = (
        "- {}",
        "> {}",
        "<b>{}</b>",
        "[{}->https://a.org]",
        "[a->{}]",
        '<a href="{}">a</a>',
        "<code>{}</code>",
        "{{{{{}}}}}",
    )
    for index, payload in enumerate(HOSTILE.values()):
        for place in places if THOROUGH else places[index % 2 :: 2]:
            assert comment_faults(render(place.format(payload), Dialect.SPIP).html) == []
