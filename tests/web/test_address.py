import ipaddress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.requests import Request

from moderation.web.address import address, networks

TRUSTED = networks(["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"])
HOSTILE = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.ip_addresses().map(str),
    st.sampled_from(
        [
            "",
            ",",
            "unknown",
            "_hidden",
            "10.0.0.9",
            "127.0.0.1",
            "::1",
            "[2001:db8::1]:443",
            "198.51.100.1:8080",
            "::ffff:198.51.100.1",
            "fe80::1%eth0",
            "for=198.51.100.1",
            "198.51.100.1, 10.0.0.2",
            "1" * 5000,
            "10.0.0.1," * 2000,
            "198.51.100.1%00",
            "0x7f.1",
            "１９８.51.100.1",
        ]
    ),
)
ELSEWHERE = ["forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x_forwarded_for"]


def request(client: str | None, *forwarded: str, **others: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode("latin-1", "replace")) for value in forwarded]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in others.items()]
    return Request({"type": "http", "headers": headers, "client": (client, 1) if client else None})


@pytest.mark.parametrize(
    ("client", "forwarded", "found"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        # Nobody of ours stands between: what is forwarded may be invented.
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        # The same address, however it is written.
        ("10.0.0.1", ["203.0.113.7:40000"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:DB8:0::1]:40000"], "2001:db8::1"),
        ("10.0.0.1", ["2001:db8::1%eth0"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        # A socket of both kinds has our own proxy call like this.
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        # It says nothing about who sent it.
        ("127.0.0.1", [], None),
        ("::1", [], None),
        ("::ffff:127.0.0.1", [], None),
        ("10.0.0.1", ["10.0.0.2"], None),
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", ["203.0.113.7, <script>"], None),
        ("10.0.0.1", ["203.0.113.7, unknown"], None),
        ("10.0.0.1", ["203.0.113.7,"], None),
        ("10.0.0.1", ["203.0.113.7, 203.0.113.8 203.0.113.9"], None),
        ("10.0.0.1", ["[203.0.113.7]:"], None),
        ("10.0.0.1", ["203.0.113.7:999999"], None),
        (None, [], None),
        ("testclient", [], None),
    ],
)
def test_the_nearest_address_no_proxy_of_ours_has(
    client: str | None, forwarded: list[str], found: str | None
) -> None:
    assert address(request(client, *forwarded), TRUSTED) == found


def test_who_comes_by_an_onion_service_cannot_invent_an_address() -> None:
    # Tor calls the web server from loopback, and that adds loopback to whatever was there.
    assert address(request("127.0.0.1", "198.51.100.1, 127.0.0.1"), TRUSTED) is None
    assert address(request("10.0.0.1", "198.51.100.1, ::1"), TRUSTED) is None


@given(st.ip_addresses(), st.lists(HOSTILE, max_size=4), st.dictionaries(st.sampled_from(ELSEWHERE), HOSTILE))
def test_who_calls_us_directly_is_who_calls(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address, forwarded: list[str], others: dict[str, str]
) -> None:
    assume(not any(client in network for network in TRUSTED))
    found = address(request(str(client), *forwarded, **others), TRUSTED)
    assert found == address(request(str(client)), TRUSTED)
    assert address(request(str(client), *forwarded, **others), ()) == found


@given(
    st.ip_addresses(),
    st.lists(HOSTILE, max_size=4),
    st.dictionaries(st.sampled_from(ELSEWHERE), HOSTILE),
    st.booleans(),
    st.sampled_from(["", "10.0.0.2", "::ffff:10.9.9.9", "2001:db8:ffff::2"]),
)
def test_who_calls_our_proxy_is_who_it_says_called_it(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address,
    invented: list[str],
    others: dict[str, str],
    joined: bool,
    second: str,
) -> None:
    """The proxy adds who called it at the right, to a header or as one more; a second proxy likewise."""
    assume(not any(client in network for network in TRUSTED))
    told = [str(client), *([second] if second else [])]
    lines = [", ".join([*invented, *told])] if joined else [*invented, *told]
    alone = address(request(str(client)), TRUSTED)
    assert address(request("10.0.0.1", *lines, **others), TRUSTED) == alone
