"""/healthz: whether this server does its work, for who starts it again when it does not."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from moderation import database
from moderation.pages import figures
from moderation.web.dependencies import Parts

router = APIRouter()
# Seconds: how long to wait for a database that may be stuck, and for how long one answer serves whoever asks.
PATIENCE, KEPT = 2.0, 0.5
T = TypeVar("T")


class Patient(Generic[T]):
    """Asks in a thread of its own what may never answer: one question at a time, and a bounded wait.

    Raises TimeoutError. Whoever comes meanwhile waits for the same answer, so that nothing piles up.
    """

    def __init__(self, ask: Callable[[], T], *, kept: float = 0) -> None:
        self._ask = ask
        self._keep = kept
        self._thread = CapacityLimiter(1)
        self._question: asyncio.Task[T] | None = None
        self._kept: tuple[float, T] | None = None

    async def answer(self) -> T:
        if self._kept is not None and time.monotonic() - self._kept[0] < self._keep:
            return self._kept[1]
        question = self._question
        if question is None or question.done():
            question = self._question = asyncio.create_task(
                to_thread.run_sync(self._ask, limiter=self._thread)
            )
            # Told to whoever still waits, if anybody does.
            question.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        # Whoever comes next may have put another by the time this one is answered.
        done, _ = await asyncio.wait({question}, timeout=PATIENCE)
        if not done:
            raise TimeoutError
        answer = question.result()
        self._kept = time.monotonic(), answer
        return answer


class Health:
    """`delivers` says whether the effects loop of this process lives."""

    def __init__(self, parts: Parts, delivers: Callable[[], bool]) -> None:
        self._parts = parts
        self._delivers = delivers
        self._database = Patient(self._asked, kept=KEPT)

    async def problems(self) -> list[str]:
        try:
            found = await self._database.answer()
        except (TimeoutError, SQLAlchemyError):
            found = ["the database does not answer"]
        return found if self._delivers() else [*found, "the effects loop has stopped"]

    def _asked(self) -> list[str]:
        database.answers(self._parts.public_engine)
        with self._parts.reading() as session:
            late = figures.is_overdue(session, self._parts.clock())
        return ["effects are overdue"] if late else []


# No dependency: those run in the threads that a stuck database fills.
@router.get("/healthz")
async def healthz(request: Request) -> Response:
    health: Health = request.app.state.health
    problems = await health.problems()
    said = {"status": "failing", "problems": problems} if problems else {"status": "ok"}
    return JSONResponse(said, 503 if problems else 200, headers={"Cache-Control": "no-store"})
