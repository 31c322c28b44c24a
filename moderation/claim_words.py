"""The words people read for what a text is held for by who gives notice of it."""

from moderation.lanes import Ground


def _(message: str) -> str:
    """Marks a string for the catalogue; it is translated when shown."""
    return message


GROUND = {
    Ground.DEFAMATION: _("injure ou diffamation"),
    Ground.HATRED: _("provocation à la haine ou à la discrimination"),
    Ground.THREATS: _("menace, harcèlement, appel à la violence"),
    Ground.PRIVACY: _("atteinte à la vie privée, données personnelles"),
    Ground.CHILD_ABUSE: _("abus sexuel sur des enfants"),
    Ground.COPYRIGHT: _("atteinte au droit d’auteur ou à une marque"),
    Ground.FRAUD: _("escroquerie"),
    Ground.OTHER: _("autre contenu illicite"),
}
