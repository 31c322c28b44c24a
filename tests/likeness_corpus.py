"""Texts whose likeness is known: spam told in other words, petition copies, quotes of an article, honest ones."""
# ruff: noqa: E501 - texts as they come

ARTICLE = """<p>La régie municipale supprimera le dernier bus de la ligne 7 à partir du 4 mai, après la rentrée des
vacances de printemps. La direction invoque une fréquentation « trop faible » : onze voyageurs en moyenne après 21 heures.
Les conducteurs, eux, comptent autrement, et rappellent que l’hôpital change d’équipe à 21 h 30.</p>
<p>Une réunion publique se tiendra mardi à 18 heures, salle des fêtes, en présence de l’adjointe aux transports. Voir
<a href="https://regie.example/ligne-7" rel="nofollow">le dossier de la régie</a>.</p>"""

QUOTE = (
    "La direction invoque une fréquentation « trop faible » : onze voyageurs en moyenne après 21 heures. Les "
    "conducteurs, eux, comptent autrement, et rappellent que l’hôpital change d’équipe à 21 h 30."
)

# Each a loan offer, sent under several names with the words moved about; most lead to one page.
LOANS = (
    (
        "Bonjour, êtes-vous à la recherche d’un prêt entre particuliers sérieux et honnête ? Nous offrons des crédits de "
        "2 000 à 500 000 euros à un taux de 2 % à toute personne capable de rembourser. Écrivez-nous sur "
        "https://pret-rapide.example/offre dès maintenant."
    ),
    (
        "Bonsoir madame, monsieur, êtes-vous à la recherche d’un prêt entre particuliers sérieux et rapide ? Nous offrons "
        "des crédits de 5 000 à 800 000 euros à un taux de 3 % à toute personne capable de rembourser. Contactez-nous "
        "sur https://pret-rapide.example/offre aujourd’hui."
    ),
    (
        "Salut, à la recherche d’un prêt entre particuliers sérieux et honnête ? Nous accordons des crédits de 2 000 à "
        "500 000 euros au taux de 2 % à toute personne de bonne moralité et capable de rembourser. Voyez "
        "https://www.pret-rapide.example/offre/ sans attendre."
    ),
    (
        "Vous cherchez un prêt entre particuliers sérieux et honnête ? Des crédits de 2 000 à 500 000 euros à un taux de "
        "2 % sont offerts à toute personne capable de rembourser, sans frais cachés. Tout est expliqué ici : "
        "https://pret-rapide.example/offre"
    ),
    (
        "Refusé par votre banque ? Nous offrons des crédits de 1 000 à 90 000 euros à toute personne capable de "
        "rembourser, réponse en 48 heures : https://pret-rapide.example/offre"
    ),
    (
        "BONJOUR, ETES VOUS A LA RECHERCHE D’UN PRET ENTRE PARTICULIERS SERIEUX ET HONNETE ? NOUS OFFRONS DES CREDITS DE "
        "2 000 A 500 000 EUROS A UN TAUX DE 2 % A TOUTE PERSONNE CAPABLE DE REMBOURSER."
    ),
)
# No link: only words tell.
MARABOUTS = (
    (
        "Grand voyant médium Maître Adama résout tous vos problèmes : retour de l’être aimé en trois jours, chance au jeu, "
        "protection contre les ennemis, impuissance sexuelle. Travail sérieux, résultats garantis. Tél. 06 00 00 00 01."
    ),
    (
        "Grand médium voyant Maître Adama résout tous vos problèmes : retour rapide de l’être aimé en trois jours, chance "
        "au jeu, protection contre les ennemis et la maladie. Travail sérieux, résultats garantis. Tél. 06 00 00 00 02."
    ),
    (
        "Maître Adama, grand voyant médium, résout tous vos problèmes : retour de l’être aimé en trois jours, chance aux "
        "examens, protection contre les ennemis, travail sérieux et discret, résultats garantis. Tél. 06 00 00 00 03."
    ),
    (
        "Le professeur Maître Adama résout tous vos problèmes : amour, retour de l’être aimé en trois jours, chance au "
        "jeu, protection contre les ennemis, permis de conduire. Travail sérieux, résultats garantis à 100 %."
    ),
)
_PETITION = (
    "Nous, habitantes et habitants des quartiers desservis par la ligne 7, demandons le maintien du dernier bus de "
    "22 h 40 toute l’année, vacances comprises. Ce bus est le seul qui ramène chez elles les équipes du soir de "
    "l’hôpital et de la blanchisserie. Le supprimer, c’est dire à celles qui nettoient la ville qu’elles rentreront à "
    "pied. Nous demandons aussi que les comptages soient rendus publics."
)
# Neighbours who send the same text, as they may; some add words of their own.
PETITION = (
    _PETITION,
    f"Bonjour, je m’associe à l’appel du quartier : {_PETITION} Mireille, rue des Tanneurs.",
    (
        f"{_PETITION} Et j’ajoute que ma fille rentre seule le jeudi soir, à pied depuis la gare, depuis que le bus de "
        "23 heures n’existe plus. Karim B."
    ),
    f"{_PETITION.replace('Nous demandons aussi que les comptages soient rendus publics.', '')} Merci de nous entendre.",
    _PETITION.replace("Nous, habitantes et habitants", "Moi, habitante").replace("demandons", "je demande"),
)
# The same passage of the article, and each a remark of one’s own.
QUOTES = (
    (
        f"<quote>{QUOTE}</quote>\n\nOnze voyageurs, c’est onze personnes qui dormiront à l’hôpital. Je suis infirmière et "
        "je prends ce bus quatre soirs par semaine."
    ),
    (
        f"<quote>{QUOTE}</quote>\n\nQui a compté, et quels soirs ? En plein mois d’août, il n’y avait même pas d’affiche à "
        "l’arrêt de la place du marché."
    ),
    (
        f"Vous écrivez : « {QUOTE} » Ce chiffre date de 2019, avant l’ouverture de la blanchisserie ; la régie le sait, "
        "c’est dans son propre rapport d’activité."
    ),
    f"{QUOTE} Et personne ne parle des étudiants du foyer, qui finissent leur service au restaurant à 22 heures passées.",
    QUOTE,
)
# About the same matter, and each for itself.
HONEST = (
    (
        "Je prends la ligne 7 tous les soirs en sortant de l’hôpital à 21 h 30 : sans le dernier bus, il me reste cinquante "
        "minutes de marche le long de la rocade."
    ),
    (
        "Le dernier bus est vide un soir sur deux, je le vois passer de ma fenêtre. On pourrait mettre l’argent ailleurs, "
        "dans le chauffage des écoles par exemple."
    ),
    (
        "À Besançon ils ont remplacé les derniers bus par des taxis à la demande, réservés deux heures avant : cela coûte "
        "moins cher et personne n’est resté sur le trottoir."
    ),
    (
        "Est-ce que quelqu’un sait si la réunion de mardi est ouverte aux gens de la commune voisine ? Nous sommes une "
        "vingtaine à travailler à la blanchisserie."
    ),
    (
        "Petite correction : la ligne 7 ne passe plus par la place du marché depuis les travaux de l’an dernier, elle "
        "tourne rue Neuve, ce qui ajoute six minutes."
    ),
    (
        "Le rapport d’activité de la régie est public, page 34 : 19 voyageurs en moyenne le jeudi, 23 le vendredi. Voir "
        "https://regie.example/rapport-2024"
    ),
    "Bravo pour cet article, cela change de la communication officielle.",
    "Nous demandons depuis dix ans un abri à l’arrêt de l’hôpital. Toujours rien.",
    "Je conduis la 7 depuis 2011. Le dernier tour n’est jamais vide, sauf la semaine du 15 août.",
    "Merci de parler de celles qui travaillent le soir : ma mère en est, et elle n’a pas le permis.",
)
SHORT = ("Merci !", "merci", "MERCI", "Merci à vous", "Bravo", "bravo !!")
CAMPAIGNS = {"loans": LOANS, "marabouts": MARABOUTS, "petition": PETITION}
