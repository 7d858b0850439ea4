"""The commands. Nothing heavy is imported before a command needs it."""

from homeward.cli.main import app, main

__all__ = ["app", "main"]
