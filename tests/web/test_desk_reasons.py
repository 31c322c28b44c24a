"""The site’s reasons on the pages: changed by who administers, and read wherever a decision is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import FakeClock, Sent, send, sign_in, statements
from page import Page
from starlette.testclient import TestClient

from moderation import decisions, reasons, voices
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason, Status
from moderation.models.queue import Comment
from moderation.policy import Policy
from moderation.statements import Category
from moderation.web.app import create_app
from moderation.web.dependencies import Parts
from moderation.wording import READ_AGAIN

REASONS = "/desk/settings/reasons"
OWN, EXPLAINED = "procès en cours", "Une affaire est devant la justice : nous attendons."


@pytest.fixture
def moderator(parts: Parts, sami: Person) -> TestClient:
    return sign_in(parts, TestClient(create_app(parts), follow_redirects=False), sami)


@pytest.fixture
def own(desk: TestClient) -> str:
    """The code of a reason the site added."""
    assert add(desk, OWN, EXPLAINED).status == 303
    return "proces_en_cours"


def add(desk: TestClient, label: str, explanation: str = "") -> Page:
    return Page(desk.post(REASONS, data={"label": label, "explanation": explanation}))


def word(desk: TestClient, code: str, label: str, explanation: str = "") -> Page:
    return Page(desk.post(f"{REASONS}/{code}", data={"label": label, "explanation": explanation}))


def move(desk: TestClient, code: str, which: str) -> Page:
    return Page(desk.post(f"{REASONS}/{code}/move", data={"move": which}))


def listed(desk: TestClient) -> list[str]:
    """The words of those that are offered, in order."""
    return Page(desk.get(REASONS)).texts("ol.motives summary bdi")


def buttons(desk: TestClient, code: str) -> list[str]:
    return [text.partition(" : ")[0] for text in Page(desk.get(REASONS)).texts(f"#reason-{code} button")]


def refuse(desk: TestClient, sent: Sent, reason: str, **more: str) -> Page:
    data = {"revision": "1", "reason": reason, **more}
    return Page(desk.post(f"/desk/comments/{sent.id}/refuse", data=data))


def offered(desk: TestClient, sent: Sent) -> dict[str, str]:
    """The reasons offered beside a text, by code; and the key of each."""
    page = Page(desk.get(f"/desk/comments/{sent.id}"))
    nodes = page.nodes(".open button[name=reason]")
    return {str(node.attributes["value"]): str(node.attributes["data-key"]) for node in nodes}


# Changing them


def test_who_administers_adds_a_reason_that_is_offered_at_once(desk: TestClient, pending: Sent) -> None:
    desk.get(REASONS)
    answer = desk.post(REASONS, data={"label": OWN, "explanation": EXPLAINED})
    assert answer.headers["location"] == f"{REASONS}?done=reason_added#reason-proces_en_cours"
    page = Page(desk.get(f"{REASONS}?done=reason_added"))
    assert page.alert == "Le motif est ajouté : il est proposé dès maintenant."
    assert page.text("#reason-proces_en_cours summary") == "b procès en cours ajouté par le site"
    assert page.text("#reason-proces_en_cours > .meta") == EXPLAINED
    assert listed(desk)[-2:] == [OWN, "autre (à préciser)"]
    assert list(offered(desk, pending))[-2:] == ["proces_en_cours", "other"]
    assert "12 motifs sont proposés" in Page(desk.get("/desk/settings")).main
    assert Page(desk.get("/desk/settings")).hrefs["Voir et changer les motifs"] == REASONS


def test_words_that_cannot_be_taken_stay_typed_beside_what_is_wrong(desk: TestClient) -> None:
    page = add(desk, "Hors sujet", EXPLAINED)
    assert (page.status, page.error("label")) == (422, "Un autre motif se dit déjà ainsi, proposé ou non.")
    assert (page.value("label"), page.value("explanation")) == ("Hors sujet", EXPLAINED)
    assert add(desk, " \0").error("label") == "Donnez un nom à ce motif."
    assert add(desk, "é" * 81).error("label") == "C’est trop long : quatre-vingts caractères au plus."
    page = add(desk, "mien", "é" * 501)
    assert page.error("explanation") == "C’est trop long : cinq cents caractères au plus."
    assert (page.value("label"), page.value("explanation")) == ("mien", "é" * 501)
    assert len(listed(desk)) == 11


def test_a_shipped_reason_is_reworded_and_says_what_it_said(desk: TestClient) -> None:
    assert word(desk, "privacy", "vie privée", EXPLAINED).status == 303
    page = Page(desk.get(f"{REASONS}?done=reason_worded"))
    assert page.alert == "Les mots du motif sont enregistrés."
    assert page.text("#reason-privacy summary") == "6 vie privée au lieu de « atteinte à la vie privée »"
    assert (page.value("label-privacy"), page.value("explanation-privacy")) == ("vie privée", EXPLAINED)
    word(desk, "privacy", "")
    assert listed(desk)[5] == "atteinte à la vie privée"


def test_what_is_wrong_with_one_is_said_in_its_own_form(desk: TestClient, own: str) -> None:
    page = word(desk, own, "", EXPLAINED)
    assert (page.status, page.error(f"label-{own}")) == (422, "Donnez un nom à ce motif.")
    assert page.node(f"#reason-{own} details").attributes.get("open", "closed") != "closed"
    assert len(page.nodes("details[open]")) == 1
    assert (page.error("label"), page.value("label"), page.value("explanation")) == ("", "", "")


def test_they_go_up_and_down_and_the_page_opens_where_they_went(desk: TestClient) -> None:
    assert buttons(desk, "off_topic") == ["Enregistrer", "Ne plus proposer", "Descendre"]
    assert buttons(desk, "privacy") == ["Enregistrer", "Ne plus proposer", "Monter", "Descendre"]
    assert buttons(desk, "other") == ["Enregistrer"]
    answer = desk.post(f"{REASONS}/no_information/move", data={"move": "up"})
    assert answer.headers["location"] == f"{REASONS}?done=reason_moved#reason-no_information"
    assert listed(desk)[:2] == ["n’apporte pas d’information", "hors sujet"]
    move(desk, "no_information", "down")
    assert listed(desk)[:2] == ["hors sujet", "n’apporte pas d’information"]


def test_one_that_is_no_longer_offered_stands_apart_and_comes_back(desk: TestClient, pending: Sent) -> None:
    assert move(desk, "duplicate", "withhold").status == 303
    assert "doublon" not in listed(desk)
    assert Page(desk.get(REASONS)).texts("ul.motives summary bdi") == ["doublon"]
    assert buttons(desk, "duplicate") == ["Enregistrer", "Proposer de nouveau"]
    assert "duplicate" not in offered(desk, pending)
    assert move(desk, "duplicate", "offer").status == 303
    assert listed(desk)[-2] == "doublon"


def test_other_and_one_more_stay_offered(desk: TestClient) -> None:
    for code in list(Reason)[1:-1]:
        move(desk, code, "withhold")
    assert buttons(desk, "off_topic") == ["Enregistrer"]
    page = move(desk, "off_topic", "withhold")
    assert (page.status, page.alert) == (
        409,
        "Rien n’a changé : il faut garder au moins un motif en plus de « autre ».",
    )


def test_one_of_the_site_is_removed_until_a_decision_names_it(
    desk: TestClient, own: str, article: str, parts: Parts
) -> None:
    assert "Supprimer" in buttons(desk, own)
    assert "Supprimer" not in buttons(desk, "privacy")
    assert refuse(desk, send(parts, article, "Un texte."), own).status == 303
    assert "Supprimer" not in buttons(desk, own)
    page = move(desk, own, "remove")
    assert (page.status, page.alert) == (
        409,
        "Rien n’a changé : des décisions le citent. Vous pouvez cesser de le proposer.",
    )
    add(desk, "un autre")
    assert move(desk, "un_autre", "remove").status == 303
    assert "un autre" not in listed(desk)


def test_who_changes_what_somebody_removed_keeps_their_words(desk: TestClient, own: str) -> None:
    move(desk, own, "remove")
    page = word(desk, own, "procès", EXPLAINED)
    assert page.status == 409
    assert "n’existe plus" in page.alert
    assert (page.value("label"), page.value("explanation")) == ("procès", EXPLAINED)
    for which in ("up", "offer", "withhold", "remove"):
        assert move(desk, own, which).status == 409


def test_there_are_as_many_as_keys_and_no_two_have_the_same(desk: TestClient, pending: Sent) -> None:
    for number in range(9):
        add(desk, f"motif {number}")
    page = add(desk, "un de trop", EXPLAINED)
    assert (page.status, page.value("label"), page.value("explanation")) == (409, "un de trop", EXPLAINED)
    assert "Vingt motifs sont déjà proposés" in page.alert
    keys = offered(desk, pending)
    assert (len(keys), len({*keys.values()}), keys["other"]) == (20, 20, "a")


@pytest.mark.parametrize(
    "typed", ["<script>x</script>", "\u202egnp.exe", "a\0b", "x" * 10_000, "%(num)s {{ 1 }}"]
)
def test_whatever_is_typed_is_shown_as_text(desk: TestClient, pending: Sent, typed: str) -> None:
    for page in (add(desk, typed, typed), word(desk, "privacy", typed, typed)):
        assert page.status in {303, 422}
        assert "<script>x" not in page.html
    for path in (REASONS, f"/desk/comments/{pending.id}", "/desk"):
        html = desk.get(path).text
        assert "<script>x" not in html
        assert "\u202e" not in html
        assert "\0" not in html


@pytest.mark.parametrize("typed", ["é" * 20_001])
def test_more_than_anybody_types_is_refused(desk: TestClient, typed: str) -> None:
    assert add(desk, typed).status == word(desk, "privacy", typed).status == 422
    assert move(desk, "privacy", "sideways").status == 422


def test_reasons_are_changed_by_who_administers_alone(moderator: TestClient) -> None:
    assert moderator.get(REASONS).status_code == 403
    assert add(moderator, OWN).status == word(moderator, "privacy", OWN).status == 403
    assert move(moderator, "privacy", "up").status == 403


# Reading them


def told(client: TestClient, sent: Sent) -> str:
    page = Page(client.get(f"/track/{sent.tracking}"))
    return page.text(".status").partition("Une question, un désaccord ?")[0].rstrip()


def test_the_author_reads_the_site_s_words_and_its_explanation(
    desk: TestClient, client: TestClient, pending: Sent, own: str, settle: Callable[[], None]
) -> None:
    refuse(desk, pending, own)
    settle()
    assert told(client, pending).endswith(f"Motif : {OWN}. {EXPLAINED}")
    word(desk, own, "affaire <en cours>", "")
    assert told(client, pending).endswith("Motif : affaire <en cours>.")


def test_a_shipped_reason_without_an_explanation_is_told_as_ever(
    desk: TestClient, client: TestClient, pending: Sent, settle: Callable[[], None]
) -> None:
    refuse(desk, pending, "privacy")
    settle()
    assert told(client, pending).endswith(
        "Motif : atteinte à la vie privée. Charte du site : « Vie privée »."
    )


def test_an_old_tab_still_gives_a_reason_that_is_no_longer_offered(
    desk: TestClient, moderator: TestClient, pending: Sent, own: str, parts: Parts
) -> None:
    assert own in offered(moderator, pending)
    move(desk, own, "withhold")
    assert refuse(moderator, pending, own).status == 303
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).reason == own
    assert OWN in Page(desk.get("/desk/log")).main


def test_an_old_tab_with_a_reason_that_is_no_more_is_asked_for_another(
    desk: TestClient, moderator: TestClient, pending: Sent, own: str, parts: Parts
) -> None:
    move(desk, own, "remove")
    page = refuse(moderator, pending, own, note="Voyez la charte.")
    assert (page.status, page.value("note")) == (422, "Voyez la charte.")
    assert "Choisissez un motif" in page.alert
    lot = {"selected": f"{pending.id}:1", "reason": own}
    page = Page(moderator.post("/desk/bulk?action=refuse", data=lot))
    assert page.status == 422
    assert "Choisissez un motif" in page.alert
    with parts.reading() as session:
        assert session.get_one(Comment, pending.id).status is Status.PENDING


def test_the_site_s_words_are_said_wherever_a_decision_is_told(
    desk: TestClient, parts: Parts, article: str, own: str
) -> None:
    lot = [send(parts, article, f"Texte numéro {number}.", author="Zoé") for number in range(2)]
    picked = {"selected": [f"{one.id}:1" for one in lot], "reason": own}
    assert desk.post("/desk/bulk?action=refuse", data=picked).status_code == 303
    waits = send(parts, article, "Un autre texte.", author="Zoé")
    said = f"Motif : {OWN}."
    for path in ("/desk/log", "/desk/log?whose=own", f"/desk/comments/{lot[0].id}"):
        assert said in Page(desk.get(path)).main, path
    assert OWN in Page(desk.get(f"/desk/comments/{waits.id}")).text(".open")
    assert OWN in Page(desk.get("/desk/figures")).main
    assert f'"{OWN}";2' in desk.get("/desk/figures.csv?of=reasons").text
    page = Page(desk.get(f"/desk?status=refused&reason={own}"))
    assert page.chosen("reason") == own
    assert len(page.nodes(".rows li")) == 2
    assert f"Motif {OWN}" in page.text(".chips")


def test_lists_are_still_filtered_by_a_reason_that_is_no_longer_offered(desk: TestClient, own: str) -> None:
    move(desk, own, "withhold")
    page = Page(desk.get(f"/desk?status=refused&reason={own}"))
    assert page.chosen("reason") == own


def test_a_voice_is_told_with_the_site_s_words(
    desk: TestClient, moderator: TestClient, parts: Parts, pending: Sent, own: str
) -> None:
    with parts.writing() as session:
        voices.set_policy(session, "", Policy(publish=2, refuse=2, veto=False))
    refuse(moderator, pending, own)
    assert f"Motif : {OWN}." in Page(desk.get(f"/desk/comments/{pending.id}")).main


def test_another_process_says_the_new_words_within_seconds(
    desk: TestClient, parts: Parts, pending: Sent, clock: FakeClock
) -> None:
    desk.get("/desk")
    with parts.writing() as session:  # elsewhere: nobody tells this process
        reasons.add(session, OWN, "", {reason.value: reason.value for reason in Reason})
    assert "proces_en_cours" not in offered(desk, pending)
    clock.tick(seconds=READ_AGAIN.total_seconds())
    assert "proces_en_cours" in offered(desk, pending)


def test_pages_ask_for_the_reasons_once_in_a_while_and_never_for_a_second_connection(
    desk: TestClient, client: TestClient, parts: Parts, ann: Person, pending: Sent, clock: FakeClock
) -> None:
    with parts.writing() as session:
        now, undo = parts.clock(), timedelta()
        decisions.decide(
            session,
            pending.id,
            Action.REFUSE,
            revision=1,
            by=ann.id,
            now=now,
            undo=undo,
            reason=Reason.PRIVACY,
        )
    for get in (lambda: desk.get("/desk"), lambda: client.get(f"/track/{pending.tracking}")):
        clock.tick(seconds=10)
        asked = [_asked(parts, get) for _ in range(3)]
        assert [len([one for one in seen if "FROM reason" in one]) for seen in asked] == [1, 0, 0]
        assert len(asked[0]) == len(asked[1]) + 1


def _asked(parts: Parts, get: Callable[[], Any]) -> list[str]:
    with statements(parts.engine) as seen:
        assert get().status_code == 200
    return seen


# The charter, and the law’s categories


def test_a_reason_is_tied_to_an_article_and_a_category(desk: TestClient, own: str) -> None:
    page = Page(desk.get(REASONS))
    assert (page.chosen("article", f"#reason-{own}"), page.chosen("category", f"#reason-{own}")) == (
        "",
        Category.OTHER_VIOLATION,
    )
    assert page.chosen("article", "#reason-privacy") == "privacy"
    tied = {"label": OWN, "article": "illegal", "category": Category.ILLEGAL_OR_HARMFUL_SPEECH.value}
    assert desk.post(f"{REASONS}/{own}", data=tied).status_code == 303
    page = Page(desk.get(REASONS))
    assert page.chosen("article", f"#reason-{own}") == "illegal"
    assert page.chosen("category", f"#reason-{own}") == Category.ILLEGAL_OR_HARMFUL_SPEECH


def test_an_article_that_is_no_longer_in_the_charter_is_shown_as_that(desk: TestClient) -> None:
    desk.post("/desk/settings/charter", data={"seen": "1", "text": "## Courtoisie"})
    page = Page(desk.get(REASONS))
    assert page.chosen("article", "#reason-privacy") == "privacy"
    assert "privacy (n’est plus dans la charte)" in page.texts("#reason-privacy option")


@pytest.mark.parametrize("wrong", [{"article": "<b>"}, {"article": "x" * 61}, {"category": "nouvelle"}])
def test_what_no_form_offers_is_not_taken(desk: TestClient, wrong: dict[str, str]) -> None:
    assert desk.post(f"{REASONS}/privacy", data={"label": "", **wrong}).status_code == 422


def test_what_was_typed_is_kept_with_what_was_chosen(desk: TestClient) -> None:
    kept = {"label": "x" * 81, "article": "illegal", "category": Category.VIOLENCE.value}
    page = Page(desk.post(f"{REASONS}/privacy", data=kept))
    assert (page.status, page.chosen("article", "#reason-privacy")) == (422, "illegal")
    assert page.chosen("category", "#reason-privacy") == Category.VIOLENCE
