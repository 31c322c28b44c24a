import re
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from conftest import BuildParts, FakeClock, Reader, Sent, form_fields, send
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from sqlmodel import select
from starlette.testclient import TestClient

from moderation import accounts, decisions, delivery
from moderation.accounts import Person
from moderation.lifecycle import Action, Status
from moderation.models.queue import Comment, LetterKind
from moderation.settings import Settings
from moderation.web.app import create_app, post
from moderation.web.dependencies import Parts

TOKEN = "a-token-of-the-tests-which-is-long-enough"
Labels = tuple[tuple[str, str], ...]
Read = dict[tuple[str, Labels], float]


@pytest.fixture
def configuration(configuration: Settings) -> Settings:
    """Of a site that is this machine’s own, unless told otherwise."""
    return configuration.model_copy(update={"site_url": "http://127.0.0.1:8000"})


def local(parts: Parts) -> TestClient:
    """Somebody on this machine."""
    return TestClient(create_app(parts), client=("127.0.0.1", 40000), base_url="http://127.0.0.1:8000")


def read(text: str, parse: Callable[[str], Iterable[Metric]] = text_string_to_metric_families) -> Read:
    samples: list[Sample] = [sample for family in parse(text) for sample in family.samples]
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples), "no figure twice"
    return found


class Figures:
    """What changed since it was made: counters belong to the process, and other tests count too."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._before = self._now()

    def _now(self) -> Read:
        answer = self._client.get("/metrics")
        assert answer.status_code == 200
        return read(answer.text)

    def more(self, name: str, **labels: str) -> float:
        key = (f"moderation_{name}", tuple(sorted(labels.items())))
        return self._now().get(key, 0) - self._before.get(key, 0)

    def now(self, name: str, **labels: str) -> float:
        return self._now()[f"moderation_{name}", tuple(sorted(labels.items()))]


@pytest.fixture
def figures(parts: Parts) -> Figures:
    return Figures(local(parts))


# Who may read them


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:8000", "[::1]:8000"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_reads_them(parts: Parts, host: str, peer: str) -> None:
    client = TestClient(create_app(parts), client=(peer, 40000))
    answer = client.get("/metrics", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("site", ["http://127.8.9.1", "https://localhost/forum", "http://[::1]:8000"])
def test_a_site_that_is_this_machine_s_own_needs_no_token(build_parts: BuildParts, site: str) -> None:
    client = local(build_parts(site_url=site))
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "site",
    [
        "https://forum.example.org",
        "http://abcdef.onion",
        "http://192.168.1.7:8000",
        "https://localhost.example",
    ],
)
def test_a_site_with_readers_shows_its_own_machine_nothing_without_the_token(
    build_parts: BuildParts, site: str
) -> None:
    """What nginx sends without a line about itself, or Tor, cannot be told from what this machine asks."""
    client = local(build_parts(site_url=site, metrics_token=TOKEN))
    for host in ("127.0.0.1", "localhost", "localhost:8000"):
        assert client.get("/metrics", headers={"Host": host}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert local(build_parts(site_url=site)).get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "forum.example.org"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:8000"},
        {"Host": "evil@127.0.0.1"},
        {"Host": "127.0.0.1#"},
        {"Host": ""},
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": ""},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"X-Forwarded-Host": "forum.example.org"},
        {"X-Forwarded-Proto": "https"},
        {"Via": "1.1 proxy"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x", "X-Forwarded-For": "203.0.113.7"},
        {"Authorization": f"Basic {TOKEN}", "X-Forwarded-For": "203.0.113.7"},
        {"Authorization": "Bearer é", "X-Forwarded-For": "203.0.113.7"},
    ],
    ids=str,
)
def test_for_whom_a_proxy_of_this_machine_asks_there_is_nothing(
    build_parts: BuildParts, headers: dict[str, str]
) -> None:
    if headers == {"Authorization": "Bearer "}:
        headers = {**headers, "Host": "forum.example.org"}
    client = local(build_parts(metrics_token=TOKEN))
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = client.get("/metrics", headers=encoded)  # type: ignore[arg-type]
    assert answer.status_code == 404
    assert answer.text == client.get("/nowhere").text


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("given", ["", f"Bearer {TOKEN[:-1]}", "Bearer None", "Bearer "])
def test_elsewhere_there_is_nothing_without_the_token(
    build_parts: BuildParts, token: str | None, given: str
) -> None:
    client = TestClient(create_app(build_parts(metrics_token=token)), client=("192.0.2.1", 40000))
    headers = {"Host": "127.0.0.1", "Authorization": given}
    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_opens_them_from_anywhere(build_parts: BuildParts, scheme: str) -> None:
    client = TestClient(create_app(build_parts(metrics_token=TOKEN)), client=("192.0.2.1", 40000))
    headers = {"Authorization": f"{scheme} {TOKEN}", "X-Forwarded-For": "203.0.113.7"}
    assert client.get("/metrics", headers=headers).status_code == 200
    assert client.head("/metrics", headers=headers).status_code == 200


# How they are written


def test_both_formats_say_the_same(parts: Parts) -> None:
    client = local(parts)
    client.get("/metrics")  # so that both count one like themselves
    plain = client.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    modern = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}
    )
    assert modern.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    told = [set(read(plain.text)), set(read(modern.text, openmetrics.text_string_to_metric_families))]
    assert len(told[0]) > 40
    assert told[0] == told[1]


# What they say


def test_a_request_is_counted_by_its_template(figures: Figures, client: TestClient, pending: Sent) -> None:
    client.get(f"/track/{pending.tracking}")
    client.get("/track/no-such-code")
    client.head(f"/track/{pending.tracking}")
    client.request("BREW", "/track/x")
    client.get("/api/v1/comments/x")
    client.get("/no/such/place")
    track = {"route": "/track/{code}", "method": "GET"}
    assert figures.more("requests_total", **track, status="2xx") == 1
    assert figures.more("requests_total", **track, status="4xx") == 1
    assert figures.more("requests_total", **{**track, "method": "HEAD"}, status="2xx") == 1
    assert figures.more("requests_total", **{**track, "method": "other"}, status="4xx") == 1
    assert figures.more("request_seconds_count", route="/track/{code}") == 4
    assert figures.more("request_seconds_bucket", route="/track/{code}", le="+Inf") == 4
    api = {"route": "/api/v1/comments/{comment_id}", "method": "GET", "status": "4xx"}
    assert figures.more("requests_total", **api) == 1
    assert figures.more("requests_total", route="none", method="GET", status="4xx") == 1


def test_the_page_cache_counts_what_it_spares(build_parts: BuildParts, article: str) -> None:
    client = local(build_parts(cache_freshness=60))
    figures = Figures(client)
    pages = [client.get(f"/articles/{article}", headers={"Accept-Encoding": "identity"}) for _ in range(3)]
    client.get(f"/articles/{article}", headers={"If-None-Match": pages[0].headers["etag"]})
    client.head(f"/articles/{article}")
    assert figures.more("front_answers_total", how="checked") == 1
    assert figures.more("front_answers_total", how="at once") == 4
    assert figures.more("front_checks_total") == figures.more("front_pages_total") == 1
    assert figures.more("front_unchanged_total") == 1
    assert figures.more("front_bytes_total") == sum(len(page.content) for page in pages)
    assert figures.now("front_kept_bytes") > len(pages[0].content)
    made = {"route": "/articles/{slug}", "method": "GET", "status": "2xx"}
    assert figures.more("requests_total", **made) == 1


def test_what_is_sent_and_decided_is_counted(
    figures: Figures, parts: Parts, desk: TestClient, reader: Reader, article: str, clock: FakeClock
) -> None:
    answer = reader.preview(article, "Le pont est ouvert.").send(article)
    assert answer.status_code == 303
    with parts.reading() as session:
        name = session.exec(select(Comment.id)).one()
    assert figures.now("comments", status="pending") == 1
    clock.tick(minutes=5)
    assert figures.now("oldest_pending_seconds") == 300
    decided = desk.post(f"/desk/comments/{name}/publish", data={"revision": 1})
    desk.post("/desk/undo", data={"decision": decided.headers["location"].rpartition("=")[2]})
    desk.post(f"/desk/comments/{name}/refuse", data={"revision": 3, "reason": "off_topic"})
    assert figures.more("contributions_total", outcome="accepted") == 1
    done = {
        action: figures.more("decisions_total", action=action) for action in ("publish", "undo", "refuse")
    }
    assert done == {"publish": 1, "undo": 1, "refuse": 1}
    counted = {status: figures.now("comments", status=status) for status in Status}
    assert counted == {status: float(status is Status.REFUSED) for status in Status}
    assert figures.now("oldest_pending_seconds") == 0


def test_what_is_refused_by_a_limit_and_who_is_kept_out_is_counted(
    build_parts: BuildParts, article: str, clock: FakeClock
) -> None:
    client = local(build_parts(submit_limit="1 per hour", metrics_token=TOKEN))
    figures = Figures(client)
    for number in range(21):  # those who cannot be told apart have twenty times the limit
        Reader(client, clock).preview(article, f"Texte {number}.").send(article)
    client.post(f"/articles/{article}/comments", headers={"Sec-Fetch-Site": "cross-site"})
    client.get("/api/v1/queue", headers={"Authorization": "Bearer x"})
    client.post("/sign-in/nonsense")
    client.get("/metrics", headers={"Authorization": "Bearer x", "Via": "x"})
    assert figures.more("contributions_total", outcome="accepted") == 20
    assert figures.more("contributions_total", outcome="limited") == 1
    events = [
        "limit reached",
        "refused as foreign",
        "token refused",
        "sign-in refused",
        "metrics token refused",
    ]
    assert {event: figures.more("security_events_total", event=event) for event in events} == dict.fromkeys(
        events, 1
    )


def test_effects_and_letters_are_counted_waiting_late_done_and_failed(
    build_parts: BuildParts, article: str, ann: Person, clock: FakeClock
) -> None:
    parts = build_parts(smtp_url="smtp://127.0.0.1:1", mail_from="site@example.org")
    figures, sending = Figures(local(parts)), post(parts)
    assert sending is not None
    for seconds in (20, 100):
        publish(parts, send(parts, article, f"Texte {seconds}."), ann, undo=seconds)
    with parts.writing() as session:
        accounts.ask(session, ann.email, clock(), mail=LetterKind.SIGN_IN)

    def effects() -> list[float]:
        return [figures.now(f"effects_{which}") for which in ("waiting", "due", "overdue")]

    assert effects() == [4, 0, 0]  # each is published, and told in the public log
    clock.tick(seconds=81)
    delivery.letters(parts.engine, sending, clock)
    assert effects() == [4, 2, 2]
    assert [figures.now(f"letters_{which}") for which in ("waiting", "failing")] == [1, 1]
    assert figures.more("letters_total", outcome="failed") == 1
    assert delivery.effects(parts.engine, clock()) == 2
    assert effects() == [2, 0, 0]
    assert figures.more("effects_total", outcome="done") == 2


def publish(parts: Parts, sent: Sent, by: Person, *, undo: float) -> None:
    with parts.writing() as session:
        decisions.decide(
            session,
            sent.id,
            Action.PUBLISH,
            revision=1,
            by=by.id,
            now=parts.clock(),
            undo=timedelta(seconds=undo),
        )


def test_what_runs_here_is_told(figures: Figures, parts: Parts) -> None:
    told = read(local(parts).get("/metrics").text)
    (build,) = [dict(labels) for name, labels in told if name == "moderation_build_info"]
    assert build["database"] == parts.engine.dialect.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", build["python"])
    assert figures.now("database_up") == 1
    assert figures.now("database_connections", pool="main") == 0
    with parts.reading() as session:
        session.connection()
        assert figures.now("database_connections", pool="main") == 1
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
        assert told[name, (("worker", "1"),)] > 0


def test_without_its_database_a_server_still_tells_what_it_counts(build_parts: BuildParts) -> None:
    client = local(build_parts(database_url="postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1"))
    told = read(client.get("/metrics").text)
    assert told["moderation_database_up", ()] == 0
    assert ("moderation_comments", (("status", "pending"),)) not in told
    assert "process_open_fds" in {name for name, _ in told}


def test_no_label_tells_of_anybody(
    parts: Parts, desk: TestClient, client: TestClient, pending: Sent, article: str
) -> None:
    secrets = [pending.id, pending.tracking, "canari", article, desk.cookies["session"]]
    desk.get(f"/desk/comments/{pending.id}")
    desk.post(f"/desk/comments/{pending.id}/canari", data={"revision": 1})
    client.get(f"/track/{pending.tracking}")
    client.get(f"/articles/{article}")
    form = client.post(f"/articles/{article}/comments", data={"text": "canari", "email": "canari@b.example"})
    assert form_fields(form.text)
    client.get("/canari/canari?canari")
    client.request("CANARI", "/canari", headers={"User-Agent": "canari", "Host": "canari"})
    text = local(parts).get("/metrics").text
    assert [secret for secret in secrets if secret.lower() in text.lower()] == []
    labels = {label for _, labels in read(text) for label, _ in labels}
    assert labels <= {
        *("route", "method", "status", "le", "how", "outcome", "action", "event", "pool", "worker"),
        *("version", "python", "database"),
    }
