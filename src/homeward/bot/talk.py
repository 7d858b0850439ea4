"""What people say to the bot and what it says to them, in words that every messenger knows."""

from dataclasses import dataclass
from typing import Literal, Protocol

from homeward.errors import HomewardError


@dataclass(frozen=True, slots=True)
class File:
    """A file that lies at the messenger under ``id``; of a video, the moment ``at_s`` in seconds is meant."""

    id: str
    kind: Literal["photo", "video"] = "photo"
    size_bytes: int | None = None
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text; commands begin with a slash. ``message``: the messenger's name for it, where it can be changed later."""

    text: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """One to many photos or videos, with what was written under them."""

    files: tuple[File, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in degrees, unchecked."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Tap:
    """A button that carries ``data`` was tapped under the message ``message``; ``id`` is the messenger's own."""

    data: str
    message: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """The message ``message`` was changed after it had been sent; ``text`` is what it says now."""

    message: str
    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that is no use here: voice, sticker, file, contact, other, group."""

    kind: str


Said = Words | Pictures | Spot | Tap | Edited | Unknown


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that somebody said. ``numbers`` are those of the updates that it came in.

    Several of one ``group`` are one album.
    """

    numbers: tuple[int, ...]
    address: str
    language: str
    said: Said
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """Carries ``data`` back (at most 64 bytes), or opens the page at ``url``.

    ``app``: the same page for messengers that can show it in themselves and vouch there for who the person is.
    """

    label: str
    data: str = ""
    url: str = ""
    app: str = ""


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A text with buttons.

    ``keyboard`` place offers to send a place, labelled ``place_label``, with the buttons beside it; gone takes it away.
    """

    text: str
    buttons: Rows = ()
    keyboard: Literal["place", "gone"] | None = None
    place_label: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A picture (JPEG) with a text and buttons; in the place of the message ``replaces`` where that can be."""

    picture: bytes
    text: str
    buttons: Rows = ()
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Album:
    """Two to ten pictures (JPEG, caption) together."""

    pictures: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True, slots=True)
class Venue:
    """A place that a map app opens."""

    lat: float
    lon: float
    title: str
    text: str = ""


Out = Note | Card | Album | Venue


class Unreachable(HomewardError):
    """The person has blocked the bot, or is gone."""

    code = "unreachable"
    status = 410


class TryLater(HomewardError):
    """The messenger did not take it now."""

    code = "try_later"
    status = 503


class FileGone(HomewardError):
    """The messenger does not give the file: too large, too old."""

    code = "file_gone"
    status = 422


class Messenger(Protocol):
    """Carries what is said to people, and brings the files that they sent."""

    @property
    def name(self) -> str:
        """Short, small letters: telegram, console."""
        ...

    async def send(self, address: str, out: Out, *, urgent: bool) -> None:
        """Deliver; ``urgent`` answers go before news.

        Raises:
            Unreachable: nobody is there any more.
            TryLater: it did not go through.
        """
        ...

    async def taken(self, came: Incoming) -> None:
        """Show that an answer is on its way; may do nothing."""
        ...

    async def fetch(self, file: File) -> bytes:
        """The contents of a file.

        Raises:
            FileGone: it cannot be had.
            TryLater: not now.
        """
        ...
