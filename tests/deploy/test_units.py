"""The systemd units: what systemd says of them, and that the program lives with what they take away."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from conftest import KEY

from deploy.started import DEPLOY, free_port, needed, replaced, running
from moderation import database, migrations

pytestmark = pytest.mark.packaging
UNITS = ("moderation", "moderation-backup", "moderation-doctor", "moderation-upgrade")
# Of 100: 0 exposes nothing, 100 everything.
EXPOSED = 15
# PR_SET_MDWE, prctl(2): what MemoryDenyWriteExecute= asks of newer kernels; older ones do not know it.
CONFINED = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root folder with the units where the README puts them, and a program that can be executed."""
    shutil.copytree(DEPLOY / "systemd", tmp_path / "etc/systemd/system", symlinks=True)
    return tmp_path


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_exposes_little(machine: Path, unit: str) -> None:
    command = [needed("systemd-analyze"), "security", "--offline=true", f"--root={machine}"]
    command += [f"--threshold={EXPOSED}", "--no-pager", f"{unit}@ville.service"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout


def test_systemd_finds_no_fault(machine: Path) -> None:
    units = machine / "etc/systemd/system"
    moderation = shutil.which("moderation") or sys.executable
    for file in units.glob("*.service"):
        file.write_text(file.read_text().replace("/opt/moderation/bin/moderation", moderation))
    timers = [f"{unit}@ville.timer" for unit in ("moderation-backup", "moderation-doctor")]
    names = [*(f"{unit}@ville.service" for unit in UNITS), *timers]
    for name in names:
        head, _, kind = name.partition("@ville")
        (units / name).symlink_to(f"{head}@{kind}")
    done = subprocess.run(  # noqa: S603 - our own words
        [needed("systemd-analyze"), "verify", "--man=no", *(str(units / name) for name in names)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "moderation" in line]
    assert (done.returncode, ours) == (0, [])


def allowed_calls() -> set[str]:
    """What SystemCallFilter= of the sandbox leaves, as this systemd understands its groups."""
    listed = subprocess.run(  # noqa: S603 - our own words
        [needed("systemd-analyze"), "syscall-filter", "--no-pager"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    groups: dict[str, set[str]] = {}
    for line in listed.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.add(line.strip())

    def calls(name: str) -> set[str]:
        return set().union(*(calls(one) if one.startswith("@") else {one} for one in groups[name]))

    sandbox = (DEPLOY / "systemd/moderation@.service.d/sandbox.conf").read_text()
    left: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", sandbox, re.MULTILINE):
        named = set().union(*(calls(name) for name in line.removeprefix("~").split()))
        left = left - named if line.startswith("~") else left | named
    return left


def test_the_program_serves_with_the_calls_and_the_memory_the_sandbox_leaves_it(tmp_path: Path) -> None:
    """Without any capability, without writable memory that can be executed, and with every call watched."""
    allowed = allowed_calls()
    assert "openat" in allowed
    assert "mount" not in allowed
    url = f"sqlite:///{tmp_path / 'site.db'}"
    engine = database.connect(url)
    migrations.upgrade(engine)
    engine.dispose()
    port, trace = free_port(), tmp_path / "trace"
    with running(
        needed("strace"), "-D", "-f", "-qq", "-o", trace, "-e", "signal=none",
        needed("setpriv"), "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
        sys.executable, "-c", CONFINED, sys.executable, "-m", "moderation", "serve",
        port=port,
        folder=tmp_path,
        environment={
            "PORT": str(port),
            "MODERATION_DATABASE_URL": url,
            "MODERATION_SECRET_KEYS": KEY,
            "MODERATION_SITE_URL": f"http://127.0.0.1:{port}",
        },
    ):  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        assert httpx2.get(address, timeout=30).status_code == 200
        assert (
            httpx2.post(f"{address}/sign-in", data={"email": "a@example.org"}, timeout=30).status_code == 200
        )
    begun = trace.read_text().rpartition('"serve"]')[2]
    made = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)", begun, re.MULTILINE))
    if os.geteuid() == 0:
        made -= {"fchown"}  # SQLite gives its files to the owner of the database, for root alone
    assert {"openat", "fdatasync", "listen"} <= made
    assert made <= allowed, made - allowed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_command_for_one_site_has_its_settings_and_its_folder(tmp_path: Path) -> None:
    script = replaced(
        (DEPLOY / "bin/moderation-site").read_text(encoding="utf-8"),
        {
            "/etc/moderation/": f"{DEPLOY}/systemd/",
            "/var/lib/moderation/": f"{tmp_path}/",
            "moderation-$site": "root",
            "/opt/moderation/bin/moderation": f"{sys.executable} -m moderation",
        },
    )
    (tmp_path / "site.sh").write_text(script, encoding="utf-8")
    (tmp_path / "ville").mkdir()

    def run(*words: str) -> str:
        command = [needed("sh"), str(tmp_path / "site.sh"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("ville", "upgrade")
    link = run("ville", "account", "add", "ann@example.org", "--role", "admin")
    assert link.startswith("https://ville.example.org/sign-in/")
    made = tmp_path / "ville/var/moderation.db"
    assert made.stat().st_mode & 0o077 == 0
    alone = subprocess.run([needed("sh"), str(tmp_path / "site.sh")], check=False, capture_output=True)  # noqa: S603
    assert alone.returncode == 2
