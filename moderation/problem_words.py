"""The words people read for what is wrong with what they typed."""


def _(message: str) -> str:
    """Marks a string for the catalogue; it is translated when shown."""
    return message


PROBLEM = {
    "empty": _("Écrivez votre message avant de continuer."),
    "too_long": _("C’est trop long : %(found)s caractères, pour %(limit)s au plus. Raccourcissez un peu."),
    "too_many_tags": _("Il y a trop de signes « < » : %(found)s, pour %(limit)s au plus. Retirez-en."),
    "required": _("Ce site demande de remplir ce champ."),
    "not_an_address": _("Cette adresse ne ressemble pas à une adresse électronique, comme nom@domaine.fr."),
    "not_empty": _("Ce champ doit rester vide : effacez ce qui s’y trouve."),
    "no_passage": _("Écrivez au moins un passage à retirer."),
    "many_passages": _("Au plus %(limit)s passages à la fois, pas plus longs à eux tous qu’un texte."),
    "passage_missing": _("Ce qui suit ne se trouve pas dans le texte : copiez-le tel qu’il y est."),
    "unchanged": _("C’est mot pour mot le texte de maintenant : il n’y a rien à enregistrer."),
    "no_name": _("Donnez votre nom."),
    "no_email": _("Donnez votre adresse électronique."),
    "no_ground": _("Dites pour quoi vous tenez ce texte, ou choisissez « autre contenu illicite »."),
    "good_faith": _("Sans cette déclaration, un signalement ne peut pas être reçu : cochez la case."),
    "many_wait": _(
        "%(limit)s signalements de ce texte attendent déjà : il sera lu avant les autres. Le vôtre n’est pas "
        "enregistré : gardez-le et revenez plus tard."
    ),
    "no_passage_answered": _("Citez les mots auxquels vous répondez."),
    "no_such_page": _("Ce n’est l’adresse d’aucun article de ce site : copiez-la depuis votre navigateur."),
    "duplicate": _("Ce même texte a déjà été envoyé ici aujourd’hui : inutile de le renvoyer."),
}
WORD_PROBLEM = {
    "empty": _("il faut au moins un mot."),
    "star": _("une étoile ne va qu’à la fin d’un mot."),
    "short": _("il faut au moins trois lettres avant l’étoile."),
    "long": _("c’est trop long : soixante caractères au plus."),
    "full": _("la liste est pleine : mille mots au plus."),
}
REASON_PROBLEM = {
    "empty": _("Donnez un nom à ce motif."),
    "twice": _("Un autre motif se dit déjà ainsi, proposé ou non."),
    "label_long": _("C’est trop long : quatre-vingts caractères au plus."),
    "explanation_long": _("C’est trop long : cinq cents caractères au plus."),
    "full": _("Vingt motifs sont déjà proposés, chacun avec sa touche : cessez d’abord d’en proposer un."),
    "many": _("La liste est pleine : cent motifs au plus, proposés ou non."),
    "last": _("Rien n’a changé : il faut garder au moins un motif en plus de « autre »."),
    "used": _("Rien n’a changé : des décisions le citent. Vous pouvez cesser de le proposer."),
    "gone": _("Rien n’a changé : ce motif n’existe plus, quelqu’un l’a supprimé entre-temps."),
}
