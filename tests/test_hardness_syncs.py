"""What is acknowledged is on the disk first: seen in the system calls, and by losing what was not synced."""

import codecs
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from conftest import KEY, FakeClock, add_article, send, sign_in
from hammered import SLUG, Server, new_form
from starlette.testclient import TestClient

from moderation import backup
from moderation.accounts import Person
from moderation.web.dependencies import Parts

EACH = 20
CALL = re.compile(
    r"(?P<thread>\d+) +(?P<at>[\d.]+) "
    r"(?:(?P<name>\w+)\(\d+<(?P<file>[^>]+)>(?P<rest>.*)|<\.\.\. \w+ resumed>.*)"
)
WRITTEN = re.compile(r', "(?P<data>(?:[^"\\]|\\.)*)", \d+, (?P<offset>\d+)\)?')
LENGTH = re.compile(r", (?P<length>\d+)\)?")


@pytest.fixture(autouse=True)
def on_sqlite(postgresql: str | None) -> None:
    if postgresql is not None:
        pytest.skip("PostgreSQL does its own writing")


@pytest.fixture
def strace() -> str:
    """The command; it has to be there, and to be allowed."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, check=False)  # noqa: S603
    if tried.returncode:
        pytest.skip(f"processes may not be traced here: {tried.stderr.decode().strip()}")
    return found


class Call(NamedTuple):
    """A system call on one file, from when it began to when it came back."""

    began: float
    ended: float
    name: str
    file: str
    rest: str


def calls(log: Path) -> list[Call]:
    """In the order they came back."""
    done: list[Call] = []
    open_calls: dict[str, Call] = {}
    for line in log.read_text().splitlines():
        found = CALL.match(line)
        if found is None:
            continue
        at = float(found["at"])
        if found["name"] is None:
            if found["thread"] in open_calls:
                done.append(open_calls.pop(found["thread"])._replace(ended=at))
        elif found["rest"].endswith("<unfinished ...>"):
            open_calls[found["thread"]] = Call(at, at, found["name"], found["file"], found["rest"])
        else:
            done.append(Call(at, at, found["name"], found["file"], found["rest"]))
    return done


@dataclass
class Disk:
    """The files as a power cut would leave them: what was synced, and of the rest what chance has kept."""

    synced: dict[str, bytearray]
    pending: dict[str, list[Call]] = field(default_factory=dict)

    def see(self, call: Call) -> None:
        waiting = self.pending.setdefault(call.file, [])
        if call.name in {"fsync", "fdatasync"}:
            for one in waiting:
                apply(self.synced.setdefault(call.file, bytearray()), one)
            waiting.clear()
        else:
            waiting.append(call)

    def after_a_cut(self, folder: Path, chance: Random | None) -> Path:
        """The database to open, in that folder."""
        folder.mkdir()
        for name in self.synced.keys() | self.pending.keys():
            content = bytearray(self.synced.get(name, b""))
            for one in self.pending.get(name, ()):
                if chance is not None and chance.random() < 0.5:
                    apply(content, one)
            (folder / Path(name).name).write_bytes(content)
        return folder / "test.db"


def apply(content: bytearray, call: Call) -> None:
    if call.name == "ftruncate":
        length = LENGTH.match(call.rest)
        assert length is not None, call
        del content[int(length["length"]) :]
        return
    found = WRITTEN.match(call.rest)
    assert found is not None, call
    data, _ = codecs.escape_decode(found["data"].encode("latin-1"))
    offset = int(found["offset"])
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


@dataclass
class Told:
    """When an acknowledgement was asked for and came, and what it promised."""

    asked: float
    came: float
    tracking: str = ""
    decision: int = 0


def test_every_acknowledgement_was_synced_and_outlives_a_power_cut(
    parts: Parts, client: TestClient, ann: Person, clock: FakeClock, tmp_path: Path, strace: str
) -> None:
    clock.now = datetime.now(UTC)
    add_article(parts, SLUG)
    waiting = [send(parts, SLUG, f"Texte {number}.").id for number in range(EACH)]
    cookie = sign_in(parts, client, ann).cookies["session"]
    parts.engine.dispose()  # the last to leave puts everything into the one file
    file, log = tmp_path / "test.db", tmp_path / "strace.txt"
    assert not (tmp_path / "test.db-wal").exists()
    disk = Disk({str(file): bytearray(file.read_bytes())})
    watched = ["-e", "trace=pwrite64,ftruncate,fsync,fdatasync", "-P", str(file), "-P", f"{file}-wal"]
    command = [strace, "-f", "-y", "-ttt", "-s", "8192", *watched, "-o", str(log)]
    with Server(parts.settings.database_url, tmp_path, before=command) as server:
        told = list(acknowledgements(server, cookie, waiting))
    seen = calls(log)
    syncs = [call for call in seen if call.name in {"fsync", "fdatasync"} and call.file.endswith("-wal")]
    for one in told:
        assert [call for call in syncs if one.asked <= call.began <= call.ended <= one.came], one
    assert len(syncs) >= len(told) == 2 * EACH
    what_was_told_is_there_after_a_cut_at_any_moment(disk, seen, told, tmp_path)


def acknowledgements(server: Server, cookie: str, waiting: list[str]) -> Iterator[Told]:
    with server.client(cookie) as http:
        for number, name in enumerate(waiting):
            asked = time.time()
            answer = http.post(f"/articles/{SLUG}/comments", data=new_form(f"Essai {number}."))
            assert answer.status_code == 303
            yield Told(asked, time.time(), tracking=answer.headers["location"].rpartition("/")[2])
            asked = time.time()
            answer = http.post(f"/desk/comments/{name}/publish", data={"revision": "1"})
            assert answer.status_code == 303
            yield Told(asked, time.time(), decision=int(answer.headers["location"].rpartition("done=")[2]))


def what_was_told_is_there_after_a_cut_at_any_moment(
    disk: Disk, seen: list[Call], told: list[Told], folder: Path
) -> None:
    chance, left = Random(3), iter(seen)  # noqa: S311 - the same cuts every time
    call = next(left, None)
    for number, one in enumerate(told):
        while call is not None and call.ended <= one.came:
            disk.see(call)
            call = next(left, None)
        for luck in (None, chance):
            cut = disk.after_a_cut(folder / f"cut-{number}-{luck is None}", luck)
            all_told_is_in(cut, told[: number + 1])


def all_told_is_in(file: Path, told: list[Told]) -> None:
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    tracked = {row[0] for row in connection.execute("SELECT tracking FROM comment")}
    decided = {row[0] for row in connection.execute("SELECT id FROM decision")}
    connection.close()
    assert tracked >= {one.tracking for one in told if one.tracking}
    assert decided >= {one.decision for one in told if one.decision}


# A file that takes its place


def begun(line: str) -> str:
    """A call by its name, and whether it is about the file that is made, its folder or its place."""
    name = line.split(maxsplit=1)[1].partition("(")[0]
    if name.startswith("rename"):
        return "put"
    about = "the file" if ".part>" in line else "the folder" if "/made>" in line else "another"
    return f"{'synced' if 'sync' in name else 'written'}: {about}"


def in_order(log: Path) -> list[str]:
    """What happened, without what happened again at once."""
    seen = [begun(line) for line in log.read_text().splitlines() if "(" in line and "+++" not in line]
    ours = [one for one in seen if not one.endswith("another")]
    return [one for one, before in zip(ours, ["", *ours], strict=False) if one != before]


@pytest.mark.parametrize("words", [["backup", "made/site.backup"], ["restore", "site.backup", "--replace"]])
def test_a_file_is_on_the_disk_before_it_takes_its_place_and_its_place_before_it_is_told(
    parts: Parts, tmp_path: Path, strace: str, words: list[str]
) -> None:
    add_article(parts, SLUG)
    (tmp_path / "made").mkdir()
    address = parts.settings.database_url
    if words[0] == "restore":
        backup.make(parts.engine, tmp_path / "site.backup", tell=lambda *_: None)
        address = f"sqlite:///{tmp_path / 'made' / 'other.db'}"
    parts.engine.dispose()
    log = tmp_path / "strace.txt"
    watched = "trace=write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2"
    command = [strace, "-f", "-y", "-e", watched, "-o", str(log), sys.executable, "-m", "moderation"]
    subprocess.run(  # noqa: S603 - our own words
        [*command, *words],
        env={**os.environ, "MODERATION_DATABASE_URL": address, "MODERATION_SECRET_KEYS": KEY},
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert in_order(log)[-4:] == ["written: the file", "synced: the file", "put", "synced: the folder"]
