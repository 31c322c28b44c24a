"""Whatever a program sends to the API, made up from its own description: the answer is one it describes."""

from collections import Counter
from typing import Any

import pytest
from conftest import FakeClock, Sent, add_article, send
from hammered import THOROUGH, rounds
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from moderation import accounts, tokens
from moderation.accounts import Person
from moderation.tokens import Scope
from moderation.web.app import create_app
from moderation.web.dependencies import Parts

EXAMPLES = 30 * rounds(2, 24)
JUDGED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
WHO = {
    "nobody": (),
    "reader": (Scope.READ,),
    "moderator": (Scope.READ, Scope.MODERATE),
    "site": (Scope.SUBMIT,),
}


def token(parts: Parts, person: Person, scopes: tuple[Scope, ...]) -> dict[str, str]:
    if not scopes:
        return {}
    with parts.writing() as session:
        account = accounts.by_email(session, person.email)
        assert account is not None
        secret = tokens.create(session, account, "", frozenset(scopes), parts.clock())
    return {"Authorization": f"Bearer {secret}"}


def names(parts: Parts, clock: FakeClock, moderator: TestClient) -> dict[str, list[Any]]:
    """What there is, for the parameters of paths: most made-up names lead to nothing."""
    slug = add_article(parts, "le-pont")
    sent: list[Sent] = [send(parts, slug, f"Texte {number}.") for number in range(20)]
    decided = moderator.post(
        f"/api/v1/comments/{sent[0].id}/decisions", json={"action": "publish", "revision": 1}
    ).json()
    clock.tick(seconds=1)
    return {
        "slug": [slug, "nowhere", "%00"],
        "comment_id": [*(one.id for one in sent), "nobody"],
        "decision_id": [int(decided["decision"]["id"]), 2**31 - 1],
    }


def test_the_api_answers_as_it_says_whatever_it_is_asked(
    parts: Parts, ann: Person, clock: FakeClock, request: pytest.FixtureRequest
) -> None:
    import schemathesis  # noqa: PLC0415 - half a second, for no other test
    from schemathesis import GenerationMode  # noqa: PLC0415
    from schemathesis.checks import CHECKS  # noqa: PLC0415
    from schemathesis.core.result import Ok  # noqa: PLC0415
    from schemathesis.python import asgi  # noqa: PLC0415

    # It starts the application, whose delivery would go on in the tests that follow.
    request.addfinalizer(asgi.shutdown_lifespans)
    app = create_app(parts)
    all_scopes = TestClient(app, headers=token(parts, ann, tuple(Scope)))
    known = names(parts, clock, all_scopes)
    people = {who: token(parts, ann, scopes) or None for who, scopes in WHO.items()}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    paths = all_scopes.get("/api/v1/openapi.json").json()["paths"]
    assert len(operations) == sum(map(len, paths.values()))
    told: Counter[int] = Counter()

    @settings(max_examples=EXAMPLES, derandomize=not THOROUGH, database=None)
    @given(data=st.data())
    def answers_as_described(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        path = {
            name: data.draw(st.sampled_from(known[name])) for name in known if f"{{{name}}}" in operation.path
        }
        strategy = operation.as_strategy(
            data.draw(st.sampled_from(list(GenerationMode))),
            headers=people[data.draw(st.sampled_from(list(people)))],
            path_parameters=path if data.draw(st.booleans()) else None,
        )
        case = data.draw(strategy)
        answer = case.call()
        told[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS.get_by_names(JUDGED)))

    answers_as_described()
    assert set(told) > {404, 422}
