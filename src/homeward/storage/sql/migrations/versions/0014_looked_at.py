"""Whether the detector has looked at a photo: without crops on a whole report it never did."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

NEVER = """
UPDATE photos SET looked_at = false WHERE NOT EXISTS (SELECT 1 FROM crops WHERE crops.report_id = photos.report_id)
"""


def upgrade() -> None:
    """Add the column."""
    op.add_column("photos", sa.Column("looked_at", sa.Boolean(), nullable=False, server_default="1"))
    op.execute(NEVER)
