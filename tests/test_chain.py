"""The chain of the public log: whatever is done to a line, the verifier names it, with nothing but Python."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import chain, resources

SOURCE = resources.PACKAGE / "chain.py"


def salt(seq: int) -> str:
    return f"{seq:064x}"


def log(count: int) -> list[bytes]:
    lines, before = [], ""
    for seq in range(1, count + 1):
        told: dict[str, object] = {
            "seq": seq,
            "prev": before,
            "reason": "hors sujet, « été » 😀",
            "commitment": chain.digest(f"{salt(seq)}Texte {seq}."),
        }
        before = chain.digest(chain.written(told))
        lines.append(f"{chain.written({**told, 'hash': before})}\n".encode())
    return lines


def fault(lines: list[bytes]) -> str:
    with pytest.raises(ValueError, match="is not what was written there") as wrong:
        list(chain.read(lines))
    return str(wrong.value).split()[1]


def test_what_was_written_holds_together() -> None:
    assert [line["seq"] for line in chain.read(log(5))] == [1, 2, 3, 4, 5]
    assert list(chain.read([])) == []


@given(at=st.integers(0, 3), byte=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_every_bit_that_is_flipped_is_seen_in_its_line(at: int, byte: int, bit: int) -> None:
    lines = log(4)
    changed = bytearray(lines[at])
    changed[byte % len(changed)] ^= 1 << bit
    lines[at] = bytes(changed)
    assert fault(lines) == str(at + 1)


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (log(4)[:1] + log(4)[2:], "2"),
        (log(4)[1:], "1"),
        (log(4)[:2] + log(4)[1:], "3"),
        ([*log(4)[:1], log(4)[2], log(4)[1], *log(4)[3:]], "2"),
        ([*log(2), b"\n"], "3"),
        ([*log(2), b"[]\n"], "3"),
        ([*log(2), b"1\n"], "3"),
        ([*log(2), b"[5]\n"], "3"),
        ([*log(2), b"[true]\n"], "3"),
        ([*log(2), b'{"seq":3}\n'], "3"),
        ([*log(2), b"[" * 100_000], "3"),
        ([*log(2), b"\xff\n"], "3"),
        ([*log(2), log(3)[2].replace(b'"seq":3', b'"seq": 3')], "3"),
        ([*log(2), log(3)[2].replace(b"\n", b"\r\n")], "3"),
        ([*log(2), log(3)[2].replace(b'{"', b'{"hash":"","')], "3"),
    ],
)
def test_what_is_dropped_moved_slipped_in_or_no_line_is_named(lines: list[bytes], named: str) -> None:
    assert fault(lines) == named


def test_a_line_made_anew_with_its_hash_is_betrayed_by_the_next() -> None:
    lines = log(4)
    line: dict[str, Any] = json.loads(lines[1])
    del line["hash"]
    line["reason"] = "autre"
    lines[1] = f"{chain.written({**line, 'hash': chain.digest(chain.written(line))})}\n".encode()
    assert fault(lines) == "3"


def run(*files: Path) -> "subprocess.CompletedProcess[str]":
    """As somebody who has the file and Python, and nothing of ours."""
    program = [sys.executable, "-I", "-S", str(SOURCE), *map(str, files)]
    return subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603 - our own


def test_the_verifier_is_forty_lines_and_runs_by_itself(tmp_path: Path) -> None:
    assert len(SOURCE.read_text().splitlines()) <= 40
    file, opening = tmp_path / "log.jsonl", tmp_path / "opening.json"
    file.write_bytes(b"".join(log(3)))
    told = [
        (2, salt(2), "Texte 2."),
        (3, salt(3), "Autre."),
        (9, salt(9), "Texte 9."),
        # What is said to be the salt holds the beginning of the text, or the text the end of the salt.
        (2, salt(2) + "Texte", " 2."),
        (2, salt(2)[:-1], salt(2)[-1] + "Texte 2."),
        # What is said to be a number says more, in lines of its own, or hides what follows.
        ("2 is about this text\nline 2", "x", "Autre."),
        ("2\x1b[8m", salt(2), "Texte 2."),
        (2.0, salt(2), "Texte 2."),
        (True, salt(1), "Texte 1."),
    ]
    opening.write_text(json.dumps([dict(zip(("seq", "salt", "text"), one, strict=True)) for one in told]))
    said = run(file, opening)
    last = json.loads(log(3)[2])["hash"]
    assert said.stdout.splitlines() == [
        f"3 lines hold together. The last hash: {last}",
        "line 2 is about this text",
        "line 3 is NOT about this text",
        "line 9 is NOT about this text",
        "line 2 is NOT about this text",
        "line 2 is NOT about this text",
        r"line '2 is about this text\nline 2' is NOT about this text",
        r"line '2\x1b[8m' is NOT about this text",
        "line 2.0 is NOT about this text",
        "line True is NOT about this text",
    ]
    file.write_bytes(b"".join(log(3)[:1] + log(3)[2:]))
    said = run(file)
    assert said.returncode == 1
    assert "line 2 is not what was written there" in said.stderr


def test_a_hundred_thousand_decisions_are_verified_in_seconds(tmp_path: Path) -> None:
    file, lines = tmp_path / "log.jsonl", log(100_000)
    file.write_bytes(b"".join(lines))
    begun = time.monotonic()
    said = run(file)
    assert time.monotonic() - begun < 10
    assert said.stdout.startswith("100000 lines hold together.")
    lines[99_998] = lines[99_998].replace(b"hors sujet", b"hors-sujet")
    file.write_bytes(b"".join(lines))
    assert "line 99999 is not what was written there" in run(file).stderr
