"""Runs migrations on the engine the program hands over, or on MODERATION_DATABASE_URL for developers."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Engine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import moderation.models.bulletins
import moderation.models.claims
import moderation.models.judging
import moderation.models.packets
import moderation.models.public
import moderation.models.queue
import moderation.models.together
import moderation.models.traits  # noqa: F401 - they fill the metadata
from moderation.database import connect
from moderation.migrations import is_compared, migrating
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
    gone: list[str] = context.config.attributes.get("gone", [])
    with migrating(engine) as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            include_object=is_compared,
            render_as_batch=True,
            render_item=render_item,
            on_version_apply=lambda step, **_: gone.append(step.up_revision_id),
        )
        context.run_migrations()


engine: Engine | None = context.config.attributes.get("engine")
run(engine or connect(Settings().database_url))
