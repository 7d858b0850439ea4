"""Adapters that remember: rows, vectors, pictures."""
