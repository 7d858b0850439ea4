"""An encounter is the sightings that carry its number; nobody read the table that said it once more."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Drop it."""
    op.drop_table("encounters")
