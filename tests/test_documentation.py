import re
from pathlib import Path

import pytest

from moderation.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_says_what_each_setting_does(name: str) -> None:
    field = Settings.model_fields[name]
    shown = f"`{field.default}`" if field.default not in {"", None, ()} else "–"
    assert f"| `MODERATION_{name.upper()}` | {shown} | {field.description} |" in README


def test_the_readme_names_no_setting_that_is_gone() -> None:
    named = {line.split("`")[1] for line in README.splitlines() if line.startswith("| `MODERATION_")}
    assert named == {f"MODERATION_{name.upper()}" for name in Settings.model_fields}


def test_the_page_on_security_names_no_test_that_is_gone() -> None:
    folder = Path(__file__).parent
    files = list(folder.rglob("test_*.py"))
    written = "\n".join(file.read_text(encoding="utf-8") for file in files)
    there = {file.name for file in files} | set(re.findall(r"\bdef (test_\w+)", written))
    page = (folder.parent / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:\w+/)?(test_[\w.]+)`", page))
    assert named - there == set()
    assert len(named) > 100
