"""Reasons in the words of the transparency database."""

import re

from moderation import statements
from moderation.charter_words import CATEGORY
from moderation.lifecycle import Reason
from moderation.statements import Category


def test_every_category_is_a_code_of_the_database_and_has_words() -> None:
    assert [one for one in Category if not re.fullmatch(r"STATEMENT_CATEGORY_[A-Z_]+", one)] == []
    assert CATEGORY.keys() == set(Category)


def test_what_is_against_the_rules_of_the_site_alone_is_of_the_last_resort() -> None:
    said = {reason: statements.category(reason) for reason in Reason}
    assert said[Reason.OFF_TOPIC] is said[Reason.OTHER] is Category.OTHER_VIOLATION
    assert said[Reason.DISCRIMINATORY] is Category.ILLEGAL_OR_HARMFUL_SPEECH
    assert said[Reason.PRIVACY] is Category.DATA_PROTECTION
    assert statements.category("proces_en_cours") is Category.OTHER_VIOLATION


def test_a_restriction_is_said_in_the_fields_of_the_database() -> None:
    said = statements.fields(Reason.PRIVACY, Category.DATA_PROTECTION)
    assert tuple(said) == statements.FIELDS
    assert statements.LISTS.issubset(statements.FIELDS)
    assert (said["category"], said["decision_ground"]) == (
        "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
        "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    )
    illegal = statements.fields(Reason.ILLEGAL, Category.ILLEGAL_OR_HARMFUL_SPEECH)
    assert illegal["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT"


def test_several_reasons_told_as_one_have_neither_ground_nor_category() -> None:
    said = statements.fields(None, "")
    assert (said["decision_ground"], said["category"]) == ("", "")
    assert said["decision_visibility"] == "DECISION_VISIBILITY_CONTENT_DISABLED"
