"""Checks a packet: python3 -I verify.py [SEAL], beside the other files of it. Needs Python alone."""

import hashlib
import json
import runpy
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

SUMS = "SHA256SUMS"
# What reads the public log: of chain.py, which is beside this where nothing of ours is installed.
Read = Callable[[Iterable[bytes]], Iterator[dict[str, Any]]]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sums(files: Mapping[str, bytes]) -> bytes:
    """The manifest, as sha256sum writes it. Its own digest is the seal."""
    return "".join(f"{digest(files[name])}  {name}\n" for name in sorted(files) if name != SUMS).encode()


def seal(files: Mapping[str, bytes]) -> str:
    return digest(files.get(SUMS, b""))


def changed(files: Mapping[str, bytes]) -> list[str]:
    """What is not as the manifest says."""
    if SUMS not in files:
        return [f"{SUMS!a} is missing"]
    lines = files[SUMS].decode(errors="replace").splitlines()
    told = {name: hashed for hashed, _, name in (line.partition("  ") for line in lines)}
    wrong = [f"{name!a} is missing" for name in sorted(told) if name not in files]
    for name in sorted(files.keys() - {SUMS}):
        if name not in told:
            wrong.append(f"{name!a} is not of this packet")
        elif told[name] != digest(files[name]):
            wrong.append(f"{name!a} is not what was sealed")
    return wrong or ([] if files[SUMS] == sums(files) else [f"{SUMS!a} is not what was sealed"])


def untrue(files: Mapping[str, bytes], read: Read) -> list[str]:
    """Where the public log does not hold together, or its lines are not about these texts."""
    try:
        log = {line["seq"]: line for line in read(files["log.jsonl"].splitlines(keepends=True))}
    except (ValueError, LookupError) as wrong:
        return [f"'log.jsonl': {wrong}"]
    try:
        return [*_unlike(json.loads(files["contribution.json"]), log)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ["'contribution.json' is not what a site writes there"]


def _unlike(packet: dict[str, Any], log: dict[int, dict[str, Any]]) -> Iterator[str]:
    texts = {text["number"]: text["source"] for text in packet["texts"]}
    head = log[max(log)]["hash"] if log else ""
    if packet["log"]["head"] != head:
        yield "'log.jsonl' does not end with the line 'contribution.json' names"
    for told in packet["log"]["lines"]:
        line, salt, text = log.get(told["seq"], {}), told["salt"], texts[told["version"]]
        if line.get("subject") != packet["log"]["subject"]:
            yield f"line {told['seq']:d} of the log is not about this contribution"
        # Of what was erased nothing can be shown any more.
        elif text and (len(salt) != 64 or line["commitment"] != digest((salt + text).encode())):
            yield f"line {told['seq']:d} of the log is not about text {told['version']:d} of the packet"


def faults(files: Mapping[str, bytes], read: Read) -> list[str]:
    return changed(files) or untrue(files, read)


if __name__ == "__main__":
    here = Path(__file__).parent
    packet = {
        file.relative_to(here).as_posix(): file.read_bytes() for file in here.rglob("*") if file.is_file()
    }
    # Nothing of what is beside this is run before it is known to be what was sealed.
    found = changed(packet) or untrue(packet, runpy.run_path(str(here / "chain.py"))["read"])
    if sys.argv[1:] and sys.argv[1:] != [seal(packet)]:
        found.append("the seal is not the one that was given")
    for one in found:
        print(f"WRONG: {one}.")
    print("THIS IS NOT WHAT WAS SEALED." if found else "All is as it was sealed.")
    print(f"Seal: {seal(packet)}")
    sys.exit(bool(found))
