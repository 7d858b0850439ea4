"""One camera: frames in, the best crop of every animal and window out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from homeward.domain.animals import Animal, Detection, Label, Picture, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, cut, on_picture
from homeward.domain.tracks import Track, Tracker
from homeward.ports import Detector
from homeward.watcher.areas import Areas
from homeward.watcher.closer import closer
from homeward.watcher.combing import mended
from homeward.watcher.crops import Crop
from homeward.watcher.following import BETTER, Followed, candidate
from homeward.watcher.frames import Frame
from homeward.watcher.motion import MotionGate, joined
from homeward.watcher.repeats import Repeats

AGAIN_S, AGAIN_STILL_S = 1.0, 15.0
PATIENCE_S, PATIENCE_STILL_S = 2.0, 35.0  # how long it may be out of sight
GAPS = 2.5  # or so many times what lies between two frames, where only key frames are decoded
AROUND = 0.6
BODIES = {Label.CAT, Label.DOG}
CUT_SHARE, WIDER = 0.04, 1.0  # of a region: how near its edge a box is cut off, and how much wider the next look is
LINGER_S = 3.0  # how long after the last motion every frame is still wanted
FOLLOW_PX = (256, 320, 416)  # sides to which a region is shrunk in which an animal is followed: 256 costs 0.4 of 416
UNSURE = 0.5  # share of the detector's threshold from which on it is heard where an animal is followed
FAINT = 1.5  # times the threshold: a mean confidence below that
KNOWN_S, KNOWN_PX, INSIDE = 1.0, 80.0, 0.9  # seen so lately, so large then, so much of it inside: found again so


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
class CameraWatch:
    """Motion gate -> detector on what moves -> tracks -> best crop per track and window of ``window_s`` seconds.

    ``finder``, where there is one, looks for animals instead of the ``detector``, which then only looks closer.
    ``followers`` see bodies alone, each on pictures of so many pixels: the smallest on which an animal that is followed
    will be seen looks where it is known to be. Animals below the ``least`` confidence of their species, or outside of
    the ``areas`` that count, are not seen. A body less than ``sure`` is seen only where an animal was a moment ago; a
    track is an animal once all its looks together are as sure as two such.
    """

    detector: Detector
    window_s: float = 3.0
    areas: Areas = field(default_factory=Areas)
    least: Mapping[Species, float] = field(default_factory=dict)
    sure: Mapping[Species, float] = field(default_factory=dict)
    repeats: Repeats | None = None
    finder: Detector | None = None
    followers: Mapping[int, Detector] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    view: View = field(default_factory=View)
    _gate: MotionGate = field(default_factory=MotionGate)
    _tracker: Tracker = field(default_factory=Tracker)
    _followed: dict[int, Followed] = field(default_factory=dict)
    _busy_until_s: float = float("-inf")
    _last_s: float = float("inf")

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
        view = View(frame, regions)
        if regions:
            picture = mended(self.areas.without_hidden(frame.picture), regions)
            animals, unsure, people = self._seen(picture, regions, frame.time_s)
            view.people = people
            tracked = self._tracker.update(frame.time_s, animals, unsure)
            self.counts.frames_with_animal += bool(tracked)
            picture = mended(picture, [animal.box for _, animal in tracked])  # a comb drowns in a large region
            for track, animal in tracked:
                view.animals.append((track.id, animal))
                self._follow(track, animal, people, picture, frame)
        self.view = view  # whole, since others look at it meanwhile
        return list(self._due(frame.time_s))

    def due(self, time_s: float) -> list[Sight]:
        """What is to be sent by now, though no frame came."""
        return list(self._due(time_s))

    def finish(self) -> list[Sight]:
        """At the end of a clip: what is left."""
        return list(self._due(float("inf")))

    def _regions(self, frame: Frame) -> list[Box]:
        """What moves, and where followed animals are due to be looked at again; still ones rarely.

        What moves beside a followed animal is looked at together with all of it: nothing is cut off, and seen twice.
        """
        width, height = frame.size
        gap_s, self._last_s = frame.time_s - self._last_s, frame.time_s
        found = self._gate.regions(frame, self.areas.watched(*frame.grey.shape[::-1]))
        if self._gate.stirs:
            self._busy_until_s = frame.time_s + LINGER_S
        for followed in self._followed.values():
            followed.looked_for(frame.time_s)
            still = followed.is_still(frame.time_s)
            followed.track.patience_s = max(PATIENCE_STILL_S if still else PATIENCE_S, GAPS * gap_s)
            expected = followed.track.expected(frame.time_s)
            beside = [box for box in found if box.overlap(expected).area > 0]
            if beside or frame.time_s - followed.looked_s >= (AGAIN_STILL_S if still else AGAIN_S):
                followed.looked_s = frame.time_s
                around = expected.grown(AROUND).clipped(width, height)
                found = [box for box in found if box not in beside] + [_union([around, *beside])]
        return joined([box for box in found if box.area > 0], width, height)

    def _seen(
        self, picture: Picture, regions: Sequence[Box], time_s: float
    ) -> tuple[list[Animal], list[Animal], list[Box]]:
        """Animals, what may be some, and people; where a region cut one off, a wider one is looked at instead."""
        height, width = picture.shape[:2]
        found = self._looked_at(picture, regions, time_s)
        wider = [
            region.grown(WIDER).clipped(width, height) if self._cuts(region, seen, width, height) else None
            for region, seen in zip(regions, found, strict=True)
        ]
        again = iter(self._detected(picture, [box for box in wider if box is not None], self._finder))
        seen = [d for old, box in zip(found, wider, strict=True) for d in (old if box is None else next(again))]
        unsure = [d for d in seen if not self._is_sure(d)]
        animals = self._counting(animals_from([d for d in seen if self._is_sure(d)], width, height), width, height)
        maybe = self._counting(animals_from([d for d in unsure if d.label in BODIES], width, height), width, height)
        return animals, maybe, [d.box for d in seen if d.label is Label.PERSON]

    def _counting(self, animals: Sequence[Animal], width: int, height: int) -> list[Animal]:
        return [
            animal
            for animal in animals
            if animal.confidence >= self.least.get(animal.species, 0.0) and self.areas.counts(animal.box, width, height)
        ]

    def _cuts(self, region: Box, seen: Sequence[Detection], width: int, height: int) -> bool:
        """Whether the region cuts off an animal that is surely one."""
        bodies = (d.box for d in seen if d.label in BODIES and self._is_sure(d))
        return any(_is_cut(region, box, width, height) for box in bodies)

    def _is_sure(self, seen: Detection) -> bool:
        return seen.label not in BODIES or seen.confidence >= self.sure.get(Species(seen.label.value), 0.0)

    def _looked_at(self, picture: Picture, regions: Sequence[Box], time_s: float) -> list[list[Detection]]:
        """What is in each region, seen by the detector that fits it; those of one detector go together."""
        sides = [self._side(region, time_s) for region in regions]
        found: dict[int, list[Detection]] = {}
        for side in set(sides):
            numbers = [number for number, own in enumerate(sides) if own == side]
            detector = self.followers.get(side, self._finder)
            seen = self._detected(picture, [regions[number] for number in numbers], detector)
            found.update(zip(numbers, seen, strict=True))
        return [found[number] for number in range(len(regions))]

    @property
    def _finder(self) -> Detector:
        return self.finder or self.detector

    def _side(self, region: Box, time_s: float) -> int:
        """On how many pixels an animal that was seen there a moment ago is large enough; 0 where none was plainly."""
        near = [
            track
            for track in (followed.track for followed in self._followed.values())
            if time_s - track.last_s <= KNOWN_S and track.expected(time_s).share_inside(region) >= INSIDE
        ]
        if not near or not self.followers or any(self._is_faint(track) for track in near):
            return 0
        known = [min(track.box.width, track.box.height) for track in near]
        needed = KNOWN_PX / max(1.0, min(known)) * max(region.width, region.height)
        return min((side for side in self.followers if side >= needed), default=max(self.followers))

    def _is_faint(self, track: Track) -> bool:
        """Whether it was hardly seen so far, so that less than the whole detector would lose it."""
        return track.evidence < FAINT * self.sure.get(track.species, 0.0) * track.seen

    def _detected(self, picture: Picture, regions: Sequence[Box], detector: Detector) -> list[list[Detection]]:
        """What the detector sees in each region, in pixels of the picture."""
        if not regions:
            return []
        self.counts.detector_runs += len(regions)
        return on_picture(regions, detector.detect([cut(picture, box) for box in regions]))

    def _follow(self, track: Track, animal: Animal, people: Sequence[Box], picture: Picture, frame: Frame) -> None:
        now = frame.time_s
        followed = self._followed.get(track.id)
        if followed is None:
            self.counts.tracks += 1
            least = self.sure.get(animal.species, 0.0)
            self._busy_until_s = max(self._busy_until_s, now + LINGER_S)
            followed = self._followed[track.id] = Followed(track, now, animal.box, now, now, least)
        followed.looked_s = now
        if followed.moved(animal, now):
            self._busy_until_s = max(self._busy_until_s, now + LINGER_S)
        found = candidate(picture, animal, people, now, frame.at)
        if found is None:
            self.counts.dropped_for_people += 1
        else:
            followed.offer(found, self.window_s)

    def _due(self, time_s: float) -> Iterator[Sight]:
        """Best crops of windows that are over and of tracks that ended."""
        alive = {track.id for track in self._tracker.tracks if track.is_alive(time_s)}
        for number, followed in list(self._followed.items()):
            if number not in alive or time_s - followed.window_from_s >= self.window_s:
                yield from self._closed(followed)
                followed.window_from_s = time_s
            if number not in alive:
                del self._followed[number]

    def _closed(self, followed: Followed) -> Iterator[Sight]:
        candidates = followed.taken()
        if not candidates:
            return
        self.counts.detector_runs += len(candidates)
        best = closer(self.detector, candidates, followed.track.species)
        if best is None:
            self.counts.dropped_for_people += 1
            return
        crop, seen = best
        if not followed.is_worth(crop):
            return
        if self.repeats is not None and self.repeats.is_one(crop, seen.time_s, BETTER):
            self.counts.repeats += 1
            return
        self.counts.sent += 1
        yield Sight(followed.track.id, crop, seen.time_s, seen.moment)


def _union(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.x0 for box in boxes), min(box.y0 for box in boxes),
        max(box.x1 for box in boxes), max(box.y1 for box in boxes),
    )  # fmt: skip


def _is_cut(region: Box, box: Box, width: int, height: int) -> bool:
    """Whether an animal goes on beyond the region's edge, where the picture goes on too."""
    inner = (region.x0 > 1, region.y0 > 1, region.x1 < width - 1, region.y1 < height - 1)
    near = (box.x0 - region.x0, box.y0 - region.y0, region.x1 - box.x1, region.y1 - box.y1)
    least = CUT_SHARE * max(region.width, region.height)
    return any(is_inner and gap < least for is_inner, gap in zip(inner, near, strict=True))
