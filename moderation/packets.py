"""Sealed packets: all of one contribution in one file that verifies offline, and the log of those made."""

import json
import os
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment
from sqlalchemy import Engine
from sqlmodel import Session

from moderation import accounts, chain, charters, database, part, public_log, reasons, resources, sealed
from moderation.database import HELD
from moderation.decisions import NotFound
from moderation.logs import escaped
from moderation.models.packets import Packet
from moderation.models.people import Account
from moderation.models.queue import Comment
from moderation.pages.packet import Contribution, contribution
from moderation.settings import Settings
from moderation.wording import Wording

# What the keys and the order of contribution.json are known by.
FORMAT = 1
README = "README.txt"


class Exists(Exception):
    """There is such a file already."""


class NotAPacket(Exception):
    """The message says why."""


def make(
    engine: Engine,
    templates: Environment,
    file: Path,
    comment_id: str,
    *,
    email: str,
    now: datetime,
    with_address: bool = False,
) -> str:
    """The seal of a packet, once it is in the file and in the log, in whose order it comes before the file.

    Raises Exists, accounts.NotAnAdmin, NotFound, part.Taken, OSError.
    """
    if os.path.lexists(file):
        raise Exists
    with part.beside(file) as new:
        with database.writing(engine) as session:
            by = accounts.admin(session, email)
            found = _held(session, comment_id, with_address=with_address)
            files = _files(session, templates, found, by, now, with_address=with_address)
            _write(new.path, f"packet-{found.id}", files, now)
            seal = sealed.seal(files)
            _record(session, found, by, seal, now, with_address=with_address)
        if os.path.lexists(file):
            raise Exists
        new.put()
    return seal


def _held(session: Session, comment_id: str, *, with_address: bool) -> Contribution:
    """Nobody erases or decides anything about it until it is in the log that it was handed out."""
    if session.get(Comment, comment_id, with_for_update=HELD) is None:
        raise NotFound
    found = contribution(session, comment_id, with_address=with_address)
    assert found is not None
    return found


def _record(
    session: Session, found: Contribution, by: Account, seal: str, now: datetime, *, with_address: bool
) -> None:
    assert by.id is not None
    session.add(Packet(comment_id=found.id, account_id=by.id, seal=seal, with_address=with_address, at=now))
    session.flush()


def _files(
    session: Session,
    templates: Environment,
    found: Contribution,
    by: Account,
    now: datetime,
    *,
    with_address: bool,
) -> dict[str, bytes]:
    settings, wording = templates.globals["site"], templates.globals["reasons"]
    assert isinstance(settings, Settings)
    assert isinstance(wording, Wording)
    reasons.recall(session, wording, now)
    log = b"".join(public_log.every(session))  # read last: what it tells of the contribution is in it
    about = {"page": found, "name": by.name, "at": now, "with_address": with_address}
    files = {
        README: _harmless(templates.get_template("packet.txt").render(about)).encode(),
        "page.html": _referred(templates.get_template("packet.html").render(about)).encode(),
        "contribution.json": _told(settings, found, by, now, log, with_address=with_address).encode(),
        "log.jsonl": log,
        "chain.py": (resources.PACKAGE / "chain.py").read_bytes(),
        "verify.py": (resources.PACKAGE / "sealed.py").read_bytes(),
    }
    for number in found.charters:
        version = charters.numbered(session, number, settings.language)
        files[f"charter-{number}.md"] = version.source.encode() if version is not None else b""
    return files | {sealed.SUMS: sealed.sums(files)}


def _told(
    settings: Settings, found: Contribution, by: Account, now: datetime, log: bytes, *, with_address: bool
) -> str:
    said = asdict(found)
    openings, subject = said.pop("openings"), said.pop("subject")
    for question in said["questions"]:
        del question["decision_id"]  # a number of ours
    last = log.splitlines()[-1:]
    head = json.loads(last[0])["hash"] if last else ""
    told = {
        "format": FORMAT,
        "site": {"name": settings.site_name, "address": settings.site_url},
        "made": {"at": now, "by": by.name, "with_address": with_address},
        **said,
        "log": {"head": head, "subject": subject, "lines": openings},
    }
    return _harmless(json.dumps(told, ensure_ascii=False, indent=1, default=_plain))


def _harmless(text: str) -> str:
    """For a terminal it is shown on; to a reader of JSON it says the same."""
    return "".join(f"{escaped(line)}\n" for line in text.split("\n"))


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _referred(html: str) -> str:
    """The same to a browser, and likewise harmless for a terminal."""
    odd = {ord(one): f"&#{ord(one)};" for one in {*html} - {"\n"} if escaped(one) != one}
    return html.translate(odd)


def _write(path: Path, folder: str, files: dict[str, bytes], now: datetime) -> None:
    """Every name in it is ours. The same files make the same bytes."""
    year, month, day, hour, minute, second, *_ = now.astimezone(UTC).timetuple()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", (year, month, day, hour, minute, second))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, files[name])


def opened(file: Path) -> dict[str, bytes]:
    """What is in it, by name, whoever made it. Raises NotAPacket and OSError."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = [entry.filename.partition("/")[2] for entry in entries]
            stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            # What packs little into much, or the same several times, is none of ours.
            if not stored or sum(entry.file_size for entry in entries) > file.stat().st_size:
                raise NotAPacket("it is not packed as packets are")
            if len({entry.filename.partition("/")[0] for entry in entries}) != 1 or "" in names:
                raise NotAPacket("it is not one folder of files")
            if len({*names}) != len(names):
                raise NotAPacket("two files in it have one name")
            return {name: _read(archive, entry) for name, entry in zip(names, entries, strict=True)}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as damage:
        raise NotAPacket(f"it cannot be read: {damage}") from None


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(entry)
    except zipfile.BadZipFile:
        raise NotAPacket(f"{entry.filename!a} in it is damaged") from None


def faults(files: dict[str, bytes]) -> list[str]:
    """What anybody finds with `verify.py`."""
    return sealed.faults(files, chain.read)
