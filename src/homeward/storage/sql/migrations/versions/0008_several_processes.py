"""Who works on a job; on PostgreSQL also what the vector index searches, and what callers sent lately."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# A point is a vector with everything that a search filters on, kept by the triggers below. `space` names the vectors
# that are compared with each other. `cell` is a field of a hundredth of a degree, so that a circle is many cells.
POINTS = """
CREATE TABLE points (
  embedding_id bigint PRIMARY KEY REFERENCES embeddings (id) ON DELETE CASCADE,
  report_id text NOT NULL,
  crop_id bigint NOT NULL,
  space text COLLATE "C" NOT NULL,
  species text COLLATE "C" NOT NULL,
  is_open boolean NOT NULL,
  happened_at bigint NOT NULL,
  lat double precision,
  lon double precision,
  cell integer GENERATED ALWAYS AS
    (floor((lat + 90) / 0.01)::integer * 36000 + floor((lon + 180) / 0.01)::integer) STORED,
  half halfvec NOT NULL
);
CREATE INDEX ix_points_space ON points (space, is_open, species, cell, happened_at);
CREATE INDEX ix_points_report_id ON points (report_id);
"""

# The report's row is locked, so that a change of it that commits meanwhile is seen here, or sees this point.
OF_EMBEDDING = """
CREATE FUNCTION point_of_embedding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO points (embedding_id, report_id, crop_id, space, species, is_open, happened_at, lat, lon, half)
  SELECT NEW.id, r.id, NEW.crop_id, r.shelf || '/' || c.part || '/' || NEW.model, r.species, r.status = 'open',
    r.happened_at, r.lat, r.lon, NEW.vector::halfvec
  FROM crops c JOIN reports r ON r.id = c.report_id WHERE c.id = NEW.crop_id FOR SHARE OF r;
  RETURN NULL;
END $$;
CREATE TRIGGER embeddings_points AFTER INSERT ON embeddings FOR EACH ROW EXECUTE FUNCTION point_of_embedding();
"""

OF_REPORT = """
CREATE FUNCTION points_of_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE points SET species = NEW.species, is_open = NEW.status = 'open', happened_at = NEW.happened_at,
    lat = NEW.lat, lon = NEW.lon
  WHERE report_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER reports_points AFTER UPDATE ON reports FOR EACH ROW
  WHEN ((OLD.species, OLD.status, OLD.happened_at, OLD.lat, OLD.lon)
    IS DISTINCT FROM (NEW.species, NEW.status, NEW.happened_at, NEW.lat, NEW.lon))
  EXECUTE FUNCTION points_of_report();
"""

# For operators, where rows were loaded while triggers were off.
MEND = """
CREATE FUNCTION mend_points() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE mended bigint;
BEGIN
  LOCK TABLE points IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM points;
  INSERT INTO points (embedding_id, report_id, crop_id, space, species, is_open, happened_at, lat, lon, half)
  SELECT e.id, r.id, e.crop_id, r.shelf || '/' || c.part || '/' || e.model, r.species, r.status = 'open',
    r.happened_at, r.lat, r.lon, e.vector::halfvec
  FROM embeddings e JOIN crops c ON c.id = e.crop_id JOIN reports r ON r.id = c.report_id;
  GET DIAGNOSTICS mended = ROW_COUNT;
  RETURN mended;
END $$;
"""

# Numbers are issued before their transaction commits; the transaction's own id tells what a follower may have missed.
CHANGES = """
ALTER TABLE changes ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX ix_changes_xid ON changes (xid);
"""

UPLOADS = """
CREATE UNLOGGED TABLE uploads (caller text COLLATE "C" NOT NULL, at double precision NOT NULL);
CREATE INDEX ix_uploads_caller ON uploads (caller, at);
"""


def upgrade() -> None:
    """Add the column; PostgreSQL gets its own tables."""
    op.add_column("jobs", sa.Column("owner", sa.BigInteger()))
    if op.get_bind().dialect.name == "postgresql":
        for statements in (POINTS, OF_EMBEDDING, OF_REPORT, MEND, CHANGES, UPLOADS):
            op.execute(statements)
