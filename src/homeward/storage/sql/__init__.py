"""Rows on SQLite through SQLAlchemy Core."""

from homeward.storage.sql.database import SqlDatabase

__all__ = ["SqlDatabase"]
