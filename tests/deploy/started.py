"""What a machine runs, started in a temporary folder: the program, web servers, a Redis."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import KEY

DEPLOY = Path(__file__).parents[2] / "deploy"
PATIENCE = 30


def needed(name: str) -> str:
    """The path of a tool; the test is skipped where it is missing, and fails where all must be there."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None and os.environ.get("TEST_COMPLETE"):
        pytest.fail(f"{name} is missing")
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool], told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)


@contextmanager
def running(
    *command: str | Path, port: int, folder: Path, environment: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """A server, from its first answer on that port to its end; what it says is in `folder/said`."""
    said = folder / "said"
    with said.open("ab") as written:
        process = subprocess.Popen(  # noqa: S603 - our own words
            [str(word) for word in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=written,
            stderr=written,
        )
    try:
        until(lambda: process.poll() is not None or answers(port), said.read_text)
        assert process.poll() is None, said.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def program(
    folder: Path, port: int, *, url: str, site_url: str, **settings: str
) -> Generator[subprocess.Popen[bytes]]:
    """`moderation serve`, behind a web server of this machine."""
    environment = {
        "PORT": str(port),
        "MODERATION_DATABASE_URL": url,
        "MODERATION_SITE_URL": site_url,
        "MODERATION_SECRET_KEYS": KEY,
        "MODERATION_TRUSTED_PROXIES": "127.0.0.1",
        **{f"MODERATION_{name.upper()}": value for name, value in settings.items()},
    }
    command = (sys.executable, "-m", "moderation", "serve")
    with running(*command, port=port, folder=folder, environment=environment) as process:
        yield process


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Each change must find its place: an example that no longer says so fails its test."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    made = folder / "certificate.pem", folder / "key.pem"
    command = [needed("openssl"), "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-out", str(made[0]), "-keyout", str(made[1])]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
    return made
