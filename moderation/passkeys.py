"""Passkeys (WebAuthn level 3): registered with a name, asked for, accepted once each. Two factors in one."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from moderation import accounts, database, mail
from moderation.accounts import Person
from moderation.decisions import NotFound
from moderation.models.people import Challenge, Passkey
from moderation.models.queue import LetterKind
from moderation.party import Party

CHALLENGE_LASTS = timedelta(minutes=5)
CHALLENGE_BYTES = 32
# What a browser sends is a few hundred characters.
LONGEST_ANSWER = 16_000
# Bytes of the name a device gives a key (WebAuthn 3, 6.5.1).
LONGEST_ID = 1023


class NotAccepted(Exception):
    """Not from here, not for this challenge, used already, or not by a key known here."""


@dataclass(frozen=True)
class Registration:
    """A new key, whose making was checked."""

    credential: str
    public_key: str
    sign_count: int
    challenge: str


@dataclass(frozen=True)
class Assertion:
    """A proof by a key, whose signature was checked."""

    credential: str
    before: int
    sign_count: int
    challenge: str


def of(session: Session, account_id: int) -> Sequence[Passkey]:
    return session.exec(
        select(Passkey).where(Passkey.account_id == account_id).order_by(col(Passkey.id))
    ).all()


# Asking


def registration_options(session: Session, party: Party, person: Person, now: datetime) -> str:
    """What the browser is to make, as JSON; opens a challenge."""
    import webauthn  # noqa: PLC0415 - a third of a second, and few ask
    from webauthn.helpers import structs  # noqa: PLC0415

    known = of(session, person.id)
    challenge = _challenge(session, person.id, now)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_name=person.email,
        user_display_name=person.name,
        user_id=_bytes(known[0].handle if known else challenge),
        challenge=_bytes(challenge),
        timeout=int(CHALLENGE_LASTS.total_seconds() * 1000),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=_bytes(key.credential)) for key in known
        ],
    )
    return webauthn.options_to_json(options)


def sign_in_options(session: Session, party: Party, now: datetime, *, account_id: int | None = None) -> str:
    """What the browser is to sign, as JSON, by any of its keys; opens a challenge, an account’s if given."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers import structs  # noqa: PLC0415

    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=_bytes(_challenge(session, account_id, now)),
        timeout=int(CHALLENGE_LASTS.total_seconds() * 1000),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def _challenge(session: Session, account_id: int | None, now: datetime) -> str:
    value = secrets.token_urlsafe(CHALLENGE_BYTES)
    session.add(Challenge(value=value, account_id=account_id, expires_at=now + CHALLENGE_LASTS))
    database.clear(session, Challenge, col(Challenge.expires_at) <= now)
    return value


def _close(session: Session, challenge: str, account_id: int | None, now: datetime) -> None:
    closed = session.exec(
        delete(Challenge).where(
            col(Challenge.value) == challenge,
            col(Challenge.account_id).is_not_distinct_from(account_id),
            col(Challenge.expires_at) > now,
        )
    )
    if closed.rowcount != 1:
        raise NotAccepted


# Answering: checked first, outside any transaction, then accepted


def check_registration(party: Party, answer: str) -> Registration:
    """Raises NotAccepted."""
    import webauthn  # noqa: PLC0415

    with _refusing():
        challenge = _challenge_said(answer)
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    if len(made.credential_id) > LONGEST_ID:
        raise NotAccepted
    return Registration(
        _text(made.credential_id), _text(made.credential_public_key), made.sign_count, challenge
    )


def add(session: Session, person: Person, made: Registration, name: str, now: datetime) -> None:
    """Raises NotAccepted when its challenge is not this person’s, used or too old, or the key is known."""
    accounts.hold_own(session, person)
    _close(session, made.challenge, person.id, now)
    known = of(session, person.id)
    session.add(
        Passkey(
            account_id=person.id,
            credential=made.credential,
            public_key=made.public_key,
            # The first key’s challenge is 256 random bits that the device was given as the person’s name.
            handle=known[0].handle if known else made.challenge,
            sign_count=made.sign_count,
            name=name,
            created_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError:
        raise NotAccepted from None
    mail.write(session, LetterKind.PASSKEY_ADDED, now, account_id=person.id)


def find(session: Session, answer: str) -> Passkey | None:
    """The key an answer says it is by."""
    try:
        credential = json.loads(answer)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(credential, str) or not credential.isascii() or "\0" in credential:
        return None
    return session.exec(select(Passkey).where(Passkey.credential == credential)).first()


def check_assertion(party: Party, answer: str, key: Passkey | None) -> Assertion:
    """Raises NotAccepted."""
    import webauthn  # noqa: PLC0415

    if key is None:
        raise NotAccepted
    with _refusing():
        challenge = _challenge_said(answer)
        proof = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
        if json.loads(answer)["response"]["userHandle"].rstrip("=") != key.handle:
            raise NotAccepted
    return Assertion(key.credential, key.sign_count, proof.new_sign_count, challenge)


def accept(session: Session, proof: Assertion, now: datetime, *, account_id: int | None = None) -> int:
    """Whose key it was; `account_id` is who is signed in already. Raises NotAccepted."""
    this = col(Passkey.credential) == proof.credential
    account = accounts.hold(session, session.exec(select(Passkey.account_id).where(this)).first())
    _close(session, proof.challenge, account_id, now)
    key = session.exec(select(Passkey).where(this).with_for_update()).first()
    # Another proof by the same key may have come in between: a copied key counts for itself.
    if key is None or key.sign_count != proof.before or account_id not in {None, key.account_id}:
        raise NotAccepted
    if account is None or account.removed_at is not None:
        raise NotAccepted
    key.sign_count, key.used_at = proof.sign_count, now
    session.add(key)
    return key.account_id


def remove(session: Session, person: Person, passkey_id: int, now: datetime) -> None:
    """Raises NotFound, for another’s too."""
    accounts.hold_own(session, person)
    key = session.get(Passkey, passkey_id, with_for_update=True)
    if key is None or key.account_id != person.id:
        raise NotFound
    session.delete(key)
    mail.write(session, LetterKind.PASSKEY_REMOVED, now, account_id=person.id)


@contextmanager
def _refusing() -> Generator[None]:
    """Whatever a made-up answer is made of, it is refused."""
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        yield
    except (WebAuthnException, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotAccepted from error


def _challenge_said(answer: str) -> str:
    """The challenge the browser says it had: which one it really was is the signature’s to tell."""
    said = json.loads(_bytes(json.loads(answer)["response"]["clientDataJSON"]))["challenge"]
    return _text(_bytes(said))


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
