"""The container and compose files, as far as they can be tried without a container engine."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.started import DEPLOY, free_port, running
from moderation.settings import Settings

ROOT = DEPLOY.parent
FOLDER = DEPLOY / "container"
CONTAINERFILE = (FOLDER / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILD, SERVE = CONTAINERFILE.split("\nFROM ")[1:]


def lines(stage: str, word: str) -> list[str]:
    return re.findall(rf"^{word} +(.*)$", stage, re.MULTILINE)


def sources() -> list[str]:
    return [name.rstrip("/") for line in lines(BUILD, "COPY") for name in line.split()[:-1]]


@pytest.mark.parametrize(
    "file", sorted(file for file in DEPLOY.rglob("*") if file.is_file()), ids=lambda f: f.name
)
def test_every_setting_an_example_names_is_one(file: Path) -> None:
    named = set(re.findall(r"MODERATION_([A-Z_]+)", file.read_text(encoding="utf-8")))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_images_are_named_plainly_and_nothing_runs_as_root_but_caddy() -> None:
    images = [
        *re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE),
        *(one["image"] for one in SERVICES.values()),
    ]
    assert [name for name in images if "." in name.partition("/")[0] and "/" in name] == []
    assert lines(SERVE, "USER") == ["10001:10001"]
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert name == "caddy" or service["image"] == "moderation" or service["user"] == "999:999"
    assert {name for name, service in SERVICES.items() if "cap_add" in service} == {"caddy"}


def test_servers_start_after_the_upgrade_and_its_grants_and_caddy_after_them() -> None:
    order = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    done = {"condition": "service_completed_successfully"}
    healthy = {"condition": "service_healthy"}
    assert order["roles"] == {"database": healthy}
    assert order["upgrade"] == {"roles": done}
    assert order["grants"] == {"upgrade": done}
    assert order["one"] == order["two"] == {"grants": done, "valkey": healthy}
    assert order["caddy"] == {"one": healthy, "two": healthy}
    for name, wanted in order.items():
        for other, condition in wanted.items():
            has_check = "healthcheck" in SERVICES[other] or SERVICES[other]["image"] == "moderation"
            assert has_check or condition == done, (name, other)


def test_both_servers_are_the_same_and_only_the_upgrade_is_the_owners() -> None:
    assert SERVICES["one"] == SERVICES["two"]
    app = SERVICES["one"]["environment"]
    assert "_app:" in app["MODERATION_DATABASE_URL"]
    assert "_reader:" in app["MODERATION_PUBLIC_DATABASE_URL"]
    assert app["MODERATION_TRUSTED_PROXIES"] == COMPOSE["networks"]["default"]["ipam"]["config"][0]["subnet"]
    owner = SERVICES["upgrade"]["environment"]
    assert {name for name in owner if owner[name] != app.get(name)} == {"MODERATION_DATABASE_URL"}
    assert "_owner:" in owner["MODERATION_DATABASE_URL"]


def test_what_compose_asks_of_its_environment_is_in_the_example_and_no_secret_is() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?\}", (FOLDER / "compose.yaml").read_text(encoding="utf-8")))
    example = dict(
        line.split("=", 1)
        for line in (FOLDER / "example.env").read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert set(example) == wanted
    assert {name for name, value in example.items() if not value} == {
        name for name in wanted if "PASSWORD" in name or "KEYS" in name
    }


def test_settings_of_the_compose_file_are_taken_by_the_program() -> None:
    values = {
        "SITE": "forum.example.org",
        "SMTP_URL": "smtp://mail.example.org",
        "MAIL_FROM": "a@example.org",
    }
    filled = {
        name.removeprefix("MODERATION_").lower(): re.sub(
            r"\$\{(\w+):\?\}", lambda found: values.get(found[1], "0" * 64), str(value)
        )
        for name, value in SERVICES["one"]["environment"].items()
    }
    assert Settings(**filled).site_url == "https://forum.example.org"  # type: ignore[arg-type]


def test_bound_files_are_there() -> None:
    bound = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [volume.split(":")[0] for volume in bound if volume.startswith(".")]
    assert files
    assert all((FOLDER / name).exists() for name in files)
    assert {volume.split(":")[0] for volume in bound if not volume.startswith(".")} == set(COMPOSE["volumes"])


def test_the_image_is_built_from_what_the_ignore_file_lets_in() -> None:
    ignored = (FOLDER / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line[1:].rstrip("/") for line in ignored if line.startswith("!")]
    assert sorted(let_in) == sorted(sources())
    assert all((ROOT / name).exists() for name in sources())
    assert any(fnmatch("moderation/web/__pycache__", line) for line in ignored)


@pytest.mark.packaging
def test_what_is_copied_builds_the_whole_program(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "out"),
        str(tmp_path),
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
    (wheel,) = (tmp_path / "out").iterdir()
    built = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        f"{'' if name == 'moderation' else 'moderation/'}{file.relative_to(tmp_path)}"
        for name in ("moderation", "templates", "alembic")
        for file in (tmp_path / name).rglob("*")
        if file.is_file()
    }
    assert built == wanted


def copy_sources(place: Path) -> None:
    leave = shutil.ignore_patterns("__pycache__")
    for name in sources():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=leave)
        else:
            shutil.copy(ROOT / name, place / name)


@pytest.mark.packaging
@pytest.mark.skipif(not os.environ.get("TEST_THOROUGH"), reason="installs everything anew")
def test_the_lines_of_the_containerfile_make_a_program_that_is_healthy(tmp_path: Path) -> None:
    """Each RUN of the first stage, then CMD and HEALTHCHECK, as a container would have them."""
    copy_sources(tmp_path)
    place = tmp_path / "program"
    bare = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    for line in lines(BUILD, "RUN"):
        words = [word.replace("/opt/moderation", str(place)) for word in shlex.split(line)]
        words[0] = sys.executable if words[0] == "python" else words[0]
        done = subprocess.run(words, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stdout + done.stderr
    home, port = tmp_path / "home", free_port()
    home.mkdir()
    environment = {**bare, "PATH": f"{place}/bin", "PORT": str(port), "HOST": "127.0.0.1"}
    (command,) = [json.loads(line) for line in lines(SERVE, "CMD")]
    (check,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", SERVE, re.MULTILINE)
    program = str(place / "bin" / command[0])
    subprocess.run([program, "upgrade"], cwd=home, env=environment, check=True)  # noqa: S603 - our own words
    with running(program, *command[1:], port=port, folder=home, environment=environment):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.status == 200
        healthy = subprocess.run(json.loads(check), cwd=home, env=environment, check=False)  # noqa: S603
        assert healthy.returncode == 0
