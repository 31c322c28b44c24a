"""What a reader typed on one side, what is stored and shown on the other."""

from moderation.markup.addresses import site
from moderation.markup.anchors import Anchor, anchors
from moderation.markup.article import render_article
from moderation.markup.dialect import Dialect
from moderation.markup.findings import Finding
from moderation.markup.gate import MAX_CHARACTERS, MAX_REDACTED
from moderation.markup.lookalikes import resembles
from moderation.markup.names import bare, fold, plain_line
from moderation.markup.refusal import Refused
from moderation.markup.rendering import VERSION, Rendered, render, trusted
from moderation.markup.typed import Piece, typed
from moderation.markup.watching import Unwatchable, Watch, pattern, spoken, watch

__all__ = [
    "MAX_CHARACTERS",
    "MAX_REDACTED",
    "VERSION",
    "Anchor",
    "Dialect",
    "Finding",
    "Piece",
    "Refused",
    "Rendered",
    "Unwatchable",
    "Watch",
    "anchors",
    "bare",
    "fold",
    "pattern",
    "plain_line",
    "render",
    "render_article",
    "resembles",
    "site",
    "spoken",
    "trusted",
    "typed",
    "watch",
]
