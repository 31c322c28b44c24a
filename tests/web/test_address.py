import pytest
from starlette.requests import Request

from moderation.web.address import address, networks

TRUSTED = networks(["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"])


def request(client: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
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
        # It says nothing about who sent it.
        ("127.0.0.1", [], None),
        ("::1", [], None),
        ("10.0.0.1", ["10.0.0.2"], None),
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", ["203.0.113.7, <script>"], None),
        (None, [], None),
        ("testclient", [], None),
    ],
)
def test_the_nearest_address_no_proxy_of_ours_has(
    client: str | None, forwarded: list[str], found: str | None
) -> None:
    assert address(request(client, *forwarded), TRUSTED) == found
