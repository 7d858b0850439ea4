"""How many animals came up where and when, counted once instead of for each pair."""

from collections import Counter

import sqlalchemy as sa
from alembic import op

from homeward.domain.places import Point, cell_of
from homeward.storage.sql.types import from_us

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Count the found reports that are there; indexes follow what is asked now."""
    tallies = op.create_table(
        "tallies",
        sa.Column("species", sa.Text(), nullable=False),
        sa.Column("lat_cell", sa.Integer(), nullable=False),
        sa.Column("lon_cell", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("animals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("species", "lat_cell", "lon_cell", "day", name=op.f("pk_tallies")),
    )
    counted = _counted()
    names = ("species", "lat_cell", "lon_cell", "day")
    if counted:
        op.bulk_insert(tallies, [{**dict(zip(names, key, strict=True)), "animals": n} for key, n in counted.items()])
    op.drop_index("ix_reports_shelf_species_lat", "reports")
    op.drop_index("ix_reports_camera_id_happened_at", "reports")
    op.create_index("ix_reports_camera_id_created_at_id", "reports", ["camera_id", "created_at", "id"])
    judged = sa.text("verdict IS NOT NULL")
    op.create_index("ix_matches_judged", "matches", ["lost_id"], sqlite_where=judged, postgresql_where=judged)


def _counted() -> Counter[tuple[str, int, int, int]]:
    counted: Counter[tuple[str, int, int, int]] = Counter()
    firsts = sa.text("SELECT species, lat, lon, happened_at FROM reports WHERE shelf = 'found' AND id = encounter_id")
    for species, lat, lon, happened_at in op.get_bind().execute(firsts):
        cell = (-1, -1) if lat is None or lon is None else cell_of(Point(lat, lon))
        counted[species, *cell, from_us(happened_at).toordinal()] += 1
    return counted
