"""The site as browsers and passkeys know it: a key made for it can be used nowhere else."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Party:
    """What WebAuthn calls the relying party."""

    id: str
    origin: str
    name: str


def of(site_url: str, name: str) -> Party | None:
    """`site_url` as the settings have it.

    None where browsers have no passkeys: at a bare address, and on plain HTTP but on this machine.
    """
    parts = urlsplit(site_url)
    host = parts.hostname or ""
    local = host == "localhost" or host.endswith(".localhost")
    if not (parts.scheme == "https" or local) or _is_address(host):
        return None
    return Party(host, f"{parts.scheme}://{parts.netloc}", name)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
