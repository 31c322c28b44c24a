from datetime import timedelta

import pytest
from conftest import Sent, add_article, send
from page import Page
from starlette.testclient import TestClient
from test_edits import edit
from test_precedents import decide

from moderation import decisions, watched
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason
from moderation.models.people import Account
from moderation.web.dependencies import Parts
from moderation.words import REDACTED


def opened(desk: TestClient, sent: Sent) -> Page:
    return Page(desk.get(f"/desk/comments/{sent.id}"))


def noticed(desk: TestClient, sent: Sent) -> list[str]:
    return opened(desk, sent).texts(".findings li")


def sender(desk: TestClient, sent: Sent) -> list[str]:
    return opened(desk, sent).texts("section[aria-labelledby=sender-title] li")


# Links


def test_each_link_is_listed_with_its_real_host_and_opens_elsewhere(
    parts: Parts, desk: TestClient, article: str
) -> None:
    sent = send(parts, article, "[lemonde.fr->https://evil.example/x] et https://été.example/")
    page = opened(desk, sent)
    assert page.texts(".links li") == [
        "evil.example lemonde.fr",
        "xn--t-9fab.example (s’affiche été.example)",
    ]
    assert [node.attributes["rel"] for node in page.nodes(".links a")] == ["noopener noreferrer nofollow"] * 2
    assert page.node(".links li:first-child a").attributes["href"] == "https://evil.example/x"
    assert noticed(desk, sent) == ["un lien annonce lemonde.fr et mène à evil.example"]


def test_a_host_typed_in_its_ascii_form_is_shown_in_letters_too(
    parts: Parts, desk: TestClient, article: str
) -> None:
    sent = send(parts, article, "[ici->https://xn--t-9fab.example/]")
    assert opened(desk, sent).texts(".links li") == ["xn--t-9fab.example (s’affiche été.example) ici"]


def test_a_text_without_links_shows_no_list(desk: TestClient, pending: Sent) -> None:
    assert opened(desk, pending).nodes(".links") == []
    assert noticed(desk, pending) == []


# As typed


def test_thousands_that_no_eye_can_see_are_counted_and_no_letter_is_left_out(
    parts: Parts, desk: TestClient, article: str
) -> None:
    sent = send(parts, article, "a\u200b" * 3000)
    answer = desk.get(f"/desk/comments/{sent.id}")
    assert len(answer.content) < 300_000
    page = Page(answer)
    assert len(page.nodes(".typed .unseen")) == 200
    assert page.text(".typed pre").endswith("a" * 2800)
    assert "2\u202f800 autres caractères qui ne se voient pas" in page.node(".typed").text()


def test_what_no_eye_can_see_is_named_in_the_text_as_typed(
    parts: Parts, desk: TestClient, article: str
) -> None:
    sent = send(parts, article, "Oui\u202e non\u202c, p\u200bont.")
    page = opened(desk, sent)
    assert page.text(".typed pre") == (
        "OuiU+202E (change le sens de lecture) nonU+202C (change le sens de lecture), "
        "pU+200B (caractère invisible)ont."
    )
    assert page.node(".typed").attributes.get("open", "no") != "no"
    assert [node.attributes["title"] for node in page.nodes(".unseen")][2] == "caractère invisible"


def test_a_plain_text_is_not_shown_twice_unless_asked(desk: TestClient, pending: Sent) -> None:
    page = opened(desk, pending)
    assert "open" not in page.node(".typed").attributes
    assert page.text(".typed pre") == pending.text


def test_what_readers_are_not_shown_is_marked_as_such(parts: Parts, desk: TestClient, article: str) -> None:
    page = opened(desk, send(parts, article, "{{Gras}} <img src=x>"))
    assert page.texts(".typed del") == ["{{", "}}"]


# Who writes


def test_a_first_contribution_is_told(desk: TestClient, pending: Sent) -> None:
    assert sender(desk, pending) == ["Première contribution."]


def test_nothing_is_compared_where_nothing_is_given(parts: Parts, desk: TestClient, article: str) -> None:
    send(parts, article, "La première")
    sent = send(parts, article, "La seconde")
    assert sender(desk, sent) == ["Sans nom ni adresse : rien à rapprocher."]


def test_what_became_of_others_under_the_name_and_from_the_address_is_told(
    parts: Parts, desk: TestClient, article: str, ann: Person
) -> None:
    mine = {"author": "Zoé", "email": "zoe@example.org"}
    for number in range(2):
        decide(parts, send(parts, article, f"Publiée {number}", **mine), ann, Action.PUBLISH)
    refused = send(parts, article, "Refusée", author="  ZOÉ ")
    decide(parts, refused, ann, Action.REFUSE, Reason.OFF_TOPIC)
    send(parts, article, "En attente", email="ZOE@example.org")
    sent = send(parts, article, "Celle-ci", **mine)
    assert sender(desk, sent) == [
        "Sous ce nom : 2 publiées, 1 refusée (hors sujet). Les voir",
        "Depuis cette adresse, non confirmée : 2 publiées, 1 en attente. Les voir",
    ]
    hrefs = [node.attributes["href"] for node in opened(desk, sent).nodes(".facts section a")]
    assert hrefs == [
        "/desk?status=any&author=Zo%C3%A9",
        "/desk?status=any&email=zoe%40example.org",
    ]
    seen = Page(desk.get(str(hrefs[0]))).texts(".rows .excerpt")
    assert sorted(seen) == ["Celle-ci", "Publiée 0", "Publiée 1", "Refusée"]


def test_past_a_thousand_nobody_counts(parts: Parts, desk: TestClient, article: str) -> None:
    first = send(parts, article, "Une", author="Zoé")
    with parts.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql(
            "INSERT INTO comment (id, thread_id, section, status, revision, version, nonce, submitted_at,"
            " author_key)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)"
            " SELECT 'x' || i, thread_id, section, status, 1, 1, 'x' || i, submitted_at, author_key"
            " FROM n, comment"
        )
        connection.exec_driver_sql(
            "INSERT INTO version (comment_id, number, author, email, source, html, folded, struck, findings,"
            " dialect, renderer, fingerprint, written_at)"
            " SELECT comment.id, 1, author, email, source, html, '', struck, findings, dialect, renderer, '',"
            " written_at FROM version, comment WHERE comment.id <> version.comment_id"
        )
    assert sender(desk, first) == ["Sous ce nom : plus de 1 000 autres. Les voir"]


def test_the_same_text_elsewhere_is_named(parts: Parts, desk: TestClient, article: str, ann: Person) -> None:
    other = add_article(parts, "autre", title="Un autre article")
    first = send(parts, other, "Signez la pétition !")
    decide(parts, first, ann, Action.SPAM)
    sent = send(parts, article, "Signez  la PÉTITION !")
    assert noticed(desk, sent) == ["même texte, mot pour mot, sous Un autre article (spam)"]
    assert opened(desk, sent).hrefs["Un autre article"] == f"/desk/comments/{first.id}"


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Sаmi Delcourt", "ce nom ressemble à un nom de l’équipe : Sami Delcourt"),
        ("SAMI DELCOURT", "ce nom ressemble à un nom de l’équipe : Sami Delcourt"),
        ("Le Passe-Murail1e", "ce nom ressemble à celui du site"),
    ],
)
def test_a_name_that_passes_for_the_team_is_noticed(
    parts: Parts, desk: TestClient, article: str, sami: Person, author: str, expected: str
) -> None:
    with parts.writing() as session:
        session.get_one(Account, sami.id).name = "Sami Delcourt"
    assert noticed(desk, send(parts, article, "Bonjour.", author=author)) == [expected]


# Words


def test_watched_words_are_marked_for_the_desk_and_never_for_readers(
    parts: Parts, desk: TestClient, client: TestClient, article: str, ann: Person
) -> None:
    with parts.writing() as session:
        watched.add(session, ["escro*"])
    sent = send(parts, article, "Un {{escroc}}.")
    page = opened(desk, sent)
    assert page.texts(".judged mark") == ["escroc"]
    assert page.texts(".rows mark") == ["escroc"]
    with parts.writing() as session:
        decisions.decide(
            session, sent.id, Action.PUBLISH, revision=1, by=ann.id, now=parts.clock(), undo=timedelta()
        )
    assert "<p>Un <strong>escroc</strong>.</p>" in client.get(f"/articles/{article}").text


def test_who_wants_has_them_covered(parts: Parts, desk: TestClient, article: str) -> None:
    with parts.writing() as session:
        watched.add(session, ["escro*"])
    sent = send(parts, article, "Un escroc.")
    assert opened(desk, sent).nodes(".blurred") == []
    answer = desk.post("/desk/account/blur", data={"on": "true"})
    assert answer.headers["location"] == "/desk/account?done=blur_on"
    assert Page(desk.get("/desk/account?done=blur_on")).alert == "Les mots signalés sont désormais floutés."
    page = opened(desk, sent)
    assert page.node(".blurred .judged mark").attributes["tabindex"] == "0"
    assert "Des mots signalés sont floutés" in page.text(".judged")
    desk.post("/desk/account/blur", data={"on": "false"})
    assert opened(desk, sent).nodes(".blurred") == []


# What an attacker found


@pytest.mark.parametrize(
    "name",
    [
        *("La rédaction", "L’équipe du site", "Administration", "Admin", "Le site", "L’équipe", "Webmestre"),
        *("Staff", "ʟᴀ ᴍᴏᴅᴇ́ʀᴀᴛɪᴏɴ", "ᒪA MOᗪÉᖇATIOᑎ"),
    ],
)
def test_whoever_signs_as_the_site_is_remarked(
    desk: TestClient, parts: Parts, article: str, name: str
) -> None:
    sent = send(parts, article, "Bonjour.", author=name)
    assert noticed(desk, sent) == ["ce nom se donne pour celui de la modération"]


@pytest.mark.parametrize(
    "words",
    [
        f"Le maire {REDACTED} a dit cela.",
        "Le maire [passage retiré par la modеratiоn]",
        "Bonjour.\n\nCorrigé par {la} modération le 1er mars 2026",
        "[ᴘᴀssᴀɢᴇ ʀᴇᴛɪʀᴇ́ ᴘᴀʀ ʟᴀ ᴍᴏᴅᴇ́ʀᴀᴛɪᴏɴ]",
        "[passages retirés par la modération]",
        "Réponse de la modération : c’est vrai.",
    ],
    ids=["marker", "look-alike", "mark", "small capitals", "several", "answer"],
)
def test_words_of_a_reader_that_pass_for_a_mark_are_remarked(
    desk: TestClient, parts: Parts, article: str, words: str
) -> None:
    sent = send(parts, article, words)
    assert "des mots de ce texte se donnent pour une mention de la modération" in noticed(desk, sent)


def test_the_moderation_s_own_mark_is_not_remarked(desk: TestClient, pending: Sent) -> None:
    fields = {"revision": "1", "passages": "vélos", "step": "save"}
    assert desk.post(f"/desk/comments/{pending.id}/redact", data=fields).status_code == 303
    assert REDACTED in opened(desk, pending).text(".judged")
    assert noticed(desk, pending) == []


def test_a_text_is_not_the_same_as_what_another_once_said(
    parts: Parts, desk: TestClient, article: str
) -> None:
    first = send(parts, article, "Ce que tout le monde répète.")
    later = send(parts, add_article(parts, "autre"), "Ce que tout le monde répète.")
    assert "même texte, mot pour mot" in opened(desk, later).main
    edit(parts, first, "Tout autre chose.")
    assert "même texte, mot pour mot" not in opened(desk, later).main
