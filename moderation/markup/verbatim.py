"""Where code ends, so that nothing between its tags is read as markup."""

import re

_ENDS = {name: re.compile(rf"</{name}\s?>", re.IGNORECASE | re.ASCII) for name in ("code", "pre")}


class Ends:
    """The closing tags of one text, each looked for once: asking for a missing one again costs nothing."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._missing: set[str] = set()

    def after(self, name: str, position: int) -> re.Match[str] | None:
        if name in self._missing:
            return None
        match = _ENDS[name].search(self._source, position)
        if match is None:
            self._missing.add(name)
        return match
