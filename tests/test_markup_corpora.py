import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_markup_judges import comment_faults

from moderation.markup import Dialect, Refused, render, sanitise

THOROUGH = os.environ.get("TEST_THOROUGH") == "1"
FILES = (
    "xss",
    "unicode_hostile",
    "homoglyph_names",
    "unicode_confusables_ascii",
    "open_redirect",
    "crlf_mail_header",
    "csv_formula",
    "sqli",
    "nosqli",
    "ssti",
    "spam_youtube",
    "french_comments",
)
PLACES = (
    "{}",
    '<a href="{}">x</a>',
    '<a href="https://a.example/" title="{}">x</a>',
    "[x->{}]",
    "> {}\n\n- {}",
    "{{{}}}",
    "<code>{}</code>",
    "<b>{}\n\n{}</b>",
)


def corpora() -> Path | None:
    """Where TEST_DATA says, else in shared/data beside the checkout or above it."""
    if "TEST_DATA" in os.environ:
        return Path(os.environ["TEST_DATA"])
    folders = (parent / "shared" / "data" for parent in Path(__file__).resolve().parents)
    return next((folder for folder in folders if folder.is_dir()), None)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in {"id", "source", "label"}:
                yield from strings(item)


def faults(text: str, dialect: Dialect) -> list[str]:
    try:
        rendered = render(text, dialect)
    except Refused:
        return []
    found = comment_faults(rendered.html)
    if "unverified" in {finding.kind for finding in rendered.findings}:
        found.append("unverified")
    if sanitise.comment(rendered.html) != rendered.html:
        found.append("not settled")
    if render(rendered.source, dialect).html != rendered.html:
        found.append("another text when rendered again")
    return found


def cases(payloads: list[str]) -> Iterator[tuple[str, Dialect]]:
    """About 300 payloads, each in one dialect and one of the places in turn; or all, also as they are."""
    step = 1 if THOROUGH else max(5, len(payloads) // 300)
    for index, payload in enumerate(payloads[::step]):
        place = PLACES[index % len(PLACES)]
        yield place.replace("{}", payload), list(Dialect)[index // len(PLACES) % 2]
        if THOROUGH:
            yield payload, Dialect.SPIP
            yield payload, Dialect.PLAIN


@pytest.mark.parametrize("name", FILES)
def test_no_payload_of_the_corpora_does_anything(name: str) -> None:
    folder = corpora()
    path = folder / f"{name}.json" if folder else None
    if path is None or not path.is_file():
        pytest.skip(f"no {name}.json: set TEST_DATA to the folder of the corpora")
    payloads = list(strings(json.loads(path.read_text("utf-8"))))
    assert payloads
    failures = [
        (text, dialect, found) for text, dialect in cases(payloads) if (found := faults(text, dialect))
    ]
    assert failures == []
