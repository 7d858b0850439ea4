"""Accounts: people on a messenger, and when they may be told of something."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from typing import Any

from homeward.domain.ids import AccountId

EMAIL = "email"
QUIET_FROM, QUIET_TO = time(23, 0), time(7, 0)
CERTAIN = 0.9  # the word "very likely": worth waking somebody up for


@dataclass(frozen=True, slots=True)
class Account:
    """A person on ``messenger`` under ``address`` (a chat id there, shown to nobody else).

    ``utc_offset_min`` is the person's own time, in minutes east of UTC; None while unknown. ``quiet`` keeps nights
    quiet. ``reachable`` is False once the messenger refused to deliver. ``dialog`` is where the conversation stands,
    as JSON values that only the dialog understands; ``step`` its name, for figures.
    """

    id: AccountId
    messenger: str
    address: str
    language: str
    created_at: datetime
    utc_offset_min: int | None = None
    quiet: bool = True
    reachable: bool = True
    step: str = ""
    dialog: Mapping[str, Any] = field(default_factory=dict)


def quiet_until(account: Account, now: datetime) -> datetime | None:
    """When the person's night ends, if it is night there now; without a known time zone nobody's night is guessed."""
    if not account.quiet or account.utc_offset_min is None:
        return None
    local = now.astimezone(timezone(timedelta(minutes=account.utc_offset_min)))
    if QUIET_TO <= local.time() < QUIET_FROM:
        return None
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(day, QUIET_TO, tzinfo=local.tzinfo).astimezone(now.tzinfo)


def utc_offset_min(lon: float) -> int:
    """The offset from UTC that people likely keep there, in whole hours; a first guess that its owner may correct.

    Clocks mostly run ahead of the sun. Of thirty big cities of Europe and Russia an hour more than the sun's is right
    for 16 in winter and 23 in summer, the sun's own hour for 14 and 2.
    """
    return round(lon / 15) * 60 + 60
