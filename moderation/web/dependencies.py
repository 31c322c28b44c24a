"""What requests are given: the program's parts, the time, and a transaction to read in."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from sqlalchemy import Engine
from sqlmodel import Session

from moderation import database, likeness, machines, party, quotable
from moderation.clock import Clock
from moderation.likeness import Likeness
from moderation.links import Links
from moderation.remembered import Remembered
from moderation.settings import Settings
from moderation.throttle import Throttle, senders
from moderation.tries import Tries
from moderation.turn import Turn
from moderation.vault import Vault
from moderation.web.address import address, networks
from moderation.web.line import Line
from moderation.wording import Wording

# The largest number a row of either database can have.
LARGEST = 2**31 - 1
# Characters.
LONG_TEXT = 2000
T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    settings: Settings
    engine: Engine
    public_engine: Engine
    links: Links
    templates: Environment
    wording: Wording
    fingerprint: str
    clock: Clock
    throttle: Throttle
    previews: Throttle
    addressed: Throttle
    tries: Tries
    vault: Vault
    # For what other sites show.
    abroad: Environment
    long_texts: Line = field(default_factory=Line)
    # Whoever has all texts of an address taken along or erased: there may be thousands.
    whole_addresses: Turn = field(default_factory=Turn)

    articles: quotable.Remembered = field(default_factory=quotable.Remembered)
    # How long contributions usually wait.
    usual: Remembered = field(default_factory=lambda: Remembered(timedelta(minutes=10)))

    @property
    def mails(self) -> bool:
        """Whether letters leave from here."""
        return self.settings.smtp_url is not None

    @property
    def party(self) -> party.Party | None:
        """The site as passkeys know it; None where there can be none."""
        return party.of(self.settings.site_url, self.settings.site_name)

    def reading(self) -> AbstractContextManager[Session]:
        return database.reading(self.engine)

    def public_reading(self) -> AbstractContextManager[Session]:
        """For what a reader waits for: a dependency would take two more turns in a thread."""
        return database.reading(self.public_engine)

    def writing(self) -> AbstractContextManager[Session]:
        """Ends, and so commits, before the answer is made: what was acknowledged is kept."""
        return database.writing(self.engine)

    def likeness(self, slug: str, html: str, now: datetime, parent: str | None = None) -> Likeness | None:
        """What a text is compared by, without what it quotes; before any writing."""
        above = self.articles.above(self.public_reading, slug, now)
        if parent is not None:
            with self.public_reading() as session:
                above |= quotable.answered(session, parent)
        return likeness.of(html, above)

    def machine(self, sender: str | None) -> str | None:
        """What is kept with a contribution of where it was sent from."""
        return machines.kept(sender, self.settings.machine_addresses)

    def is_long(self, text: str) -> bool:
        return len(text) > LONG_TEXT

    async def rendered(
        self, text: str, render: Callable[[], T], sender: str | None, now: datetime, *, trusted: bool = False
    ) -> T:
        """What `render` makes of a text, in a thread; a long one waits in line, once its sender was counted.

        Raises TooMany, but to who is trusted, and Busy.
        """

        def count() -> None:
            if not trusted:
                self.previews.by_sender(sender, now)

        def both() -> T:
            count()
            return render()

        if not self.is_long(text):
            return await to_thread.run_sync(both)
        await to_thread.run_sync(count)
        async with self.long_texts.turn([] if trusted else senders(sender)):
            return await to_thread.run_sync(render)

    def page(
        self, name: str, page: Any, *, status: int = 200, headers: dict[str, str] | None = None, **more: Any
    ) -> HTMLResponse:
        html = self.templates.get_template(name).render(page=page, status=status, **more)
        return HTMLResponse(html, status_code=status, headers=headers)

    def url(self, path: str) -> str:
        """A path on this site, under the one SITE_URL carries."""
        return self.settings.path + path

    def etag(self, revision: str) -> str:
        return f'W/"{self.fingerprint}-{revision}"'


def parts_of(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


def sender_of(request: Request) -> str | None:
    """The address of who sends, as far as it tells anything; kept for as long as the request lasts."""
    return address(request, networks(parts_of(request).settings.trusted_proxies))


# Those that wait for nothing are `async`: FastAPI gives each of the others a turn in a thread. None asks for
# another one: FastAPI finds that out anew for each, and it takes longer than what they do.
async def _parts(request: Request) -> Parts:
    return parts_of(request)


async def _now(request: Request) -> datetime:
    return parts_of(request).clock()


async def _sender(request: Request) -> str | None:
    return sender_of(request)


ThisApp = Annotated[Parts, Depends(_parts)]


# Ends before the response starts: no connection is held while a slow reader takes the page.
def _reading(app: ThisApp) -> Generator[Session]:
    with app.reading() as session:
        yield session


Sender = Annotated[str | None, Depends(_sender)]
Now = Annotated[datetime, Depends(_now)]
Reading = Annotated[Session, Depends(_reading, scope="function")]
