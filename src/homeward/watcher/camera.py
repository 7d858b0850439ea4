"""One camera: frames in, the best crop of every animal and window out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from homeward.domain.animals import Animal, Detection, Label, Picture, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, cut
from homeward.domain.tracks import Track, Tracker
from homeward.ports import Detector
from homeward.watcher.areas import Areas
from homeward.watcher.capture import Frame
from homeward.watcher.crops import Crop, crop_of
from homeward.watcher.motion import MotionGate, joined
from homeward.watcher.repeats import Repeats

BETTER = 1.2  # times as good as what was sent before
AGAIN_S, STILL_S, AGAIN_STILL_S = 0.5, 10.0, 15.0
PATIENCE_S, PATIENCE_STILL_S = 2.0, 35.0  # how long it may be out of sight
STEP_SHARE = 0.25  # of its size an animal must have moved to count as moving
AROUND = 0.6
LEAST_SEEN, LEAST_S = 2, 0.15  # frames, and for how long; what flickers up is no animal
BODIES = {Label.CAT, Label.DOG}
CUT_SHARE, WIDER = 0.04, 1.0  # of a region: how near its edge a box is cut off, and how much wider the next look is
LINGER_S = 3.0  # how long after the last motion every frame is still wanted


@dataclass(frozen=True, slots=True)
class Sight:
    """What is sent: the best crop of a track within a window, and when it was taken."""

    track: int
    crop: Crop
    time_s: float
    at: datetime


@dataclass(slots=True)
class Counts:
    """What a camera did so far."""

    frames: int = 0
    detector_runs: int = 0
    frames_with_animal: int = 0
    tracks: int = 0
    sent: int = 0
    repeats: int = 0
    dropped_for_people: int = 0


@dataclass(slots=True)
class View:
    """What of the last frame was looked at, and what was seen on it; for people who tune a camera."""

    frame: Frame | None = None
    regions: list[Box] = field(default_factory=list)
    animals: list[tuple[int, Animal]] = field(default_factory=list)
    people: list[Box] = field(default_factory=list)


@dataclass(slots=True)
class _Followed:
    """A track's best crop of the present window, and what was sent of it."""

    track: Track
    window_from_s: float
    home: Box
    since_s: float
    looked_s: float
    best: Sight | None = None
    sent_quality: float = 0.0
    face_sent: bool = False

    def is_still(self, time_s: float) -> bool:
        """Whether it has not moved for a while: sleeping, or no animal at all."""
        return time_s - self.since_s > STILL_S


@dataclass(slots=True)
class CameraWatch:
    """Motion gate -> detector on what moves -> tracks -> best crop per track and window of ``window_s`` seconds.

    Animals below the ``least`` confidence of their species, or outside of the ``areas`` that count, are not seen.
    """

    detector: Detector
    window_s: float = 3.0
    areas: Areas = field(default_factory=Areas)
    least: Mapping[Species, float] = field(default_factory=dict)
    repeats: Repeats | None = None
    counts: Counts = field(default_factory=Counts)
    view: View = field(default_factory=View)
    _gate: MotionGate = field(default_factory=MotionGate)
    _tracker: Tracker = field(default_factory=Tracker)
    _followed: dict[int, _Followed] = field(default_factory=dict)
    _busy_until_s: float = float("-inf")

    def is_busy(self, time_s: float) -> bool:
        """Whether something moved a moment ago, so that every frame is wanted."""
        return time_s < self._busy_until_s

    def look(self, frame: Frame, *, is_alone: bool = False) -> list[Sight]:
        """One frame; what is to be sent now.

        A key frame ``is_alone`` where those around it were not decoded: if something moves on it, it is only the call
        for them, and comes again in its turn.
        """
        regions = self._regions(frame)
        if is_alone and self.is_busy(frame.time_s):
            return []
        self.counts.frames += 1
        self.view.frame, self.view.regions, self.view.animals, self.view.people = frame, regions, [], []
        if regions:
            picture = self.areas.without_hidden(frame.picture)
            animals, people = self._seen(picture, regions)
            self.view.people = people
            self.counts.frames_with_animal += bool(animals)
            for track, animal in self._tracker.update(frame.time_s, animals):
                self.view.animals.append((track.id, animal))
                self._follow(track, animal, people, picture, frame)
        return list(self._due(frame.time_s))

    def finish(self) -> list[Sight]:
        """At the end of a clip: what is left."""
        return list(self._due(float("inf")))

    def _regions(self, frame: Frame) -> list[Box]:
        """What moves, and where followed animals are due to be looked at again; still ones rarely."""
        width, height = frame.size
        found = self._gate.regions(frame, self.areas.watched(*frame.grey.shape[::-1]))
        if self._gate.stirs:
            self._busy_until_s = frame.time_s + LINGER_S
        for followed in self._followed.values():
            still = followed.is_still(frame.time_s)
            followed.track.patience_s = PATIENCE_STILL_S if still else PATIENCE_S
            if frame.time_s - followed.looked_s >= (AGAIN_STILL_S if still else AGAIN_S):
                followed.looked_s = frame.time_s
                found.append(followed.track.expected(frame.time_s).grown(AROUND).clipped(width, height))
        return joined([box for box in found if box.area > 0], width, height)

    def _seen(self, picture: Picture, regions: Sequence[Box]) -> tuple[tuple[Animal, ...], list[Box]]:
        """Animals and people; where a region cut an animal off, a wider one is looked at instead."""
        height, width = picture.shape[:2]
        found = self._detected(picture, regions)
        wider = [
            region.grown(WIDER).clipped(width, height) if _cuts(region, seen, width, height) else None
            for region, seen in zip(regions, found, strict=True)
        ]
        again = iter(self._detected(picture, [box for box in wider if box is not None]))
        seen = [d for old, box in zip(found, wider, strict=True) for d in (old if box is None else next(again))]
        animals = tuple(
            animal
            for animal in animals_from(seen, width, height)
            if animal.confidence >= self.least.get(animal.species, 0.0) and self.areas.counts(animal.box, width, height)
        )
        return animals, [d.box for d in seen if d.label is Label.PERSON]

    def _detected(self, picture: Picture, regions: Sequence[Box]) -> list[list[Detection]]:
        """What the detector sees in each region, in pixels of the picture."""
        self.counts.detector_runs += len(regions)
        answers = self.detector.detect([cut(picture, box) for box in regions]) if regions else []
        found = []
        for region, seen in zip(regions, answers, strict=True):
            x, y = max(0, round(region.x0)), max(0, round(region.y0))
            found.append(
                [
                    Detection(Box(d.box.x0 + x, d.box.y0 + y, d.box.x1 + x, d.box.y1 + y), d.label, d.confidence)
                    for d in seen
                ]
            )
        return found

    def _follow(self, track: Track, animal: Animal, people: Sequence[Box], picture: Picture, frame: Frame) -> None:
        now = frame.time_s
        followed = self._followed.get(track.id)
        if followed is None:
            self.counts.tracks += 1
            followed = self._followed[track.id] = _Followed(track, now, animal.box, now, now)
        followed.looked_s = now
        if _moved(followed.home, animal.box):
            followed.home, followed.since_s = animal.box, now
            self._busy_until_s = max(self._busy_until_s, now + LINGER_S)
        crop = crop_of(picture, animal, people)
        if crop is None:
            self.counts.dropped_for_people += 1
        elif followed.best is None or crop.quality > followed.best.crop.quality:
            followed.best = Sight(track.id, crop, now, frame.at)

    def _due(self, time_s: float) -> Iterator[Sight]:
        """Best crops of windows that are over and of tracks that ended."""
        alive = {track.id for track in self._tracker.tracks if track.is_alive(time_s)}
        for number, followed in list(self._followed.items()):
            if number not in alive or time_s - followed.window_from_s >= self.window_s:
                yield from self._closed(followed)
                followed.window_from_s = time_s
            if number not in alive:
                del self._followed[number]

    def _closed(self, followed: _Followed) -> Iterator[Sight]:
        best, followed.best = followed.best, None
        track = followed.track
        if best is None or track.seen < LEAST_SEEN or track.last_s - track.first_s < LEAST_S:
            return
        shows_more = best.crop.has_face and not followed.face_sent
        if best.crop.quality > BETTER * followed.sent_quality or shows_more:
            followed.sent_quality = max(followed.sent_quality, best.crop.quality)
            followed.face_sent = followed.face_sent or best.crop.has_face
            if self.repeats is not None and self.repeats.is_one(best.crop, best.time_s, BETTER):
                self.counts.repeats += 1
                return
            self.counts.sent += 1
            yield best


def _moved(before: Box, now: Box) -> bool:
    size = max(1.0, (before.width + before.height) / 2)
    dx, dy = (now.x0 + now.x1 - before.x0 - before.x1) / 2, (now.y0 + now.y1 - before.y0 - before.y1) / 2
    return max(abs(dx), abs(dy)) > STEP_SHARE * size


def _cuts(region: Box, seen: Sequence[Detection], width: int, height: int) -> bool:
    """Whether an animal goes on beyond the region's edge, where the picture goes on too."""
    inner = (region.x0 > 1, region.y0 > 1, region.x1 < width - 1, region.y1 < height - 1)
    for box in (d.box for d in seen if d.label in BODIES):
        near = (box.x0 - region.x0, box.y0 - region.y0, region.x1 - box.x1, region.y1 - box.y1)
        least = CUT_SHARE * max(region.width, region.height)
        if any(is_inner and gap < least for is_inner, gap in zip(inner, near, strict=True)):
            return True
    return False
