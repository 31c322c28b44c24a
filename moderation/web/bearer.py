"""Who an API request is from: its bearer token and what that opens."""

from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from moderation import logs, reasons, tokens
from moderation.accounts import Person
from moderation.tokens import Bearer, Scope
from moderation.web.dependencies import Now, ThisApp

_scheme = HTTPBearer(auto_error=False, description="`moderation token create EMAIL` makes one.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_scheme)]


class Unauthorised(Exception):
    """No token, or one that opens nothing any more."""


class Forbidden(Exception):
    """A token of another scope."""


def _bearer(app: ThisApp, now: Now, credentials: Credentials) -> Bearer:
    if credentials is None:
        raise Unauthorised
    # No connection is held while others are waited for, as with `people.SignedIn`.
    with app.reading() as session:
        found = _holder(session, credentials)
        reasons.recall(session, app.wording, now)
    return found


def _holder(session: Session, credentials: HTTPAuthorizationCredentials) -> Bearer:
    found = tokens.bearer(session, credentials.credentials)
    if found is None:
        logs.security("token refused")
        raise Unauthorised
    return found


def _reader(bearer: Annotated[Bearer, Depends(_bearer)]) -> Person:
    return _scoped(bearer, Scope.READ)


def _decider(bearer: Annotated[Bearer, Depends(_bearer)]) -> Person:
    return _scoped(bearer, Scope.MODERATE)


def _scoped(bearer: Bearer, scope: Scope) -> Person:
    if scope not in bearer.scopes:
        logs.security("token of another scope", account=bearer.person.id, scope=scope)
        raise Forbidden
    return bearer.person


def _sender(app: ThisApp, credentials: Credentials) -> bool:
    if credentials is None:
        return False
    with app.reading() as session:
        return Scope.SUBMIT in _holder(session, credentials).scopes


ReaderToken = Annotated[Person, Depends(_reader)]
ModeratorToken = Annotated[Person, Depends(_decider)]
# Whether a token with the submit scope came along: then no limit applies.
IsTrusted = Annotated[bool, Depends(_sender)]
