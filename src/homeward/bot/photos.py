"""Photos of a report that is being told of: taken in, looked at, out of videos too."""

import asyncio
from collections.abc import Sequence
from typing import Any

from homeward.bot import video
from homeward.bot.talk import File, FileGone, Pictures
from homeward.bot.turn import State, Turn
from homeward.errors import (
    HomewardError,
    ModelUnavailable,
    PayloadTooLarge,
    PhotoKindUnsupported,
    PhotoTooLarge,
    PhotoUnreadable,
)

MOST = 10
FRAMES = 4
LONGEST_TEXT = 4000
UNREADABLE = (PhotoUnreadable, PhotoKindUnsupported, PhotoTooLarge, PayloadTooLarge)


async def take(turn: Turn, said: Pictures) -> bool:
    """Add what was sent to the draft; whether any photo was of use. Tells what was not, and that its words are kept."""
    files = await _without_videos(turn, said.files)
    elsewhere = turn.draft.get("next", {}).get("photos", [])
    known = {_name(kept) for kept in (*turn.draft.setdefault("photos", []), *elsewhere)}
    new = [file for file in files if _name(_kept(file)) not in known]
    if len(known) + len(new) > MOST:
        turn.say("too_many_photos")
    looked = await asyncio.gather(*(_look(turn, file) for file in new[: max(0, MOST - len(known))]))
    for problem in dict.fromkeys(problem for problem, _ in looked if problem):
        turn.say(problem)
    good = [(file, seen) for file, (problem, seen) in zip(new, looked, strict=False) if not problem]
    for file, seen in good:
        turn.draft["photos"].append({**_kept(file), "animals": [animal["species"] for animal in seen or ()]})
        _note(turn.draft, seen)
    if good or (files and not new):
        describe(turn.draft, said.caption)
        return True
    if turn.step and describe(turn.draft, said.caption):
        turn.say("words_noted")
    return False


async def contents(turn: Turn) -> list[bytes]:
    """The photos of the draft.

    Raises:
        FileGone: the messenger does not have one any more.
    """
    return list(await asyncio.gather(*(read(turn, _file(kept)) for kept in turn.draft["photos"])))


async def read(turn: Turn, file: File) -> bytes:
    """A photo, or the meant moment of a video."""
    data = await turn.fetch(file)
    if file.kind == "photo" or file.at_s is None:
        return data
    frame = await asyncio.to_thread(video.frame_at, data, file.at_s)
    if frame is None:
        raise FileGone("The video cannot be read.")
    return frame


async def as_photos(turn: Turn, said: Pictures) -> list[bytes]:
    """What was sent, as photos; tells what is of no use."""
    found: list[bytes] = []
    for file in (await _without_videos(turn, said.files))[:MOST]:
        try:
            found.append(await read(turn, file))
        except FileGone:
            turn.say("file_too_large")
    return found


async def readable(turn: Turn, said: Pictures) -> list[bytes]:
    """What was sent, as photos that the server can open; tells which it cannot."""
    found: list[bytes] = []
    unread: list[int] = []
    for number, file in enumerate(said.files, start=1):
        for photo in await as_photos(turn, Pictures((file,))):
            if await _opens(turn, photo):
                found.append(photo)
            else:
                unread.append(number)
    say_unread(turn, unread, of=len(said.files))
    return found[:MOST]


async def _opens(turn: Turn, photo: bytes) -> bool:
    try:
        await turn.person.detect([photo])
    except UNREADABLE:
        return False
    except ModelUnavailable:  # it was opened, and nobody could look for animals
        return True
    return True


def say_unread(turn: Turn, numbers: Sequence[int], *, of: int) -> None:
    """Which of the ``of`` photos that were sent together could not be opened, counted from 1."""
    if numbers and of == 1:
        turn.say("photo_unreadable")
    elif numbers:
        turn.say("photos_unreadable", of=of, which=", ".join(map(str, dict.fromkeys(numbers))))


async def _without_videos(turn: Turn, files: Sequence[File]) -> list[File]:
    """Videos become their sharpest moments."""
    found: list[File] = []
    for file in files:
        if file.kind == "photo":
            found.append(file)
            continue
        try:
            moments = await asyncio.to_thread(video.sharpest_moments, await turn.fetch(file), FRAMES)
        except FileGone:
            turn.say("file_too_large")
            continue
        turn.say("frames" if moments else "unknown.video")
        found += [File(file.id, "video", file.size_bytes, at_s) for at_s in moments]
    return found


async def _look(turn: Turn, file: File) -> tuple[str | None, list[Any] | None]:
    """What is wrong with the photo, and the animals on it (None: nobody could look)."""
    try:
        (seen,) = await turn.person.detect([await read(turn, file)])
    except FileGone:
        return "file_too_large", None
    except UNREADABLE:
        return "photo_unreadable", None
    except ModelUnavailable:
        return None, None
    except HomewardError as error:
        if error.status < 500:
            return "photo_unreadable", None
        raise
    return None, list(seen["animals"])


def joined(one: str | None, other: str | None) -> str | None:
    """Both, one below the other, as far as a description may go."""
    return "\n".join(part for part in (one, other) if part)[:LONGEST_TEXT] or None


def describe(draft: State, words: str) -> bool:
    """What was written beside photos describes the animal, once; commands do not. Whether there was something new."""
    said = draft.get("description", "")
    new = [line for line in words.splitlines() if not line.startswith("/") and line not in said.splitlines()]
    if any(new):
        draft["description"] = joined(said, "\n".join(new))
    return any(new)


def _note(draft: State, animals: list[Any] | None) -> None:
    if animals is None:
        draft["unseen"] = True
        return
    draft["animals"] = [[animal["species"], animal["box"][0]] for animal in animals]
    if animals:
        best = max(animals, key=lambda animal: animal["confidence"])
        if best["confidence"] > draft.get("confidence", 0.0):
            draft |= {"seen": best["species"], "confidence": best["confidence"]}


def _kept(file: File) -> State:
    return {"id": file.id, "kind": file.kind, "at_s": file.at_s}


def _file(kept: State) -> File:
    return File(kept["id"], kept["kind"], None, kept["at_s"])


def _name(kept: State) -> tuple[str, float | None]:
    return kept["id"], kept["at_s"]
