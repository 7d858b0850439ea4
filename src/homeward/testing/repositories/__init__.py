"""All repositories on dictionaries; the twin of `homeward.storage.sql`."""

from homeward.testing.repositories.tables import Tables
from homeward.testing.repositories.work import InMemoryUnitOfWork

__all__ = ["InMemoryUnitOfWork", "Tables"]
