"""What an installation may choose, read once from the environment."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from limits import parse_many
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from moderation import keyring
from moderation.markup import Dialect

KEYS_FILE = Path("var/secret_keys")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name}") from error
    return name


def _database_url(url: str) -> str:
    try:
        address = make_url(url)
        address.get_dialect().import_dbapi()
    except ArgumentError as error:
        raise ValueError("must be the address of a database") from error
    except ImportError as error:
        raise ValueError(f"its driver is not installed: {error.name}") from error
    if address.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ValueError("must be an address of SQLite or PostgreSQL")
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise ValueError("must be a file: a database in memory keeps nothing")
    return url


DatabaseURL = Annotated[str, AfterValidator(_database_url)]


def _limit(notation: str) -> str:
    if notation:
        parse_many(notation)  # raises ValueError
    return notation


def _limits_url(url: str) -> str:
    library = {"memory": "", "redis": "redis", "rediss": "redis", "valkey": "valkey", "valkeys": "valkey"}
    needed = library.get(urlsplit(url).scheme)
    if needed is None:
        raise ValueError("must be memory://, redis://… or valkey://…")
    if needed and find_spec(needed) is None:
        raise ValueError(f"its driver is not installed: {needed}")
    return url


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        ip_network(name, strict=False)  # raises ValueError
    return names


_HOST = re.compile(r"(?!-)[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}", re.ASCII)
_LOOPBACK = re.compile(r"(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|::1", re.ASCII)
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~-]+)*/?", re.ASCII)


def _host(parts: SplitResult) -> str:
    """The host, and the port when it is not the scheme’s own, as browsers write them. Raises ValueError."""
    host = parts.hostname or ""
    if not host.isascii():
        raise ValueError(f"must have its host written {host.encode('idna').decode()}")
    if not _HOST.fullmatch(host) or ".." in host:
        raise ValueError(f"must be an address whose host is a name or a number, not {host!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must be an address without a name or a password")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("must be an address whose port is between 1 and 65535") from error
    if port == 0:
        raise ValueError("must be an address whose port is between 1 and 65535")
    written = f"[{host}]" if ":" in host else host
    return written if port in {None, _OWN_PORT.get(parts.scheme)} else f"{written}:{port}"


_OWN_PORT = {"http": 80, "https": 443}


def _site_url(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in _OWN_PORT or not parts.netloc or "?" in url or "#" in url:
        raise ValueError("must be an http(s) address, with a path or without")
    host = _host(parts)
    if not _PATH.fullmatch(parts.path):
        raise ValueError("must be an address whose path is made of letters, digits, dots and dashes")
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _origins(urls: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_origin(url) for url in urls)


def _origin(url: str) -> str:
    """As a browser names where a page is from (RFC 6454)."""
    parts = urlsplit(url)
    if (
        parts.scheme not in _OWN_PORT
        or not parts.netloc
        or parts.path not in {"", "/"}
        or "?" in url
        or "#" in url
    ):
        raise ValueError(f"must be origins such as https://www.example.org, without a path: {url!r} is none")
    return f"{parts.scheme}://{_host(parts)}"


def _smtp_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must be smtp://host:port or smtps://host:port")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            "must have % escapes for what is special in its name or password: %2F for /, %40 for @"
        )
    _host(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return url


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line")
    return text


OneLine = Annotated[str, AfterValidator(_one_line)]


@dataclass(frozen=True)
class Room:
    """How many contributions may wait under one article and on the whole site; 0: any number."""

    thread: int = 0
    site: int = 0


ANY_NUMBER = Room()


class Settings(BaseSettings):
    """Every field is read from MODERATION_<NAME>; the descriptions are the README's table."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="MODERATION_", extra="ignore")

    database_url: DatabaseURL = Field(
        default="sqlite:///var/moderation.db",
        description="SQLAlchemy address of the database: SQLite, or PostgreSQL as `postgresql+psycopg://…`.",
    )
    public_database_url: DatabaseURL | None = Field(
        default=None,
        description="Another address for the public pages’ reads: a role with fewer rights, or a replica.",
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated signing keys, newest first, 32 characters or more each. "
        "Generated into `var/secret_keys` when empty.",
    )
    site_url: Annotated[str, AfterValidator(_site_url)] = Field(
        default="http://127.0.0.1:8000",
        description="The address readers see; it may carry a path. `https` makes cookies `Secure`.",
    )
    site_name: OneLine = Field(default="Le Passe-Muraille", description="The name at the head of each page.")
    slogan: OneLine = Field(default="", description="A line under the name.")
    language: Literal["fr", "en"] = Field(default="fr", description="`fr` or `en`.")
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="Europe/Paris", description="The time zone dates are shown in."
    )
    notice: str = Field(
        default="",
        description="Says that the forum is moderated, until a sentence is written in the space.",
    )
    required: Literal["", "author", "email", "author,email"] = Field(
        default="", description="Fields a reader must fill in: `author`, `email` or `author,email`."
    )
    contact: str = Field(default="", description="An e-mail address readers may write to, shown in the foot.")
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = Field(
        default=None,
        description="`smtp://user:password@host:587` (STARTTLS, without which no password is told) or "
        "`smtps://…:465`. Without it no mail is sent.",
    )
    mail_from: OneLine = Field(default="", description="The sender of mails. Needed with `SMTP_URL`.")
    undo_seconds: float = Field(
        20, ge=0, le=3600, description="How long a decision can be undone before it shows. 0: at once."
    )
    appeal_days: int = Field(
        90, ge=1, le=3650, description="Days to contest a decision, and for authors to read words taken out."
    )
    answer_days: int = Field(default=14, ge=1, le=365, description="Days an author has to answer a question.")
    cache_freshness: float = Field(
        0.25, ge=0, le=60, description="Seconds a public page may be sent without asking the database."
    )
    markup: Dialect = Field(default=Dialect.SPIP, description="What readers may type: `spip` or `plain`.")

    submit_limit: Annotated[str, AfterValidator(_limit)] = Field(
        default="20 per minute; 200 per hour",
        description="How many contributions one address may send, and ten times as many previews; no limit "
        "if empty. An IPv6 address is its /64, and a /48 may send ten times that. Where addresses say "
        "nothing (loopback, an onion service), all together may send twenty times that.",
    )
    waiting_per_thread: int = Field(
        default=1000,
        ge=0,
        description="How many contributions may wait under one article; more are asked to come back later. "
        "0: any number.",
    )
    waiting: int = Field(
        default=10_000, ge=0, description="How many contributions may wait on the whole site. 0: any number."
    )
    limits_url: Annotated[str, AfterValidator(_limits_url)] = Field(
        default="memory://",
        description="Where several servers count together: `redis://…` or `valkey://…`. "
        "By default each process counts for itself.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, AfterValidator(_networks)] = Field(
        default=(),
        description="Comma-separated addresses and networks whose `X-Forwarded-For` is believed: proxies, "
        "and no network visitors come from.",
    )
    public_origins: Annotated[tuple[str, ...], NoDecode, AfterValidator(_origins)] = Field(
        default=(),
        description=(
            "Comma-separated origins (`https://www.example.org`) whose pages may post the form: "
            'without `enctype`, and with `accept-charset="utf-8"` where the page is in another encoding.'
        ),
    )

    metrics_token: SecretStr | None = Field(
        default=None,
        description="The bearer token that opens `/metrics`; 32 characters or more. Without one, a site "
        "whose `SITE_URL` is `127.0.0.1` or `localhost` shows them to its machine, and any other to nobody.",
    )

    @field_validator("secret_keys", "trusted_proxies", "public_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < keyring.SHORTEST for key in keys):
            raise ValueError(f"each key needs {keyring.SHORTEST} characters or more")
        return keys

    @field_validator("metrics_token")
    @classmethod
    def _not_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < keyring.SHORTEST:
            raise ValueError(f"needs {keyring.SHORTEST} characters or more")
        return token

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.smtp_url is not None and "@" not in self.mail_from:
            raise ValueError("MODERATION_SMTP_URL needs MODERATION_MAIL_FROM, an address")
        return self

    @property
    def path(self) -> str:
        """The path SITE_URL carries, without a slash at its end; often empty."""
        return urlsplit(self.site_url).path

    @property
    def secure(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def local(self) -> bool:
        """Whether the site is this machine’s own, and followed from nowhere else."""
        return _LOOPBACK.fullmatch(urlsplit(self.site_url).hostname or "") is not None

    @property
    def room(self) -> Room:
        return Room(self.waiting_per_thread, self.waiting)

    def keys(self) -> list[str]:
        """The signing keys, newest first; kept in a file when none is set. Raises keyring.Unreadable."""
        return [key.get_secret_value() for key in self.secret_keys] or keyring.kept(KEYS_FILE)
