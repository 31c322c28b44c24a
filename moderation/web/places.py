"""How many requests may write at once: those that wait for a stuck database leave threads to the readers."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio import CapacityLimiter, WouldBlock, fail_after
from anyio.lowlevel import RunVar
from fastapi import Depends, Request

from moderation.turn import Busy
from moderation.web.guard import SAFE

# Half of the threads endpoints run in (anyio has 40), and half of the pool’s connections.
PLACES = 20
# A crowd that only writes fast is through sooner; behind a stuck database, the rest need not wait.
SECONDS = 5
_places = RunVar[CapacityLimiter]("places")


@asynccontextmanager
async def one_of(places: CapacityLimiter) -> AsyncGenerator[None]:
    """Waits in no thread, and in the order they came. Raises Busy when none is left for too long."""
    mine = object()
    try:
        places.acquire_on_behalf_of_nowait(mine)
    except WouldBlock:
        try:
            with fail_after(SECONDS):
                await places.acquire_on_behalf_of(mine)
        except TimeoutError:
            raise Busy from None
    try:
        yield
    finally:
        places.release_on_behalf_of(mine)


def place() -> AbstractAsyncContextManager[None]:
    return one_of(_limiter())


async def _place(request: Request) -> AsyncGenerator[None]:
    if request.method in SAFE:
        yield
        return
    async with place():
        yield


def _limiter() -> CapacityLimiter:
    """The limiter of this event loop."""
    try:
        return _places.get()
    except LookupError:
        _places.set(CapacityLimiter(PLACES))
        return _places.get()


# For everything that writes but what renders a text first: it takes its place once that is done.
Place = Depends(_place, scope="function")
