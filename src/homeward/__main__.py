"""`python -m homeward`: the same as the command."""

from homeward.cli import main

main()
