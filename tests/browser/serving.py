"""The program as people run it: `moderation serve` in a process of its own, on a file of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from conftest import KEY, Sent, add_person
from playwright.sync_api import BrowserContext

from moderation import accounts, decisions, migrations, sessions
from moderation.accounts import Person
from moderation.lifecycle import Action
from moderation.links import Opening
from moderation.models.people import Role
from moderation.settings import Settings
from moderation.web.app import build
from moderation.web.dependencies import Parts

UNDO_SECONDS = 3
PATIENCE = 20
# Letters are written, and no server takes them.
MAILING = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "site@example.org"}


@dataclass(frozen=True)
class Site:
    """The served program, and the parts of a second one on the same file, to prepare and look things up."""

    url: str
    parts: Parts = field(repr=False)
    ann: Person
    sami: Person
    file: Path
    environment: dict[str, str] = field(repr=False)

    def command(self, *words: str) -> str:
        """The last line `moderation …` prints."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "moderation", *words],
            cwd=self.file.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    def sign_in(self, context: BrowserContext, person: Person) -> None:
        with self.parts.writing() as session:
            value = sessions.start(session, person.id, kept=False, now=self.parts.clock())
        context.add_cookies([{"name": "session", "value": value, "url": self.url}])

    def sign_in_link(self, person: Person) -> str:
        now = self.parts.clock()
        with self.parts.writing() as session:
            opening = Opening(accounts.ask(session, person.email, now, mail=None).id)
        return f"{self.url}/sign-in/{self.parts.links.sign(opening, now)}"

    def decide(
        self,
        sent: Sent,
        action: Action,
        *,
        by: Person | None = None,
        revision: int = 1,
        reason: str | None = None,
        note: str = "",
    ) -> None:
        """Decides as a desk without an undo window would: what follows has happened already."""
        with self.parts.writing() as session:
            decisions.decide(
                session,
                sent.id,
                action,
                revision=revision,
                by=(by or self.ann).id,
                now=self.parts.clock(),
                undo=timedelta(),
                reason=reason,
                note=note,
            )


@contextmanager
def serve(folder: Path, *, host: str = "127.0.0.1", **more: str) -> Generator[Site]:
    """`more` are settings by their names."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file, log = folder / "site.db", folder / "log"
    settings = Settings(
        database_url=f"sqlite:///{file}",
        secret_keys=KEY,
        site_url=f"http://{host}:{port}",
        undo_seconds=UNDO_SECONDS,
    )
    environment = {
        **os.environ,
        "MODERATION_DATABASE_URL": settings.database_url,
        "MODERATION_SECRET_KEYS": KEY,
        "MODERATION_SITE_URL": settings.site_url,
        "MODERATION_UNDO_SECONDS": str(UNDO_SECONDS),
        **{f"MODERATION_{name.upper()}": value for name, value in more.items()},
    }
    parts = build(settings)
    migrations.upgrade(parts.engine)
    ann = add_person(parts, "ann@example.org", "Ann", Role.ADMIN)
    sami = add_person(parts, "sami@example.org", "Sami", Role.MODERATOR)
    with log.open("w") as written:
        server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "moderation", "serve", "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=written,
            stderr=written,
        )
    try:
        # Its own word for it: another may have taken the port, and answer there.
        until(lambda: server.poll() is not None or ('"serving"' in log.read_text() and _answers(port)))
        assert server.poll() is None, log.read_text()
        yield Site(settings.site_url, parts, ann, sami, file, environment)
        assert server.poll() is None, f"the server stopped: {server.returncode}\n{log.read_text()}"
    finally:
        server.terminate()
        server.wait(PATIENCE)
        parts.engine.dispose()
    assert "Traceback" not in log.read_text(), log.read_text()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool]) -> None:
    """Waits for something no browser page can be asked."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
