"""Reports that everybody may see on the board."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column and the index of the board."""
    op.add_column("reports", sa.Column("listed", sa.Boolean(), nullable=False, server_default="0"))
    op.create_index("ix_reports_listed", "reports", ["listed", "status", "created_at"])
