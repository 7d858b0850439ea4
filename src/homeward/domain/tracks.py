"""Tracks: which box of one moment is which animal of the moment before."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from homeward.domain.animals import Animal, Species
from homeward.domain.boxes import Box

REACH = 1.2
"""An animal is looked for within so many of its own sizes of where it should be."""

REACH_UNSURE = 0.5
"""The same for what the detector is not sure of: it may only go on from where an animal was seen."""

UNSURE_S = 3.0  # how long after its last sure look a track goes on with others
SIZES_ALIKE = 2.5
FOLLOWED = 0.5  # share of the newest step in the speed


@dataclass(slots=True)
class Track:
    """One animal, followed: where it is, how fast it moves (pixels a second), what kind it seems to be."""

    id: int
    box: Box
    first_s: float
    last_s: float
    sure_s: float = float("-inf")
    patience_s: float = 2.0
    speed: tuple[float, float] = (0.0, 0.0)
    votes: dict[Species, float] = field(default_factory=dict)
    seen: int = 0

    @property
    def evidence(self) -> float:
        """How sure all looks together were: their confidences added up."""
        return sum(self.votes.values())

    @property
    def species(self) -> Species:
        """The kind that most confidence was given to."""
        return max(self.votes, key=lambda kind: self.votes[kind])

    def is_alive(self, time_s: float) -> bool:
        """Whether it may still be seen again."""
        return time_s - self.last_s <= self.patience_s

    def expected(self, time_s: float) -> Box:
        """Where it would be by now at its speed."""
        dx, dy = (step * (time_s - self.last_s) for step in self.speed)
        return Box(self.box.x0 + dx, self.box.y0 + dy, self.box.x1 + dx, self.box.y1 + dy)

    def follow(self, animal: Animal, time_s: float) -> None:
        """It was seen here now."""
        passed = time_s - self.last_s
        if self.seen and passed > 0:
            old, new = _centre(self.box), _centre(animal.box)
            step = [(b - a) / passed for a, b in zip(old, new, strict=True)]
            vx, vy = ((1 - FOLLOWED) * v + FOLLOWED * s for v, s in zip(self.speed, step, strict=True))
            self.speed = (vx, vy)
        self.box, self.last_s = animal.box, time_s
        self.votes[animal.species] = self.votes.get(animal.species, 0.0) + animal.confidence
        self.seen += 1


@dataclass(slots=True)
class Tracker:
    """Follows all animals of one camera. A track that is not seen for its ``patience_s`` ends."""

    tracks: list[Track] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def update(
        self, time_s: float, animals: Sequence[Animal], unsure: Sequence[Animal] = ()
    ) -> list[tuple[Track, Animal]]:
        """Give every animal its track, a new one where none fits; nearest pairs first.

        What is ``unsure`` goes on with a track that nothing else was given to, or is dropped: alone it is no animal,
        but where one was a moment ago it most likely is one still (ByteTrack, arXiv 2110.06864). Not for long,
        though (`UNSURE_S`): a thing that was taken for an animal once looks like one for ever.
        """
        self.tracks = [track for track in self.tracks if track.is_alive(time_s)]
        given = self._paired(time_s, self.tracks, animals, REACH)
        found = [(given.get(number) or self._new(animal, time_s), animal) for number, animal in enumerate(animals)]
        taken = {track.id for track, _ in found}
        free = [track for track in self.tracks if track.id not in taken and time_s - track.sure_s <= UNSURE_S]
        going_on = self._paired(time_s, free, unsure, REACH_UNSURE)
        for track, animal in found:
            track.follow(animal, time_s)
            track.sure_s = time_s
        for number, track in going_on.items():
            track.follow(unsure[number], time_s)
            found.append((track, unsure[number]))
        return found

    @staticmethod
    def _paired(time_s: float, tracks: Sequence[Track], animals: Sequence[Animal], reach: float) -> dict[int, Track]:
        """Tracks by the number of their animal."""
        pairs = sorted(
            (apart, t, a)
            for t, track in enumerate(tracks)
            for a, animal in enumerate(animals)
            if (apart := _apart(track.expected(time_s), track.box, animal.box)) is not None and apart <= reach
        )
        given: dict[int, Track] = {}
        taken: set[int] = set()
        for _, t, a in pairs:
            if t not in taken and a not in given:
                given[a] = tracks[t]
                taken.add(t)
        return given

    def _new(self, animal: Animal, time_s: float) -> Track:
        track = Track(next(self._numbers), animal.box, time_s, time_s)
        self.tracks.append(track)
        return track


def _apart(expected: Box, last: Box, seen: Box) -> float | None:
    """How far off, in sizes of the animal; None where it cannot be the same one."""
    sizes = math.sqrt(max(last.area, 1.0)), math.sqrt(max(seen.area, 1.0))
    if max(sizes) > SIZES_ALIKE * min(sizes):
        return None
    return min(math.dist(_centre(box), _centre(seen)) for box in (expected, last)) / max(sizes)


def _centre(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
