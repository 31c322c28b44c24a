"""Runs migrations on the engine the program hands over, or on MODERATION_DATABASE_URL for developers."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Engine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import moderation.models.public
import moderation.models.queue  # noqa: F401 - both fill the metadata
from moderation.database import connect
from moderation.models.columns import UTCDateTime
from moderation.settings import Settings


def render_item(kind: str, item: Any, _autogenerate: AutogenContext) -> str | Literal[False]:
    """Plain types in revisions, so that they do not break when our own move."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run(engine: Engine) -> None:
    # SQLite can change a table only by making it anew, which foreign keys would forbid; the pragma is
    # ignored inside a transaction, so it is set on the bare connection.
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        sqlite = engine.dialect.name == "sqlite"
        if sqlite and raw is not None:
            raw.cursor().execute("PRAGMA foreign_keys = OFF")
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=True,
            render_item=render_item,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if sqlite and raw is not None:
            raw.cursor().execute("PRAGMA foreign_keys = ON")


engine: Engine | None = context.config.attributes.get("engine")
run(engine or connect(Settings().database_url))
