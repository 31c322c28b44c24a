"""The address of a machine, as far as a site keeps it: not at all, unless its settings say otherwise."""

from enum import StrEnum
from ipaddress import ip_address, ip_network

# What is left of a truncated one: the network of a provider’s customers, whole.
_LEFT = {4: 24, 6: 48}


class Keeps(StrEnum):
    NONE = "none"
    TRUNCATED = "truncated"
    FULL = "full"


def kept(address: str | None, how: Keeps) -> str | None:
    """What is stored with a contribution; an address that says nothing about who sent it is not."""
    if address is None or how is Keeps.NONE:
        return None
    if how is Keeps.FULL:
        return address
    return str(ip_network(f"{address}/{_LEFT[ip_address(address).version]}", strict=False))
