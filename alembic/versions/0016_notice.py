"""The sentence that says the forum is moderated can be written in the space itself."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site", sa.Column("notice", sa.String(length=500), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("site", "notice")
