"""Repeats: whether an animal that comes into a camera's view was sent a few minutes ago already."""

from dataclasses import dataclass, field

import numpy as np

from homeward.domain.animals import Part
from homeward.domain.crops import cut
from homeward.domain.embeddings import Vector
from homeward.ports import Space
from homeward.watcher.crops import Crop
from homeward.watcher.following import FACE_LARGER

SAME_LLR = 2.0
"""An animal that is seen at a camera within minutes is as likely as not the one that was there: so much more must speak
for it, since leaving out another animal costs more than sending one twice."""


@dataclass(slots=True, eq=False)
class _Sent:
    """Only itself: pictures and vectors have no one answer to whether they are equal."""

    vector: Vector
    crop: Crop
    time_s: float


@dataclass(slots=True)
class Repeats:
    """What a camera sent within ``after_s`` seconds."""

    space: Space
    after_s: float = 600.0
    _sent: list[_Sent] = field(default_factory=list)

    def is_one(self, crop: Crop, time_s: float, better: float) -> bool:
        """Whether the same animal was sent a while ago, as good (within ``better`` times), its face hardly smaller.

        One that is new, better or shows more is remembered as sent.
        """
        self._sent = [sent for sent in self._sent if time_s - sent.time_s < self.after_s]
        (vector,) = self.space.embedder.embed([cut(crop.picture, crop.box)])
        known = [sent for sent in self._sent if self._is_same(sent, crop, vector)]
        for sent in known:
            if crop.quality <= better * sent.crop.quality and crop.face_px <= FACE_LARGER * sent.crop.face_px:
                return True
        self._sent = [sent for sent in self._sent if sent not in known]
        self._sent.append(_Sent(vector, crop, time_s))
        return False

    def _is_same(self, sent: _Sent, crop: Crop, vector: Vector) -> bool:
        species = crop.animal.species
        if species is not sent.crop.animal.species:
            return False
        distance = float(np.linalg.norm(sent.vector - vector))
        return self.space.calibration.log_likelihood_ratio(species, Part.BODY, distance, 1) >= SAME_LLR
