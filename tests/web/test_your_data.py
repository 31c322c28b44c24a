"""« Vos données » says what the settings say."""

import re

import pytest
from conftest import BuildParts
from page import Page
from starlette.testclient import TestClient

from moderation.web.app import create_app

Told = dict[str, object]


def shown(build_parts: BuildParts, **settings: object) -> str:
    return Page(TestClient(create_app(build_parts(**settings))).get("/your-data")).main


def test_it_is_public_without_a_cookie_and_linked_from_every_foot(client: TestClient) -> None:
    answer = client.get(Page(client.get("/")).hrefs["Vos données"])
    assert (answer.status_code, Page(answer).heading) == (200, "Vos données")
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"appeal_days": 61}, r"contester \(61 jours\)"),
        ({"refused_days": 1}, r"puis encore 1 jour ; ensuite il est effacé"),
        ({"address_days": 1_234}, r"Elle est effacée 1.234 jours après la dernière décision"),
        ({"note_days": 200}, r"effacés 200 jours après la dernière décision"),
        ({"note_days": 1, "appeal_days": 33}, r"effacés 33 jours après la dernière décision"),
        ({"undo_seconds": 45}, r"annulée pendant 45 secondes"),
        ({"required": "author,email"}, r"Elle est demandée"),
        ({"contact": "nous@example.org"}, r"Écrire au site.*nous@example\.org"),
        (
            {"smtp_url": "smtp://x", "mail_from": "a@example.org"},
            r"au bas de chaque courriel.*adresse confirmée",
        ),
        ({}, r"Ce site n’envoie pas de courriel"),
        ({}, r"n’est écrite nulle part.*à la première lecture"),
        (
            {"machine_addresses": "truncated", "machine_days": 40},
            r"un réseau : 40 jours.*à la première lecture",
        ),
        (
            {"machine_addresses": "full", "machine_days": 300},
            r"gardée entière 300 jours.*à la seconde lecture",
        ),
        ({}, r"sous une empreinte dont la clé change chaque jour"),
        ({"language": "en"}, r"can be read by you and the moderators.* \(90 days\), and for 30 days more"),
    ],
)
def test_it_says_what_was_chosen(build_parts: BuildParts, settings: Told, said: str) -> None:
    assert re.search(said, re.sub("[\u00a0\u202f]", " ", shown(build_parts, **settings)), re.DOTALL)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"undo_seconds": 0}, "peut être annulée"),
        ({"submit_limit": ""}, "sous une empreinte dont la clé"),
        ({}, "au bas d’un courriel"),
        ({"contact": ""}, "Écrire au site"),
        ({"machine_addresses": "full"}, "n’est écrite nulle part"),
    ],
)
def test_it_says_nothing_of_what_is_not_done(build_parts: BuildParts, settings: Told, said: str) -> None:
    assert said not in shown(build_parts, **settings)


def test_it_says_when_what_is_erased_leaves_the_files(
    build_parts: BuildParts, postgresql: str | None
) -> None:
    assert ("dans la nuit qui suit" in shown(build_parts)) == (postgresql is not None)
    assert ("de la recherche, aussitôt" in shown(build_parts)) == (postgresql is None)
