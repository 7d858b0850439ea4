"""Launch data of Telegram's Mini Apps: a signed text in, who opened the app out. Asks nobody.

The rules are Telegram's own (core.telegram.org/bots/webapps, "Validating data received via the Mini App").
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from homeward.errors import Unauthorized

LONGEST_AGE = timedelta(hours=1)
AHEAD = timedelta(minutes=1)
LONGEST_TEXT = 8192
OPEN_AGAIN = "Open it again from the chat."


def app_secret(token: str) -> bytes:
    """What a bot's launch data are signed with."""
    return hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()


def signed_by(init_data: str, secret: bytes, now: datetime) -> tuple[str, str]:
    """The Telegram id of whoever opened the app, and the signature, by which one launch is told from another.

    Raises:
        Unauthorized: the text is not signed by this bot, or was so more than an hour ago.
    """
    try:
        given = dict(parse_qsl(init_data[:LONGEST_TEXT], keep_blank_values=True, strict_parsing=True))
        signature = given.pop("hash")
        lines = "\n".join(f"{name}={value}" for name, value in sorted(given.items()))
        age = now - datetime.fromtimestamp(int(given["auth_date"]), now.tzinfo)
        person = str(int(json.loads(given["user"])["id"]))
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        raise Unauthorized("This is no launch of Telegram's.", hint=OPEN_AGAIN) from None
    known = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(known.encode(), signature.encode()):
        raise Unauthorized("Telegram did not sign this.", hint=OPEN_AGAIN)
    if not -AHEAD <= age <= LONGEST_AGE:
        raise Unauthorized("This was opened too long ago.", hint=OPEN_AGAIN)
    return person, signature
