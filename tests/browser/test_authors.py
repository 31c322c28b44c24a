"""An author’s whole way, from the first sending to the withdrawal, by what they read and press."""

from dataclasses import dataclass, field

import pytest
from conftest import add_article
from playwright.sync_api import Page, expect

from browser.conftest import Visit
from browser.serving import Site
from browser.steps import button, heading, message, preview, read_preview, refuse, reload_until, send, write
from browser.test_every_page import NARROW, TOO_WIDE, axe
from moderation.accounts import Person

pytestmark = pytest.mark.browser

FIRST, BETTER = "Le marché a lieu le jeudi.", "Le marché a lieu le jeudi, place de la Halle."
AGAIN = "Le marché a lieu le jeudi, place de la Halle ; la mairie l’a confirmé."
RIGHT = "Le marché a lieu le vendredi, place de la Halle ; la mairie l’a confirmé."


@dataclass
class Way:
    site: Site
    visit: Visit
    scripted: bool
    team: dict[int, Page] = field(default_factory=dict)
    track: str = ""

    def __post_init__(self) -> None:
        self.reader = self.visit(java_script_enabled=self.scripted)
        self.reader.set_viewport_size(NARROW)
        self.name = f"Zoé {self.scripted:d}"
        self.slug = add_article(
            self.site.parts, f"marche-{self.scripted:d}", title=f"Marché {self.scripted:d}"
        )

    def check(self) -> None:
        """What the author has before them is there for everybody, on a phone too."""
        assert self.reader.evaluate(TOO_WIDE) == []
        if self.scripted:  # the pages are the same, and it is a script itself
            assert axe(self.reader) == []

    def at_the_desk(self, person: Person, words: str = "") -> Page:
        """The newest with these words, as that person has it open."""
        if person.id not in self.team:
            self.team[person.id] = self.visit(java_script_enabled=self.scripted)
            self.site.sign_in(self.team[person.id].context, person)
        page = self.team[person.id]
        page.goto(f"/desk?q={self.name} {words}")
        expect(page.locator("#title")).to_be_visible()
        return page

    def write_anew(self, text: str, name: str) -> None:
        message(self.reader).fill(text)
        button(self.reader, "Prévisualiser").click()
        expect(button(self.reader, name)).to_be_visible()
        self.check()
        read_preview(self.site, self.reader)
        button(self.reader, name).click()

    def sends_and_writes_it_anew(self) -> None:
        self.reader.goto(f"/articles/{self.slug}")
        write(self.reader, FIRST, author=self.name)
        preview(self.reader)
        send(self.site, self.reader)
        self.check()
        self.reader.get_by_role("link", name="Modifier mon texte").click()
        self.write_anew(BETTER, "Enregistrer mon texte")
        expect(self.reader.get_by_text("c’est ce nouveau texte que la modération lira")).to_be_visible()

    def is_asked_and_answers(self) -> None:
        ann = self.at_the_desk(self.site.ann)
        ann.locator("details.ask > summary").click()
        ann.get_by_label("Votre question à l’auteur·ice").fill("D’où le tenez-vous ?")
        button(ann, "Envoyer la question").click()
        reload_until(self.reader, self.reader.get_by_text("D’où le tenez-vous ?"))
        self.check()
        self.reader.get_by_label("Votre réponse").fill("De la mairie.")
        button(self.reader, "Envoyer ma réponse").click()
        expect(self.reader.get_by_text("Votre réponse est arrivée à la modération")).to_be_visible()

    def is_refused_and_proposes_another(self) -> None:
        ann = self.at_the_desk(self.site.ann)
        expect(ann.get_by_text("De la mairie.").first).to_be_visible()
        refuse(ann, "information invérifiable", "Dites qui l’a confirmé.")
        reload_until(self.reader, self.reader.get_by_text("Dites qui l’a confirmé."))
        expect(self.reader.get_by_text("information invérifiable").first).to_be_visible()
        self.check()
        button(self.reader, "Modifier et proposer à nouveau").click()
        message(self.reader).fill(AGAIN)
        preview(self.reader, "Prévisualiser à nouveau")
        expect(self.reader.get_by_role("article").get_by_text(AGAIN)).to_be_visible()
        send(self.site, self.reader)
        self.track = self.reader.url

    def is_refused_and_contests(self) -> None:
        refuse(self.at_the_desk(self.site.ann, "confirmé"), "hors sujet")
        contest = button(self.reader, "Contester la décision")
        reload_until(self.reader, contest)
        self.reader.get_by_label("Pourquoi il faudrait la revoir").fill("L’article parle du marché.")
        self.check()
        contest.click()
        expect(heading(self.reader)).to_have_text("Votre contestation attend d’être lue")

    def is_published_by_another(self) -> None:
        sami = self.at_the_desk(self.site.sami, "confirmé")
        expect(sami.get_by_text("L’article parle du marché.").first).to_be_visible()
        button(sami, "Valider").click()
        reload_until(self.reader, self.reader.get_by_role("link", name="La lire sous l’article"))
        expect(self.reader.get_by_text("elle a été modifiée")).to_be_visible()
        self.check()

    def corrects_what_is_public(self) -> None:
        self.reader.get_by_role("link", name="Proposer une correction").click()
        self.write_anew(RIGHT, "Envoyer à la modération")
        expect(heading(self.reader)).to_have_text("Votre correction")
        self.check()
        sami = self.at_the_desk(self.site.sami, "vendredi")
        expect(sami.locator(".amends")).to_contain_text("jeudi")
        button(sami, "Valider").click()
        self.reader.goto(f"/articles/{self.slug}")
        reload_until(self.reader, self.reader.get_by_text("vendredi"))
        expect(self.reader.get_by_text("Modifié par son auteur·ice")).to_be_visible()
        self.check()

    def has_it_withdrawn(self) -> None:
        self.reader.goto(self.track)
        self.reader.get_by_text("Demander le retrait de ce texte").click()
        self.check()
        button(self.reader, "Demander le retrait").click()
        expect(heading(self.reader)).to_have_text("Votre demande de retrait")
        self.check()
        button(self.at_the_desk(self.site.sami, "retrait"), "Valider").click()
        self.reader.goto(self.track)
        reload_until(self.reader, self.reader.get_by_text("retirée du site à votre demande"))
        self.check()
        self.reader.goto(f"/articles/{self.slug}")
        expect(self.reader.get_by_text("vendredi")).to_have_count(0)


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without"])
def test_an_author_s_whole_way(site: Site, visit: Visit, *, scripted: bool) -> None:
    way = Way(site, visit, scripted)
    way.sends_and_writes_it_anew()
    way.is_asked_and_answers()
    way.is_refused_and_proposes_another()
    way.is_refused_and_contests()
    way.is_published_by_another()
    way.corrects_what_is_public()
    way.has_it_withdrawn()
