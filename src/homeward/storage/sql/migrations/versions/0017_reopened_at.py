"""Since when a report that had ended is open again: it has its whole time anew."""

import sqlalchemy as sa
from alembic import op

from homeward.storage.sql.types import Moment

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; of those that are open now nobody knows."""
    op.add_column("reports", sa.Column("reopened_at", Moment()))
