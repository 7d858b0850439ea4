"""The bundled embedder's file was written anew: quicker, and to the last bit the same vectors, which stay in use."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

FORMER = "fcc405cb3bb62871953469882205008f0e29c4835840177bd25715941dc5c07f"
NOW = "fa40c10bd8778dbc1aa2ea8e5992f8884d5d2101ef611839ddbe72ad4787a9be"
SAME = sa.text("UPDATE facts SET value = replace(value, :former, :now) WHERE name = 'embedder_weights'")


def upgrade() -> None:
    """Note the new file for the old one."""
    op.execute(SAME.bindparams(former=FORMER, now=NOW))
