"""Why a text is restricted, in the words of the transparency database of Regulation (EU) 2022/2065. Pure.

Codes are kept as that database has them: they change, and what was said in one is not renamed.
"""

from enum import StrEnum

from moderation.lifecycle import Reason


class Category(StrEnum):
    """Of what a statement of reasons is about; the one for notices that name none is not for who decides."""

    ANIMAL_WELFARE = "STATEMENT_CATEGORY_ANIMAL_WELFARE"
    CONSUMER_INFORMATION = "STATEMENT_CATEGORY_CONSUMER_INFORMATION"
    CYBER_VIOLENCE = "STATEMENT_CATEGORY_CYBER_VIOLENCE"
    CYBER_VIOLENCE_AGAINST_WOMEN = "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN"
    DATA_PROTECTION = "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS"
    ILLEGAL_OR_HARMFUL_SPEECH = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH"
    INTELLECTUAL_PROPERTY = "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS"
    CIVIC_DISCOURSE = "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS"
    OTHER_VIOLATION = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
    PROTECTION_OF_MINORS = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"
    PUBLIC_SECURITY = "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY"
    SCAMS_AND_FRAUD = "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"
    SELF_HARM = "STATEMENT_CATEGORY_SELF_HARM"
    PRODUCTS = "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS"
    VIOLENCE = "STATEMENT_CATEGORY_VIOLENCE"


_SHIPPED: dict[str, Category] = {
    Reason.PERSONAL_ATTACK: Category.CYBER_VIOLENCE,
    Reason.DISCRIMINATORY: Category.ILLEGAL_OR_HARMFUL_SPEECH,
    Reason.PRIVACY: Category.DATA_PROTECTION,
    Reason.ILLEGAL: Category.ILLEGAL_OR_HARMFUL_SPEECH,
}


def category(reason: str) -> Category:
    """The one a reason has unless the site says otherwise."""
    return _SHIPPED.get(reason, Category.OTHER_VIOLATION)


# What that database asks of each restriction, and which of it may be several.
FIELDS = (
    *("decision_visibility", "decision_ground", "category", "content_type"),
    *("source_type", "automated_detection", "automated_decision"),
)
LISTS = frozenset({"decision_visibility", "content_type"})


def fields(reason: str | None, category: str, *, notified: bool = False) -> dict[str, str]:
    """Of what is restricted here: a text, found and decided upon by people alone.

    `notified`: after a notice by article 16 of Regulation (EU) 2022/2065. Several reasons told as one, None,
    have no ground and no category in common.
    """
    illegal = reason == Reason.ILLEGAL
    ground = "DECISION_GROUND_ILLEGAL_CONTENT" if illegal else "DECISION_GROUND_INCOMPATIBLE_CONTENT"
    said = (
        *("DECISION_VISIBILITY_CONTENT_DISABLED", ground if reason else "", category, "CONTENT_TYPE_TEXT"),
        *("SOURCE_ARTICLE_16" if notified else "SOURCE_VOLUNTARY", "No", "AUTOMATED_DECISION_NOT_AUTOMATED"),
    )
    return dict(zip(FIELDS, said, strict=True))
