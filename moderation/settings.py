"""What an installation may choose, read once from the environment."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url

from moderation import checked, keyring
from moderation.machines import Keeps
from moderation.markup import Dialect

KEYS_FILE = Path("var/secret_keys")


@dataclass(frozen=True)
class Room:
    """How many contributions may wait under one article and on the whole site; 0: any number."""

    thread: int = 0
    site: int = 0


ANY_NUMBER = Room()


@dataclass(frozen=True)
class Periods:
    """How long things are kept: from the last decision about a text on; letters, since they were written."""

    texts: timedelta
    addresses: timedelta
    notes: timedelta
    machines: timedelta
    letters: timedelta = timedelta(days=30)


class Settings(BaseSettings):
    """Every field is read from MODERATION_<NAME>; the descriptions are the README's table."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="MODERATION_", extra="ignore")

    database_url: checked.DatabaseURL = Field(
        default="sqlite:///var/moderation.db",
        description="SQLAlchemy address of the database: SQLite, or PostgreSQL as `postgresql+psycopg://…`.",
    )
    public_database_url: checked.DatabaseURL | None = Field(
        default=None,
        description="Another address for the public pages’ reads: a role with fewer rights, or a replica.",
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated signing keys, newest first, 32 characters or more each. "
        "Generated into `var/secret_keys` when empty.",
    )
    site_url: Annotated[str, AfterValidator(checked.site_url)] = Field(
        default="http://127.0.0.1:8000",
        description="The address readers see; it may carry a path. `https` makes cookies `Secure`.",
    )
    site_name: checked.OneLine = Field(
        default="Le Passe-Muraille", description="The name at the head of each page."
    )
    slogan: checked.OneLine = Field(default="", description="A line under the name.")
    language: Literal["fr", "en"] = Field(default="fr", description="`fr` or `en`.")
    timezone: Annotated[str, AfterValidator(checked.time_zone)] = Field(
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
    smtp_url: Annotated[SecretStr, AfterValidator(checked.smtp_url)] | None = Field(
        default=None,
        description="`smtp://user:password@host:587` (STARTTLS, without which no password is told) or "
        "`smtps://…:465`. Without it no mail is sent.",
    )
    mail_from: checked.OneLine = Field(default="", description="The sender of mails. Needed with `SMTP_URL`.")
    undo_seconds: float = Field(
        20, ge=0, le=3600, description="How long a decision can be undone before it shows. 0: at once."
    )
    appeal_days: int = Field(
        90, ge=1, le=3650, description="Days to contest a decision, and for authors to read words taken out."
    )
    refused_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days until a text that was refused, is spam or was unpublished is erased, from when "
        "that can no longer be contested.",
    )
    address_days: int = Field(
        365,
        ge=1,
        le=3650,
        description="Days after the last decision until an author’s e-mail address is erased.",
    )
    note_days: int = Field(
        365,
        ge=1,
        le=3650,
        description="Days after the last decision until notes, questions, answers and words of decisions are "
        "erased; never before `APPEAL_DAYS`.",
    )
    machine_addresses: Keeps = Field(
        default=Keeps.NONE,
        description="Whether the address of the machine is kept with what it sends: `none`, `truncated` (a "
        "/24, or a /48 of IPv6) or `full`; see « Addresses of machines ».",
    )
    machine_days: int = Field(365, ge=1, le=366, description="Days such an address is kept.")
    answer_days: int = Field(default=14, ge=1, le=365, description="Days an author has to answer a question.")
    cache_freshness: float = Field(
        0.25, ge=0, le=60, description="Seconds a public page may be sent without asking the database."
    )
    markup: Dialect = Field(default=Dialect.SPIP, description="What readers may type: `spip` or `plain`.")

    submit_limit: Annotated[str, AfterValidator(checked.limit)] = Field(
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
    limits_url: Annotated[str, AfterValidator(checked.limits_url)] = Field(
        default="memory://",
        description="Where several servers count together: `redis://…` or `valkey://…`. "
        "By default each process counts for itself.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, AfterValidator(checked.networks)] = Field(
        default=(),
        description="Comma-separated addresses and networks whose `X-Forwarded-For` is believed: proxies, "
        "and no network visitors come from.",
    )
    public_origins: Annotated[tuple[str, ...], NoDecode, AfterValidator(checked.origins)] = Field(
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
    def embedded(self) -> bool:
        """Whether the database is a file of ours, which nobody else has in hand."""
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def secure(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def local(self) -> bool:
        """Whether the site is this machine’s own, and followed from nowhere else."""
        return checked.is_loopback(urlsplit(self.site_url).hostname or "")

    @property
    def room(self) -> Room:
        return Room(self.waiting_per_thread, self.waiting)

    @property
    def periods(self) -> Periods:
        appeal = timedelta(days=self.appeal_days)
        return Periods(
            texts=appeal + timedelta(days=self.refused_days),
            addresses=timedelta(days=self.address_days),
            notes=max(appeal, timedelta(days=self.note_days)),
            machines=timedelta(days=self.machine_days if self.machine_addresses is not Keeps.NONE else 0),
        )

    def keys(self) -> list[str]:
        """The signing keys, newest first; kept in a file when none is set. Raises keyring.Unreadable."""
        return [key.get_secret_value() for key in self.secret_keys] or keyring.kept(KEYS_FILE)
