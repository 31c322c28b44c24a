"""Packets for a lawyer: all there is of one contribution, sealed, and the log of who made them."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeClock, Run, Sent, send
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select, update
from test_answers import answer
from test_appeals import appeal
from test_corrections import correct, undo
from test_edits import edit
from test_forgetting import redact
from test_public_log import decide as decide_on
from test_questions import ask
from test_voices import TWO, rule, speak

from moderation import charter, charters, delivery, notes, packets, part, sealed, submissions
from moderation.accounts import NotAnAdmin, Person
from moderation.decisions import NotFound
from moderation.lifecycle import Action, Reason, Status
from moderation.models.packets import Packet
from moderation.models.queue import Comment, Version
from moderation.packets import Exists, NotAPacket
from moderation.pages import packets as pages
from moderation.pages.item import item
from moderation.web.dependencies import Parts

ADDRESS = "zoe@exemple.example"
HOSTILE = (
    "oui\x1b]52;c;aGFj\x07\u202eenver\u009b31m <script>alert(1)</script>\n../../etc/passwd\n"
    '"}], "texts": [{ <img src=x onerror=alert(1)> </blockquote></body> {{ 7*7 }} %(name)s'
)


def make(
    parts: Parts, file: Path, sent: Sent, email: str = "ann@example.org", *, with_address: bool = False
) -> str:
    return packets.make(
        parts.engine,
        parts.templates,
        file,
        sent.id,
        email=email,
        now=parts.clock(),
        with_address=with_address,
    )


def told(files: dict[str, bytes]) -> Any:
    return json.loads(files["contribution.json"])


def unpacked(file: Path, folder: Path) -> Path:
    """As somebody does who has Python and nothing of ours."""
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(file), str(folder)], check=True)  # noqa: S603
    (made,) = folder.iterdir()
    return made


def verified(folder: Path, *seal: str) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "-I", "-S", "verify.py", *seal]
    return subprocess.run(  # noqa: S603 - what is tested
        program, cwd=folder, env={}, capture_output=True, text=True, check=False
    )


def holds(parts: Parts, sent: Sent, folder: Path, *, with_address: bool = False) -> dict[str, bytes]:
    """The files of a packet that its own verifier finds whole."""
    file = folder / "packet.zip"
    seal = make(parts, file, sent, with_address=with_address)
    said = verified(unpacked(file, folder / "unpacked"), seal)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines() == ["All is as it was sealed.", f"Seal: {seal}"]
    files = packets.opened(file)
    assert packets.faults(files) == []
    assert sealed.seal(files) == seal
    return files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "packet.zip"


@pytest.fixture
def named(parts: Parts, article: str) -> Sent:
    return send(parts, article, "Le pont est aussi ouvert aux vélos.", author="Zoé", email=ADDRESS)


def revision(parts: Parts, sent: Sent) -> int:
    with parts.reading() as session:
        return session.get_one(Comment, sent.id).revision


# What is in it


def test_all_that_happened_is_in_it(
    parts: Parts,
    ann: Person,
    sami: Person,
    named: Sent,
    clock: FakeClock,
    settle: Callable[[], None],
    tmp_path: Path,
) -> None:
    with parts.writing() as session:
        charters.write(session, charter.read("## Notre règle"), seen=1, language="fr", now=clock())
        notes.write(session, named.id, "Entre nous.", by=ann.id, now=clock())
    ask(parts, named, ann, "D’où le tenez-vous ?")
    clock.tick(minutes=1)
    answer(parts, named, "Je l’ai vu.")
    rule(parts, TWO)
    speak(parts, named, ann, Action.REFUSE, revision(parts, named), Reason.OFF_TOPIC)
    speak(parts, named, sami, Action.REFUSE, revision(parts, named), Reason.OFF_TOPIC)
    settle()
    rule(parts, None)
    appeal(parts, named, "Ce n’est pas juste.")
    decide_on(parts, named, ann, Action.PUBLISH, revision=revision(parts, named))
    settle()
    correct(
        parts, named, ann, "Le pont est ouvert aux vélos et aux piétons.", revision=revision(parts, named)
    )
    settle()

    files = holds(parts, named, tmp_path)
    packet = told(files)
    assert sorted(files) == [
        "README.txt",
        "SHA256SUMS",
        "chain.py",
        "charter-2.md",
        "contribution.json",
        "log.jsonl",
        "page.html",
        "verify.py",
    ]
    assert packet["made"] == {
        "at": clock().isoformat().replace("+00:00", "Z"),
        "by": "Ann",
        "with_address": False,
    }
    assert (packet["id"], packet["status"], packet["revision"]) == (
        named.id,
        "published",
        revision(parts, named),
    )
    with parts.reading() as session:
        texts = session.exec(select(Version).where(Version.comment_id == named.id).order_by("number")).all()
    assert [(one["source"], one["html"], one["renderer"]) for one in packet["texts"]] == [
        (one.source, one.html, one.renderer) for one in texts
    ]
    assert [one["source_sha256"] for one in packet["texts"]] == [
        sealed.digest(one.source.encode()) for one in texts
    ]
    assert [one["html_sha256"] for one in packet["texts"]] == [
        sealed.digest(one.html.encode()) for one in texts
    ]
    assert [one["revision"] for one in packet["texts"]] == [None, packet["revision"]]
    moves = [(one["action"], one["by"]) for one in packet["decisions"]]
    assert moves == [
        ("ask", "Ann"),
        ("answer", None),
        ("refuse", "Sami"),
        ("appeal", None),
        ("publish", "Ann"),
        ("correct", "Ann"),
    ]
    refused = packet["decisions"][2]
    assert (refused["reason"], refused["charter"], refused["charter_article"]) == ("off_topic", 2, None)
    assert files["charter-2.md"].decode() == "## Notre règle"
    assert [(one["by"], one["say"]) for one in packet["voices"]] == [("Ann", "refuse"), ("Sami", "refuse")]
    (question,) = packet["questions"]
    assert (question["question"], question["answer"]) == ("D’où le tenez-vous ?", "Je l’ai vu.")
    assert [(one["words"], one["against"], one["answer"]) for one in packet["appeals"]] == [
        ("Ce n’est pas juste.", 4, 6)
    ]
    assert (packet["publication"]["number"], packet["publication"]["version"]) == (1, 2)
    assert [(one["revision"], one["version"]) for one in packet["log"]["lines"]] == [(4, 1), (6, 1), (7, 2)]
    page = files["page.html"].decode()
    for words in ("aux piétons", "D’où le tenez-vous", "Ce n’est pas juste", "hors sujet", "Sami", "Zoé"):
        assert words in page
    everything = b"".join(files.values()).decode()
    for secret in (ADDRESS, "Entre nous.", named.tracking, "ann@example.org"):
        assert secret not in everything


@pytest.mark.parametrize("with_address", [False, True])
def test_the_address_is_in_it_when_it_was_asked_for_and_the_readme_says_which(
    parts: Parts, ann: Person, named: Sent, tmp_path: Path, *, with_address: bool
) -> None:
    files = holds(parts, named, tmp_path, with_address=with_address)
    assert told(files)["texts"][0]["email"] == (ADDRESS if with_address else None)
    assert (ADDRESS in files["page.html"].decode()) is with_address
    assert ("EST dans ce dossier" in files["README.txt"].decode()) is with_address
    with parts.reading() as session:
        (made,) = pages.made(session, named.id)
    assert (made.by, made.with_address) == (ann.name, with_address)


MOVES: dict[Status, tuple[Action, ...]] = {
    Status.PENDING: (),
    Status.ASKED: (Action.ASK,),
    Status.PUBLISHED: (Action.PUBLISH,),
    Status.REFUSED: (Action.REFUSE,),
    Status.SPAM: (Action.SPAM,),
    Status.UNPUBLISHED: (Action.PUBLISH, Action.UNPUBLISH),
}


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("status", MOVES)
def test_one_is_made_of_every_status(
    parts: Parts, sami: Person, named: Sent, settle: Callable[[], None], tmp_path: Path, status: Status
) -> None:
    for action in MOVES[status]:
        if action is Action.ASK:
            ask(parts, named, sami)
        else:
            reason = Reason.PRIVACY if action in {Action.REFUSE, Action.UNPUBLISH} else None
            decide_on(parts, named, sami, action, revision=revision(parts, named), reason=reason)
        settle()
    files = holds(parts, named, tmp_path)
    assert told(files)["status"] == status
    assert (told(files)["publication"] is None) is (Action.PUBLISH not in MOVES[status])


@pytest.mark.usefixtures("ann")
def test_what_was_withdrawn_is_not_brought_back_and_when_it_went_is_said(
    parts: Parts, sami: Person, named: Sent, clock: FakeClock, settle: Callable[[], None], tmp_path: Path
) -> None:
    decide_on(parts, named, sami, Action.REFUSE, reason=Reason.PRIVACY)
    settle()
    decide_on(parts, named, sami, Action.REOPEN, revision=2)
    settle()
    with parts.writing() as session:
        submissions.withdraw(session, named.tracking, revision=3, now=clock())
    delivery.effects(parts.engine, clock())
    files = holds(parts, named, tmp_path)
    (only,) = told(files)["texts"]
    assert (only["source"], only["html"], only["author"]) == ("", "", "")
    assert only["erased"] == {"action": "withdraw", "revision": 4, "at": "2026-03-01T09:00:40Z"}
    assert [(one["seq"], one["salt"]) for one in told(files)["log"]["lines"]] == [(1, ""), (2, "")]
    everything = b"".join(files.values()).decode()
    assert "vélos" not in everything
    assert "Zoé" not in everything
    assert "effacés du site" in files["page.html"].decode()


@pytest.mark.usefixtures("ann")
def test_words_taken_out_are_in_it_while_the_site_keeps_them_and_not_afterwards(
    parts: Parts, sami: Person, named: Sent, clock: FakeClock, settle: Callable[[], None], tmp_path: Path
) -> None:
    decide_on(parts, named, sami, Action.PUBLISH)
    settle()
    redact(parts, named, sami, revision=2, words="aux vélos")
    settle()
    (tmp_path / "before").mkdir()
    (first, second) = told(holds(parts, named, tmp_path / "before"))["texts"]
    assert ("aux vélos" in first["source"], first["erased"]) == (True, None)
    assert first["kept_until"] == "2026-05-30T09:00:20Z"
    assert (second["kept_until"], second["revision"]) == (None, 3)
    clock.tick(days=91)
    delivery.effects(parts.engine, clock())
    (tmp_path / "after").mkdir()
    files = holds(parts, named, tmp_path / "after")
    assert told(files)["texts"][0]["erased"]["action"] == "redact"
    assert "aux vélos" not in b"".join(files.values()).decode()


@pytest.mark.usefixtures("ann")
def test_a_text_its_author_wrote_anew_twice_is_said_to_be_gone_with_the_second(
    parts: Parts, named: Sent, tmp_path: Path
) -> None:
    edit(parts, named, "Deuxième.")
    edit(parts, named, "Troisième.", revision=2)
    texts = told(holds(parts, named, tmp_path))["texts"]
    assert [one["source"] for one in texts] == [named.text, "", "Troisième."]
    assert [one["erased"] and one["erased"]["revision"] for one in texts] == [None, 3, None]


@pytest.mark.usefixtures("ann")
def test_an_undone_decision_is_told_with_what_undid_it(
    parts: Parts, sami: Person, named: Sent, tmp_path: Path
) -> None:
    with parts.writing() as session:
        assert session.get_one(Comment, named.id).revision == 1
    undo(parts, decide_on(parts, named, sami, Action.PUBLISH), sami)
    moves = told(holds(parts, named, tmp_path))["decisions"]
    assert [(one["revision"], one["undoes"], one["by"]) for one in moves] == [
        (2, None, "Sami"),
        (3, 2, "Sami"),
    ]


@pytest.mark.usefixtures("ann")
def test_hostile_words_are_harmless_in_it(
    parts: Parts, sami: Person, article: str, settle: Callable[[], None], tmp_path: Path
) -> None:
    sent = send(parts, article, HOSTILE)
    with parts.writing() as session:  # as it might come by another way than the form
        session.exec(
            update(Version).values(source=HOSTILE, author=f"../../Zoé <b>\x1b]0;x\x07{HOSTILE[-90:]}")
        )
    decide_on(parts, sent, sami, Action.PUBLISH)
    settle()
    file = tmp_path / "packet.zip"
    files = holds(parts, sent, tmp_path)
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {f"packet-{sent.id}"}
    assert all(".." not in name and name.count("/") == 1 for name in names)
    assert told(files)["texts"][0]["source"] == HOSTILE
    for name in ("README.txt", "contribution.json", "page.html", "log.jsonl"):
        shown = files[name].decode()
        assert not any(mark in shown for mark in "\x1b\x07\u202e\u009b"), name
    page = files["page.html"].decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "&#27;" in page
    assert "default-src 'none'" in page


@pytest.mark.usefixtures("ann")
def test_the_same_is_packed_into_the_same_bytes(parts: Parts, named: Sent, tmp_path: Path) -> None:
    make(parts, tmp_path / "one.zip", named)
    files = packets.opened(tmp_path / "one.zip")
    packets._write(tmp_path / "two.zip", f"packet-{named.id}", dict(reversed(files.items())), parts.clock())
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_site_in_english_explains_it_in_english(
    build_parts: Callable[..., Parts], ann: Person, named: Sent, tmp_path: Path
) -> None:
    files = holds(build_parts(language="en"), named, tmp_path)
    assert "WHAT IS NOT IN IT" in files["README.txt"].decode()
    assert '<html lang="en">' in files["page.html"].decode()
    assert f"by {ann.name}" in files["README.txt"].decode()


# What is kept of it


def test_that_it_was_made_is_kept_and_shown_in_the_history(
    parts: Parts, ann: Person, named: Sent, file: Path, desk: Any
) -> None:
    seal = make(parts, file, named)
    with parts.reading() as session:
        (kept,) = session.exec(select(Packet)).all()
        assert (kept.comment_id, kept.account_id, kept.seal, kept.at) == (
            named.id,
            ann.id,
            seal,
            parts.clock(),
        )
        page = item(session, ann, named.id)
    assert page is not None
    assert [one.seal for one in page.packets] == [seal]
    shown = desk.get(f"/desk/comments/{named.id}").text
    assert "Dossier scellé remis par <bdi>Ann</bdi>" in shown
    assert seal in shown


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("change", ["UPDATE packet SET seal = 'x'", "DELETE FROM packet"])
def test_the_log_of_packets_only_grows(parts: Parts, named: Sent, file: Path, change: str) -> None:
    make(parts, file, named)
    with pytest.raises(DBAPIError, match="only grows"), parts.engine.begin() as connection:
        connection.execute(text(change))


def made(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Packet)).all())


@pytest.mark.usefixtures("ann")
def test_it_is_its_owner_s_alone_and_replaces_nothing(parts: Parts, named: Sent, file: Path) -> None:
    make(parts, file, named)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(Exists):
        make(parts, file, named)
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir() if "packet" in one.name] == ["packet.zip"]
    nowhere = file.with_name("dangling")
    nowhere.symlink_to(file.with_name("elsewhere"))
    with pytest.raises(Exists):
        make(parts, nowhere, named)
    assert made(parts) == 1


@pytest.mark.usefixtures("ann", "sami")
@pytest.mark.parametrize("email", ["sami@example.org", "nobody@example.org", ""])
def test_nobody_but_an_admin_makes_one(parts: Parts, named: Sent, file: Path, email: str) -> None:
    with pytest.raises(NotAnAdmin):
        make(parts, file, named, email)
    assert (file.exists(), made(parts)) == (False, 0)


@pytest.mark.usefixtures("ann")
def test_of_what_is_not_there_none_is_made(parts: Parts, file: Path) -> None:
    with pytest.raises(NotFound):
        make(parts, file, Sent("nothing", "", ""))
    assert (file.exists(), made(parts)) == (False, 0)


@pytest.mark.usefixtures("ann")
def test_two_who_make_the_same_file_make_one(parts: Parts, named: Sent, file: Path) -> None:
    with part.beside(file), pytest.raises(part.Taken):
        make(parts, file, named)
    assert made(parts) == 0


@pytest.mark.usefixtures("ann")
def test_what_cannot_be_written_is_not_said_to_be_made(parts: Parts, named: Sent, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        make(parts, tmp_path / "nowhere" / "packet.zip", named)
    assert made(parts) == 0


# The commands


@pytest.mark.usefixtures("ann", "sami")
def test_a_packet_is_made_and_recognised_by_the_commands(run: Run, named: Sent, file: Path) -> None:
    assert run("packet", named.id, str(file)).exit_code == 2  # by whom?
    refused = run("packet", named.id, str(file), "--as", "sami@example.org")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "is no admin" in refused.stderr
    assert run("packet", "nothing", str(file), "--as", "ann@example.org").exit_code == 1
    done = run("packet", named.id, str(file), "--as", "ann@example.org")
    assert done.exit_code == 0, done.stderr
    seal = done.stdout.strip()
    assert len(seal) == 64
    again = run("packet", named.id, str(file), "--as", "ann@example.org")
    assert (again.exit_code, "already" in again.stderr) == (1, True)
    known = run("verify-packet", str(file))
    assert (known.exit_code, known.stdout) == (0, f"{seal}\n")
    assert "Made by Ann on" in known.stderr
    assert "without the address" in known.stderr
    assert f"packet by Ann, seal {seal}" in run("show", named.id).stdout
    nowhere = run("packet", named.id, str(file / "x"), "--as", "ann@example.org")
    assert (nowhere.exit_code, "could not be made" in nowhere.stderr) == (1, True)


@pytest.mark.usefixtures("ann")
def test_a_packet_the_site_did_not_make_is_known_as_such(
    run: Run, parts: Parts, named: Sent, file: Path
) -> None:
    make(parts, file, named)
    files = packets.opened(file)
    forged = files["contribution.json"].replace("Zoé".encode(), b"Ann")
    assert forged != files["contribution.json"]
    files["contribution.json"] = forged
    packets._write(file, "packet", files, parts.clock())
    result = run("verify-packet", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'contribution.json' is not what was sealed." in result.stderr
    files["SHA256SUMS"] = sealed.sums(files)
    packets._write(file, "packet", files, parts.clock())
    result = run("verify-packet", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "This site knows of no packet" in result.stderr


# What it is checked with


@pytest.fixture
def folder(parts: Parts, ann: Person, named: Sent, settle: Callable[[], None], tmp_path: Path) -> Path:
    """Unpacked, of a contribution whose two texts were both decided about, with other lines around them."""
    other = send(parts, "le-pont", "Autre chose.")
    decide_on(parts, other, ann, Action.REFUSE, reason=Reason.PRIVACY)
    settle()
    decide_on(parts, named, ann, Action.PUBLISH)
    settle()
    correct(parts, named, ann, "Le pont est ouvert.", revision=2)
    settle()
    make(parts, tmp_path / "packet.zip", named)
    return unpacked(tmp_path / "packet.zip", tmp_path / "unpacked")


def files_of(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def wrong(folder: Path, *seal: str) -> list[str]:
    said = verified(folder, *seal)
    assert said.returncode == 1
    assert "THIS IS NOT WHAT WAS SEALED." in said.stdout
    return [line for line in said.stdout.splitlines() if line.startswith("WRONG: ")]


NAMES = ("README.txt", "chain.py", "contribution.json", "log.jsonl", "page.html", "charter-1.md")


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_file_that_is_changed_dropped_or_added_is_named(folder: Path, name: str) -> None:
    before = (folder / name).read_bytes()
    for at in (0, len(before) // 2, len(before) - 1):
        changed = bytearray(before)
        changed[at] ^= 1
        (folder / name).write_bytes(changed)
        assert wrong(folder) == [f"WRONG: '{name}' is not what was sealed."]
    (folder / name).unlink()
    assert wrong(folder) == [f"WRONG: '{name}' is missing."]
    (folder / name).write_bytes(before)
    assert verified(folder).returncode == 0
    (folder / "x\x1b[2J.txt").write_bytes(b"")
    assert wrong(folder) == ["WRONG: 'x\\x1b[2J.txt' is not of this packet."]


def test_every_bit_of_every_file_is_held_by_the_seal(folder: Path) -> None:
    files = files_of(folder)
    for name, content in files.items():
        for at in range(0, len(content), max(1, len(content) // 60)):
            for bit in range(8):
                changed = bytearray(content)
                changed[at] ^= 1 << bit
                assert sealed.changed({**files, name: bytes(changed)}), (name, at, bit)


def test_a_manifest_made_anew_has_another_seal(folder: Path) -> None:
    files = files_of(folder)
    seal = sealed.seal(files)
    files["page.html"] += b"<p>"
    (folder / "page.html").write_bytes(files["page.html"])
    (folder / "SHA256SUMS").write_bytes(sealed.sums(files))
    assert verified(folder).returncode == 0
    assert wrong(folder, seal) == ["WRONG: the seal is not the one that was given."]


def test_texts_that_were_swapped_are_named_even_under_sums_made_anew(folder: Path) -> None:
    packet = told(files_of(folder))
    first, second = packet["texts"]
    first["source"], second["source"] = second["source"], first["source"]
    rewritten(folder, packet)
    lines = [one["seq"] for one in packet["log"]["lines"]]
    assert wrong(folder) == [
        f"WRONG: line {lines[0]} of the log is not about text 1 of the packet.",
        f"WRONG: line {lines[1]} of the log is not about text 2 of the packet.",
    ]


def rewritten(folder: Path, packet: object, log: bytes | None = None) -> None:
    """With sums that are right."""
    (folder / "contribution.json").write_text(json.dumps(packet))
    if log is not None:
        (folder / "log.jsonl").write_bytes(log)
    (folder / "SHA256SUMS").write_bytes(sealed.sums(files_of(folder)))


def test_a_line_of_the_log_that_was_dropped_is_named(folder: Path) -> None:
    packet, lines = told(files_of(folder)), (folder / "log.jsonl").read_bytes().splitlines(keepends=True)
    rewritten(folder, packet, b"".join(lines[:1] + lines[2:]))
    assert wrong(folder) == ["WRONG: 'log.jsonl': line 2 is not what was written there."]
    rewritten(folder, packet, b"".join(lines[:-1]))
    assert wrong(folder) == [
        "WRONG: 'log.jsonl' does not end with the line 'contribution.json' names.",
        "WRONG: line 3 of the log is not about this contribution.",
    ]


def test_a_line_about_another_contribution_is_named(folder: Path) -> None:
    packet = told(files_of(folder))
    packet["log"]["lines"][0]["seq"] = 1
    rewritten(folder, packet)
    assert wrong(folder) == ["WRONG: line 1 of the log is not about this contribution."]
    packet["log"]["lines"][0].update(seq=2, salt="")
    rewritten(folder, packet)
    assert wrong(folder) == ["WRONG: line 2 of the log is not about text 1 of the packet."]


@pytest.mark.parametrize("packet", [[], 1, None, {}, {"texts": 1}, {"texts": [], "log": {"lines": [1]}}])
def test_what_no_site_writes_is_said_to_be_so(folder: Path, packet: object) -> None:
    rewritten(folder, packet)
    assert wrong(folder) == ["WRONG: 'contribution.json' is not what a site writes there."]


def test_a_manifest_that_is_gone_or_torn_is_named(folder: Path) -> None:
    before = (folder / "SHA256SUMS").read_bytes()
    (folder / "SHA256SUMS").unlink()
    assert wrong(folder) == ["WRONG: 'SHA256SUMS' is missing."]
    (folder / "SHA256SUMS").write_bytes(before.replace(b"\n", b"\x0b", 1))
    assert wrong(folder) == ["WRONG: 'SHA256SUMS' is not what was sealed."]


def test_sha256sum_checks_it_too(folder: Path) -> None:
    for words in (["-c", "--strict", "SHA256SUMS"], ["SHA256SUMS"]):
        done = subprocess.run(["sha256sum", *words], cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert done.stdout.split()[0] == sealed.seal(files_of(folder))


# What is no packet


@pytest.mark.usefixtures("ann")
def test_a_file_with_any_byte_changed_is_refused_or_says_the_same(
    parts: Parts, named: Sent, file: Path
) -> None:
    make(parts, file, named)
    before, files = file.read_bytes(), packets.opened(file)
    broken = file.with_name("broken.zip")
    for at in range(0, len(before), 97):
        changed = bytearray(before)
        changed[at] ^= 0xFF
        broken.write_bytes(changed)
        try:
            found = packets.opened(broken)
        except NotAPacket:
            continue
        assert found == files or packets.faults(found), at


def test_what_is_no_packet_is_said_to_be_none(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "odd.zip"
    cases: list[tuple[Callable[[zipfile.ZipFile], None], str]] = [
        (lambda archive: archive.writestr("a/b", b"0" * 10_000, zipfile.ZIP_DEFLATED), "not packed as"),
        (lambda archive: archive.writestr("../b", b""), "is missing"),
        (lambda archive: archive.writestr("b", b""), "not one folder"),
        (lambda _: None, "not one folder"),
    ]
    for fill, said in cases:
        with zipfile.ZipFile(odd, "w") as archive:
            fill(archive)
        result = run("verify-packet", str(odd))
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr
    odd.write_bytes(b"PK")
    assert "cannot be read" in run("verify-packet", str(odd)).stderr
    for nowhere in (tmp_path, tmp_path / "nothing"):
        assert run("verify-packet", str(nowhere)).exit_code == 1
    assert not (tmp_path.parent / "b").exists()
    assert os.listdir(tmp_path)  # noqa: PTH208
