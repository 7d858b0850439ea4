"""Cameras that their owners pause, and what their watchers count."""

import sqlalchemy as sa
from alembic import op

from homeward.storage.sql.types import Json

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("cameras", sa.Column("counters", Json(), nullable=False, server_default="{}"))
    op.add_column("cameras", sa.Column("paused", sa.Boolean(), nullable=False, server_default="0"))
