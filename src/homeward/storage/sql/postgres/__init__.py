"""Rows on PostgreSQL: the same repositories, with many writers and many processes."""

from homeward.storage.sql.postgres.database import PostgresDatabase

__all__ = ["PostgresDatabase"]
