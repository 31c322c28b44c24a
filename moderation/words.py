"""The words people read for our code words: statuses, moves, reasons, findings, problems."""

from collections.abc import Iterable

from moderation.account_words import (
    ACCOUNT_DONE,
    CHANGED,
    LETTER,
    PASSWORD_PROBLEM,
    SHORTCUT,
    SHORTCUT_PROBLEM,
)
from moderation.charter_words import CATEGORY, CHARTER_PROBLEM, OUTCOME
from moderation.claim_words import GROUND
from moderation.drafts import Problem
from moderation.lanes import Ground
from moderation.language import Language
from moderation.lifecycle import Action, Reason, Status
from moderation.policy import Say
from moderation.problem_words import PROBLEM, REASON_PROBLEM, WORD_PROBLEM
from moderation.shortcuts import Shortcut
from moderation.wording import Worded, Wording


def _(message: str) -> str:
    """Marks a string for the catalogue; it is translated when shown."""
    return message


STATUS = {
    Status.PENDING: _("en attente de validation"),
    Status.ASKED: _("en attente de réponse"),
    Status.PUBLISHED: _("publiée"),
    Status.REFUSED: _("refusée"),
    Status.SPAM: _("spam"),
    Status.WITHDRAWN: _("retirée par son auteur·ice"),
    Status.UNPUBLISHED: _("dépubliée"),
}
BUTTON = {
    Action.PUBLISH: _("Valider"),
    Action.REFUSE: _("Refuser"),
    Action.SPAM: _("Spam"),
    Action.ASK: _("Poser une question"),
    Action.REOPEN: _("Remettre en attente"),
    Action.UNPUBLISH: _("Dépublier"),
    Action.WITHDRAW: _("Retirer"),
    Action.ANSWER: _("Répondre"),
    Action.EDIT: _("Modifier"),
    Action.APPEAL: _("Contester"),
    Action.LAPSE: _("Ne plus attendre de réponse"),
    Action.CORRECT: _("Corriger"),
    Action.REDACT: _("Retirer un passage"),
    Action.AMEND: _("Mettre à la place"),
    Action.RETRACT: _("Retirer du site"),
}
# What was done, said of a contribution.
DONE = {
    Action.PUBLISH: _("Contribution validée."),
    Action.REFUSE: _("Contribution refusée."),
    Action.SPAM: _("Contribution classée comme spam."),
    Action.ASK: _("Question posée."),
    Action.REOPEN: _("Contribution remise en attente."),
    Action.UNPUBLISH: _("Contribution dépubliée."),
    Action.WITHDRAW: _("Contribution retirée par son auteur·ice."),
    Action.ANSWER: _("Réponse reçue."),
    Action.EDIT: _("Texte modifié par son auteur·ice."),
    Action.APPEAL: _("Décision contestée."),
    Action.LAPSE: _("Contribution restée sans réponse."),
    Action.CORRECT: _("Texte corrigé."),
    Action.REDACT: _("Passage retiré."),
    Action.AMEND: _("Correction de l’auteur·ice publiée."),
    Action.RETRACT: _("Contribution retirée à la demande de son auteur·ice."),
}
# The same, in the log, of somebody.
MOVED = {
    Action.PUBLISH: _("validée"),
    Action.REFUSE: _("refusée"),
    Action.SPAM: _("classée comme spam"),
    Action.ASK: _("question posée"),
    Action.REOPEN: _("remise en attente"),
    Action.UNPUBLISH: _("dépubliée"),
    Action.WITHDRAW: _("retirée"),
    Action.ANSWER: _("réponse donnée"),
    Action.EDIT: _("texte modifié"),
    Action.APPEAL: _("décision contestée"),
    Action.LAPSE: _("remise en attente, faute de réponse"),
    Action.CORRECT: _("texte corrigé"),
    Action.REDACT: _("passage retiré"),
    Action.AMEND: _("correction de l’auteur·ice publiée"),
    Action.RETRACT: _("retirée à la demande de son auteur·ice"),
}
# What somebody says of a contribution, where several voices are needed.
SAY = {
    Say.PUBLISH: _("valider"),
    Say.REFUSE: _("refuser"),
    Say.SPAM: _("classer comme spam"),
    Say.VETO: _("veto"),
}
REASON = {
    Reason.OFF_TOPIC: _("hors sujet"),
    Reason.NO_INFORMATION: _("n’apporte pas d’information"),
    Reason.UNVERIFIABLE: _("information invérifiable"),
    Reason.PERSONAL_ATTACK: _("attaque personnelle"),
    Reason.DISCRIMINATORY: _("propos discriminatoires"),
    Reason.PRIVACY: _("atteinte à la vie privée"),
    Reason.ENDANGERS: _("peut mettre quelqu’un en danger"),
    Reason.ILLEGAL: _("contenu illicite"),
    Reason.ADVERTISING: _("publicité"),
    Reason.DUPLICATE: _("doublon"),
    Reason.OTHER: _("autre (à préciser)"),
}
FINDING = {
    "link": _("lien vers"),
    "misleading_link": _("lien dont le texte annonce une autre adresse"),
    "tag_removed": _("balise non admise, montrée comme du texte"),
    "attribute_removed": _("attribut non admis, montré comme du texte"),
    "invisible": _("caractères invisibles"),
    "control": _("caractères de contrôle, remplacés"),
    "bidi": _("caractères qui changent le sens de lecture"),
    "mixed_scripts": _("alphabets mêlés dans un même mot"),
    "unverified": _("mise en forme non vérifiée : tout est montré tel quel"),
}
# Who answers readers, whichever person of the team wrote it.
MODERATION = _("La modération")
# What stands, for everybody, where the moderation took words out of a text.
REDACTED = _("[passage retiré par la modération]")
# What a character is that no eye can see.
UNSEEN = {
    "bidi": _("change le sens de lecture"),
    "invisible": _("caractère invisible"),
    "control": _("caractère de contrôle"),
}
ROLE = {"moderator": _("modération"), "admin": _("administration")}
# What a list is narrowed to.
FILTER = {
    "article": _("Article"),
    "section": _("Rubrique"),
    "author": _("Nom"),
    "email": _("Adresse électronique"),
    "link": _("Avec un lien"),
    "host": _("Lien vers le site"),
    "finding": _("À remarquer"),
    "longer": _("En attente depuis plus de"),
    "by": _("Décidée par"),
    "reason": _("Motif"),
    "q": _("Texte"),
}
SCOPE = {
    "read": _("lire la file d’attente"),
    "moderate": _("décider"),
    "submit": _("envoyer des contributions sans limite"),
}


class Labels:
    """Code words in, the reader's words out; for templates."""

    def __init__(self, language: Language, wording: Wording) -> None:
        self._language = language
        self._wording = wording

    def _say(self, message: str) -> str:
        return self._language.gettext(message)

    def status(self, status: Status) -> str:
        return self._say(STATUS[status])

    @property
    def moderation(self) -> str:
        return self._say(MODERATION)

    @property
    def redacted(self) -> str:
        return self._say(REDACTED)

    def button(self, action: Action) -> str:
        return self._say(BUTTON[action])

    def done(self, action: Action) -> str:
        return self._say(DONE[action])

    def moved(self, action: Action) -> str:
        return self._say(MOVED[action])

    def say(self, say: Say) -> str:
        return self._say(SAY[say])

    def reason(self, code: str) -> str:
        return self.worded(self._wording.of(code))

    def worded(self, reason: Worded) -> str:
        if reason.label:
            return self._language.finished(reason.label)
        return self._say(REASON[Reason(reason.code)])

    def explanation(self, code: str) -> str:
        return self.explained(self._wording.of(code))

    def explained(self, reason: Worded) -> str:
        """What authors are told of it besides; mostly nothing."""
        return self._language.finished(reason.explanation)

    @property
    def shipped(self) -> dict[str, str]:
        """The reasons where the site has no words of its own for them."""
        return {reason.value: self._say(word) for reason, word in REASON.items()}

    def reason_problem(self, code: str) -> str:
        return self._say(REASON_PROBLEM[code])

    @property
    def categories(self) -> dict[str, str]:
        return {category.value: self._say(said) for category, said in CATEGORY.items()}

    def ground(self, code: str) -> str:
        return self._say(GROUND[Ground(code)])

    def grounds(self, codes: Iterable[str]) -> str:
        return ", ".join(map(self.ground, codes))

    def outcome(self, code: str) -> str:
        return self._say(OUTCOME[code])

    def finding(self, kind: str) -> str:
        return self._say(FINDING[kind])

    def filter(self, name: str) -> str:
        return self._say(FILTER[name])

    def hours(self, hours: int) -> str:
        """In days where it is whole ones."""
        if hours % 24:
            return self._language.ngettext("%(num)s heure", "%(num)s heures", hours) % {"num": hours}
        days = hours // 24
        return self._language.ngettext("%(num)s jour", "%(num)s jours", days) % {"num": days}

    def unseen(self, kind: str) -> str:
        return self._say(UNSEEN[kind])

    def word_problem(self, code: str) -> str:
        return self._say(WORD_PROBLEM[code])

    def charter_problem(self, code: str) -> str:
        return self._say(CHARTER_PROBLEM[code])

    def shortcut(self, shortcut: Shortcut) -> str:
        return self._say(SHORTCUT[shortcut])

    def shortcut_problem(self, code: str) -> str:
        return self._say(SHORTCUT_PROBLEM[code])

    def changed(self, kind: str) -> str:
        return self._say(CHANGED[kind])

    def letter(self, kind: str) -> str:
        return self._say(LETTER[kind])

    def account_done(self, code: str) -> str:
        """What an address says was done: nothing, for an unknown code."""
        return self._say(ACCOUNT_DONE[code]) if code in ACCOUNT_DONE else ""

    def password_problem(self, code: str) -> str:
        return self._say(PASSWORD_PROBLEM[code])

    def role(self, role: str) -> str:
        return self._say(ROLE[role])

    def scope(self, scope: str) -> str:
        return self._say(SCOPE[scope])

    def problem(self, problem: Problem) -> str:
        return self._say(PROBLEM[problem.code]) % {
            "limit": self._language.number(problem.limit),
            "found": self._language.number(problem.found),
        }
