"""Where a request comes from, as far as that can be believed. Nothing here is stored or logged."""

import ipaddress
from collections.abc import Sequence

from starlette.requests import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Raises ValueError for what is no address and no network."""
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def address(request: Request, trusted: Sequence[Network]) -> str | None:
    """The nearest address no proxy of ours has; None when that says nothing: loopback, an onion service.

    X-Forwarded-For is read from the right, and only as far as those who wrote it are trusted.
    """
    hops = [request.client.host] if request.client else []
    if hops and _is_in(hops[0], trusted):
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        hops += [hop.strip() for hop in reversed(forwarded)]
    found = next((hop for hop in hops if not _is_in(hop, trusted)), None)
    return found if found is not None and _tells(found) else None


def _parsed(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_in(name: str, trusted: Sequence[Network]) -> bool:
    found = _parsed(name)
    return found is not None and any(found in network for network in trusted)


def _tells(name: str) -> bool:
    found = _parsed(name)
    return found is not None and not found.is_loopback
