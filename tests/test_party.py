import pytest

from moderation import party
from moderation.settings import Settings


@pytest.mark.parametrize(
    ("site_url", "id", "origin"),
    [
        ("https://forum.example.org", "forum.example.org", "https://forum.example.org"),
        ("https://forum.example.org:443/avis", "forum.example.org", "https://forum.example.org"),
        ("https://Forum.Example.org:8443", "forum.example.org", "https://forum.example.org:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://avis.localhost", "avis.localhost", "http://avis.localhost"),
    ],
)
def test_a_site_is_known_by_its_host_and_origin(site_url: str, id: str, origin: str) -> None:  # noqa: A002
    found = party.of(Settings(site_url=site_url).site_url, "Le Passe-Muraille")
    assert found is not None
    assert (found.id, found.origin, found.name) == (id, origin, "Le Passe-Muraille")


@pytest.mark.parametrize(
    "site_url",
    [
        "http://127.0.0.1:8000",
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443",
        "http://forum.example.org",
        "http://abcdef.onion",
        "http://localhost.example.org",
    ],
)
def test_where_browsers_have_no_passkeys_there_is_none(site_url: str) -> None:
    assert party.of(site_url, "Le Passe-Muraille") is None
