"""Every page the program can show, each reached the way people reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from conftest import Sent, add_article, send
from playwright.sync_api import Page, expect
from sqlmodel import delete, select, update

from browser.conftest import ROOM
from browser.serving import Site
from browser.steps import Guarded, button, guarded, heading, message, preview, read_preview, refuse, write
from browser.teamwork import together
from moderation import (
    articles,
    claims,
    contesting,
    decisions,
    drafts,
    email_changes,
    erasing,
    follows,
    identifiers,
    mail,
    mailboxes,
    proposals,
    reasons,
    submissions,
)
from moderation.articles import Content
from moderation.lanes import Ground
from moderation.lifecycle import NEEDS_REASON, Action, Reason, Status
from moderation.links import Bulletins, Following, Mailing, NewAddress, Review, Unfollowing
from moderation.markup import Dialect
from moderation.models.bulletins import Bulletin
from moderation.models.follows import Follow
from moderation.models.judging import LONGEST_LABEL
from moderation.models.packets import Packet
from moderation.models.public import Figure, Mode, MonthFigure
from moderation.models.queue import Comment, Letter, LetterKind
from moderation.models.retention import Kept, Swept
from moderation.sparing import OTHERS

WIDE = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz" * 3
ADDRESS = "https://example.org/" + "chemin" * 40 + "?" + "cle=valeur&" * 20
TEXT = f"""{WIDE}

{{{{{WIDE}}}}} puis {ADDRESS} et [{WIDE}->{ADDRESS}]

- {WIDE}
- <code>{WIDE}</code>

> > > > {WIDE}

<pre>{WIDE} {WIDE}</pre>

\u202e{WIDE}\u202c Z̸̛͔͙͓̟̘a̴͎͔l̶̨͇g̸̙͝o̷͎͘ אבג {"א" * 200}

<table><tr><td>{WIDE}</td></tr></table>"""
BODY = f"""<p>{WIDE}</p><h2>{WIDE}</h2><p>Des mots ordinaires, et <a href="{ADDRESS}">{ADDRESS}</a>.</p>
<ul><li>{WIDE}</li></ul><blockquote><p>{WIDE}</p></blockquote><pre>{WIDE} {WIDE}</pre>"""
LARGE = Content(
    title=WIDE,
    body=BODY,
    lead=f"Un chapeau, et {WIDE}.",
    postscript=BODY,
    section=WIDE,
    place=WIDE,
    themes=(WIDE.upper(), "LOGEMENT"),
    proposer=WIDE,
    featured=True,
)
NAME = "Wwwwwwwwww" * 8
MANY = 100
FOLLOWER = f"{'v' * 60}@{'w' * 60}.example"


MOVES: dict[Status, tuple[Action, ...]] = {
    Status.PENDING: (),
    Status.ASKED: (Action.ASK,),
    Status.PUBLISHED: (Action.PUBLISH,),
    Status.REFUSED: (Action.REFUSE,),
    Status.SPAM: (Action.SPAM,),
    Status.UNPUBLISHED: (Action.PUBLISH, Action.UNPUBLISH),
}


@dataclass(frozen=True)
class Gallery:
    """A site with something of every kind on it, much of it too long for any screen."""

    site: Site
    sent: dict[Status, Sent]
    together: dict[str, Sent]
    eve: Guarded
    # Refused by Sami; its author appeals.
    contested: Sent
    # Public, and what their authors propose about them, each followed at its own address.
    corrected: tuple[Sent, str]
    retracted: tuple[Sent, str]
    # A public text somebody gave notice of, where that is followed, and one whose answer is contested.
    noticed: tuple[Sent, str]
    answered: tuple[Sent, str]
    # Where a right of reply is followed.
    reply: str


Scene = Callable[[Gallery, Page], None]


def furnish(site: Site) -> Gallery:
    with site.parts.writing() as session:
        articles.put(session, "large", LARGE, now=site.parts.clock())
    for slug in ("sans-contribution", "ferme"):
        add_article(site.parts, slug)
    add_article(site.parts, "cent", title="Cent compléments")
    _publish_many(site)
    add_article(site.parts, "comble", title=f"Comble, et {WIDE}")
    for number in range(ROOM):
        send(site.parts, "comble", f"La {number + 1}e à attendre.")
    own = _own_reason(site)
    sent = {status: _brought_to(site, status, actions, own) for status, actions in MOVES.items()}
    withdrawn = send(site.parts, "large", f"retirée {TEXT}", author=NAME)
    with site.parts.writing() as session:
        submissions.withdraw(session, withdrawn.tracking, revision=1, now=site.parts.clock())
        articles.set_mode(session, "ferme", Mode.CLOSED)
        session.add(
            Packet(
                comment_id=withdrawn.id,
                account_id=site.ann.id,
                seal="5ea1" * 16,
                with_address=True,
                at=site.parts.clock(),
            )
        )
    sent[Status.WITHDRAWN] = withdrawn
    return Gallery(
        site,
        sent,
        together(site, WIDE),
        guarded(site, "eve@example.org", NAME),
        _contested(site),
        _proposed(site, retracts=False),
        _proposed(site, retracts=True),
        _noticed(site, left=False),
        _noticed(site, left=True),
        _replied(site),
    )


def _noticed(site: Site, *, left: bool) -> tuple[Sent, str]:
    sent = send(site.parts, "large", f"signalée {left} {TEXT}", author=NAME)
    now = site.parts.clock()
    words = drafts.read(NAME, f"{'w' * 60}@example.org", WIDE * 3, dialect=Dialect.SPIP)
    with site.parts.writing() as session:
        decisions.decide(
            session, sent.id, Action.PUBLISH, revision=1, by=site.sami.id, now=now, undo=timedelta()
        )
        code = claims.notify(session, sent.id, words, Ground.HATRED, now=now)
        if left:
            notice = session.exec(select(Comment.id).where(Comment.tracking == code)).one()
            decisions.decide(
                session,
                notice,
                Action.REFUSE,
                revision=1,
                by=site.sami.id,
                now=now,
                undo=timedelta(),
                note=WIDE,
            )
    return sent, code


def _replied(site: Site) -> str:
    words = drafts.read(NAME, f"{'w' * 60}@example.org", TEXT[:2000], dialect=Dialect.SPIP)
    now = site.parts.clock() - timedelta(days=4)
    with site.parts.writing() as session:
        return claims.reply(session, "large", words, WIDE * 3, now=now)


def _publish_many(site: Site) -> None:
    now, at_once = site.parts.clock(), timedelta()
    written = [drafts.read("Zoé", "", f"La contribution {n}.", dialect=Dialect.SPIP) for n in range(MANY)]
    with site.parts.writing() as session:
        for draft in written:
            comment = submissions.submit(session, "cent", draft, nonce=identifiers.new_code(), now=now)
            decisions.decide(
                session, comment.id, Action.PUBLISH, revision=1, by=site.sami.id, now=now, undo=at_once
            )


def _contested(site: Site) -> Sent:
    sent = send(site.parts, "large", f"contestée {TEXT}", author=NAME)
    now, at_once = site.parts.clock(), timedelta()
    with site.parts.writing() as session:
        decisions.decide(
            session,
            sent.id,
            Action.REFUSE,
            revision=1,
            by=site.sami.id,
            now=now,
            undo=at_once,
            reason=Reason.PRIVACY,
        )
        contesting.appeal(session, sent.tracking, WIDE, revision=2, now=now)
    return sent


def _proposed(site: Site, *, retracts: bool) -> tuple[Sent, str]:
    sent = send(site.parts, "large", f"proposée {retracts} {TEXT}", author=NAME)
    now = site.parts.clock()
    propose = proposals.retract if retracts else proposals.correct
    words = drafts.rewritten(NAME, "", f"autrement {retracts} {TEXT}", dialect=Dialect.SPIP)
    with site.parts.writing() as session:
        decisions.decide(
            session, sent.id, Action.PUBLISH, revision=1, by=site.sami.id, now=now, undo=timedelta()
        )
        return sent, propose(session, sent.tracking, words, revision=2, now=now)


def _own_reason(site: Site) -> str:
    """As long as can be; and one of those shipped is no longer offered."""
    with site.parts.writing() as session:
        reasons.offer(session, Reason.UNVERIFIABLE, offered=False)
        return reasons.add(session, WIDE[:LONGEST_LABEL], WIDE * 2, dict.fromkeys(map(str, Reason), ""))


def _brought_to(site: Site, status: Status, actions: tuple[Action, ...], own: str) -> Sent:
    sent = send(site.parts, "large", f"{status} {TEXT}", author=NAME, email=f"{'w' * 60}@example.org")
    for revision, action in enumerate(actions, start=1):
        explained = action in NEEDS_REASON
        site.decide(
            sent,
            action,
            revision=revision,
            reason=own if explained else None,
            note=WIDE if explained or action is Action.ASK else "",
        )
    return sent


def at(address: str) -> Scene:
    def scene(_gallery: Gallery, page: Page) -> None:
        page.goto(address)

    return scene


def shared(fate: str) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        page.goto(f"/desk/comments/{gallery.together[fate].id}")
        expect(page.locator("#title")).to_be_visible()

    return scene


def tracking(status: Status) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        page.goto(f"/track/{gallery.sent[status].tracking}")

    return scene


def contested(gallery: Gallery, page: Page) -> None:
    page.goto(f"/track/{gallery.contested.tracking}")
    expect(heading(page)).to_have_text("Votre contestation attend d’être lue")


def contested_at_the_desk(gallery: Gallery, page: Page) -> None:
    page.goto(f"/desk/comments/{gallery.contested.id}")
    expect(page.locator(".item .appeal")).to_be_visible()


def appeal_without_words(gallery: Gallery, page: Page) -> None:
    tracking(Status.REFUSED)(gallery, page)
    page.get_by_label("Pourquoi il faudrait la revoir").evaluate("field => field.required = false")
    button(page, "Contester la décision").click()
    expect(page.locator("#appeal-error")).to_be_visible()


def editing(status: Status) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        page.goto(f"/track/{gallery.sent[status].tracking}/edit")
        expect(heading(page)).to_have_text("Modifier votre texte")

    return scene


def edit_preview(gallery: Gallery, page: Page) -> None:
    editing(Status.PENDING)(gallery, page)
    message(page).fill(f"nouveau {TEXT}")
    button(page, "Prévisualiser").click()
    expect(heading(page)).to_have_text("Aperçu : votre texte n’est pas encore modifié")


def edit_refused(gallery: Gallery, page: Page) -> None:
    editing(Status.PENDING)(gallery, page)
    message(page).evaluate("field => field.required = false")
    message(page).fill("")
    button(page, "Prévisualiser").click()
    expect(page.locator("#text-error")).to_be_visible()


def proposing(gallery: Gallery, page: Page) -> None:
    page.goto(f"/track/{gallery.sent[Status.PUBLISHED].tracking}/edit")
    expect(heading(page)).to_have_text("Proposer une correction")


def proposing_preview(gallery: Gallery, page: Page) -> None:
    proposing(gallery, page)
    message(page).fill(f"nouveau {TEXT}")
    button(page, "Prévisualiser").click()
    expect(heading(page)).to_have_text("Aperçu : votre correction n’est pas encore envoyée")


def demanding(gallery: Gallery, page: Page) -> None:
    tracking(Status.PUBLISHED)(gallery, page)
    page.get_by_text("Demander le retrait de ce texte").click()
    page.locator("#retract").evaluate("field => { field.required = false; field.value = '' }")
    button(page, "Demander le retrait").click()
    expect(page.locator("#retract-error")).to_be_visible()


def proposal(*, retracts: bool, followed: bool) -> Scene:
    """As its author follows it, or on the page of the text it is about."""

    def scene(gallery: Gallery, page: Page) -> None:
        sent, code = gallery.retracted if retracts else gallery.corrected
        page.goto(f"/track/{code if followed else sent.tracking}")

    return scene


def reporting(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large")
    page.get_by_role("link", name="Signaler la contribution de").first.click()
    expect(heading(page)).to_contain_text("Signaler la contribution de")


def reporting_refused(gallery: Gallery, page: Page) -> None:
    reporting(gallery, page)
    button(page, "Envoyer le signalement").click()
    expect(page.locator("#good_faith-error")).to_be_visible()


def replying_refused(_gallery: Gallery, page: Page) -> None:
    page.goto("/right-of-reply")
    button(page, "Envoyer la demande").click()
    expect(page.locator("#place-error")).to_be_visible()


def notice(*, left: bool) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        _, code = gallery.answered if left else gallery.noticed
        page.goto(f"/track/{code}")
        expect(heading(page)).to_have_text("Votre signalement")

    return scene


def reply(gallery: Gallery, page: Page) -> None:
    page.goto(f"/track/{gallery.reply}")
    expect(heading(page)).to_have_text("Votre droit de réponse")


def at_the_desk(code: str) -> Scene:
    """What is followed there: « notice », « noticed » or « reply »."""

    def scene(gallery: Gallery, page: Page) -> None:
        codes = {"notice": gallery.noticed[1], "noticed": gallery.noticed[0].tracking, "reply": gallery.reply}
        with gallery.site.parts.reading() as session:
            name = session.exec(select(Comment.id).where(Comment.tracking == codes[code])).one()
        page.goto(f"/desk/comments/{name}")
        expect(page.locator(".amends h3")).to_be_visible()

    return scene


def notice_without_an_answer(gallery: Gallery, page: Page) -> None:
    at_the_desk("notice")(gallery, page)
    page.locator("summary", has_text="Laisser le texte").click()
    page.get_by_label("Votre réponse à qui l’a signalé").evaluate("field => field.required = false")
    button(page, "Envoyer la réponse").click()
    expect(page.locator("#notified-error")).to_be_visible()


def page_refused(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/settings/pages/legal")
    page.get_by_label("Texte de la page").fill(" ")
    button(page, "Enregistrer").click()
    expect(page.locator("#text-error")).to_be_visible()


def proposal_to_judge(*, retracts: bool) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        sent, _ = gallery.retracted if retracts else gallery.corrected
        with gallery.site.parts.reading() as session:
            name = session.exec(select(Comment.id).where(Comment.amends == sent.id)).one()
        page.goto(f"/desk/comments/{name}")
        expect(page.locator(".item .amends")).to_be_visible()

    return scene


def item(status: Status) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        page.goto(f"/desk/comments/{gallery.sent[status].id}")

    return scene


def reader_answered(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large")
    page.locator("#contributions a[href$='/reply']").first.click()
    expect(heading(page)).to_contain_text("Répondre à")


def reader_answered_previewed(gallery: Gallery, page: Page) -> None:
    reader_answered(gallery, page)
    message(page).fill(WIDE)
    preview(page)


def previewed(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large")
    write(page, TEXT, author=NAME)
    preview(page)


def previewed_too_fast(gallery: Gallery, page: Page) -> None:
    previewed(gallery, page)
    button(page, "Envoyer à la modération").click()
    expect(page.get_by_role("status")).to_contain_text("C’était très rapide")


def sent_while_nothing_can_be_kept(gallery: Gallery, page: Page) -> None:
    previewed(gallery, page)
    read_preview(gallery.site, page)
    with gallery.site.parts.writing() as session:
        session.connection()  # somebody else writes, and does not end
        button(page, "Envoyer à la modération").click()
        expect(heading(page)).to_have_text("Pas encore enregistré")


def caught_as_a_robot(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large")
    write(page, TEXT, author=NAME)
    page.locator("#nobot").evaluate("field => { field.value = 'https://example.org' }")
    button(page, "Prévisualiser").click()
    expect(page.get_by_role("alert")).to_contain_text("Ce champ doit rester vide")


def sent_where_there_is_no_room(gallery: Gallery, page: Page) -> None:
    page.goto("/articles/comble")
    write(page, TEXT, author=NAME)
    preview(page)
    read_preview(gallery.site, page)
    button(page, "Envoyer à la modération").click()
    expect(page.get_by_role("status")).to_contain_text("Trop de contributions attendent déjà")


def forum_closed(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/log")
    if button(page, "Rouvrir ce forum").count():  # another scene came first
        button(page, "Rouvrir ce forum").click()
    page.goto("/desk")
    expect(page.get_by_text("Trop de contributions attendent sous l’article Comble")).to_be_visible()
    button(page, "Fermer ce forum").click()
    expect(page.get_by_role("status")).to_contain_text("Forum fermé par Ann")


def closed_forum_in_the_log(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk")
    if button(page, "Fermer ce forum").count():
        button(page, "Fermer ce forum").click()
        expect(page.get_by_role("status")).to_contain_text("Forum fermé par Ann")
    page.goto("/desk/log")
    expect(page.get_by_role("heading", name="Forums fermés")).to_be_visible()


def refused_by_the_form(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large")
    page.get_by_label("Votre adresse électronique").fill(WIDE)
    message(page).fill(WIDE * 100)
    _whatever_is_typed(page)
    button(page, "Prévisualiser").click()
    expect(page.get_by_role("alert")).to_be_visible()


def nowhere_to_send(slug: str) -> Scene:
    def scene(_gallery: Gallery, page: Page) -> None:
        page.goto("/articles/sans-contribution")
        message(page).fill(TEXT)
        page.locator("main form").evaluate(f"form => form.action = '/articles/{slug}/comments'")
        button(page, "Prévisualiser").click()
        expect(heading(page)).to_have_text("Votre message n’a pas été envoyé")

    return scene


def unknown_code(_gallery: Gallery, page: Page) -> None:
    page.goto("/track")
    page.get_by_label("Le code noté").fill("W" * 40)
    button(page, "Voir où elle en est").click()
    expect(page.get_by_role("alert")).to_be_visible()


def sign_in_link(gallery: Gallery, page: Page) -> None:
    page.goto(gallery.site.sign_in_link(gallery.site.ann))


def sign_in_without_an_address(_gallery: Gallery, page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Votre adresse électronique").fill("ann")
    _whatever_is_typed(page)
    button(page, "Demander un lien").click()
    expect(page.get_by_role("alert")).to_be_visible()


def sign_in_code(gallery: Gallery, page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Votre adresse électronique").fill(gallery.site.ann.email)
    button(page, "Demander un lien").click()
    expect(page.get_by_label("Code reçu")).to_be_visible()


def sign_in_wrong_code(gallery: Gallery, page: Page) -> None:
    sign_in_code(gallery, page)
    page.get_by_label("Code reçu").fill("0000-0000")
    button(page, "Se connecter").click()
    expect(page.get_by_role("alert")).to_be_visible()


def signed_out_meanwhile(gallery: Gallery, page: Page) -> None:
    item(Status.PENDING)(gallery, page)
    page.context.clear_cookies()
    # As without a script.
    page.locator("form[data-do=publish]").evaluate("form => form.submit()")
    expect(page.get_by_role("alert")).to_contain_text("Votre session est terminée")


def offered(gallery: Gallery, page: Page) -> None:
    item(Status.PENDING)(gallery, page)
    page.locator("details.refuse > summary").click()
    expect(button(page, "hors sujet")).to_be_visible()


def without_a_reason(gallery: Gallery, page: Page) -> None:
    offered(gallery, page)
    page.get_by_label("Quelques mots").fill(WIDE)
    page.locator("details.refuse button").first.evaluate("button => { button.value = '' }")
    button(page, "hors sujet").click()
    expect(page.get_by_role("alert")).to_contain_text("Choisissez un motif")


def without_words(gallery: Gallery, page: Page) -> None:
    item(Status.PENDING)(gallery, page)
    refuse(page, "autre (à préciser)")
    expect(page.get_by_role("alert")).to_contain_text("dites pourquoi")


def too_many_words(gallery: Gallery, page: Page) -> None:
    offered(gallery, page)
    page.get_by_label("Quelques mots").evaluate(
        "(field, words) => { field.value = words.repeat(20) }", f"{WIDE} "
    )
    refuse(page, "autre (à préciser)")
    expect(page.get_by_role("alert")).to_contain_text("C’est trop long")


def keys(gallery: Gallery, page: Page) -> None:
    item(Status.PENDING)(gallery, page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def figures_and_their_tables(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/figures")
    for data in page.get_by_text("Les données").all():
        data.click()
    expect(page.get_by_role("table")).to_have_count(5)


def no_month_is_over(gallery: Gallery, page: Page) -> None:
    with gallery.site.parts.writing() as session:
        session.exec(delete(MonthFigure))
    page.goto("/transparency")
    expect(page.get_by_role("table")).to_have_count(0)


def months_are_over(gallery: Gallery, page: Page) -> None:
    """One with all there can be, one with what is too small to tell, one with nothing."""
    with gallery.site.parts.writing() as session:
        session.exec(delete(MonthFigure))
        own = next(one.code for one in reasons.listed(session) if one.is_own)
        for figure, count in zip(Figure, (12_340, 10_200, 70, 8, 1_200, 0, 11, 13, 26), strict=True):
            session.add(MonthFigure(month="2026-04", figure=figure, count=count))
            session.add(MonthFigure(month="2026-03", figure=figure))
            session.add(MonthFigure(month="2026-02", figure=figure, count=0))
        parts = {
            Figure.RESTRICTED: {own: 40, Reason.PRIVACY: 20, OTHERS: 10},
            Figure.APPEALED: {"spam": 6, "restricted": 5},
            Figure.ANSWERED: {"upheld": 7, OTHERS: 6},
        }
        for figure, counted in parts.items():
            for part, count in counted.items():
                session.add(MonthFigure(month="2026-04", figure=figure, part=part, count=count))
    page.goto("/transparency")
    page.get_by_text("Mars 2026", exact=True).click()
    expect(page.get_by_role("table")).to_have_count(2)


def unusable_key(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/account/shortcuts")
    page.get_by_label("Valider").fill("j")
    button(page, "Enregistrer").click()
    expect(page.get_by_role("alert").first).to_contain_text("sert déjà")


def _another(gallery: Gallery, page: Page) -> Sent:
    sent = send(gallery.site.parts, "large", f"{identifiers.new_id()} {TEXT}", author=NAME)
    page.goto(f"/desk/comments/{sent.id}")
    return sent


def stale(gallery: Gallery, page: Page) -> None:
    gallery.site.decide(_another(gallery, page), Action.PUBLISH, by=gallery.site.sami)
    button(page, "Spam").click()
    expect(page.get_by_role("alert")).to_contain_text("validée par Sami")


def just_decided(gallery: Gallery, page: Page) -> None:
    _another(gallery, page)
    button(page, "Spam").click()
    expect(page.get_by_role("status")).to_contain_text("classée comme spam")


def just_undone(gallery: Gallery, page: Page) -> None:
    just_decided(gallery, page)
    button(page, "Annuler cette décision").click()
    expect(page.get_by_role("status")).to_contain_text("Décision annulée.")


def after_a_decision_and_a_page(gallery: Gallery, page: Page) -> None:
    just_decided(gallery, page)
    page.goto(f"/desk/comments/{gallery.sent[Status.PENDING].id}")
    expect(page.locator(".done.last")).to_contain_text("Votre dernière décision")


def some_left(gallery: Gallery, page: Page) -> None:
    left = [one.id for one in gallery.sent.values()]
    page.goto(f"/desk?{'&'.join(f'left={name}' for name in left)}")
    expect(page.get_by_role("alert")).to_contain_text("n’ont pas changé")


def nothing_found(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk?q=introuvable&link=1&section=Ville")
    expect(page.get_by_text("Aucune contribution ne correspond.")).to_be_visible()


def bulk_refused(_gallery: Gallery, page: Page) -> None:
    page.goto(f"/desk/bulk?author={NAME}")
    page.get_by_role("button", name="Rien", exact=True).click()
    page.locator(".bar button[value=spam]").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def notices_without_an_answer(gallery: Gallery, page: Page) -> None:
    page.goto(f"/desk/bulk?about={gallery.noticed[0].id}&pick=all")
    page.locator("summary", has_text="Laisser le texte").click()
    button(page, "Envoyer la réponse").click()
    expect(page.locator("#note-error")).to_be_visible()


def feed_made(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/account")
    page.locator("[action$='/feed/make'] button").click()
    expect(page.get_by_label("Adresse du flux")).to_be_visible()


def rewriting(name: str) -> Scene:
    def scene(gallery: Gallery, page: Page) -> None:
        page.goto(f"/desk/comments/{gallery.sent[Status.PENDING].id}/{name}")

    return scene


def correction_previewed(gallery: Gallery, page: Page) -> None:
    rewriting("correct")(gallery, page)
    field = page.get_by_label("Texte, tel que saisi")
    field.fill(field.input_value().replace("mots", "maux") + f" et {WIDE}")
    button(page, "Prévisualiser").click()
    expect(button(page, "Enregistrer la correction")).to_be_visible()


def passage_previewed(gallery: Gallery, page: Page) -> None:
    rewriting("redact")(gallery, page)
    page.get_by_label("Passages à retirer, un par ligne").fill("chemin\npuis")
    button(page, "Prévisualiser").click()
    expect(button(page, "Retirer ces mots")).to_be_visible()


def passage_missing(gallery: Gallery, page: Page) -> None:
    rewriting("redact")(gallery, page)
    page.get_by_label("Passages à retirer, un par ligne").fill(f"puis\n{'absent' * 60}")
    button(page, "Prévisualiser").click()
    expect(page.get_by_text("Ce qui suit ne se trouve pas dans le texte")).to_be_visible()


def rewritten(gallery: Gallery, page: Page) -> None:
    sent = _another(gallery, page)
    page.goto(f"/desk/comments/{sent.id}/redact")
    page.get_by_label("Passages à retirer, un par ligne").fill("puis")
    button(page, "Prévisualiser").click()
    button(page, "Retirer ces mots").click()
    page.get_by_text("Ce que la modération a changé dans ce texte").click()
    expect(page.locator(".rewritten del").first).to_be_visible()


def answering(gallery: Gallery, page: Page) -> None:
    _another(gallery, page)
    page.locator("details.answer > summary").click()
    page.get_by_label("Votre réponse, au nom de la modération").fill(" ")
    button(page, "Publier et répondre").click()
    expect(page.locator("#answer-error")).to_be_visible()


def answered(gallery: Gallery, page: Page) -> None:
    _another(gallery, page)
    page.locator("details.answer > summary").click()
    page.get_by_label("Votre réponse, au nom de la modération").fill(TEXT)
    button(page, "Publier et répondre").click()
    expect(page.get_by_role("status")).to_contain_text("avec votre réponse")


def password_wrong(gallery: Gallery, page: Page) -> None:
    page.goto("/sign-in/password")
    page.get_by_label("Votre adresse électronique").fill(f"{'w' * 60}@example.org")
    page.get_by_label("Votre mot de passe").fill("pas celui-là")
    button(page, "Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("n’est pas le bon")
    del gallery


def password_too_often(gallery: Gallery, page: Page) -> None:
    password_wrong(gallery, page)
    for _ in range(6):
        page.get_by_label("Votre mot de passe").fill("pas celui-là")
        button(page, "Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("cette entrée est fermée pour un moment")


def second_step(gallery: Gallery, page: Page) -> None:
    page.context.clear_cookies()
    page.goto(gallery.site.sign_in_link(gallery.eve.person))
    button(page, "Se connecter").click()
    expect(heading(page)).to_have_text("Encore une étape")


def second_step_wrong(gallery: Gallery, page: Page) -> None:
    second_step(gallery, page)
    page.get_by_label("Le code de votre application").fill("000000")
    button(page, "Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("il a déjà servi")


def second_step_wrong_recovery(gallery: Gallery, page: Page) -> None:
    second_step(gallery, page)
    page.get_by_text("Je n’ai plus l’application").click()
    page.get_by_label("Un de vos codes de secours").fill("W" * 40)
    button(page, "Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("Ce code de secours n’est pas le bon")


def guarded_at(address: str) -> Scene:
    """As Ève sees it, who has everything there is to sign in with."""

    def scene(gallery: Gallery, page: Page) -> None:
        gallery.site.sign_in(page.context, gallery.eve.person)
        page.goto(address)

    return scene


def recovery_codes(gallery: Gallery, page: Page) -> None:
    guarded_at("/desk/account")(gallery, page)
    button(page, "Créer de nouveaux codes de secours").click()
    expect(heading(page)).to_have_text("Vos codes de secours")


def filled_in_wrong(address: str, label: str, typed: str, press: str) -> Scene:
    def scene(_gallery: Gallery, page: Page) -> None:
        page.goto(address)
        page.get_by_label(label).fill(typed)
        _whatever_is_typed(page)
        button(page, press).click()
        expect(page.get_by_role("alert")).to_be_visible()

    return scene


def reason_refused(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/settings/reasons")
    mine = page.locator("#reason-privacy")
    mine.get_by_text("atteinte à la vie privée", exact=True).click()
    mine.get_by_label("Le motif, en quelques mots").fill("hors sujet")
    mine.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("alert")).to_contain_text("se dit déjà ainsi")


def reason_gone(gallery: Gallery, page: Page) -> None:
    with gallery.site.parts.writing() as session:
        code = reasons.add(session, "ajouté puis supprimé", "", dict.fromkeys(map(str, Reason), ""))
    page.goto("/desk/settings/reasons")
    with gallery.site.parts.writing() as session:
        reasons.remove(session, code)
    page.locator(f"#reason-{code}").get_by_role("button", name="Monter").click()
    expect(page.get_by_role("alert")).to_contain_text("quelqu’un l’a supprimé")


def token_made(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/account/tokens")
    page.get_by_label("À quoi il sert").fill("W" * 80)
    button(page, "Créer le jeton").click()
    expect(page.get_by_role("status")).to_contain_text("mod_")


def token_without_a_scope(_gallery: Gallery, page: Page) -> None:
    page.goto("/desk/account/tokens")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    button(page, "Créer le jeton").click()
    expect(page.get_by_role("alert")).to_contain_text("Cochez au moins une case")


def new_address(gallery: Gallery, page: Page) -> None:
    site, email = gallery.site, f"{'w' * 60}@{'w' * 60}.{'w' * 40}.example"
    with site.parts.writing() as session:
        change = email_changes.ask(session, site.ann, email, site.parts.clock())
        session.exec(delete(Letter))
    page.goto(f"/new-address/{site.parts.links.sign(NewAddress(change), site.parts.clock())}")
    expect(button(page, "Confirmer cette adresse")).to_be_visible()


def letters_that_fail(gallery: Gallery, page: Page) -> None:
    site = gallery.site
    with site.parts.writing() as session:
        for account_id in (site.ann.id, None):
            mail.write(session, LetterKind.PASSWORD_SET, site.parts.clock(), account_id=account_id)
        session.exec(update(Letter).values(failure="SMTPServerDisconnected", tries=6))
    page.goto("/desk/settings/letters")
    expect(page.get_by_role("button", name="Réessayer maintenant").first).to_be_visible()


def what_was_erased(gallery: Gallery, page: Page) -> None:
    with gallery.site.parts.writing() as session:
        session.exec(delete(Swept))
        for kind in Kept:
            session.add(Swept(day="2026-03-01", kind=kind, count=12_345))
    page.goto("/desk/settings")
    expect(page.get_by_role("table")).to_have_count(1)


def kept_long_enough(gallery: Gallery, page: Page) -> None:
    """A text whose author can contest nothing any more."""
    site = gallery.site
    sent = send(site.parts, "large", f"Effacée, {identifiers.new_id()}", author=NAME)
    with site.parts.writing() as session:
        decisions.decide(
            session,
            sent.id,
            Action.SPAM,
            revision=1,
            by=site.ann.id,
            now=site.parts.clock(),
            undo=timedelta(),
        )
        erasing.expire(session, session.get_one(Comment, sent.id), site.parts.clock())
    page.goto(f"/track/{sent.tracking}")
    expect(page.get_by_text("ont été effacés le")).to_be_visible()


def mailing(gallery: Gallery, page: Page) -> None:
    site = gallery.site
    key = mailboxes.digest(f"{'w' * 60}@example.org")
    page.goto(f"/mail/{site.parts.links.sign(Mailing(key), site.parts.clock())}")
    expect(heading(page)).to_have_text("Vos courriels")


def review_link(site: Site, sent: Sent, revision: int = 1) -> str:
    """Where a letter to Ann leads."""
    with site.parts.writing() as session:
        row = session.get(Bulletin, site.ann.id)
        if row is None:
            now = site.parts.clock()
            row = Bulletin(account_id=site.ann.id, told_from=now, told_until=now, due_at=now, seal="seal")
            session.add(row)
        link = Review(sent.id, revision, site.ann.id, "publish refuse spam", row.seal)
    return f"/review/{site.parts.links.sign(link, site.parts.clock())}"


def reviewing(gallery: Gallery, page: Page) -> None:
    page.goto(review_link(gallery.site, gallery.sent[Status.PENDING]))
    expect(page.get_by_role("button", name="Valider")).to_be_visible()


def reviewing_without_a_reason(gallery: Gallery, page: Page) -> None:
    reviewing(gallery, page)
    page.locator("summary", has_text="Refuser").click()
    button(page, "Refuser").click()
    expect(page.get_by_text("Choisissez un motif")).to_be_visible()


def reviewing_what_moved(gallery: Gallery, page: Page) -> None:
    page.goto(review_link(gallery.site, gallery.sent[Status.PUBLISHED]))
    expect(page.get_by_text("a changé depuis le courriel")).to_be_visible()


def ending_letters(gallery: Gallery, page: Page) -> None:
    site = gallery.site
    page.goto(f"/bulletin/{site.parts.links.sign(Bulletins(site.ann.id), site.parts.clock())}")
    expect(heading(page)).to_have_text("Les courriels à l’équipe")


def texts_of_an_address(gallery: Gallery, page: Page) -> None:
    """Confirmed; asked to erase everything by who typed another one."""
    mailing(gallery, page)
    page.locator("form button.primary").click()
    page.get_by_label("L’adresse à laquelle").fill("autre@example.org")
    button(page, "Tout effacer…").click()
    expect(page.get_by_role("alert")).to_be_visible()


def erasing_everything(gallery: Gallery, page: Page) -> None:
    texts_of_an_address(gallery, page)
    page.get_by_label("L’adresse à laquelle").fill(f"{'w' * 60}@example.org")
    button(page, "Tout effacer…").click()
    expect(heading(page)).to_have_text("Tout effacer ?")


def mailing_stopped(gallery: Gallery, page: Page) -> None:
    mailing(gallery, page)
    if page.get_by_role("button", name="Ne plus rien recevoir").count():
        button(page, "Ne plus rien recevoir").click()
    expect(page.get_by_role("button", name="Ne plus rien recevoir")).to_have_count(0)


def follow_asked(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large/follow")
    page.get_by_label("Votre adresse électronique").fill(FOLLOWER)
    button(page, "Suivre ce forum").click()
    expect(page.get_by_role("status")).to_contain_text("demander confirmation")


def follow_refused(_gallery: Gallery, page: Page) -> None:
    page.goto("/articles/large/follow")
    _whatever_is_typed(page)
    page.get_by_label("Votre adresse électronique").fill(WIDE)
    button(page, "Suivre ce forum").click()
    expect(page.locator("#email-error")).to_be_visible()


def follow_to_confirm(gallery: Gallery, page: Page) -> None:
    parts, digest = gallery.site.parts, mailboxes.digest(FOLLOWER)
    with parts.writing() as session:
        follows.end_all(session, digest, parts.clock())
        for slug in ("large", "cent"):
            follows.ask(session, slug, FOLLOWER, parts.clock())
        session.exec(delete(Letter))
    page.goto(f"/follow/{parts.links.sign(Following(digest), parts.clock())}")
    expect(button(page, "Confirmer")).to_be_visible()


def follow_confirmed(gallery: Gallery, page: Page) -> None:
    follow_to_confirm(gallery, page)
    button(page, "Confirmer").click()
    expect(page.get_by_role("status")).to_contain_text("C’est confirmé")


def unfollow(gallery: Gallery, page: Page) -> None:
    follow_to_confirm(gallery, page)
    parts = gallery.site.parts
    with parts.reading() as session:
        name = session.exec(select(Follow.id).where(Follow.address == FOLLOWER)).first()
    page.goto(f"/unfollow/{parts.links.sign(Unfollowing(name or ''), parts.clock())}")
    expect(button(page, "Ne plus rien suivre sur ce site")).to_be_visible()


def unfollowed(gallery: Gallery, page: Page) -> None:
    unfollow(gallery, page)
    button(page, "Ne plus suivre").click()
    expect(page.get_by_role("status")).to_contain_text("C’est fait")


def told_of_answers(gallery: Gallery, page: Page) -> None:
    tracking(Status.PUBLISHED)(gallery, page)
    if page.get_by_role("button", name="Me prévenir").count():
        page.get_by_role("button", name="Me prévenir").click()
    expect(button(page, "Ne plus me prévenir")).to_be_visible()


def _whatever_is_typed(page: Page) -> None:
    """Lets the server say what the browser would have said."""
    page.locator("main form").evaluate("form => form.noValidate = true")


SCENES: dict[str, Scene] = {
    "home": at("/"),
    "article-without-contributions": at("/articles/sans-contribution"),
    "article-with-a-hundred": at("/articles/cent"),
    "article-too-wide": at("/articles/large"),
    "article-closed": at("/articles/ferme"),
    "reader-answered": reader_answered,
    "reader-answered-preview": reader_answered_previewed,
    "preview": previewed,
    "preview-too-fast": previewed_too_fast,
    "busy": sent_while_nothing_can_be_kept,
    "errors": refused_by_the_form,
    "errors-of-a-robot": caught_as_a_robot,
    "no-room": sent_where_there_is_no_room,
    "unsent-closed": nowhere_to_send("ferme"),
    "unsent-unknown": nowhere_to_send("inconnu"),
    **{f"tracking-{status}": tracking(status) for status in Status},
    "tracking-contested": contested,
    "tracking-appeal-refused": appeal_without_words,
    "item-contested": contested_at_the_desk,
    "item-correction": proposal_to_judge(retracts=False),
    "item-withdrawal-asked": proposal_to_judge(retracts=True),
    "notice": reporting,
    "notice-refused": reporting_refused,
    "notice-of-what-is-gone": at("/notice/999999"),
    "right-of-reply": at("/right-of-reply?place=/articles/large"),
    "right-of-reply-refused": replying_refused,
    "tracking-notice": notice(left=False),
    "tracking-notice-answered": notice(left=True),
    "tracking-right-of-reply": reply,
    "item-notice": at_the_desk("notice"),
    "item-noticed": at_the_desk("noticed"),
    "item-notice-without-an-answer": notice_without_an_answer,
    "item-right-of-reply": at_the_desk("reply"),
    "legal": at("/legal"),
    "contact": at("/contact"),
    "settings-page": at("/desk/settings/pages/contact?done=page_saved"),
    "settings-page-refused": page_refused,
    "edit": editing(Status.PENDING),
    "edit-asked": editing(Status.ASKED),
    "edit-preview": edit_preview,
    "edit-refused": edit_refused,
    "proposing": proposing,
    "proposing-preview": proposing_preview,
    "proposing-withdrawal-refused": demanding,
    "proposal": proposal(retracts=False, followed=True),
    "proposal-withdrawal": proposal(retracts=True, followed=True),
    "proposal-beside": proposal(retracts=False, followed=False),
    "track-code": at("/track"),
    "track-code-unknown": unknown_code,
    "sign-in": at("/sign-in"),
    "sign-in-without-an-address": sign_in_without_an_address,
    "sign-in-link": sign_in_link,
    "sign-in-used": at("/sign-in/used"),
    "sign-in-code": sign_in_code,
    "sign-in-wrong-code": sign_in_wrong_code,
    "signed-out-meanwhile": signed_out_meanwhile,
    **{f"queue-{status}": at(f"/desk?status={status}") for status in [*Status, "any"]},
    **{f"item-{status}": item(status) for status in Status},
    **{f"item-{fate}": shared(fate) for fate in ("read", "voiced", "vetoed", "aside", "left")},
    "queue-left": at("/desk?passed=yes"),
    "bulk": at(f"/desk/bulk?author={WIDE[:80]}"),
    "bulk-refused": bulk_refused,
    "bulk-notices-without-an-answer": notices_without_an_answer,
    "queue-some-left": some_left,
    "queue-nothing-found": nothing_found,
    "guide": at("/desk/guide"),
    "item-stale": stale,
    "item-reasons": offered,
    "item-keys": keys,
    "item-without-a-reason": without_a_reason,
    "item-without-words": without_words,
    "item-with-too-many-words": too_many_words,
    "item-after-a-decision": just_decided,
    "item-after-an-undo": just_undone,
    "item-after-a-decision-and-a-page": after_a_decision_and_a_page,
    "correct": rewriting("correct"),
    "correct-previewed": correction_previewed,
    "redact": rewriting("redact"),
    "redact-previewed": passage_previewed,
    "redact-missing": passage_missing,
    "item-rewritten": rewritten,
    "item-answer-refused": answering,
    "item-after-an-answer": answered,
    "log": at("/desk/log"),
    "log-own": at("/desk/log?whose=own"),
    "figures": at("/desk/figures"),
    "figures-and-their-tables": figures_and_their_tables,
    "account-shortcuts": at("/desk/account/shortcuts"),
    "account-shortcuts-refused": unusable_key,
    "sign-in-password": at("/sign-in/password"),
    "sign-in-password-wrong": password_wrong,
    "sign-in-password-too-often": password_too_often,
    "second-step": second_step,
    "second-step-wrong": second_step_wrong,
    "second-step-wrong-recovery": second_step_wrong_recovery,
    "account": at("/desk/account?done=password_set"),
    "account-letters": at("/desk/account/letters"),
    "account-guarded": guarded_at("/desk/account"),
    "account-password": at("/desk/account/password"),
    "account-password-refused": filled_in_wrong(
        "/desk/account/password", "Nouveau mot de passe", "court", "Enregistrer"
    ),
    "account-codes": at("/desk/account/codes"),
    "account-codes-wrong": filled_in_wrong(
        "/desk/account/codes", "Le code que l’application affiche", "000000", "Mettre en service"
    ),
    "account-recovery": recovery_codes,
    "account-passkey": at("/desk/account/passkeys"),
    "account-email": at("/desk/account/email"),
    "account-feed": feed_made,
    "account-tokens": at("/desk/account/tokens"),
    "account-token-made": token_made,
    "account-token-without-a-scope": token_without_a_scope,
    "confirm": at("/desk/confirm"),
    "confirm-by-code": guarded_at("/desk/confirm"),
    "team": at("/desk/team"),
    "team-add": at("/desk/team/add"),
    "settings": at("/desk/settings"),
    "settings-notice": at("/desk/settings/notice?done=notice_saved"),
    "api": at("/api/v1/docs"),
    "charter": at("/charter"),
    "charter-of-a-version": at("/charter/1"),
    "public-log": at("/log"),
    "transparency": no_month_is_over,
    "transparency-told": months_are_over,
    "your-data": at("/your-data"),
    "settings-letters": letters_that_fail,
    "settings-erased": what_was_erased,
    "tracking-expired": kept_long_enough,
    "mailing": mailing,
    "review": reviewing,
    "review-without-a-reason": reviewing_without_a_reason,
    "review-moved": reviewing_what_moved,
    "bulletin": ending_letters,
    "mailing-texts": texts_of_an_address,
    "mailing-erase": erasing_everything,
    "mailing-stopped": mailing_stopped,
    "follow": at("/articles/large/follow"),
    "follow-asked": follow_asked,
    "follow-refused": follow_refused,
    "follow-to-confirm": follow_to_confirm,
    "follow-confirmed": follow_confirmed,
    "unfollow": unfollow,
    "unfollowed": unfollowed,
    "tracking-told-of-answers": told_of_answers,
    "item-said": at("/desk?said=passed"),
    "settings-charter": at("/desk/settings/charter?done=charter_saved"),
    "settings-charter-refused": filled_in_wrong(
        "/desk/settings/charter", "Texte de la charte", WIDE, "Enregistrer"
    ),
    "settings-policy": at("/desk/settings/policy?done=policy_saved"),
    "settings-words": at("/desk/settings/words?done=words_added"),
    "settings-words-refused": filled_in_wrong(
        "/desk/settings/words", "À ajouter, un par ligne", f"a*b\n{WIDE}", "Ajouter"
    ),
    "settings-reasons": at("/desk/settings/reasons?done=reason_added"),
    "settings-reasons-refused": reason_refused,
    "settings-reasons-gone": reason_gone,
    "new-address": new_address,
    "new-address-used": at("/new-address/used"),
    "queue-after-closing-a-forum": forum_closed,
    "log-with-a-closed-forum": closed_forum_in_the_log,
    "missing": at("/inconnue"),
    "malformed": at("/desk?status=inconnu"),
}
