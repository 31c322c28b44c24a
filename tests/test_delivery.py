import asyncio
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Connection
from conftest import BuildParts, FakeClock, Sent, add_article, add_person, at_once, form_fields, send
from page import mail_text
from pydantic import ValidationError
from sqlmodel import col, func, select
from starlette.testclient import TestClient

from moderation import accounts, decisions, delivery, mail, members, submissions
from moderation.accounts import Person
from moderation.delivery import Loop
from moderation.lifecycle import Action
from moderation.models.people import Account, Role, SignIn
from moderation.models.public import Article, Publication
from moderation.models.queue import Comment, Effect, EffectKind, Letter, LetterKind
from moderation.web.app import create_app, post
from moderation.web.dependencies import Parts

LINK = re.compile(r"http://testserver/sign-in/([\w.-]+)")
CODE = re.compile(r"^([0-9A-Z]{4}-[0-9A-Z]{4})\r?$", re.MULTILINE)


@dataclass
class Postman:
    """A mail server: keeps what it takes, and fails when told to."""

    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answer: str = "250 OK"
    cut: bool = False

    async def handle_DATA(self, server: SMTP, _session: Connection, envelope: Envelope) -> str:  # noqa: N802
        if not self.answer.startswith("4"):
            raw = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
            assert isinstance(raw, EmailMessage)
            self.received.append(raw)
            self.recipients.append(envelope.rcpt_tos)
        if self.cut:
            assert server.transport is not None
            server.transport.close()
        return self.answer


@pytest.fixture
def postman() -> Postman:
    return Postman()


class Server(Controller):
    """On a port the system chose."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def smtp(postman: Postman) -> Generator[str]:
    """The address of a mail server that offers no encryption."""
    server = Server(postman, hostname="127.0.0.1", port=0)
    server.start()
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def nowhere() -> Generator[str]:
    """The address of a mail server that is down: the port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"smtp://127.0.0.1:{taken.getsockname()[1]}"


MailParts = Callable[[str], Parts]


@pytest.fixture
def mailing(build_parts: BuildParts) -> MailParts:
    return lambda address: build_parts(smtp_url=address, mail_from="Le Site <site@example.org>")


def deliver(parts: Parts) -> int:
    sending = post(parts)
    assert sending is not None
    return delivery.letters(parts.engine, sending, parts.clock)


def ask(parts: Parts, email: str, *, mail: LetterKind = LetterKind.SIGN_IN) -> str:
    with parts.writing() as session:
        return accounts.ask(session, email, parts.clock(), mail=mail).id


def waiting(parts: Parts) -> list[tuple[int, str]]:
    with parts.reading() as session:
        letters = session.exec(select(Letter).order_by(col(Letter.id)))
        return [(letter.tries, letter.failure) for letter in letters]


def until(true: Callable[[], bool]) -> None:
    """Waits for what another thread is about to do; the test fails when it does not come."""
    pause = threading.Event()
    for _ in range(600):
        if true():
            return
        pause.wait(0.05)
    pytest.fail("it never came")


def browser(parts: Parts) -> TestClient:
    return TestClient(create_app(parts), follow_redirects=False)


@pytest.mark.usefixtures("ann")
def test_the_link_of_the_letter_signs_in_once(mailing: MailParts, smtp: str, postman: Postman) -> None:
    parts = mailing(smtp)
    client = browser(parts)
    assert client.post("/sign-in", data={"email": " ANN@example.org "}).status_code == 200
    assert deliver(parts) == 1
    (letter,) = postman.received
    assert (letter["To"], letter["From"]) == ("ann@example.org", "Le Site <site@example.org>")
    assert letter["Subject"] == "Le Passe-Muraille\u00a0: votre lien de connexion"
    (token,) = LINK.findall(mail_text(letter))
    assert client.get(f"/sign-in/{token}").status_code == 200
    opened = client.post(f"/sign-in/{token}")
    assert (opened.status_code, opened.headers["Location"]) == (303, "/desk")
    assert client.get("/desk").status_code == 200
    assert client.post(f"/sign-in/{token}").status_code == 410
    assert waiting(parts) == []


@pytest.mark.usefixtures("ann")
def test_the_code_of_the_letter_signs_in_where_it_was_asked_for(
    mailing: MailParts, smtp: str, postman: Postman
) -> None:
    parts = mailing(smtp)
    client = browser(parts)
    fields = form_fields(client.post("/sign-in", data={"email": "ann@example.org"}).text)
    deliver(parts)
    (code,) = CODE.findall(mail_text(postman.received[0]))
    opened = client.post("/sign-in", data={**fields, "code": code.lower().replace("-", " ")})
    assert opened.status_code == 303
    assert client.get("/desk").status_code == 200


@pytest.mark.usefixtures("ann")
def test_an_unknown_address_makes_the_same_rows_and_gets_no_letter(
    mailing: MailParts, smtp: str, postman: Postman
) -> None:
    parts = mailing(smtp)
    client = browser(parts)
    pages = [client.post("/sign-in", data={"email": f"{name}@example.org"}) for name in ("ann", "eve")]
    assert waiting(parts) == [(0, ""), (0, "")]
    with parts.reading() as session:
        known, unknown = session.exec(select(SignIn).order_by(col(SignIn.account_id).is_(None))).all()
    assert (known.code, known.tries, known.expires_at) == (unknown.code, unknown.tries, unknown.expires_at)
    entries = [form_fields(page.text)["entry"] for page in pages]
    assert pages[0].text.replace(entries[0], "") == pages[1].text.replace(entries[1], "")
    assert deliver(parts) == 1
    assert postman.recipients == [["ann@example.org"]]
    assert waiting(parts) == []


@pytest.mark.usefixtures("ann")
def test_an_invitation_lasts_seven_days(
    mailing: MailParts, smtp: str, postman: Postman, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    ask(parts, "ann@example.org", mail=LetterKind.INVITATION)
    deliver(parts)
    (token,) = LINK.findall(mail_text(postman.received[0]))
    clock.tick(days=7, seconds=-1)
    assert browser(parts).get(f"/sign-in/{token}").status_code == 200
    clock.tick(seconds=1)
    assert browser(parts).post(f"/sign-in/{token}").status_code == 410


@pytest.mark.usefixtures("ann")
def test_a_letter_waits_for_a_server_that_is_down_with_growing_pauses(
    mailing: MailParts, smtp: str, nowhere: str, postman: Postman, clock: FakeClock
) -> None:
    down, up = mailing(nowhere), mailing(smtp)
    ask(down, "ann@example.org")
    begun, tried = clock(), []
    for minute in (0, 0.9, 1, 5.9, 6, 35.9, 36, 155.9, 156, 600):
        clock.now = begun + timedelta(minutes=minute)
        before = waiting(down)
        assert deliver(down) == 0
        if waiting(down) != before:
            tried.append(minute)
    assert tried == [0, 1, 6, 36, 156]
    assert waiting(down) == [(5, "ConnectionRefusedError")]
    clock.tick(hours=12)
    assert deliver(up) == 1
    (token,) = LINK.findall(mail_text(postman.received[0]))
    assert clock() - begun > accounts.LINK_LASTS
    assert browser(up).post(f"/sign-in/{token}").status_code == 303


@pytest.mark.usefixtures("ann")
def test_a_letter_put_off_by_the_server_is_sent_later(
    mailing: MailParts, smtp: str, postman: Postman, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    ask(parts, "ann@example.org")
    postman.answer = "451 Later"
    assert deliver(parts) == 0
    assert waiting(parts) == [(1, "SMTPDataError")]
    postman.answer = "250 OK"
    assert deliver(parts) == 0
    clock.tick(minutes=1)
    assert deliver(parts) == 1


@pytest.mark.usefixtures("ann")
def test_a_server_that_dies_half_way_makes_one_repeat_that_can_be_recognised(
    mailing: MailParts, smtp: str, postman: Postman, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    ask(parts, "ann@example.org")
    postman.cut = True
    assert deliver(parts) == 0
    postman.cut = False
    clock.tick(minutes=1)
    assert deliver(parts) == 1
    clock.tick(days=30)
    assert deliver(parts) == 0
    first, second = postman.received
    assert first["Message-ID"] == second["Message-ID"]


class PowerCut(BaseException):
    """We die, and not the mail server."""


@pytest.mark.usefixtures("ann")
def test_dying_right_after_sending_makes_one_repeat(
    mailing: MailParts, smtp: str, postman: Postman, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    sending = post(parts)
    assert sending is not None
    ask(parts, "ann@example.org")

    def send_and_die(message: EmailMessage) -> None:
        sending.send(message)
        raise PowerCut

    with pytest.raises(PowerCut):
        delivery.letters(parts.engine, replace(sending, send=send_and_die), clock)
    assert deliver(parts) == 0
    clock.now += mail.LEASE
    assert deliver(parts) == 1
    assert len(postman.received) == 2


# A mail server that takes its time


@pytest.fixture
def dripping() -> Generator[Callable[..., str]]:
    """The address of a mail server that says its greeting, or a part of it, again and again."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def drip(listening: socket.socket, words: bytes) -> None:
        with listening, listening.accept()[0] as caller, suppress(OSError):
            while not stop.wait(0.05):
                caller.sendall(words)

    def serve(words: bytes) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        threads.append(threading.Thread(target=drip, args=(listening, words)))
        threads[-1].start()
        return f"smtp://127.0.0.1:{listening.getsockname()[1]}"

    yield serve
    stop.set()
    for thread in threads:
        thread.join(30)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("words", [b"2", b"220-wait\r\n"], ids=["byte by byte", "line by line"])
def test_a_server_that_never_comes_to_the_point_is_left(
    mailing: MailParts, dripping: Callable[..., str], words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "LASTS", 0.5)
    parts = mailing(dripping(words))
    ask(parts, "ann@example.org")
    begun = time.monotonic()
    assert deliver(parts) == 0
    assert time.monotonic() - begun < 5
    assert waiting(parts) == [(1, "SMTPServerDisconnected")]


@dataclass
class Tired(Postman):
    """Answers each command in good time, and all of them together in too long a one."""

    seconds: float = 0.3

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Connection, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(self.seconds)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Connection, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(self.seconds)
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.mark.usefixtures("ann")
def test_a_letter_is_given_up_before_its_text_rather_than_sent_when_another_may_have_taken_it(
    mailing: MailParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "LASTS", 0.5)
    postman = Tired()
    server = Server(postman, hostname="127.0.0.1", port=0)
    server.start()
    parts = mailing(f"smtp://127.0.0.1:{server.port}")
    ask(parts, "ann@example.org")
    assert deliver(parts) == 0
    server.stop()
    assert postman.received == []
    assert waiting(parts) == [(1, "SMTPServerDisconnected")]


@dataclass
class Careful(Postman):
    """Reads a letter with care before it says that it takes it."""

    begun: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Connection, envelope: Envelope) -> str:  # noqa: N802
        self.begun.set()
        await asyncio.to_thread(self.goes_on.wait, 30)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def careful() -> Generator[tuple[str, Careful]]:
    postman = Careful()
    server = Server(postman, hostname="127.0.0.1", port=0)
    server.start()
    yield f"smtp://127.0.0.1:{server.port}", postman
    postman.goes_on.set()
    server.stop()


@pytest.mark.usefixtures("ann")
def test_a_letter_that_takes_its_time_is_sent_by_nobody_else(
    mailing: MailParts, careful: tuple[str, Careful], clock: FakeClock
) -> None:
    address, postman = careful
    parts = mailing(address)
    ask(parts, "ann@example.org")
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(deliver, parts)
        assert postman.begun.wait(30)
        clock.tick(seconds=mail.LASTS)
        assert deliver(parts) == 0
        postman.goes_on.set()
        assert sending.result(30) == 1
    (letter,) = postman.received
    (token,) = LINK.findall(mail_text(letter))
    assert browser(parts).post(f"/sign-in/{token}").status_code == 303
    assert waiting(parts) == []


@pytest.mark.usefixtures("ann")
def test_whether_a_text_was_taken_is_waited_for(
    mailing: MailParts, careful: tuple[str, Careful], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.3)
    address, postman = careful
    parts = mailing(address)
    ask(parts, "ann@example.org")
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(deliver, parts)
        assert postman.begun.wait(30)
        time.sleep(0.6)
        postman.goes_on.set()
        assert sending.result(30) == 1


@pytest.mark.usefixtures("ann")
def test_two_letters_never_look_like_one_and_its_repeat(
    mailing: MailParts, smtp: str, postman: Postman
) -> None:
    parts = mailing(smtp)
    for _ in range(3):
        ask(parts, "ann@example.org")
        deliver(parts)
    assert len({letter["Message-ID"] for letter in postman.received}) == 3


@pytest.mark.usefixtures("ann")
def test_many_processes_send_each_letter_once(mailing: MailParts, smtp: str, postman: Postman) -> None:
    parts = mailing(smtp)
    for _ in range(8):
        ask(parts, "ann@example.org")
    one = partial(deliver, parts)
    assert sum(at_once(one, one, one, one)) + one() == 8
    assert len({letter["Message-ID"] for letter in postman.received}) == len(postman.received) == 8


@pytest.mark.usefixtures("ann")
def test_the_letter_to_a_removed_account_is_dropped(
    mailing: MailParts, smtp: str, postman: Postman, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    ask(parts, "ann@example.org")
    with parts.writing() as session:
        members.remove(session, "ann@example.org", clock(), force=True)
    assert deliver(parts) == 0
    assert (postman.received, waiting(parts)) == ([], [])


@pytest.mark.usefixtures("ann")
def test_the_letter_of_a_link_already_used_is_dropped(
    mailing: MailParts, smtp: str, postman: Postman, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    name = ask(parts, "ann@example.org")
    with parts.writing() as session:
        accounts.open_by_link(session, name, clock())
    assert deliver(parts) == 0
    assert (postman.received, waiting(parts)) == ([], [])


def test_a_letter_that_cannot_be_written_holds_up_no_other(
    mailing: MailParts, smtp: str, postman: Postman, ann: Person, sami: Person, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    ask(parts, "ann@example.org")
    ask(parts, "sami@example.org")
    with parts.writing() as session:
        account = session.get_one(Account, ann.id)
        account.email = "ann@example.org\nBcc: eve@example.org"
        session.add(account)
    assert deliver(parts) == 1
    assert postman.recipients == [[sami.email]]
    assert waiting(parts) == [(1, "ValueError")]
    clock.tick(seconds=59)
    assert deliver(parts) == 0


def test_an_address_the_server_cannot_take_is_kept_to_be_seen(mailing: MailParts) -> None:
    parts = mailing("smtp://127.0.0.1:1")
    zoe = add_person(parts, "zoe@example.org", "Zoé", Role.MODERATOR)
    with parts.writing() as session:  # from before addresses were looked at so closely
        session.get_one(Account, zoe.id).email = "=?utf-8?q?zoe=40other.example=2c?=zoe@example.org"
        mail.write(session, LetterKind.PASSWORD_SET, parts.clock(), account_id=zoe.id)
    assert deliver(parts) == 0
    assert waiting(parts) == [(1, "ValueError")]


def test_a_name_stands_in_a_letter_as_it_is_and_adds_no_header(
    build_parts: BuildParts, smtp: str, postman: Postman
) -> None:
    site = "L'Écho de <b>là</b> & d’ici, =?utf-8?q?Bcc?="
    parts = build_parts(smtp_url=smtp, mail_from="site@example.org", site_name=site)
    add_person(parts, "ann@example.org", "Ann\r\nBcc: eve@example.org\r\n\r\n.\r\nMAIL FROM:<x>", Role.ADMIN)
    ask(parts, "ann@example.org")
    assert deliver(parts) == 1
    (letter,) = postman.received
    assert postman.recipients == [["ann@example.org"]]
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("L'Écho de <b>là</b> & d’ici, ")
    assert "Bcc: eve@example.org" in mail_text(letter)
    assert len(LINK.findall(mail_text(letter))) == 1


@pytest.mark.parametrize("given", ["Le Site\nBcc: eve@example.org", "Le Site\r", "Le\x00Site"])
def test_a_site_name_of_two_lines_is_refused_from_the_start(build_parts: BuildParts, given: str) -> None:
    with pytest.raises(ValidationError, match="one line"):
        build_parts(site_name=given)


# The loop of every server


def test_the_loop_publishes_and_sends_what_is_due(
    mailing: MailParts, smtp: str, postman: Postman, ann: Person, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    published(parts, ann)
    ask(parts, "ann@example.org")
    loop = Loop(parts.engine, post(parts), clock, parts.settings.periods)
    loop.start()
    until(lambda: len(postman.received) == 1)
    assert numbers(parts) == []
    clock.tick(seconds=20)
    until(lambda: numbers(parts) == [1])
    loop.stop()


def published(parts: Parts, by: Person) -> str:
    with parts.writing() as session:
        slug = f"article-{session.exec(select(func.count()).select_from(Article)).one()}"
    sent = send(parts, add_article(parts, slug), "Le pont est ouvert.")
    with parts.writing() as session:
        decisions.decide(
            session,
            sent.id,
            Action.PUBLISH,
            revision=1,
            by=by.id,
            now=parts.clock(),
            undo=timedelta(seconds=20),
        )
    return sent.id


def numbers(parts: Parts) -> list[int]:
    with parts.reading() as session:
        return list(session.exec(select(Publication.number)))


def test_a_mail_server_that_does_not_answer_delays_no_publication(
    mailing: MailParts, ann: Person, clock: FakeClock
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        parts = mailing(f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        published(parts, ann)
        ask(parts, "ann@example.org")
        loop = Loop(parts.engine, post(parts), clock, parts.settings.periods)
        loop.start()
        caller, _ = silent.accept()
        with caller:
            clock.tick(seconds=20)
            until(lambda: numbers(parts) == [1])
    loop.stop()
    assert waiting(parts) == [(1, "SMTPServerDisconnected")]


def test_the_loop_outlives_an_error_nobody_expected(
    mailing: MailParts, smtp: str, postman: Postman, ann: Person, clock: FakeClock, caplog: Any
) -> None:
    parts = mailing(smtp)
    sending = post(parts)
    assert sending is not None
    failed = threading.Event()

    def fail_once(message: EmailMessage) -> None:
        if failed.is_set():
            sending.send(message)
        else:
            failed.set()
            raise LookupError

    ask(parts, ann.email)
    loop = Loop(parts.engine, replace(sending, send=fail_once), clock, parts.settings.periods)
    loop.start()
    failed.wait(30)
    clock.now += mail.LEASE
    until(lambda: len(postman.received) == 1)
    loop.stop()
    assert "delivery will be tried again" in caplog.text


def test_what_cannot_be_published_delays_nothing_of_another_kind(
    parts: Parts, pending: Sent, ann: Person, clock: FakeClock, caplog: Any
) -> None:
    broken = published(parts, ann)
    with parts.writing() as session:
        session.get_one(Comment, broken).version = 9  # as nothing the program does makes it
        submissions.withdraw(session, pending.tracking, revision=1, now=clock())
    clock.tick(days=1)
    loop = Loop(parts.engine, None, clock, parts.settings.periods)
    loop.start()
    until(lambda: kinds_due(parts) == [EffectKind.SYNC])
    loop.stop()
    assert "delivery will be tried again" in caplog.text


def kinds_due(parts: Parts) -> list[str]:
    with parts.reading() as session:
        return list(session.exec(select(Effect.kind)))


def test_a_loop_that_is_to_stop_begins_no_other_item(
    mailing: MailParts, smtp: str, postman: Postman, ann: Person, sami: Person, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    for _ in range(4):
        published(parts, ann)
    for person in (ann, sami):
        ask(parts, person.email)
    clock.tick(seconds=20)
    assert delivery.effects(parts.engine, clock(), lambda: numbers(parts) == [1, 2]) == 2
    # Two more are published, and all four told in the public log.
    assert (numbers(parts), delivery.effects(parts.engine, clock())) == ([1, 2], 2 + 4)
    sending = post(parts)
    assert sending is not None
    assert delivery.letters(parts.engine, sending, clock, lambda: len(postman.received) == 1) == 1
    assert (len(waiting(parts)), deliver(parts)) == (1, 1)


def test_the_item_in_hand_is_finished_before_the_loop_stops(
    mailing: MailParts, smtp: str, postman: Postman, ann: Person, clock: FakeClock
) -> None:
    parts = mailing(smtp)
    sending = post(parts)
    assert sending is not None
    begun, goes_on = threading.Event(), threading.Event()

    def hold(message: EmailMessage) -> None:
        begun.set()
        goes_on.wait(30)
        sending.send(message)

    ask(parts, ann.email)
    loop = Loop(parts.engine, replace(sending, send=hold), clock, parts.settings.periods)
    loop.start()
    assert begun.wait(30)
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    stopping.join(0.3)
    assert stopping.is_alive()
    goes_on.set()
    stopping.join(30)
    assert not loop.lives
    assert (len(postman.received), waiting(parts)) == (1, [])


# Encryption


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """One that nobody signed, as every fresh mail server of a distribution has."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail.test"
    made = [openssl, *options.split(), "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)  # noqa: S603 - our own words
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


@pytest.mark.usefixtures("ann")
def test_a_relay_is_used_encrypted_even_when_nobody_vouches_for_it(
    mailing: MailParts, postman: Postman, certificate: ssl.SSLContext
) -> None:
    server = Server(postman, hostname="127.0.0.1", port=0, tls_context=certificate, require_starttls=True)
    server.start()
    parts = mailing(f"smtp://127.0.0.1:{server.port}")
    ask(parts, "ann@example.org")
    assert deliver(parts) == 1
    server.stop()


@pytest.mark.usefixtures("ann")
def test_a_password_is_told_to_nobody_unvouched_for(
    mailing: MailParts, postman: Postman, certificate: ssl.SSLContext
) -> None:
    server = Server(postman, hostname="127.0.0.1", port=0, tls_context=certificate, auth_required=True)
    server.start()
    parts = mailing(f"smtp://ann:secret@127.0.0.1:{server.port}")
    ask(parts, "ann@example.org")
    assert deliver(parts) == 0
    assert waiting(parts) == [(1, "SSLCertVerificationError")]
    server.stop()


@pytest.mark.usefixtures("ann")
def test_a_password_is_never_told_in_clear(mailing: MailParts, postman: Postman) -> None:
    server = Server(postman, hostname="127.0.0.1", port=0)
    server.start()
    parts = mailing(f"smtp://ann:secret@127.0.0.1:{server.port}")
    ask(parts, "ann@example.org")
    assert deliver(parts) == 0
    assert waiting(parts) == [(1, "NotEncrypted")]
    server.stop()
