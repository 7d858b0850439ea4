"""Browsers that take news by web push."""

import sqlalchemy as sa
from alembic import op

from homeward.storage.sql.types import Moment, Number

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "devices",
        sa.Column("id", Number, nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("account_id", "endpoint", name="uq_devices_account_id_endpoint"),
        sqlite_autoincrement=True,
    )
