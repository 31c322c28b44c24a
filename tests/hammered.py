"""The program as an operator starts it: `moderation serve`, a process of its own, on this test's database."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

import httpx2
import pytest
from conftest import KEY
from sqlalchemy import Engine

from moderation import drafts, identifiers, links
from moderation.links import Links
from moderation.markup import Dialect

SLUG = "le-pont"
UNDO_SECONDS = 0.5
# Minutes and fifty rounds are for whoever asks for them: see the README.
THOROUGH = bool(os.environ.get("TEST_THOROUGH"))


def rounds(few: int, thorough: int) -> int:
    """How often a test of chance plays: TEST_ROUNDS says so, or the profile."""
    return int(os.environ.get("TEST_ROUNDS") or (thorough if THOROUGH else few))


def form(words: str, nonce: str, *, slug: str = SLUG) -> dict[str, str]:
    """The form of a preview that was read for five seconds."""
    draft = drafts.read("Zoé", "", words, dialect=Dialect.SPIP)
    seen = datetime.now(UTC) - timedelta(seconds=5)
    token = Links([KEY]).sign(links.Form(slug, draft.digest, nonce), seen)
    return {"author": "Zoé", "email": "", "text": words, "token": token, "step": "send"}


def new_form(words: str) -> dict[str, str]:
    return form(words, identifiers.new_code())


def until(seen: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for what is bound to come, and fails when it has not."""
    pause = threading.Event()
    for _ in range(round(seconds / 0.02)):
        if seen():
            return
        pause.wait(0.02)
    pytest.fail("it never came")


# PostgreSQL’s own look at every row, and at every index with the rows it should lead to.
ROWS = """SELECT relname, msg FROM pg_class, LATERAL verify_heapam(pg_class.oid)
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
INDEXES = """SELECT count(*) FROM (
    SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_am ON pg_am.oid = relam
    WHERE amname = 'btree' AND relnamespace = 'public'::regnamespace) checked"""


def nothing_is_damaged(engine: Engine) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            return
        connection.exec_driver_sql("CREATE EXTENSION amcheck")
        assert connection.exec_driver_sql(ROWS).all() == []
        assert connection.exec_driver_sql(INDEXES).scalar_one() > 50  # it fails at the first that is wrong
        connection.rollback()


class Server:
    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        workers: int = 1,
        before: Sequence[str] = (),
        options: Sequence[str] = (),
        **more: str,
    ) -> None:
        """`before` is a command that starts it, as strace does; `options` are Python’s, `more` settings."""
        self.output = folder / f"served-{time.monotonic_ns()}.txt"
        settings = {
            "MODERATION_DATABASE_URL": url,
            "MODERATION_SECRET_KEYS": KEY,
            "MODERATION_SITE_URL": "http://127.0.0.1",
            "MODERATION_UNDO_SECONDS": str(UNDO_SECONDS),
            **{f"MODERATION_{name.upper()}": value for name, value in more.items()},
        }
        # A port of its own: one that was free a moment ago may be another’s by now, who would answer.
        command = [*before, sys.executable, *options, "-m", "moderation", "serve", "--port", "0"]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own words
                [*command, "--workers", str(workers)],
                env={**os.environ, **settings},
                cwd=folder,
                stderr=output,
                start_new_session=True,
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return httpx2.get(f"{self.address}/sign-in").status_code == 200
        except (httpx2.TransportError, StopIteration):
            return False

    @cached_property
    def address(self) -> str:
        """As its log says. Raises StopIteration before it serves."""
        whole = (line for line in self.said().split("\n")[:-1] if line.startswith("{"))
        return str(next(one["address"] for one in map(json.loads, whole) if one["event"] == "serving"))

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def client(self, cookie: str = "", *, seconds: float = 30) -> httpx2.Client:
        cookies = {"session": cookie} if cookie else {}
        return httpx2.Client(base_url=self.address, cookies=cookies, timeout=seconds)

    def said(self) -> str:
        """What it wrote to standard error."""
        return self.output.read_text()

    def kill(self) -> None:
        """SIGKILL, to it and to its workers: nothing gets a chance to say goodbye."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def playing(*parts: Callable[[], None]) -> Generator[None]:
    """Threads that run beside the test until what they talk to goes away; joined at the end."""
    threads = [threading.Thread(target=part, daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
