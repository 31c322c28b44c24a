"""A browser’s short name, « Firefox, Android »: its owner knows it again, and nobody can follow it."""

import re

# The first that is found counts: most pretend to be several others.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox|FxiOS": "Firefox",
    "Chrome|CriOS|Chromium": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "Linux|X11": "Linux",
}


def name(user_agent: str) -> str:
    """One of a few dozen names made of the words above; "" for what is none of them."""
    return ", ".join(filter(None, (_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent))))


def _first(names: dict[str, str], text: str) -> str:
    return next((said for sign, said in names.items() if re.search(rf"\b(?:{sign})", text)), "")
