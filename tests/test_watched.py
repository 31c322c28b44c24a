from moderation import watched
from moderation.watched import MOST_WORDS, Refused
from moderation.web.dependencies import Parts


def add(parts: Parts, *lines: str) -> watched.Added:
    with parts.writing() as session:
        return watched.add(session, lines)


def listed(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return [word.word for word in watched.words(session)]


def test_each_line_is_a_word_and_none_is_there_twice(parts: Parts) -> None:
    assert add(parts, "Escro*", "", "  gros mot ", "éscro*").words == 2
    assert add(parts, "escro*", "Mot").words == 1
    assert listed(parts) == ["Escro*", "gros mot", "Mot"]


def test_what_cannot_be_watched_is_told_line_by_line_and_the_rest_is_kept(parts: Parts) -> None:
    assert add(parts, "bon", "a*b", "ab*", "!").refused == (
        Refused("a*b", "star"),
        Refused("ab*", "short"),
        Refused("!", "empty"),
    )
    assert listed(parts) == ["bon"]


def test_a_full_list_takes_no_more(parts: Parts) -> None:
    add(parts, *(f"mot{number}" for number in range(MOST_WORDS)))
    assert add(parts, "mot5", "encore") == watched.Added(0, (Refused("encore", "full"),))


def test_words_are_removed_by_their_number(parts: Parts) -> None:
    add(parts, "un", "deux", "trois")
    with parts.writing() as session:
        ids = {word.word: word.id or 0 for word in watched.words(session)}
        assert watched.remove(session, [ids["un"], ids["trois"], 10_000]) == 2
    assert listed(parts) == ["deux"]


def test_what_is_in_the_list_is_marked(parts: Parts) -> None:
    add(parts, "escro*")
    with parts.reading() as session:
        assert watched.watch(session).text("un escroc") == "un <mark>escroc</mark>"
