"""Photos from one storage to another, each read back and compared. Never removes one; begun anew it goes on."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from homeward.domain.ids import ContentHash
from homeward.errors import NotFound, PhotoStoreUnavailable
from homeward.ports import PhotoStorage

AT_ONCE = 8
BATCH = 256


class Outcome(Enum):
    """What became of one photo."""

    COPIED = "copied"
    ALREADY = "already"
    DAMAGED = "damaged"
    GONE = "gone"


@dataclass(slots=True)
class Moved:
    """How many were copied, were there already, or were erased meanwhile; and which are damaged and stayed behind."""

    copied: int = 0
    already: int = 0
    gone: int = 0
    damaged: tuple[ContentHash, ...] = ()


def copy_photos(source: PhotoStorage, target: PhotoStorage, told: Callable[[int], None]) -> Moved:
    """Copy all of ``source`` into ``target``; ``told`` hears how many are done.

    Raises:
        PhotoStoreUnavailable: one of the two does not answer; what is copied stays.
        StorageFull: the target is full.
    """
    moved = Moved()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for some in _batches(found for found, _ in source.hashes()):
            outcomes = list(pool.map(lambda each: _copy(source, target, each), some))
            moved.copied += outcomes.count(Outcome.COPIED)
            moved.already += outcomes.count(Outcome.ALREADY)
            moved.gone += outcomes.count(Outcome.GONE)
            moved.damaged += tuple(h for h, o in zip(some, outcomes, strict=True) if o is Outcome.DAMAGED)
            told(moved.copied + moved.already)
    return moved


def _batches(hashes: Iterator[ContentHash]) -> Iterator[list[ContentHash]]:
    while some := list(islice(hashes, BATCH)):
        yield some


def _copy(source: PhotoStorage, target: PhotoStorage, content_hash: ContentHash) -> Outcome:
    if target.has(content_hash):
        return Outcome.ALREADY
    try:
        jpeg = source.get(content_hash)
    except NotFound:
        return Outcome.GONE
    if hashlib.sha256(jpeg).hexdigest() != content_hash:
        return Outcome.DAMAGED
    target.put(content_hash, jpeg)
    if target.get(content_hash) != jpeg:
        target.remove(content_hash)
        raise PhotoStoreUnavailable("A photo came back changed.", hint="The target loses or changes what it is given.")
    return Outcome.COPIED
