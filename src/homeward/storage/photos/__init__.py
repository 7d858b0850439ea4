"""Picture files by content hash."""
