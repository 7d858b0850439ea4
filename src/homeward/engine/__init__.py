"""The story, one step a file: intake, recognise, remember, match, notify, forget. Knows ports only."""
