"""What deploy/README.md leads to is there, and nothing there is left out of it."""

import re

from deploy.started import DEPLOY

README = (DEPLOY / "README.md").read_text(encoding="utf-8")
# Led to by what the README names: snippets by nginx's files, the rest by their neighbours.
WITH_OTHERS = {"Containerfile.dockerignore", "passwords.sql"}


def test_every_link_and_path_leads_to_a_file() -> None:
    links = set(re.findall(r"\]\(([^)]+)\)", README))
    paths = set(re.findall(r"deploy/([\w./@*-]+)", README))
    assert len(links) > 10
    assert len(paths) > 5
    assert [name for name in links if not (DEPLOY / name).is_file()] == []
    assert [name for name in paths if not list(DEPLOY.glob(name.rstrip("/")))] == []


def test_every_file_is_led_to() -> None:
    files = [file for file in DEPLOY.rglob("*") if file.is_file() and file.name != "README.md"]
    named = {
        file for file in files if file.relative_to(DEPLOY).as_posix() in README or file.name in WITH_OTHERS
    }
    copied = {file for file in files if file.parent.name == "snippets" or file.name.startswith("moderation")}
    copied |= {file for file in files if file.name == "sandbox.conf"}
    assert set(files) - named - copied == set()
