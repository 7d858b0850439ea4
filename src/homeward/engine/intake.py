"""Intake: what a caller sends in, checked values and safe photos out. Never stores anything."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from homeward.domain.filing import NewReport
from homeward.domain.reports import Shelf
from homeward.errors import HomewardError, InvalidInput
from homeward.ports import Clock, ImageReader, SafePhoto
from homeward.telemetry import step

MAX_PHOTOS = 10
MAX_AHEAD = timedelta(minutes=5)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LINE_ENDS = "\n\r\t\v\f\x85\u2028\u2029"
ONE_LINE = {"name", "state"}
MAX_LENGTHS = {"name": 100, "description": 4000, "contact": 200, "address": 300, "secret_mark": 300}


@dataclass(frozen=True, slots=True)
class Intake:
    """Checks a report's fields and reads its photos."""

    reader: ImageReader
    clock: Clock

    def __call__(self, new: NewReport) -> tuple[SafePhoto, ...]:
        """The photos of ``new``, made safe.

        Raises:
            InvalidInput: a field cannot be so; it is named.
            PhotoTooLarge, PhotoUnreadable, PhotoKindUnsupported: a photo cannot be taken.
        """
        self.check_count(len(new.photos))
        check_time(new.happened_at, self.clock)
        for field, most in MAX_LENGTHS.items():
            check_text(field, getattr(new, field), most)
        if new.secret_mark is not None and new.shelf is Shelf.FOUND:
            raise InvalidInput("Only an owner keeps a mark back.", field="secret_mark")
        if new.keep_without_animal and new.species is None:
            raise InvalidInput("Say whether it is a cat or a dog.", field="species", hint="cat or dog, not auto")
        return self.photos(new.photos)

    def photos(self, photos: Sequence[bytes], already: int = 0) -> tuple[SafePhoto, ...]:
        """Photos for a report that has ``already`` some."""
        self.check_count(len(photos), already)
        with step("intake", photos=len(photos)):
            return tuple(self._read(data, n, len(photos)) for n, data in enumerate(photos, start=1))

    def _read(self, data: bytes, number: int, count: int) -> SafePhoto:
        """Of several, the one that cannot be taken is named."""
        try:
            return self.reader.read(data)
        except HomewardError as error:
            if count > 1:
                error.message = f"Photo {number} of {count}: {error.message}"
            raise

    def check_count(self, count: int, already: int = 0) -> None:
        """Whether a report that has ``already`` some may get ``count`` photos more."""
        if not count:
            raise InvalidInput("No photo came.", field="photo", hint="Send it as a file named photo.")
        if count > MAX_PHOTOS - already:
            raise InvalidInput(
                f"A report takes one to {MAX_PHOTOS} photos; it would have {count + already}.",
                field="photo",
                hint="Choose the best ones.",
            )


def check_time(happened_at: datetime | None, clock: Clock) -> None:
    """Refuse the future and the distant past."""
    if happened_at is None:
        return
    if happened_at > clock.now() + MAX_AHEAD:
        hint = "Check the date, the time, and the clock and time zone of your device."
        raise InvalidInput("That moment has not come yet.", field="happened_at", hint=hint)
    if happened_at < EARLIEST:
        raise InvalidInput("That is too long ago.", field="happened_at", hint="Check the year.")


def check_text(field: str, value: str | None, most: int) -> None:
    """Refuse what is too long, holds control characters or halves of signs, or has lines where one is wanted."""
    if value is None:
        return
    if any(0xD800 <= ord(sign) < 0xE000 for sign in value):
        raise InvalidInput(f"{field} is no whole text.", field=field, hint="Send plain text.")
    if field in ONE_LINE and any(sign in LINE_ENDS for sign in value):
        raise InvalidInput(f"{field} has more than one line.", field=field, hint="Send one line.")
    if field in ONE_LINE and not value.strip():
        raise InvalidInput(f"{field} is blank.", field=field, hint="Leave it out.")
    if len(value) > most:
        raise InvalidInput(f"{field} is longer than {most} characters.", field=field, hint="Shorten it.")
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\r\t" for sign in value):
        raise InvalidInput(f"{field} holds control characters.", field=field, hint="Send plain text.")
