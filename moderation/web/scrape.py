"""/metrics: the figures an operator collects, for the holder of METRICS_TOKEN alone.

A site that is this machine’s own shows them to this machine too. Where a site has readers, a proxy that says
nothing of itself (nginx without a line about it, Tor) makes each of them look as if they were on it.
"""

import hmac
import ipaddress
import os
import platform
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, exposition
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from moderation import logs, metrics
from moderation.pages import figures
from moderation.pages.figures import Figures
from moderation.web.dependencies import Parts
from moderation.web.health import Patient

router = APIRouter()
# Where the processes of one server count together; and the name of the file that holds a worker’s number.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
WORKER = "worker_{}.pid"
# A proxy on this machine is on loopback too: these are how it says for whom it asks.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_HERE = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_OPENMETRICS = "application/openmetrics-text"


class Scrape:
    def __init__(self, parts: Parts, sample: Callable[[], None]) -> None:
        self._parts = parts
        self._sample = sample
        self._queue = Patient(self._asked)

    def _asked(self) -> Figures:
        with self._parts.reading() as session:
            return figures.figures(session, self._parts.clock())

    async def registry(self) -> CollectorRegistry:
        """All there is to tell now; of the queue nothing when the database does not answer."""
        self._sample()
        try:
            queue = await self._queue.answer()
        except (TimeoutError, SQLAlchemyError):
            queue = None
        found = CollectorRegistry()
        folder = os.environ.get(FOLDER)
        if folder:
            MultiProcessCollector(found, folder)  # type: ignore[no-untyped-call]
        else:
            found.register(metrics.REGISTRY)
        found.register(_Now(queue, self._parts.engine.dialect.name, _processes(folder)))
        return found


@router.get("/metrics")
async def scrape(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    is_own = parts.settings.local and _is_local(request)
    if not (is_own or _has_token(request, parts.settings.metrics_token)):
        raise HTTPException(404)
    registry = await request.app.state.scrape.registry()
    if _OPENMETRICS in request.headers.get("accept", ""):
        body = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        kind = openmetrics.CONTENT_TYPE_LATEST
    else:
        body, kind = exposition.generate_latest(registry), exposition.CONTENT_TYPE_PLAIN_0_0_4
    return Response(body, headers={"Content-Type": kind, "Cache-Control": "no-store"})


def _is_local(request: Request) -> bool:
    """Asked on this machine and by no proxy, which says that it is one, or speaks HTTP/1.0 as nginx does."""
    return (
        request.client is not None
        and _is_loopback(request.client.host)
        and [bool(_HERE.fullmatch(host)) for host in request.headers.getlist("host")] == [True]
        and request.scope["http_version"] != "1.0"
        and not any(name in request.headers for name in _FORWARDED)
    )


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _has_token(request: Request, token: SecretStr | None) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not given or scheme.lower() != "bearer":
        return False
    if token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        return True
    logs.security("metrics token refused")
    return False


class _Now(Collector):
    """What is not counted but read when it is asked for."""

    def __init__(self, queue: Figures | None, kind: str, processes: dict[str, str]) -> None:
        self._queue = queue
        self._kind = kind
        self._processes = processes

    def collect(self) -> Iterator[Metric]:
        build = {
            "version": version("moderation"),
            "python": platform.python_version(),
            "database": self._kind,
        }
        yield InfoMetricFamily("moderation_build", "What runs here.", build)
        yield _gauge("database_up", "Whether the database answered just now.", float(self._queue is not None))
        if self._queue is not None:
            yield from _of_queue(self._queue)
        yield from _of_processes(self._processes)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"moderation_{name}", meaning, value)


def _of_queue(queue: Figures) -> Iterator[Metric]:
    comments = GaugeMetricFamily(
        "moderation_comments", f"Contributions, counted up to {figures.COUNTED}.", labels=["status"]
    )
    for status, count in queue.comments.items():
        comments.add_metric([status], count)
    yield comments
    yield _gauge("oldest_pending_seconds", "For how long the oldest has been waiting.", queue.oldest_seconds)
    yield _gauge("effects_waiting", "Effects of decisions not done yet.", queue.effects)
    yield _gauge("effects_due", "Those whose time has come.", queue.effects_due)
    yield _gauge("effects_overdue", "Those whose time came a minute ago.", queue.effects_overdue)
    yield _gauge("letters_waiting", "Letters not sent yet.", queue.letters)
    yield _gauge("letters_failing", "Those a mail server has not taken.", queue.letters_failing)


def _processes(folder: str | None) -> dict[str, str]:
    """The process of each worker, by its number."""
    if folder is None:
        return {"1": "self"}
    files = {
        number.name.split("_")[1].split(".")[0]: number for number in Path(folder).glob(WORKER.format("*"))
    }
    return {number: file.read_text() for number, file in sorted(files.items())}


def _of_processes(processes: dict[str, str]) -> Iterator[Metric]:
    found: dict[str, Metric] = {}
    for worker, process in processes.items():
        for metric in ProcessCollector(pid=partial(str, process), registry=None).collect():
            family = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
            for sample in metric.samples:
                family.add_sample(sample.name, {**sample.labels, "worker": worker}, sample.value)
    yield from found.values()
