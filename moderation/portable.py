"""What the site keeps of an author, as a file they take along and a program reads (RGPD, articles 15, 20)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from moderation.pages.yours import Address, Yours
from moderation.settings import Settings

# What its keys are known by.
FORMAT = 1


def written(settings: Settings, texts: Sequence[Yours], now: datetime, address: Address | None = None) -> str:
    """JSON with the words of the API: statuses, actions and reasons are code words, times are UTC."""
    told = {
        "format": FORMAT,
        "site": {"name": settings.site_name, "address": settings.site_url},
        "made_at": now,
        "texts": [asdict(one) for one in texts],
    }
    if address is not None:
        told["address"] = asdict(address)
    return json.dumps(told, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
