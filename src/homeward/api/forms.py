"""Multipart forms and query strings: text in, typed values out; every refusal names its field."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from fastapi import Request
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from homeward.api.plain import unturned
from homeward.api.queries import Query
from homeward.domain.animals import Species
from homeward.domain.boxes import Box
from homeward.domain.places import Point
from homeward.errors import InvalidInput, PhotoKindUnsupported, PhotoTooLarge

MAX_FIELDS, MAX_FILES, MAX_FIELD_BYTES = 40, 11, 20_000
A_NUMBER = "Write it with digits, and with a point before decimals: 57.63."
DIGITS = "Write digits alone."
A_BOX = "For example 10,20,110,220."
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Form:
    """A parsed form: its texts, its photos, and a fingerprint of both."""

    fields: Mapping[str, str]
    photos: tuple[bytes, ...]

    @property
    def sha256(self) -> str:
        """The same for the same content, whatever the multipart boundary."""
        digest = hashlib.sha256()
        for name, value in sorted(self.fields.items()):
            digest.update(f"{len(name)}:{name}{len(value)}:{value}".encode())
        for photo in self.photos:
            digest.update(hashlib.sha256(photo).digest())
        return digest.hexdigest()


async def read_form(request: Request, allowed: frozenset[str], max_file_bytes: int) -> Form:
    """The form of a request; files under the name ``photo``.

    Raises:
        InvalidInput: an unknown, repeated or misplaced field.
        PhotoTooLarge: a file is over the limit.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise PhotoKindUnsupported("Send multipart/form-data.", field="Content-Type", hint="curl -F photo=@cat.jpg ...")
    fields: dict[str, str] = {}
    photos: list[bytes] = []
    limits = {"max_files": MAX_FILES, "max_fields": MAX_FIELDS, "max_part_size": MAX_FIELD_BYTES}
    try:
        form = await MultiPartParser(_byte_by_byte(request), request.stream(), **limits).parse()
    except MultiPartException as error:
        raise _unreadable(error.message) from error
    try:
        for bytes_of_name, value in form.multi_items():
            name = bytes_of_name.encode("latin-1").decode(errors="replace")
            if isinstance(value, UploadFile):
                photos.append(await _file(name, value, max_file_bytes))
            else:
                _put(fields, name, _text(name, value), allowed)
    finally:
        await form.close()
    return Form(fields, tuple(photos))


def _byte_by_byte(request: Request) -> Headers:
    """A sign for each byte: left alone, the parser takes what is not in UTF-8 for Latin-1, and nobody is told."""
    return Headers({"content-type": f"{request.headers['content-type']}; charset=latin-1"})


def _text(name: str, byte_by_byte: str) -> str:
    try:
        return byte_by_byte.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{name[:60]} is not in UTF-8.", field=name[:60], hint="Send texts in UTF-8.") from None


def _unreadable(why: str) -> InvalidInput:
    """What Starlette says of a form, in our words."""
    if why.startswith("Too many files"):
        return InvalidInput("More than ten photos came with the form.", field="photo", hint="Send one to ten.")
    if why.startswith("Too many fields"):
        message = f"More than {MAX_FIELDS} fields came with the form."
        return InvalidInput(message, field="body", hint="Send each field once.")
    if why.startswith("Part exceeded"):
        hint = "Shorten it. A photo is sent as a file, with a name of one: curl -F photo=@cat.jpg ..."
        return InvalidInput(f"A field has more than {MAX_FIELD_BYTES} bytes.", field="body", hint=hint)
    hint = "Let a library or curl write the form: curl -F shelf=lost -F photo=@cat.jpg ..."
    return InvalidInput("The form cannot be read.", field="body", hint=hint)


async def _file(name: str, value: UploadFile, most: int) -> bytes:
    if name != "photo":
        raise InvalidInput(f"There is no file field {name[:60]!r}.", field=name[:60], hint="Name files photo.")
    if value.size is not None and value.size > most:
        raise PhotoTooLarge(
            f"The photo has {value.size / 1e6:.1f} MB; {most / 1e6:g} MB is the most.",
            field="photo",
            hint="Send a smaller copy.",
        )
    return await value.read()


def _put(fields: dict[str, str], name: str, value: str, allowed: frozenset[str]) -> None:
    if name == "photo":
        raise InvalidInput("A photo is sent as a file.", field="photo", hint="curl -F photo=@cat.jpg ...")
    if name not in allowed:
        known = ", ".join(sorted(allowed))
        raise InvalidInput(
            f"There is no field {name[:60]!r}.", field=name[:60] or "body", hint=f"There are {known} and photo."
        )
    if name in fields:
        raise InvalidInput(f"{name} is given twice.", field=name, hint="Send it once.")
    if value != "":
        fields[name] = unturned(value)


def point(fields: Mapping[str, str], prefix: str = "") -> Point | None:
    """Latitude and longitude, both or neither."""
    lat, lon = number(fields, f"{prefix}lat"), number(fields, f"{prefix}lon")
    if lat is None and lon is None:
        return None
    for name, value in ((f"{prefix}lat", lat), (f"{prefix}lon", lon)):
        if value is None:
            raise InvalidInput("Latitude and longitude come together.", field=name, hint="Send both, or neither.")
    assert lat is not None
    assert lon is not None
    if not -90 <= lat <= 90:
        raise InvalidInput(f"{lat:g} is no latitude.", field=f"{prefix}lat", hint="-90 to 90 degrees")
    if not -180 <= lon <= 180:
        raise InvalidInput(f"{lon:g} is no longitude.", field=f"{prefix}lon", hint="-180 to 180 degrees")
    return Point(lat, lon)


def number(
    fields: Mapping[str, str], name: str, *, least: float = -math.inf, most: float = math.inf, hint: str = A_NUMBER
) -> float | None:
    """A finite number."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        found = math.nan if "_" in value else float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or not least <= found <= most:
        wanted = "a number" if math.isinf(most) else f"a number from {least:g} to {most:.9g}"
        raise InvalidInput(f"{name} must be {wanted}.", field=name, hint=hint)
    return found


def whole(fields: Mapping[str, str], name: str, *, least: int, most: int) -> int | None:
    """A whole number."""
    found = number(fields, name, least=least, most=most, hint=DIGITS)
    if found is not None and found != int(found):
        raise InvalidInput(f"{name} must be a whole number.", field=name, hint=DIGITS)
    return None if found is None else int(found)


def limit(fields: Mapping[str, str], query: Query) -> int:
    """How many a list shall give; as its table says where nothing is asked for."""
    told = query["limit"]
    return whole(fields, "limit", least=told["minimum"], most=told["maximum"]) or int(told["default"])


def numbers(fields: Mapping[str, str], name: str, *, most: int) -> tuple[int, ...]:
    """Whole numbers from 0 to ``most`` with commas between them; none where the field is absent."""
    given = fields.get(name)
    if given is None:
        return ()
    parts = [part.strip() for part in given.split(",")]
    if not all(
        part.isascii() and part.isdigit() and len(part) <= len(str(most)) and int(part) <= most for part in parts
    ):
        raise InvalidInput(f"{name} must be whole numbers from 0 to {most}.", field=name, hint="For example 0,2,0.")
    return tuple(int(part) for part in parts)


def moment(fields: Mapping[str, str], name: str) -> datetime | None:
    """A moment with its offset from UTC."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value.replace(" ", "+"))
        aware = found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        aware = None
    if aware is None:
        hint = "For example 2026-11-20T18:30:00+03:00 or 2026-11-20T15:30:00Z."
        raise InvalidInput(f"{name} must be a date and time with an offset (ISO 8601).", field=name, hint=hint)
    return aware


def choice(fields: Mapping[str, str], name: str, kind: type[E]) -> E | None:
    """One of a few words."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(kind)
        raise InvalidInput(f"{name} must be one of {words}.", field=name, hint=words) from None


def species(fields: Mapping[str, str]) -> Species | None:
    """cat, dog, or auto (None)."""
    if fields.get("species") in {None, "auto"}:
        return None
    try:
        return choice(fields, "species", Species)
    except InvalidInput:
        raise InvalidInput("species must be cat, dog or auto.", field="species", hint="cat, dog, auto") from None


def flag(fields: Mapping[str, str], name: str) -> bool:
    """True or false."""
    value = fields.get(name, "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise InvalidInput(f"{name} must be true or false.", field=name, hint="true or false")
    return value in {"true", "1"}


def box(fields: Mapping[str, str], name: str) -> Box | None:
    """Four numbers: left, top, right, bottom."""
    value = fields.get(name)
    if value is None:
        return None
    parts = value.split(",")
    sides = [number({name: part}, name) for part in parts] if len(parts) == 4 else []
    if len(sides) != 4 or any(side is None for side in sides):
        raise InvalidInput(f"{name} must be four numbers: left,top,right,bottom in pixels.", field=name, hint=A_BOX)
    x0, y0, x1, y1 = (float(side or 0.0) for side in sides)
    if x1 <= x0 or y1 <= y0:
        raise InvalidInput(f"{name} is empty: right and bottom come after left and top.", field=name, hint=A_BOX)
    return Box(x0, y0, x1, y1)


def known_only(request: Request, allowed: Query) -> None:
    """Refuse query parameters that do not exist, so that a misspelt filter cannot go unseen."""
    for name in request.query_params:
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            raise InvalidInput(f"There is no filter {name[:60]!r}.", field=name[:60], hint=f"There are {known}.")
