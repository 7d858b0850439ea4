"""Following: one animal's pictures of a window in, the few that are worth a closer look out, and what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from homeward.domain.animals import Animal, Picture
from homeward.domain.boxes import Box
from homeward.domain.crops import cut
from homeward.domain.tracks import Track
from homeward.watcher.crops import Crop, crop_of

BETTER = 1.2  # times as good as what was sent before
FACE_LARGER = 1.3  # times as large as the face that was sent: so much more is seen of it
STILL_S = 10.0
STEP_SHARE = 0.25  # of its size an animal must have moved to count as moving
LEAST_SEEN, LEAST_S = 2, 0.15  # frames, and for how long; what flickers up is no animal
RARE_S = 0.9  # pictures that come so far apart, or further, show an animal that passes only once
SLOTS = 2  # parts of a window; the best of each is looked at closer
CLOSER = 0.4  # of its size that is kept around an animal for the closer look


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture of the animal with more around it than is sent; boxes are on the frame it was cut from."""

    crop: Crop
    around: Picture
    at: Box
    people: tuple[Box, ...]
    time_s: float
    moment: datetime


@dataclass(slots=True)
class Followed:
    """A track, the best pictures of its present window, and what was sent of it. One look is sure from ``least`` on."""

    track: Track
    window_from_s: float
    home: Box
    since_s: float
    looked_s: float
    least: float
    sent_quality: float = 0.0
    sent_face_px: float = 0.0
    _was_looked_for: bool = False
    _best: dict[int, Candidate] = field(default_factory=dict)

    def is_still(self, time_s: float) -> bool:
        """Whether it has not moved for a while: it sleeps, or is no animal."""
        return time_s - self.since_s > STILL_S

    def looked_for(self, time_s: float) -> None:
        """Another frame came: one so soon would have shown it again."""
        self._was_looked_for |= time_s - self.track.first_s < RARE_S

    def moved(self, animal: Animal, time_s: float) -> bool:
        """Whether it went somewhere since it last did; that is remembered."""
        if not _is_step(self.home, animal.box):
            return False
        self.home, self.since_s = animal.box, time_s
        return True

    def offer(self, candidate: Candidate, window_s: float) -> None:
        """Keep the picture where it is the best of its part of the window."""
        slot = min(SLOTS - 1, int((candidate.time_s - self.window_from_s) / window_s * SLOTS))
        known = self._best.get(slot)
        if known is None or candidate.crop.quality > known.crop.quality:
            self._best[slot] = candidate

    def taken(self) -> list[Candidate]:
        """The window's pictures that may be sent, best first; none of what was there too shortly. The next begins."""
        found, self._best = sorted(self._best.values(), key=lambda each: -each.crop.quality), {}
        return [each for each in found if self._is_animal and self._may_be_worth(each.crop)]

    @property
    def _is_animal(self) -> bool:
        """Whether it was there for as long as could be seen, and all looks together are sure enough."""
        lasts = self.track.seen >= LEAST_SEEN and self.track.last_s - self.track.first_s >= LEAST_S
        return (lasts or not self._was_looked_for) and self.track.evidence >= LEAST_SEEN * self.least

    def _may_be_worth(self, crop: Crop) -> bool:
        """Whether a closer look might find more than was sent: a face at all, or a better picture with one."""
        return self.sent_face_px == 0 or crop.most_quality > self.sent_quality

    def is_worth(self, crop: Crop) -> bool:
        """Whether it is better than what was sent, or shows more of the face; it then counts as sent."""
        more = crop.face_px > FACE_LARGER * self.sent_face_px
        if crop.quality <= BETTER * self.sent_quality and not more:
            return False
        self.sent_quality = max(self.sent_quality, crop.quality)
        self.sent_face_px = max(self.sent_face_px, crop.face_px)
        return True


def candidate(
    picture: Picture, animal: Animal, people: Sequence[Box], time_s: float, moment: datetime
) -> Candidate | None:
    """Cut out of a frame; None where the animal cannot be shown without a person."""
    crop = crop_of(picture, animal, people)
    if crop is None:
        return None
    height, width = picture.shape[:2]
    wide = animal.box.grown(CLOSER).clipped(width, height)
    at = Box(*(float(side) for side in wide.rounded()))
    near = tuple(person for person in people if person.overlap(at).area > 0)
    return Candidate(crop, cut(picture, at), at, near, time_s, moment)


def _is_step(before: Box, now: Box) -> bool:
    size = max(1.0, (before.width + before.height) / 2)
    dx, dy = (now.x0 + now.x1 - before.x0 - before.x1) / 2, (now.y0 + now.y1 - before.y0 - before.y1) / 2
    return max(abs(dx), abs(dy)) > STEP_SHARE * size
