import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
CATALOGUES = sorted((ROOT / "moderation" / "locales").glob("*.po"))
SOURCES = [
    ("moderation/**.py", "python"),
    *((f"templates/**.{kind}", "jinja2") for kind in ("html", "txt", "atom")),
]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]", re.ASCII)


def extracted() -> Catalog:
    """Every string of the program, as the translators’ tools would find it."""
    catalogue = Catalog()
    found = extract_from_dir(
        ROOT,
        method_map=SOURCES,
        options_map={"templates/**": {"extensions": "jinja2.ext.i18n", "silent": "false"}},
        directory_filter=lambda folder: Path(folder).name not in {".venv", "tests", "demo"},
    )
    for file, line, message, _, _ in found:
        catalogue.add(message, locations=[(file, line)])
    return catalogue


def translated(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale=file.stem)


def said(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def asked(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_every_string_is_translated_and_none_is_left_over(file: Path) -> None:
    wanted = {message.id for message in extracted() if message.id}
    here = {message.id for message in translated(file) if message.id}
    assert wanted - here == set()
    assert here - wanted == set()


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_a_translation_is_finished_and_keeps_its_placeholders(file: Path) -> None:
    for message in translated(file):
        if not message.id:
            continue
        assert all(said(message)), message.id
        assert not message.fuzzy, message.id
        for original, translation in zip(asked(message), said(message), strict=True):
            assert set(PLACEHOLDER.findall(original)) == set(PLACEHOLDER.findall(translation)), message.id


def test_french_is_written_with_typographic_apostrophes_and_ordinary_spaces() -> None:
    for message in extracted():
        for text in asked(message) if message.id else []:
            assert "'" not in text, text
            assert not re.search("[\u00a0\u202f]", text), text
            assert not re.search(r"\S[;!?»]|\S:(?!\w|//)|«\S", text.replace("…", "")), text
