import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("MODERATION_", "PYTHON"))
    }
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds the locked dependencies and the wheel, nothing else."""
    place = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", place / "venv", cwd=place)
    pip = place / "venv" / "bin" / "pip"
    run(pip, "install", "-q", "--require-hashes", "-r", ROOT / "requirements.txt", cwd=place)
    run(pip, "install", "-q", "--no-deps", wheel, cwd=place)
    return place / "venv" / "bin"


def test_the_wheel_carries_templates_migrations_and_assets(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "moderation/templates/article.html",
        "moderation/alembic/env.py",
        "moderation/alembic/versions/0001_first_tables.py",
        "moderation/web/static/style.css",
        "moderation/locales/en.po",
        "moderation/demo/articles.toml",
    }
    assert wanted <= names
    assert not [name for name in names if name.startswith(("tests/", "templates/", "alembic/"))]


def test_the_wheel_alone_upgrades_a_database_and_serves(installed: Path, tmp_path: Path) -> None:
    moderation = installed / "moderation"
    run(moderation, "upgrade", cwd=tmp_path)
    (tmp_path / "body.html").write_text("<p>Il rouvre <em>lundi</em>.</p>", encoding="utf-8")
    run(moderation, "article", "add", "le-pont", "--title", "Le pont", "--file", "body.html", cwd=tmp_path)
    invitation = run(moderation, "account", "add", "ann@example.org", "--role", "admin", cwd=tmp_path)
    assert "/sign-in/" in invitation.splitlines()[-1]
    assert (tmp_path / "var" / "moderation.db").exists()
    with serving(moderation, tmp_path) as address:
        page = fetch(f"{address}/articles/le-pont")
        assert "<em>lundi</em>" in page
        assert "validée par un administrateur du site" in page


@contextmanager
def serving(moderation: Path, cwd: Path) -> Generator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([moderation, "serve", "--port", str(port)], cwd=cwd)  # noqa: S603 - our own
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while not answers(address) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        assert server.wait(15) in {0, -15}


def answers(address: str) -> bool:
    try:
        fetch(address)
    except urllib.error.URLError:
        return False
    return True


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own server
        body: bytes = answer.read()
    return body.decode()
