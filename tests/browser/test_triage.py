"""Working through the queue with a script: keys, one after the other, and no page is loaded."""

import re
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta

import pytest
from conftest import Sent, add_article, send
from playwright.sync_api import Locator, Page, Request, expect
from sqlmodel import Session, col, select, update

from browser.conftest import Visit
from browser.serving import Site, serve, until
from browser.steps import button, heading, refuse
from browser.watching import Watch
from moderation import identifiers
from moderation.lifecycle import Action, Reason, Status
from moderation.models.people import Account
from moderation.models.public import Publication
from moderation.models.queue import Comment, Decision

pytestmark = pytest.mark.browser
TITLE = "#title"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """One of its own: here it matters what else waits."""
    with serve(tmp_path_factory.mktemp("triage"), undo_seconds="3600") as served:
        yield served


@pytest.fixture(autouse=True)
def nothing_waits(site: Site) -> None:
    with site.parts.writing() as session:
        session.exec(update(Comment).values(status=Status.SPAM))
        session.exec(update(Account).values(shortcuts_on=True, shortcuts={}))


def waiting(site: Site, number: int) -> list[Sent]:
    slug = add_article(site.parts, f"a-trier-{identifiers.new_id()}")
    return [send(site.parts, slug, f"Texte {n:02}.", author=f"Auteur {n:02}") for n in range(number)]


def at_desk(site: Site, visit: Visit, **options: object) -> Page:
    page = visit(**options)
    site.sign_in(page.context, site.ann)
    page.goto("/desk")
    return page


def status(site: Site, sent: Sent) -> Status:
    with site.parts.reading() as session:
        return session.get_one(Comment, sent.id).status


def decisions_about(session: Session, sent: list[Sent]) -> Sequence[Decision]:
    about = col(Decision.comment_id).in_([one.id for one in sent])
    return session.exec(select(Decision).where(about).order_by(col(Decision.id))).all()


def opened(page: Page) -> str:
    return page.locator(TITLE).inner_text()


def until_open(page: Page, other_than: str) -> None:
    expect(page.locator(TITLE)).not_to_have_text(other_than)
    expect(page.locator(TITLE)).to_be_focused()


# What is pressed, in turn, with what it is said to be.
MIXED = (
    (Action.REFUSE, "Contribution refusée."),
    (Action.PUBLISH, "Contribution validée."),
    (Action.REFUSE, "Contribution refusée."),
    (Action.SPAM, "Contribution classée comme spam."),
)


def test_twenty_mixed_decisions_take_thirty_keys_and_no_page(site: Site, visit: Visit) -> None:
    sent = waiting(site, 21)
    page = at_desk(site, visit)
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))
    keys = 0
    for number in range(20):
        before = opened(page)
        action, done = MIXED[number % 4]
        pressed = {Action.REFUSE: ("r", str(number % 10 + 1)), Action.PUBLISH: ("p",), Action.SPAM: ("s",)}
        for key in pressed[action]:
            page.keyboard.press(key)
            keys += 1
        until_open(page, before)
        expect(page.get_by_role("status")).to_contain_text(f"{done} Encore {20 - number} en attente.")
        expect(button(page, "Annuler cette décision")).to_be_visible()
    assert (keys, loads) == (30, [])
    with site.parts.reading() as session:
        lines = decisions_about(session, sent)
    reasons = list(Reason)
    assert [(line.action, line.reason) for line in lines] == [
        (MIXED[number % 4][0], None if number % 2 else reasons[number % 10]) for number in range(20)
    ]
    assert len({line.comment_id for line in lines}) == 20
    assert sum(status(site, one) is Status.PENDING for one in sent) == 1


def test_without_a_script_each_decision_is_one_post_and_lands_on_the_next(site: Site, visit: Visit) -> None:
    waiting(site, 20)
    page = at_desk(site, visit, java_script_enabled=False)
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    for number in range(20):
        if number % 2:
            button(page, "Valider").click()
        else:
            refuse(page, "hors sujet")
        expect(page.get_by_role("status")).to_contain_text(
            f"Encore {19 - number} en attente." if number < 19 else "Plus rien n’attend."
        )
    assert len(posts) == 20
    expect(page.get_by_text("Plus rien n’attend : tout a été lu. Merci.")).to_be_visible()


def test_the_author_is_asked_by_key_and_the_next_opens(site: Site, visit: Visit) -> None:
    (sent, _other) = waiting(site, 2)
    page = at_desk(site, visit)
    first = opened(page)
    field = page.get_by_label("Votre question à l’auteur·ice")
    page.keyboard.press("q")
    expect(field).to_be_focused()
    page.keyboard.type("Que dit q, et p ?")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.keyboard.press("q")
    expect(field).to_have_value("Que dit q, et p ?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until_open(page, first)
    expect(page.get_by_role("status")).to_contain_text("Question posée. Encore 1 en attente.")
    assert status(site, sent) is Status.ASKED
    page.keyboard.press("u")
    expect(page.locator(TITLE)).to_have_text(first)
    assert status(site, sent) is Status.PENDING


def test_an_empty_question_is_not_sent(site: Site, visit: Visit) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("q")
    button(page, "Envoyer la question").click()
    expect(page.get_by_label("Votre question à l’auteur·ice")).to_be_focused()
    assert status(site, sent) is Status.PENDING


def test_without_a_script_an_author_is_asked_and_answers(site: Site, visit: Visit) -> None:
    (sent, _other) = waiting(site, 2)
    page = at_desk(site, visit, java_script_enabled=False)
    page.locator("details.ask > summary").click()
    page.get_by_label("Votre question à l’auteur·ice").fill("D’où vient la date ?")
    button(page, "Envoyer la question").click()
    expect(page.get_by_role("status")).to_contain_text("Question posée. Encore 1 en attente.")
    button(page, "Annuler cette décision").click()
    site.decide(sent, Action.ASK, revision=3, note="D’où vient la <date> ?")
    author = visit(java_script_enabled=False)
    author.goto(f"/track/{sent.tracking}")
    expect(heading(author)).to_have_text("Une question sur votre contribution")
    expect(author.get_by_text("D’où vient la <date> ?")).to_be_visible()
    author.get_by_label("Votre réponse").fill("Du bulletin.")
    button(author, "Envoyer ma réponse").click()
    expect(heading(author)).to_have_text("Votre contribution attend d’être lue")
    expect(author.get_by_text("Du bulletin.")).to_be_visible()
    page.goto(f"/desk/comments/{sent.id}")
    expect(page.get_by_role("region", name="Échange avec l’auteur·ice")).to_contain_text("Du bulletin.")


def test_the_last_key_takes_back_the_last_decision(site: Site, visit: Visit) -> None:
    (sent, _other) = waiting(site, 2)
    page = at_desk(site, visit)
    first = opened(page)
    page.keyboard.press("s")
    until_open(page, first)
    page.keyboard.press("u")
    expect(page.locator(TITLE)).to_have_text(first)
    expect(page.get_by_role("status")).to_contain_text("Décision annulée.")
    assert status(site, sent) is Status.PENDING


def test_one_key_takes_a_text_down_and_another_puts_it_back(site: Site, visit: Visit) -> None:
    shown, waits = waiting(site, 2)
    site.decide(shown, Action.PUBLISH)
    page = at_desk(site, visit)
    page.keyboard.press("t")
    page.keyboard.press("?")  # pressed after it, and shown: the one before did nothing to what waits
    expect(page.get_by_role("dialog")).to_contain_text("Dépublier aussitôt, comme contenu illicite")
    page.keyboard.press("Escape")
    assert status(site, waits) is Status.PENDING
    page.goto(f"/desk/comments/{shown.id}")
    page.keyboard.press("t")
    expect(page.get_by_role("status")).to_contain_text("Contribution dépubliée.")
    with site.parts.reading() as session:
        line = decisions_about(session, [shown])[-1]
        assert (line.action, line.reason) == (Action.UNPUBLISH, Reason.ILLEGAL)
        taken_down = select(Publication.taken_down_at).where(Publication.comment_id == shown.id)
        assert session.exec(taken_down).one() is not None
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Décision annulée.")
    assert status(site, shown) is Status.PUBLISHED
    with site.parts.reading() as session:
        assert session.exec(taken_down).one() is None


def test_the_last_key_takes_it_back_from_the_pages_after_it(site: Site, visit: Visit) -> None:
    sent = waiting(site, 4)
    page = at_desk(site, visit)
    first = opened(page)
    page.keyboard.press("p")
    until_open(page, first)
    for _ in range(2):
        before = opened(page)
        page.keyboard.press("j")
        until_open(page, before)
    expect(page.locator(".done")).to_contain_text("Votre dernière décision : Contribution validée.")
    page.keyboard.press("u")
    expect(page.locator(TITLE)).to_have_text(first)
    assert {status(site, one) for one in sent} == {Status.PENDING}


def test_the_last_key_takes_it_back_before_it_was_even_said(site: Site, visit: Visit) -> None:
    (sent, _other) = waiting(site, 2)
    page = at_desk(site, visit)
    first = opened(page)
    page.clock.install()
    page.clock.pause_at(datetime.now() + timedelta(hours=1))  # noqa: DTZ005 - the browser’s own
    page.keyboard.press("s")
    until_open(page, first)
    page.keyboard.press("u")
    expect(page.locator(TITLE)).to_have_text(first)
    assert status(site, sent) is Status.PENDING


def seconds(left: Locator) -> int:
    return int(re.sub(r"\D", "", left.inner_text()))


def test_how_long_a_decision_can_be_undone_is_shown(site: Site, visit: Visit) -> None:
    waiting(site, 2)
    page = at_desk(site, visit)
    page.clock.install()
    page.keyboard.press("p")
    left = page.locator(".done .left")
    expect(left).to_have_text(re.compile(r"encore 35\d\d s"))  # the clock goes on while we look
    before = seconds(left)
    page.clock.run_for(10_000)
    until(lambda: 3500 < seconds(left) <= before - 10)
    button(page, "Annuler cette décision").focus()
    page.clock.run_for(3_600_000)
    # What is late can still be gone back on, and the focus goes there.
    expect(page.get_by_role("link", name="Revoir cette contribution")).to_be_focused()
    expect(button(page, "Annuler cette décision")).to_have_count(0)


def test_one_goes_forth_and_back_by_key_and_back_by_the_browser(site: Site, visit: Visit) -> None:
    waiting(site, 3)
    page = at_desk(site, visit)
    names = [opened(page)]
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
        until_open(page, names[-1])
        names.append(opened(page))
    assert names[3] == names[1]
    assert len({*names}) == 3
    page.go_back()
    expect(page.locator(TITLE)).to_have_text(names[2])


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_keys_with_others_are_the_browser_s(site: Site, visit: Visit, modifier: str) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press(f"{modifier}+s")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert status(site, sent) is Status.PENDING


def test_keys_are_dead_in_fields_and_behind_the_list_of_keys(site: Site, visit: Visit) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("r")
    page.get_by_label("Quelques mots").focus()
    page.keyboard.type("spjk12?u")
    expect(page.get_by_label("Quelques mots")).to_have_value("spjk12?u")
    page.keyboard.press("Escape")
    expect(page.locator("details.refuse > summary")).to_be_focused()
    page.keyboard.press("?")
    page.keyboard.press("p")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert status(site, sent) is Status.PENDING


def test_a_key_held_down_decides_once(site: Site, visit: Visit) -> None:
    sent = waiting(site, 3)
    page = at_desk(site, visit)
    first = opened(page)
    for _ in range(5):
        page.keyboard.down("p")
    page.keyboard.up("p")
    until_open(page, first)
    assert sum(status(site, one) is Status.PUBLISHED for one in sent) == 1


def test_what_comes_before_the_next_text_is_there_decides_nothing(site: Site, visit: Visit) -> None:
    sent = waiting(site, 4)
    page = at_desk(site, visit)
    first = opened(page)
    page.evaluate("""() => {
      for (let n = 0; n < 4; n += 1)
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "p", bubbles: true }));
    }""")
    until_open(page, first)
    assert sum(status(site, one) is Status.PUBLISHED for one in sent) == 1


def test_reasons_are_chosen_by_the_row_of_digits_of_any_keyboard(site: Site, visit: Visit) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("r")
    page.evaluate("""() => document.body.dispatchEvent(
      new KeyboardEvent("keydown", { key: "é", code: "Digit2", bubbles: true }))""")
    expect(page.get_by_role("status")).to_contain_text("Contribution refusée.")
    with site.parts.reading() as session:
        assert [line.reason for line in decisions_about(session, [sent])] == [Reason.NO_INFORMATION]
    assert status(site, sent) is Status.REFUSED


def test_keys_can_be_changed_and_switched_off(site: Site, visit: Visit) -> None:
    first, second, third = waiting(site, 3)
    page = at_desk(site, visit)
    page.goto("/desk/account/shortcuts")
    page.get_by_label("Valider").fill("v")
    button(page, "Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("Vos raccourcis clavier sont enregistrés.")
    page.goto("/desk")
    before = opened(page)
    page.keyboard.press("p")
    page.keyboard.press("v")
    until_open(page, before)
    page.goto("/desk/account/shortcuts")
    page.get_by_label("Utiliser les raccourcis clavier").uncheck()
    button(page, "Enregistrer").click()
    page.goto("/desk")
    page.keyboard.press("v")
    page.keyboard.press("s")
    page.reload()
    states = [status(site, one) for one in (first, second, third)]
    assert sorted(states) == [Status.PENDING, Status.PENDING, Status.PUBLISHED]
    with site.parts.reading() as session:
        kept = session.get_one(Account, site.ann.id)
    assert (kept.shortcuts_on, kept.shortcuts) == (False, {"publish": "v"})


def test_a_stale_decision_is_told_in_place_and_keeps_the_words(site: Site, visit: Visit) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("r")
    page.get_by_label("Quelques mots").fill("Déjà dit.")
    site.decide(sent, Action.PUBLISH, by=site.sami)
    button(page, "doublon").click()
    expect(page.get_by_role("alert")).to_contain_text("validée par Sami")
    expect(page.get_by_label("Quelques mots")).to_have_value("Déjà dit.")


def test_after_a_conflict_the_same_key_does_nothing_to_what_somebody_else_decided(
    site: Site, visit: Visit
) -> None:
    first, _ = waiting(site, 2)
    page = at_desk(site, visit)
    page.keyboard.press("r")
    site.decide(first, Action.PUBLISH, by=site.sami)
    page.keyboard.press("3")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("validée par Sami")
    expect(told).to_contain_text("Les touches n’en décident plus rien")
    expect(page.locator("details.refuse")).not_to_have_attribute("open", "")
    name = opened(page)
    for key in ("3", "r", "p", "s"):
        page.keyboard.press(key)
    expect(told).to_contain_text("validée par Sami")
    assert (opened(page), status(site, first)) == (name, Status.PUBLISHED)
    page.keyboard.press("j")
    expect(told).to_have_count(0)
    page.keyboard.press("p")
    expect(page.get_by_role("status")).to_contain_text("Contribution validée.")


def test_a_note_that_is_being_written_is_there_when_one_comes_back(site: Site, visit: Visit) -> None:
    waiting(site, 2)
    page = at_desk(site, visit)
    first = opened(page)
    page.get_by_label("Note pour l’équipe").fill("À voir demain.")
    page.locator(TITLE).focus()
    page.keyboard.press("j")
    until_open(page, first)
    expect(page.get_by_label("Note pour l’équipe")).to_have_value("")
    page.keyboard.press("k")
    expect(page.locator(TITLE)).to_have_text(first)
    expect(page.get_by_label("Note pour l’équipe")).to_have_value("À voir demain.")
    button(page, "Enregistrer la note").click()
    expect(page.get_by_role("status")).to_contain_text("Note enregistrée.")
    expect(page.get_by_label("Note pour l’équipe")).to_have_value("")


def test_on_a_phone_the_next_text_is_in_sight_after_a_decision(site: Site, visit: Visit) -> None:
    waiting(site, 3)
    page = visit(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    site.sign_in(page.context, site.ann)
    page.goto("/desk")
    name = opened(page)
    button(page, "Valider").click()
    until_open(page, name)
    text, bar = page.locator(".item .text").first.bounding_box(), page.locator(".decide").bounding_box()
    assert text is not None
    assert bar is not None
    # A line of it, at least, above the buttons.
    assert text["y"] + 24 < bar["y"]


def test_a_session_that_ended_loses_no_word(site: Site, visit: Visit) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("r")
    page.get_by_label("Quelques mots").fill("Un long mot.")
    page.context.clear_cookies()
    button(page, "hors sujet").click()
    expect(page.get_by_role("alert")).to_contain_text("Votre session a pris fin : rien n’a été fait.")
    expect(page.get_by_role("link", name="Se connecter (nouvel onglet)")).to_be_visible()
    expect(page.get_by_label("Quelques mots")).to_have_value("Un long mot.")
    site.sign_in(page.context, site.ann)
    button(page, "hors sujet").click()
    expect(page.get_by_role("status")).to_contain_text("Contribution refusée.")
    assert status(site, sent) is Status.REFUSED


def test_a_network_that_is_gone_loses_no_word(site: Site, visit: Visit, watch: Watch) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("r")
    page.get_by_label("Quelques mots").fill("Un long mot.")
    page.context.set_offline(True)
    button(page, "hors sujet").click()
    expect(page.get_by_role("alert")).to_contain_text("rien n’est perdu")
    page.context.set_offline(False)
    watch.faults.clear()
    button(page, "hors sujet").click()
    expect(page.get_by_role("status")).to_contain_text("Contribution refusée.")
    assert status(site, sent) is Status.REFUSED


def test_a_whole_triage_is_said_to_who_listens(site: Site, visit: Visit) -> None:
    waiting(site, 2)
    page = at_desk(site, visit)
    expect(heading(page)).to_have_text("File d’attente")
    expect(page.get_by_role("article")).to_have_accessible_name(opened(page))
    decide = page.get_by_role("region", name="Décider")
    expect(decide.get_by_role("button", name="Valider", exact=True)).to_have_attribute(
        "aria-keyshortcuts", "p"
    )
    expect(page.locator(".rows [aria-current=true]")).to_have_count(1)
    page.keyboard.press("p")
    expect(page.get_by_role("status")).to_match_aria_snapshot("""
      - status:
        - paragraph:
          - strong: Contribution validée.
          - text: Encore 1 en attente.
        - button "Annuler cette décision"
    """)


def test_each_thing_done_by_key_is_said_to_who_listens(site: Site, visit: Visit) -> None:
    waiting(site, 4)
    page = at_desk(site, visit)
    told = page.get_by_role("status")

    def after(said: str, *keys: str) -> None:
        before = opened(page)
        for key in keys:
            page.keyboard.press(key)
        expect(told).to_contain_text(said)
        until_open(page, before)

    page.keyboard.press("r")
    reasons = page.get_by_role("group", name="Le motif, dit à l’auteur·ice")
    expect(reasons.get_by_role("button").first).to_be_focused()
    expect(reasons.get_by_role("button", name="hors sujet", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    after("Contribution refusée. Encore 3 en attente.", "r", "1")
    after("Contribution classée comme spam. Encore 2 en attente.", "s")
    after("Décision annulée. Encore 3 en attente.", "u")
    page.keyboard.press("q")
    question = page.get_by_role("textbox", name="Votre question à l’auteur·ice")
    expect(question).to_be_focused()
    page.keyboard.type("Où ?")
    after("Question posée. Encore 2 en attente.", "Tab", "Enter")
    after("Contribution validée. Encore 1 en attente.", "p")
    page.keyboard.press("p")
    expect(told).to_contain_text("Contribution validée. Plus rien n’attend.")
    expect(heading(page)).to_be_focused()
    expect(page.get_by_role("main")).to_contain_text("Plus rien n’attend : tout a été lu. Merci.")


def test_the_reasons_past_ten_have_letters_each_shows_its_key_and_a_slash_searches(
    site: Site, visit: Visit
) -> None:
    (sent,) = waiting(site, 1)
    page = at_desk(site, visit)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#title").focus()
    page.keyboard.press("r")
    shown = page.locator("details.refuse .reasons button").evaluate_all(
        "all => all.map(one => getComputedStyle(one, '::before').content.match(/[0-9a-z]/)[0])"
    )
    assert shown == [*"1234567890", "a"]
    page.get_by_label("Quelques mots").fill("C’est dit ailleurs.")
    page.locator("details.refuse .reasons button").first.focus()
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("Contribution refusée.")
    with site.parts.reading() as session:
        assert [line.reason for line in decisions_about(session, [sent])] == [Reason.OTHER]


def test_two_requests_are_enough_for_a_decision(site: Site, visit: Visit, watch: Watch) -> None:
    """The page and the decision: no style, script or picture has to come first."""
    (sent,) = waiting(site, 1)
    page = visit(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    site.sign_in(page.context, site.ann)
    page.route("**/static/**", lambda route: route.abort())
    page.route("**/favicon*", lambda route: route.abort())
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108
    page.goto("/desk")
    with page.expect_request(lambda request: request.method == "POST"):
        button(page, "Valider").click()
    page.wait_for_url("**done=*")
    watch.faults.clear()
    ours = [
        request.method
        for request in asked
        if "/static/" not in request.url and request.redirected_from is None
    ]
    assert ours == ["GET", "POST"]
    assert status(site, sent) is Status.PUBLISHED


def test_the_first_page_on_a_phone_is_light_and_holds_the_decision(site: Site, visit: Visit) -> None:
    waiting(site, 60)
    page = visit(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    site.sign_in(page.context, site.ann)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108
    page.goto("/desk", wait_until="networkidle")
    answers = [answer for request in asked if (answer := request.response()) is not None]
    assert sum(len(answer.body()) for answer in answers) < 200_000
    # What it takes to decide is in the page itself.
    assert [request.resource_type for request in asked].count("document") == 1
    publish, refused = button(page, "Valider").bounding_box(), page.locator("details.refuse").bounding_box()
    assert publish is not None
    assert refused is not None
    assert min(publish["height"], refused["height"]) >= 44
    # A thumb that misses one does not hit the other.
    assert refused["x"] - (publish["x"] + publish["width"]) >= 24
    assert publish["y"] + publish["height"] <= 640
