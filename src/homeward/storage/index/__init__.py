"""Nearest neighbours, derived from the rows."""
