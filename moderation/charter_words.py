"""The words people read about the charter, appeals, and the categories of the transparency database."""

from moderation.statements import Category


def _(message: str) -> str:
    """Marks a string for the catalogue; it is translated when shown."""
    return message


CATEGORY = {
    Category.OTHER_VIOLATION: _("autre manquement aux règles du site"),
    Category.ILLEGAL_OR_HARMFUL_SPEECH: _("propos illicites ou préjudiciables"),
    Category.CYBER_VIOLENCE: _("cyberviolence"),
    Category.CYBER_VIOLENCE_AGAINST_WOMEN: _("cyberviolence contre les femmes"),
    Category.DATA_PROTECTION: _("vie privée et données personnelles"),
    Category.VIOLENCE: _("violence"),
    Category.SELF_HARM: _("automutilation"),
    Category.PROTECTION_OF_MINORS: _("protection des mineur·es"),
    Category.ANIMAL_WELFARE: _("bien-être animal"),
    Category.INTELLECTUAL_PROPERTY: _("propriété intellectuelle"),
    Category.CIVIC_DISCOURSE: _("effets néfastes sur le débat public ou les élections"),
    Category.PUBLIC_SECURITY: _("risque pour la sécurité publique"),
    Category.SCAMS_AND_FRAUD: _("escroquerie et fraude"),
    Category.CONSUMER_INFORMATION: _("information des consommateur·ices"),
    Category.PRODUCTS: _("produits dangereux ou interdits"),
}
CHARTER_PROBLEM = {
    "empty": _("Écrivez la charte avant de l’enregistrer."),
    "long": _("C’est trop long : cinquante mille caractères au plus."),
    "articles": _("Il faut au moins un article : un titre qui commence par « ## »."),
    "many": _("C’est trop d’articles : deux cents au plus."),
    "title": _("Un titre « ## » est vide ou trop long : deux cents caractères au plus."),
}
# What came of an appeal.
OUTCOME = {
    "waits": _("pas encore relues"),
    "upheld": _("décisions confirmées"),
    "changed": _("décisions modifiées"),
    "withdrawn": _("textes retirés par leur auteur·ice"),
}
