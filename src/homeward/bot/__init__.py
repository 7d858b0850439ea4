"""The bot: dialogs that any messenger can carry, and the messengers that carry them. A client of the API."""
