"""Where a request comes from, as far as that can be believed. Nothing here is stored or logged."""

import ipaddress
import re
from collections.abc import Sequence

from starlette.requests import Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Some proxies write the port too.
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
_LONGEST = len("[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535")


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Raises ValueError for what is no address and no network."""
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def address(request: Request, trusted: Sequence[Network]) -> str | None:
    """The nearest address no proxy of ours has; None when that says nothing: loopback, an onion service.

    X-Forwarded-For is read from the right, and only as far as those who wrote it are trusted; `Forwarded` and
    its like are not read at all. Loopback ends the reading wherever it was forwarded from, trusted or not: it
    is where an onion service’s visitors come from, and what stands to its left is theirs to invent.
    """
    found = _parsed(request.client.host) if request.client else None
    if found is not None and _is_in(found, trusted):
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        hops = (_parsed(hop.strip()) for hop in reversed(forwarded))
        found = next(
            (hop for hop in hops if hop is None or hop.is_loopback or not _is_in(hop, trusted)), None
        )
    return None if found is None or found.is_loopback else str(found)


def _parsed(name: str) -> Address | None:
    if len(name) > _LONGEST:
        return None
    bare = _WITH_PORT.fullmatch(name)
    try:
        found = ipaddress.ip_address(bare[1] or bare[2] if bare else name)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return found
    # A zone says which of our own cables it came in by; a mapped address is what a socket of both kinds says.
    return found.ipv4_mapped or ipaddress.IPv6Address(int(found))


def _is_in(found: Address, trusted: Sequence[Network]) -> bool:
    return any(found in network for network in trusted)
