"""Checks a public log: python3 chain.py log.jsonl [opening.json]. Needs Python alone."""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


def written(line: dict[str, object]) -> str:
    return json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """Each line, once it is checked. Raises ValueError, which names the first that is wrong."""
    before = ""  # the first has none before it
    for number, raw in enumerate(lines, 1):
        try:
            line = json.loads(raw)
            hashed = digest(written({name: line[name] for name in line if name != "hash"}))
            right = raw.decode() == written({**line, "seq": number, "prev": before, "hash": hashed}) + "\n"
        except (ValueError, TypeError, LookupError, RecursionError):
            right = False
        if not right:
            raise ValueError(f"line {number} is not what was written there")
        before = line["hash"]
        yield line


if __name__ == "__main__":
    log = {line["seq"]: line for line in read(Path(sys.argv[1]).read_bytes().splitlines(keepends=True))}
    print(f"{len(log)} lines hold together. The last hash: {log[len(log)]['hash'] if log else 'none'}")
    for one in json.loads(Path(sys.argv[2]).read_bytes()) if sys.argv[2:] else ():
        line = log.get(one["seq"], {}) if type(one["seq"]) is int else {}
        opens = len(one["salt"]) == 64 and line.get("commitment") == digest(one["salt"] + one["text"])
        print(f"line {one['seq']!a} {'is' if opens else 'is NOT'} about this text")
