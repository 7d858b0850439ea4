"""Revisions of the schema. They never change once released; a new column is a new revision."""
