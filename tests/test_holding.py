"""Whatever is done at once about one person’s ways in, nobody waits for who waits for them."""

import itertools
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from conftest import add_person, at_once, listening
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from moderation import (
    accounts,
    delivery,
    email_changes,
    factors,
    feeds,
    members,
    passkeys,
    sessions,
    tokens,
    totp,
)
from moderation.accounts import CannotSignIn, Exists, Person
from moderation.decisions import NotFound
from moderation.factors import AlreadyOn
from moderation.members import LastAdmin
from moderation.models.people import Account, AccountSession, Challenge, Passkey, Role, SignIn
from moderation.models.queue import LetterKind
from moderation.party import Party
from moderation.passkeys import Assertion, NotAccepted, Registration
from moderation.tokens import Scope
from moderation.web.dependencies import Parts

Deed = Callable[[Session], object]
REFUSED = (CannotSignIn, Exists, LastAdmin, NotFound, AlreadyOn, NotAccepted)
PARTY = Party("forum.example.org", "https://forum.example.org", "Le Passe-Muraille")
LONG_AGO = timedelta(days=60)
ROUNDS = range(4)
numbers = itertools.count()


@contextmanager
def slow(engine: Engine) -> Generator[None]:
    """A database that takes its time, so that those who begin together meet."""

    def wait(*_said: object) -> None:
        time.sleep(0.003)

    with listening(engine, "after_cursor_execute", wait):
        yield


def told(parts: Parts, *deeds: Deed) -> list[Any]:
    def do(deed: Deed) -> object:
        with parts.writing() as session:
            return deed(session)

    with slow(parts.engine):
        return at_once(*[partial(do, deed) for deed in deeds])


def unexpected(answers: list[Any]) -> list[str]:
    found = [one for one in answers if isinstance(one, Exception) and not isinstance(one, REFUSED)]
    return [str(one.orig if isinstance(one, DBAPIError) else repr(one)) for one in found]


def everything_about(parts: Parts, person: Person) -> list[Deed]:
    """All that is done about how a person signs in, each on rows of its own and on those of the person."""
    now, name, by = parts.clock(), str(next(numbers)), person
    secret = totp.new_secret()
    with parts.writing() as session:
        account = session.get_one(Account, person.id)
        account.password, account.totp = "hash", parts.vault.seal(secret, f"totp {person.id}")
        session.add(account)
        recovery = factors._new_recovery_codes(session, person.id)
        change = email_changes.ask(session, person, f"{person.name}{name}@autre.example", now)
        ways = [accounts.half_way(session, person.id, now).id for _ in range(3)]
        for number in range(3):
            long_ago = now - LONG_AGO
            session.add(SignIn(id=f"{name}-{number}", account_id=person.id, code="", expires_at=long_ago))
            challenge = Challenge(value=f"old {name} {number}", account_id=person.id, expires_at=long_ago)
            session.add(challenge)
        for number in range(4):
            session.add(Challenge(value=f"{name} {number}", expires_at=now + LONG_AGO))
        session.add(Challenge(value=f"{name} own", account_id=person.id, expires_at=now + LONG_AGO))
        keys = [
            Passkey(
                account_id=person.id,
                credential=f"{name} {number}",
                public_key="k",
                handle="h",
                sign_count=0,
                name="",
                created_at=now,
            )
            for number in range(2)
        ]
        session.add_all(keys)
        cookies = [sessions.start(session, person.id, kept=False, now=now) for _ in range(3)]
        for row in session.exec(select(AccountSession)):
            row.renewed_at -= timedelta(hours=2)
            session.add(row)
        session.flush()
        removed = keys[1].id or 0
        tokens.create(session, account, "", frozenset({Scope.READ}), now)
        here = session.exec(select(AccountSession.id).where(AccountSession.account_id == person.id)).first()
    made = Registration(f"{name} new", "k", 0, f"{name} own")

    def signed_in(session: Session, whose: int | None, cookie: str = "") -> None:
        assert whose is not None
        sessions.sign_out(session, cookie)
        sessions.start(session, whose, kept=True, now=now)

    def by_recovery_code(session: Session) -> None:
        whose = factors.open_by_second_step(session, parts.vault, ways[0], now, code="", recovery=recovery[0])
        if whose is not None:
            signed_in(session, whose, cookies[0])

    def by_key(session: Session) -> None:
        signed_in(session, passkeys.accept(session, Assertion(f"{name} 0", 0, 0, f"{name} 0"), now))

    known = factors.Known(person.id, "hash")
    return [
        lambda session: email_changes.ask(session, by, f"{by.name}{name}x@autre.example", now),
        lambda session: email_changes.confirm(session, change, now),
        lambda session: email_changes.cancel(session, by.id),
        by_recovery_code,
        by_key,
        lambda session: signed_in(session, accounts.open_by_link(session, ways[1], now), cookies[0]),
        lambda session: signed_in(session, factors.open_by_password(session, known, "renewed")),
        lambda session: accounts.open_by_code(session, ways[2], "x", now),
        lambda session: accounts.ask(session, by.email, now, mail=LetterKind.SIGN_IN),
        lambda session: factors.set_password(session, by, "hash", now),
        lambda session: factors.remove_password(session, by, now),
        lambda session: factors.turn_codes_off(session, by, now),
        lambda session: factors.renew_recovery_codes(session, by, now),
        lambda session: factors.reset(session, by.email, now),
        lambda session: factors.seal_anew(session, parts.vault),
        lambda session: passkeys.add(session, by, made, "", now),
        lambda session: passkeys.remove(session, by, removed, now),
        lambda session: passkeys.sign_in_options(session, PARTY, now, account_id=by.id),
        lambda session: sessions.end_all(session, by.id, now),
        lambda session: sessions.end(session, here or 0, account_id=by.id),
        lambda session: sessions.confirm(session, replace(by, browser=here), now),
        lambda session: sessions.renew(session, cookies[1], now),
        lambda session: sessions.sign_out(session, cookies[2]),
        lambda session: tokens.create(session, session.get_one(Account, by.id), "", frozenset(), now),
        lambda session: feeds.make(session, by, now),
        lambda _session: delivery._throw_away(parts.engine, now + LONG_AGO),
    ]


@pytest.fixture
def _on_postgresql(parts: Parts) -> None:
    if parts.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")


@pytest.mark.usefixtures("_on_postgresql")
def test_whatever_is_done_at_once_about_one_person_ends(parts: Parts, ann: Person) -> None:
    for _ in ROUNDS:
        assert unexpected(told(parts, *everything_about(parts, ann))) == []


@pytest.mark.usefixtures("_on_postgresql")
@pytest.mark.parametrize("forced", [True, False])
def test_whatever_is_done_at_once_about_those_who_leave_ends(parts: Parts, forced: bool) -> None:
    now = parts.clock()
    for number in ROUNDS:
        people = [add_person(parts, f"{name}{number}@x.example", name, Role.ADMIN) for name in ("a", "b")]
        deeds = [deed for person in people for deed in everything_about(parts, person)]
        leaving = [partial(members.remove, email=one.email, now=now, force=forced) for one in people]
        roles = [partial(members.set_role, account_id=one.id, role=Role.MODERATOR, now=now) for one in people]
        assert unexpected(told(parts, *deeds[::2], *leaving, *roles)) == []
