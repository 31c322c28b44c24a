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
