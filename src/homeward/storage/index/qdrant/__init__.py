"""Nearest neighbours in Qdrant: fed from the rows, compared with them, and never trusted further than they go."""
