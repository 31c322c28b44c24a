"""What a server process counts. No label says who, what about or where from: they are words of this program.

With several processes `serve` gives them a folder to count in together, by PROMETHEUS_MULTIPROC_DIR.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from sqlalchemy import Pool, QueuePool

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"moderation_{name}", meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    """Added up over the processes that live."""
    return Gauge(f"moderation_{name}", meaning, labels, registry=REGISTRY, multiprocess_mode="livesum")


REQUESTS = _counter(
    "requests", "Requests the page cache did not answer, and pages made for it.", "route", "method", "status"
)
DURATION = Histogram(
    "moderation_request_seconds", "How long these took.", ("route",), registry=REGISTRY, buckets=BUCKETS
)
FRONT_ANSWERS = _counter("front_answers", "Answers of the page cache, at once or after a check.", "how")
FRONT_CHECKS = _counter("front_checks", "Times it asked the database whether a page still stands.")
FRONT_PAGES = _counter("front_pages", "Times it had a page made.")
FRONT_UNCHANGED = _counter("front_unchanged", "Answers that were a 304.")
FRONT_BYTES = _counter("front_bytes", "Bytes of pages it sent, headers not counted.")
FRONT_KEPT = _gauge("front_kept_bytes", "Bytes it keeps in memory.")
CONTRIBUTIONS = _counter("contributions", "Contributions sent, by what became of them.", "outcome")
DECISIONS = _counter("decisions", "Decisions of moderators, and undoings.", "action")
EFFECTS = _counter("effects", "Effects of decisions this server did or failed to do.", "outcome")
LETTERS = _counter("letters", "Letters this server sent or failed to send.", "outcome")
SECURITY = _counter("security_events", "What the log tells of who came in or was kept out.", "event")
CONNECTIONS = _gauge("database_connections", "Database connections in use.", "pool")


@dataclass(slots=True)
class FrontCounts:
    """Plain numbers, for the page cache answers in less time than ten counters take; told once a second."""

    fresh: int = 0
    checked: int = 0
    checks: int = 0
    pages: int = 0
    unchanged: int = 0
    bytes: int = 0

    def tell(self) -> None:
        """Adds what was counted since the last time; from the thread that counts."""
        for field in fields(self):
            _FRONT[field.name].inc(getattr(self, field.name))
            setattr(self, field.name, 0)


_FRONT = {
    "fresh": FRONT_ANSWERS.labels("at once"),
    "checked": FRONT_ANSWERS.labels("checked"),
    "checks": FRONT_CHECKS,
    "pages": FRONT_PAGES,
    "unchanged": FRONT_UNCHANGED,
    "bytes": FRONT_BYTES,
}


def count_connections(pools: Iterable[Pool], name: str) -> None:
    CONNECTIONS.labels(name).set(sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool)))
