"""The policy of the site and of its sections, as the page that sets it shows them."""

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from moderation.models.people import Account
from moderation.models.public import Article
from moderation.models.together import SectionPolicy
from moderation.policy import ONE_VOICE, Policy


@dataclass(frozen=True)
class Rule:
    """Of a section, or of the site where it is empty; `own` unless it only follows the site’s."""

    section: str
    policy: Policy
    own: bool


@dataclass(frozen=True)
class PolicyPage:
    rules: tuple[Rule, ...]
    people: int


def is_known(session: Session, section: str) -> bool:
    """Whether there is such a section, or a rule for it; the whole site is empty."""
    return section in {rule.section for rule in page(session).rules}


def page(session: Session) -> PolicyPage:
    rows = {
        row.section: Policy(row.publish, row.refuse, row.veto) for row in session.exec(select(SectionPolicy))
    }
    site = rows.get("", ONE_VOICE)
    named = session.exec(select(Article.section).where(Article.section != "").distinct())
    sections = ["", *sorted({*named, *rows} - {""}, key=str.casefold)]
    people = session.exec(select(func.count()).where(col(Account.removed_at).is_(None))).one()
    return PolicyPage(
        tuple(Rule(name, rows.get(name, site), name in rows) for name in sections),
        people,
    )
