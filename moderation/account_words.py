"""The words people read about accounts: what was done to one, what is wrong with a password, its keys."""

from moderation.shortcuts import Shortcut


def _(message: str) -> str:
    """Marks a string for the catalogue; it is translated when shown."""
    return message


# When an author gets a letter.
LETTER = {
    "received": _("une contribution envoyée avec mon adresse est reçue"),
    "question": _("la modération me pose une question"),
    "published": _("une de mes contributions est publiée"),
    "refused": _("une de mes contributions est refusée ou retirée"),
    "appeal_answered": _("une décision que j’ai contestée a été relue"),
}
# What was changed about an account, told by letter to its person.
CHANGED = {
    "email_asked": _(
        "Une autre adresse électronique a été demandée pour votre compte. Rien ne change tant qu’elle n’est "
        "pas confirmée ; d’ici là, « Mon compte » permet d’annuler la demande."
    ),
    "token_made": _("Un jeton d’API a été créé : il ouvre le site à un programme, en votre nom."),
    "feed_made": _(
        "L’adresse d’un flux privé a été créée pour votre compte : qui la connaît lit la file sans "
        "se connecter."
    ),
    "email_changed": _("L’adresse électronique de votre compte a été remplacée."),
    "password_set": _("Un mot de passe a été choisi pour votre compte."),
    "password_removed": _("Le mot de passe de votre compte a été supprimé."),
    "codes_on": _("Une application d’authentification protège désormais votre compte."),
    "codes_off": _("L’application d’authentification ne protège plus votre compte."),
    "recovery_renewed": _("De nouveaux codes de secours remplacent les précédents."),
    "recovery_used": _("Un code de secours de votre compte a été utilisé."),
    "passkey_added": _("Une clé d’accès a été ajoutée à votre compte."),
    "passkey_removed": _("Une clé d’accès de votre compte a été supprimée."),
    "factors_reset": _(
        "Le mot de passe, l’application d’authentification, les clés d’accès et les jetons de votre compte "
        "ont été supprimés par la personne qui administre le site, et vous êtes déconnecté·e partout."
    ),
    "second_step_failed": _(
        "Quelqu’un a donné votre mot de passe ou ouvert un de vos liens, puis essayé cinq codes, tous faux : "
        "personne n’est entré."
    ),
}
# What was just done on « Mon compte », on the team’s page and in the settings.
ACCOUNT_DONE = {
    "letters_kept": _("Vos courriels sont réglés."),
    "password_set": _("Mot de passe enregistré. Vos autres navigateurs sont déconnectés."),
    "password_removed": _("Mot de passe supprimé."),
    "codes_off": _("L’application d’authentification ne sert plus à vous connecter."),
    "codes_already": _("Une application d’authentification est déjà en service."),
    "passkey_added": _("Clé d’accès ajoutée."),
    "passkey_removed": _("Clé d’accès supprimée."),
    "one_ended": _("Ce navigateur est déconnecté."),
    "others_ended": _("Tous vos autres navigateurs sont déconnectés."),
    "member_ended": _("Cette personne est déconnectée partout, et ses jetons sont révoqués."),
    "policy_saved": _("La règle est enregistrée : elle vaut dès maintenant."),
    "duty_saved": _("La permanence est enregistrée."),
    "shortcuts_saved": _("Vos raccourcis clavier sont enregistrés."),
    "blur_on": _("Les mots signalés sont désormais floutés."),
    "blur_off": _("Les mots signalés ne sont plus floutés."),
    "words_added": _("Les mots sont dans la liste."),
    "words_removed": _("Les mots cochés ne sont plus dans la liste."),
    "email_asked": _("Un lien vient d’être envoyé à la nouvelle adresse : ouvrez-le pour la confirmer."),
    "again": _("C’est confirmé. Rien n’est encore fait : appuyez de nouveau."),
    "email_cancelled": _("La demande de changement d’adresse est annulée."),
    "feed_revoked": _("Adresse du flux révoquée : elle n’ouvre plus rien."),
    "sections_set": _("Rubriques enregistrées."),
    "member_invited": _("Le compte est ouvert et l’invitation part par courriel : son lien vaut sept jours."),
    "member_closed": _("Le compte est fermé et son adresse oubliée. Le journal garde le nom."),
    "charter_saved": _("La nouvelle version est enregistrée : elle vaut dès maintenant."),
    # Beside deciding.
    "noted": _("Note enregistrée."),
    "passed": _("Laissée aux autres."),
    "taken_up": _("Reprise : elle est de nouveau dans votre file."),
    "aside": _("C’est noté : quelqu’un d’autre décide."),
    "back": _("C’est noté : vous pouvez de nouveau en décider."),
    "objected": _("Veto posé."),
    "taken_back": _("Voix retirée."),
    "letter_again": _("Un nouvel essai part tout de suite."),
    "log_saved": _("C’est enregistré : cela vaut pour les lignes à venir."),
    "page_saved": _("La page est enregistrée : tout le monde la lit dès maintenant."),
    "notice_saved": _("La phrase est enregistrée : les pages publiques la montrent dès maintenant."),
    "reason_added": _("Le motif est ajouté : il est proposé dès maintenant."),
    "reason_worded": _("Les mots du motif sont enregistrés."),
    "reason_moved": _("L’ordre des motifs est enregistré."),
    "reason_offered": _("Le motif est de nouveau proposé."),
    "reason_withheld": _("Le motif n’est plus proposé. Les décisions qui le citent le gardent."),
    "reason_removed": _("Le motif est supprimé."),
    "role_set": _("Le rôle est enregistré : il vaut dès maintenant."),
    "last_admin": _("Rien n’a changé : il faut au moins une personne pour administrer."),
    "token_revoked": _("Jeton révoqué : il n’ouvre plus rien."),
}
PASSWORD_PROBLEM = {
    "too_short": _("C’est trop court : huit caractères au moins, quinze ou plus de préférence."),
    "too_long": _("C’est trop long : cent vingt-huit caractères au plus."),
    "common": _(
        "Ce mot de passe est parmi les plus courants, donc essayé en premier. Choisissez-en un autre."
    ),
    "own": _(
        "Ce mot de passe ressemble trop à votre nom, à votre adresse ou au nom du site. "
        "Choisissez-en un autre."
    ),
}
SHORTCUT = {
    Shortcut.NEXT: _("Passer à la suivante"),
    Shortcut.PREVIOUS: _("Revenir à la précédente"),
    Shortcut.PUBLISH: _("Valider"),
    Shortcut.REFUSE: _("Refuser ou dépublier, puis un motif"),
    Shortcut.SPAM: _("Spam"),
    Shortcut.TAKE_DOWN: _("Dépublier aussitôt, comme contenu illicite"),
    Shortcut.ASK: _("Poser une question à l’auteur·ice"),
    Shortcut.NOTE: _("Écrire une note pour l’équipe"),
    Shortcut.SEARCH: _("Chercher"),
    Shortcut.SELECT: _("Ajouter à la sélection, ou l’en retirer"),
    Shortcut.UNDO: _("Annuler la dernière décision"),
    Shortcut.HELP: _("Cette liste"),
}
SHORTCUT_PROBLEM = {
    "not_a_key": _("Une seule touche : une lettre ou un signe."),
    "digit": _("Les chiffres choisissent les motifs : prenez une lettre ou un signe."),
    "twice": _("Cette touche sert déjà à autre chose."),
}
