"""The sentence that says the forum is moderated, as who administers writes it."""

from sqlmodel import Session

from moderation import markup
from moderation.models.public import LONGEST_NOTICE, Site


def written(session: Session) -> str:
    """Empty where that of the settings stands."""
    return session.get_one(Site, 1).notice


def write(session: Session, text: str) -> None:
    """Every public page is made anew with it. Raises markup.Refused for what is too long."""
    notice = markup.plain_line(text, LONGEST_NOTICE)
    site = session.get_one(Site, 1, with_for_update=True)
    site.notice, site.revision = notice, site.revision + 1
    session.add(site)
