"""A person's language and clock: texts, plural forms, times and distances as they would say them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from homeward.locales import distance, percent, plural, text

GUESS_IS_OFF, ZONES_REACH = timedelta(hours=2), timedelta(hours=14)
SPOKEN_AT_MIN = {"ru": 180}  # where nothing is known: most who speak Russian keep the time of Moscow


@dataclass(frozen=True, slots=True)
class Words:
    """Speaks ``language``; ``utc_offset_min`` is None while the person's time is not known."""

    language: str
    utc_offset_min: int | None
    now: datetime

    def __call__(self, key: str, **values: str | float) -> str:
        """The text ``bot.KEY``."""
        return text(self.language, f"bot.{key}", **values) or key

    def count(self, key: str, n: int, **values: str | float) -> str:
        """The text ``bot.KEY`` in the form for ``n``."""
        return plural(self.language, f"bot.{key}", n, **values) or key

    def ago(self, moment: datetime) -> str:
        """3 hours ago."""
        from babel.dates import format_timedelta

        since = max(self.now - moment, timedelta(0))
        if since < timedelta(minutes=1):
            return self("just_now")
        return format_timedelta(-since, granularity="minute", add_direction=True, locale=self.language)

    def when(self, moment: datetime) -> str:
        """3 hours ago (24 Nov, 02:10); without the clock's time where the person's is not known."""
        from babel.dates import format_datetime

        if self.utc_offset_min is None:
            return self.ago(moment)
        shown = format_datetime(self.local(moment), "d MMM, HH:mm", locale=self.language)
        return f"{self.ago(moment)} ({shown})"

    def local(self, moment: datetime) -> datetime:
        """The moment on the person's clock; while that is not known, on one that the language suggests, or UTC."""
        known = self.utc_offset_min
        offset_min = SPOKEN_AT_MIN.get(self.language, 0) if known is None else known
        return moment.astimezone(timezone(timedelta(minutes=offset_min)))

    @property
    def clock_doubt(self) -> timedelta:
        """How far the person's own clock may be ahead of ``local``, which is a guess at best."""
        return ZONES_REACH if self.utc_offset_min is None else GUESS_IS_OFF

    def distance(self, km: float) -> str:
        """600 m, 1.2 km, 14 km."""
        return distance(self.language, km)

    def number(self, value: float) -> str:
        """0.5, 12; 0,5 in Russian."""
        from babel.numbers import format_decimal

        return str(format_decimal(value, "#,##0.##", locale=self.language))

    def percent(self, degree: float) -> str:
        """97%; nothing is ever certain."""
        return percent(self.language, degree)


def moment_of(value: str) -> datetime:
    """A moment of the API's JSON."""
    return datetime.fromisoformat(value).astimezone(UTC)
