"""Counts that fell to nothing are dropped: they stayed for each cell of the map and day that ever saw an animal."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Delete what earlier versions left."""
    op.execute("DELETE FROM tallies WHERE animals = 0")
