"""Promise 3: a real server is killed at any moment, and nothing it had acknowledged is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from threading import Event, Semaphore
from typing import Any

import httpx2
import pytest
from conftest import (
    KEY,
    BuildParts,
    FakeClock,
    Sent,
    add_article,
    add_person,
    at_once,
    form_fields,
    send,
    sign_in,
)
from hammered import SLUG, THOROUGH, Server, form, nothing_is_damaged, playing, rounds, until
from page import Page, mail_text
from sqlmodel import and_, col, not_, select, update
from starlette.testclient import TestClient
from test_delivery import Postman
from test_delivery import Server as MailServer

from moderation import audit, decisions, delivery, identifiers, mailboxes
from moderation.accounts import Person
from moderation.lifecycle import Action, Status
from moderation.links import CodeEntry, Links
from moderation.models.people import Role
from moderation.models.public import Publication, Site, Thread
from moderation.models.queue import Comment, Decision, Effect, EffectKind, Letter, Version
from moderation.web.app import post
from moderation.web.dependencies import Parts
from moderation.words import STATUS

# Nobody is sent two letters at once: each is asked by somebody else.
ASKED = 200
CHOICES = ("publish", "publish", "publish", "refuse", "spam")


@dataclass
class Notes:
    """What people outside wrote down: what they tried, and what they were told of it."""

    # By the form’s number: the text, and the address it was acknowledged with.
    tried: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    # By the log’s line: the comment decided, and the decision undone.
    decided: dict[int, str] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    # What no answer came to.
    unsure: set[tuple[str, object]] = field(default_factory=set)
    surprises: list[Any] = field(default_factory=list)
    told: Semaphore = field(default_factory=lambda: Semaphore(0))


class Gone(Exception):
    """The server was killed."""


@dataclass
class Crowd:
    """Readers, authors and moderators at work on one server, until it dies."""

    parts: Parts
    notes: Notes
    cookie: str
    chance: Random
    address: str
    asks: Iterator[int] = field(default_factory=lambda: cycle(range(ASKED)))

    def all(self) -> list[Callable[[], None]]:
        works = [self.write, self.write, self.decide, self.decide, self.withdraw, self.ask]
        return [lambda work=work: self.until_it_dies(work) for work in works]  # type: ignore[misc]

    def until_it_dies(self, work: Callable[[httpx2.Client], None]) -> None:
        with httpx2.Client(base_url=self.address, cookies={"session": self.cookie}, timeout=60) as client:
            while True:
                try:
                    work(client)
                except Gone:
                    return

    def post(
        self, client: httpx2.Client, path: str, what: tuple[str, object], /, **fields: Any
    ) -> httpx2.Response:
        self.notes.unsure.add(what)
        try:
            answer = client.post(path, data=fields)
        except httpx2.HTTPError:
            raise Gone from None
        # Two of them may have meant the same one.
        if answer.status_code not in {200, 303} and (answer.status_code != 409 or what[0] == "sent"):
            self.notes.surprises.append((what, answer.status_code, answer.text))
        return answer

    def noted(self, what: tuple[str, object]) -> None:
        self.notes.unsure.discard(what)
        self.notes.told.release()

    def write(self, client: httpx2.Client) -> None:
        nonce = identifiers.new_code()
        self.notes.tried[nonce] = f"Texte {nonce}."
        fields = form(self.notes.tried[nonce], nonce)
        answer = self.post(client, f"/articles/{SLUG}/comments", ("sent", nonce), **fields)
        self.notes.sent[nonce] = answer.headers.get("Location", "")
        self.noted(("sent", nonce))

    def decide(self, client: httpx2.Client) -> None:
        with self.parts.reading() as session:
            waiting = select(Comment.id, Comment.revision).where(Comment.status == Status.PENDING)
            found = session.exec(waiting.order_by(col(Comment.id)).limit(6)).all()
        if not found:
            Event().wait(0.01)
            return
        name, revision = self.chance.choice(found)
        move = self.chance.choice(CHOICES)
        what = ("decided", (name, revision))
        path = f"/desk/comments/{name}/{move}"
        answer = self.post(client, path, what, revision=revision, reason="off_topic")
        done = answer.headers.get("Location", "").rpartition("done=")[2]
        if done:
            self.notes.decided[int(done)] = name
        self.noted(what)
        if done and self.chance.random() < 0.3:
            self.undo(client, int(done))

    def undo(self, client: httpx2.Client, decision: int) -> None:
        what = ("undone", decision)
        answer = self.post(client, "/desk/undo", what, decision=decision)
        if answer.status_code == 303:
            self.notes.undone[int(answer.headers["Location"].rpartition("done=")[2])] = decision
        self.noted(what)

    def withdraw(self, client: httpx2.Client) -> None:
        mine = set(self.notes.sent.values()) - self.notes.withdrawn
        if len(mine) < 5:
            Event().wait(0.01)
            return
        place = self.chance.choice(sorted(mine))
        try:
            page = client.get(place)
        except httpx2.HTTPError:
            raise Gone from None
        fields = form_fields(page.text)
        if "revision" not in fields:
            return
        what = ("withdrawn", place)
        taken = {"revision": fields["revision"], "action": "withdraw"}
        if self.post(client, place, what, **taken).status_code == 303:
            self.notes.withdrawn.add(place)
        self.noted(what)

    def ask(self, client: httpx2.Client) -> None:
        """Asks for a link to sign in; the page that comes names the letter it announces."""
        answer = self.post(client, "/sign-in", ("asked", None), email=f"sami{next(self.asks)}@example.org")
        entry = form_fields(answer.text)["entry"]
        self.notes.asked.append(Links([KEY]).read(CodeEntry, entry, datetime.now(UTC))[0].sign_in)
        self.noted(("asked", None))
        Event().wait(0.05)


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def mailing(build_parts: BuildParts, postman: Postman) -> Generator[Parts]:
    server = MailServer(postman, hostname="127.0.0.1", port=0)
    server.start()
    yield build_parts(smtp_url=f"smtp://127.0.0.1:{server.port}", mail_from="Le Site <site@example.org>")
    server.stop()


def served(parts: Parts, folder: Path, workers: int = 1) -> Server:
    assert parts.settings.smtp_url is not None
    return Server(
        parts.settings.database_url,
        folder,
        workers=workers,
        smtp_url=parts.settings.smtp_url.get_secret_value(),
        mail_from=parts.settings.mail_from,
    )


def test_promise_03_what_was_acknowledged_is_there_once_after_every_kill(
    mailing: Parts, client: TestClient, ann: Person, clock: FakeClock, tmp_path: Path, postman: Postman
) -> None:
    clock.now = datetime.now(UTC)  # the server's clock is the real one
    chance = Random(3)  # noqa: S311 - the same moments every time
    add_article(mailing, SLUG)
    for number in range(ASKED):
        add_person(mailing, f"sami{number}@example.org", "Sami", Role.MODERATOR)
    cookie = sign_in(mailing, client, ann).cookies["session"]
    notes = Notes()
    often = rounds(3, 50)
    for number in range(often):
        # Every second time, two processes on the same database.
        with served(mailing, tmp_path, workers=1 + number % 2) as server:
            crowd = Crowd(mailing, notes, cookie, chance, server.address)
            if number % 2:
                of_many_at_once_one_wins(mailing, notes, server, cookie)
            with playing(*crowd.all()):
                for _ in range(chance.randrange(15, 60)):
                    assert notes.told.acquire(timeout=60)
                if number == often - 1:
                    until(lambda: bool(notes.decided and notes.withdrawn and notes.asked))
                Event().wait(chance.random() / 5)
                server.kill()
        all_is_there_once(mailing, notes)
        assert notes.surprises == []
        assert "Traceback" not in server.said()
    assert len(notes.sent) > 5 * often
    assert notes.undone or not THOROUGH  # where everything is slow, the window of half a second closes first
    with served(mailing, tmp_path) as server:
        send_again_what_was_not_acknowledged(server, notes)
        all_is_there_once(mailing, notes)
        until(lambda: nothing_is_left_to_do(mailing))
        what_was_decided_is_public_once(mailing)
        authors_are_told_the_truth(mailing, server, notes)
    every_letter_arrives(mailing, notes, postman)


def test_killed_in_the_middle_of_a_letter_nothing_is_lost_and_each_comes_in_its_order(
    build_parts: BuildParts, ann: Person, clock: FakeClock, tmp_path: Path
) -> None:
    """The mail server holds the first of three when everything dies: before it has the text, and after."""
    clock.now = datetime.now(UTC)
    holding = Holding()
    mailbox = MailServer(holding, hostname="127.0.0.1", port=0)
    mailbox.start()
    mailing = build_parts(
        smtp_url=f"smtp://127.0.0.1:{mailbox.port}", mail_from="site@example.org", undo_seconds=0
    )
    texts = three_questions(mailing, ann)
    for dies_with in ("the envelope", "the text"):
        holding.stops_at, before = dies_with, holding.held
        with served(mailing, tmp_path) as server:
            until(lambda: holding.held > before)  # noqa: B023 - asked at once
            server.kill()
        holding.go_on()
        with mailing.writing() as session:  # as if it had been its own for long enough
            session.exec(update(Letter).where(col(Letter.tries) > 0).values(due_at=datetime.now(UTC)))
    holding.stops_at = ""
    with served(mailing, tmp_path):
        until(lambda: not letters_left(mailing), 120)
    mailbox.stop()
    told = [mail_text(letter) for letter in holding.received]
    order = [next(n for n, text in enumerate(texts) if text.tracking in said) for said in told]
    assert order == [0, 0, 1, 2]
    assert len({letter["Message-ID"] for letter in holding.received}) == 3


@dataclass
class Holding(Postman):
    """A mail server that comes no further than it is told to."""

    stops_at: str = ""
    held: int = 0
    goes_on: Event = field(default_factory=Event)

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        await self.stop("the envelope")
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        await self.stop("the text")
        return answer

    async def stop(self, at: str) -> None:
        if self.stops_at == at:
            self.held += 1
            await asyncio.to_thread(self.goes_on.wait, 60)

    def go_on(self) -> None:
        self.goes_on.set()
        self.goes_on = Event()


def three_questions(parts: Parts, ann: Person) -> list[Sent]:
    """To one author who confirmed their address, one after the other."""
    add_article(parts, SLUG)
    address = "zoe@example.org"
    texts = [send(parts, SLUG, f"Texte {number}.", email=address) for number in range(3)]
    with parts.writing() as session:
        mailboxes.choose(session, mailboxes.digest(address), mailboxes.KINDS, parts.clock())
    for text in texts:
        with parts.writing() as session:
            decisions.decide(
                session,
                text.id,
                Action.ASK,
                revision=1,
                by=ann.id,
                now=parts.clock(),
                undo=timedelta(),
                note="Où ?",
            )
    return texts


def letters_left(parts: Parts) -> int:
    with parts.reading() as session:
        return len(session.exec(select(Letter)).all())


def of_many_at_once_one_wins(parts: Parts, notes: Notes, server: Server, cookie: str) -> None:
    """Forty presses of each button, in two processes: the form is stored once, and decided once."""
    nonce = identifiers.new_code()
    notes.tried[nonce] = f"Texte {nonce}."
    fields = form(notes.tried[nonce], nonce)
    with server.client(cookie, seconds=120) as http:  # where everything is slow they wait for their turn

        def press(path: str, data: dict[str, str]) -> httpx2.Response:
            return http.post(path, data=data)

        sent = at_once(*[partial(press, f"/articles/{SLUG}/comments", fields)] * 40)
        assert [answer.status_code for answer in sent] == [303] * 40
        (notes.sent[nonce],) = {answer.headers["location"] for answer in sent}
        with parts.reading() as session:
            name = session.exec(select(Comment.id).where(Comment.nonce == nonce)).one()
        decided = at_once(*[partial(press, f"/desk/comments/{name}/publish", {"revision": "1"})] * 40)
    (winner,) = [answer for answer in decided if answer.status_code == 303]
    notes.decided[int(winner.headers["location"].rpartition("done=")[2])] = name
    others = [answer for answer in decided if answer is not winner]
    # On a slow machine some are told to come back instead.
    told = [answer for answer in others if answer.status_code != 503]
    assert {answer.status_code for answer in told} == {409}
    assert all("Ann" in Page(answer).alert for answer in told[:3])


def all_is_there_once(parts: Parts, notes: Notes) -> None:
    with parts.reading() as session:
        stored = session.exec(select(Comment, Version.source).join(Version)).all()
        lines = session.exec(select(Decision).order_by(col(Decision.revision))).all()
        faults = list(audit.faults(session))
    there = {comment.nonce: (f"/track/{comment.tracking}", source) for comment, source in stored}
    assert len(there) == len(stored)
    assert set(there) <= set(notes.tried)
    erased = {f"/track/{comment.tracking}" for comment, _ in stored if comment.status is Status.WITHDRAWN}
    assert erased >= notes.withdrawn
    for nonce, place in notes.sent.items():
        assert there[nonce] == (place, "" if place in erased else notes.tried[nonce])
    the_log_is_what_people_were_told(notes, lines, {comment.id: comment for comment, _ in stored})
    the_log_leads_to_the_state({comment.id: comment for comment, _ in stored}, lines)
    assert faults == []
    nothing_is_damaged(parts.engine)


def the_log_is_what_people_were_told(
    notes: Notes, lines: list[Decision] | Any, comments: dict[str, Comment]
) -> None:
    """Each answer has its line, and each line its answer, or a request that was cut short."""
    by_person = {line.id: line for line in lines if line.account_id is not None}
    moves = {line.id: line.comment_id for line in by_person.values() if line.undoes is None}
    undos = {line.id: line.undoes for line in by_person.values() if line.undoes is not None}
    assert moves.items() >= notes.decided.items()
    assert undos.items() >= notes.undone.items()
    for name in moves.keys() - notes.decided.keys():
        line = by_person[name]
        assert ("decided", (line.comment_id, line.revision - 1)) in notes.unsure
    for name in undos.keys() - notes.undone.keys():
        assert ("undone", undos[name]) in notes.unsure
    taken_back = Counter(
        f"/track/{comments[line.comment_id].tracking}"
        for line in lines
        if line.account_id is None and line.undoes is None
    )
    assert set(taken_back.values()) <= {1}
    assert taken_back.keys() >= notes.withdrawn
    assert {("withdrawn", place) for place in taken_back.keys() - notes.withdrawn} <= notes.unsure


def the_log_leads_to_the_state(comments: dict[str, Comment], lines: list[Decision] | Any) -> None:
    status = dict.fromkeys(comments, Status.PENDING)
    revision = dict.fromkeys(comments, 1)
    for line in lines:
        assert (line.before, line.revision) == (status[line.comment_id], revision[line.comment_id] + 1)
        status[line.comment_id], revision[line.comment_id] = line.after, line.revision
    for name, comment in comments.items():
        assert (comment.status, comment.revision) == (status[name], revision[name])


def send_again_what_was_not_acknowledged(server: Server, notes: Notes) -> None:
    """As a reader does who saw no answer: the same form, once more."""
    with server.client() as client:
        for nonce in notes.tried.keys() - notes.sent.keys():
            fields = form(notes.tried[nonce], nonce)
            answers = [client.post(f"/articles/{SLUG}/comments", data=fields) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [303, 303]
            (notes.sent[nonce],) = {answer.headers["Location"] for answer in answers}


def nothing_is_left_to_do(parts: Parts) -> bool:
    """But what waits for the night: spam is counted then, and in PostgreSQL words leave the files."""
    at_night = {EffectKind.ERASE} if parts.engine.dialect.name == "postgresql" else set[EffectKind]()
    with parts.reading() as session:
        spam = and_(Effect.kind == EffectKind.LOG, Decision.action == Action.SPAM)
        return set(session.exec(select(Effect.kind).join(Decision).where(not_(spam))).all()) <= at_night


def what_was_decided_is_public_once(parts: Parts) -> None:
    with parts.reading() as session:
        published = select(Comment.id).where(Comment.status == Status.PUBLISHED)
        names = session.exec(published).all()
        copies = session.exec(select(Publication).order_by(col(Publication.number))).all()
        thread = session.exec(select(Thread)).one()
        site = session.get_one(Site, 1)
        texts = dict(session.exec(select(Version.comment_id, Version.html)).all())
        disagreements = list(audit.disagreements(session))
    assert disagreements == []
    assert sorted(copy.comment_id for copy in copies) == sorted(names)
    assert [copy.number for copy in copies] == list(range(1, len(names) + 1))
    assert all(copy.html == texts[copy.comment_id] for copy in copies)
    # Each came out in one move, for which the thread moved once; what was undone moved nothing.
    assert (thread.count, thread.revision, site.last_number) == (len(names), 1 + len(names), len(names))


def authors_are_told_the_truth(parts: Parts, server: Server, notes: Notes) -> None:
    with parts.reading() as session:
        rows = session.exec(select(Comment.tracking, Comment.status)).all()
    status = {f"/track/{tracking}": Status(now) for tracking, now in rows}
    places = list(notes.sent.values())
    with server.client() as client:
        for place in places if THOROUGH else places[-40:]:
            page = Page(client.get(place))
            assert page.texts(".state strong") == [STATUS[status[place]]]
            assert ("La lire sous l’article" in page.hrefs) == (status[place] is Status.PUBLISHED)


def every_letter_arrives(parts: Parts, notes: Notes, postman: Postman) -> None:
    """At least once: who was killed between sending and striking off sends again, under the same name."""
    sending = post(parts)
    assert sending is not None
    delivery.letters(parts.engine, sending, lambda: datetime.now(UTC) + timedelta(hours=1))
    arrived = Counter(mail["Message-ID"].partition("@")[0].strip("<") for mail in postman.received)
    assert arrived.keys() >= set(notes.asked)
    assert max(arrived.values()) <= 2
    with parts.reading() as session:
        assert session.exec(select(Letter)).all() == []
