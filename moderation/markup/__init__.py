"""What a reader typed on one side, what is stored and shown on the other."""

from moderation.markup.addresses import site
from moderation.markup.article import render_article
from moderation.markup.dialect import Dialect
from moderation.markup.findings import Finding
from moderation.markup.gate import MAX_CHARACTERS
from moderation.markup.names import fold, plain_line
from moderation.markup.refusal import Refused
from moderation.markup.rendering import VERSION, Rendered, render, trusted

__all__ = [
    "MAX_CHARACTERS",
    "VERSION",
    "Dialect",
    "Finding",
    "Refused",
    "Rendered",
    "fold",
    "plain_line",
    "render",
    "render_article",
    "site",
    "trusted",
]
