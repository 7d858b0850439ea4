"""Animals of a month anywhere are counted by its days, not by reading what came up in all years."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the index; without the count, so that counting one more writes to no index."""
    op.create_index("ix_tallies_day_species", "tallies", ["day", "species"])
