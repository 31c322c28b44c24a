"""Where long texts wait to be rendered, one after the other: nobody fills it for the others."""

from collections import Counter
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from anyio import CapacityLimiter

from moderation.throttle import TooMany
from moderation.web.places import SECONDS, one_of

# How many may wait of those who cannot be told apart, or of a whole network: with a third of a second each
# they are through long before anybody else gives up.
TOGETHER = 5


class Line:
    """The longest take a third of a second: several at once would leave no time to decide meanwhile.

    Of one sender one may wait while another is being rendered, as a button that was pressed twice sends.
    """

    def __init__(self) -> None:
        self._place = CapacityLimiter(1)
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, senders: Sequence[tuple[str, int]]) -> AsyncGenerator[None]:
        """To be had while a text is rendered; who waits for it takes no thread.

        `senders` are those it is of, as `throttle.senders` has them. Raises TooMany, and Busy.
        """
        async with AsyncExitStack() as turn:
            with self._waits(senders):
                await turn.enter_async_context(one_of(self._place))
            yield

    @contextmanager
    def _waits(self, senders: Sequence[tuple[str, int]]) -> Generator[None]:
        if any(self._waiting[who] >= min(many, TOGETHER) for who, many in senders):
            raise TooMany(SECONDS)
        mine = Counter(who for who, _ in senders)
        self._waiting += mine
        try:
            yield
        finally:
            self._waiting -= mine
