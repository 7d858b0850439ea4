"""Figures and plots on labelled folders. Never changes anything."""
