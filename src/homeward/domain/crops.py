"""Cutting animals out of pictures: detections in, animals with their crops out. Pure geometry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from homeward.domain.animals import Animal, CropBox, Detection, Label, Part, Picture, Species
from homeward.domain.boxes import Box

BODY_MARGIN = 0.05
FACE_MARGIN = 0.10
HEAD_INSIDE = 0.6  # share of a head that must lie in the body it belongs to
SAME_ANIMAL_IOU = 0.6
MIN_SIDE_PX = 24.0
UNSEEN_RIVAL = 0.1  # confidence that the other species may have had below the detector's thresholds
BODY_PER_HEAD = 1.0  # a body unseen by the detector is taken to reach this many heads beyond the head
PORTRAIT = 0.25  # share of the picture
ENOUGH_PX = 640  # of the longer side of a portrait
BORDER = 0.6  # of the side: on cats' portraits heads were then seen on 19 of 22 instead of 4
HEAD_OF_PERSON = 0.4  # upper share of a person's box that holds head and shoulders
BODIES = {Label.CAT: Species.CAT, Label.DOG: Species.DOG}
HEADS = {Label.CAT_HEAD: Species.CAT, Label.DOG_HEAD: Species.DOG}


def cut(picture: Picture, box: Box) -> Picture:
    """The pixels of ``box``, clipped to the picture, at least one pixel; a copy."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box.clipped(width, height).rounded()
    x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    return picture[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].copy()


def on_picture(regions: Sequence[Box], seen: Sequence[Sequence[Detection]]) -> list[list[Detection]]:
    """What was ``seen`` on the cuts of ``regions``, in pixels of the picture that they were cut from."""
    corners = [(max(0, round(region.x0)), max(0, round(region.y0))) for region in regions]
    return [[replace(d, box=d.box.moved(*corner)) for d in found] for corner, found in zip(corners, seen, strict=True)]


def pieces(width: int, height: int, across: int, share: float) -> list[Box]:
    """A picture in ``across`` x ``across`` pieces that overlap, each with ``share`` of its width and height."""
    starts = [(1 - share) * number / (across - 1) for number in range(across)]
    return [Box(width * x, height * y, width * (x + share), height * (y + share)) for y in starts for x in starts]


def whole(width: int, height: int, species: Species) -> Animal:
    """The whole picture as one animal's body: for a photo on which a person sees what the detector does not."""
    box = Box(0.0, 0.0, float(width), float(height))
    return Animal(box, species, 1.0, (CropBox(Part.BODY, box),))


def animals_from(detections: Sequence[Detection], width: int, height: int) -> tuple[Animal, ...]:
    """Animals on a picture of ``width`` x ``height`` pixels, largest first.

    Heads are joined to the body that holds them. A head without a body makes an animal whose body is guessed to
    reach one head further on every side. Two boxes on one animal (IoU above 0.6) become one, of the surer species.
    """
    bodies = _distinct([d for d in detections if d.label in BODIES and _is_large(d.box)])
    heads = sorted((d for d in detections if d.label in HEADS), key=lambda d: -d.confidence)
    head_of: dict[int, Detection] = {}
    alone: list[Detection] = []
    for head in heads:
        owner = _owner(head, bodies, head_of)
        if owner is not None:
            head_of[owner] = head
        elif _is_large(head.box) and not any(_belongs(head, body.box) for body in bodies):
            alone.append(head)
    found = [
        _animal(body, head_of.get(number), _species_share(body, detections), width, height)
        for number, body in enumerate(bodies)
    ]
    found += [_head_only(head, width, height) for head in _distinct(alone)]
    return tuple(sorted(found, key=lambda animal: -animal.box.area))


def is_portrait(detections: Sequence[Detection], picture: Picture) -> bool:
    """Whether an animal without a head fills much of the picture, or none is seen at all."""
    height, width = picture.shape[:2]
    animals = animals_from(detections, width, height)
    if not animals:
        return True
    has_face = any(crop.part is Part.FACE for crop in animals[0].crops)
    return not has_face and animals[0].box.area >= PORTRAIT * width * height


@dataclass(frozen=True, slots=True)
class Bordered:
    """A picture, shrunk by a whole number of ``times``, with a border, and the way back to ``width`` x ``height``."""

    picture: Picture
    left: int
    top: int
    times: int
    width: int
    height: int

    def back(self, detections: Sequence[Detection]) -> list[Detection]:
        """The same boxes on the picture without its border; what lies outside goes."""
        clipped = [replace(d, box=self._without(d.box).clipped(self.width, self.height)) for d in detections]
        return [d for d in clipped if d.box.area > 0]

    def _without(self, box: Box) -> Box:
        x0, x1 = (self.times * (x - self.left) for x in (box.x0, box.x1))
        y0, y1 = (self.times * (y - self.top) for y in (box.y0, box.y1))
        return Box(x0, y0, x1, y1)


def bordered(picture: Picture) -> Bordered:
    """With a border of its mean colour, as if seen from further away: detectors learn whole animals, not portraits.

    A large one is shrunk first: no detector looks at that many pixels, and the border makes five times as many.
    """
    times = max(1, min(max(picture.shape[:2]) // ENOUGH_PX, *picture.shape[:2]))  # something is left of a narrow strip
    small = _shrunk(picture, times) if times > 1 else picture
    height, width = small.shape[:2]
    top, left = round(height * BORDER), round(width * BORDER)
    canvas = np.empty((height + 2 * top, width + 2 * left, 3), np.uint8)
    # rows as a whole, not pixel by pixel: a twentieth of the time
    sums = small.reshape(height, -1).sum(0, dtype=np.uint32).reshape(-1, 3).sum(0, dtype=np.uint64)
    canvas[:] = np.tile((sums / (height * width)).round().astype(np.uint8), (canvas.shape[1], 1))
    canvas[top : top + height, left : left + width] = small
    return Bordered(canvas, left, top, times, picture.shape[1], picture.shape[0])


def people_from(detections: Sequence[Detection]) -> tuple[Box, ...]:
    """Boxes of the people on a picture."""
    return tuple(d.box for d in detections if d.label is Label.PERSON)


def head_region(person: Box) -> Box:
    """Where a person's head is: the upper part of the box."""
    return Box(person.x0, person.y0, person.x1, person.y0 + person.height * HEAD_OF_PERSON)


def _shrunk(picture: Picture, times: int) -> Picture:
    """Squares of ``times`` x ``times`` pixels become their mean; rows and columns that fill none are left off."""
    height, width = picture.shape[0] // times, picture.shape[1] // times
    rows = picture[: height * times, : width * times].reshape(height, times, -1).sum(1, dtype=np.uint16)
    mean = np.kron(np.full((times, 1), times**-2, np.float32), np.eye(3, dtype=np.float32))
    pixels = rows.reshape(-1, 3 * times).astype(np.float32) @ mean
    return np.asarray(pixels.round(), np.uint8).reshape(height, width, 3)


def _is_large(box: Box) -> bool:
    return min(box.width, box.height) >= MIN_SIDE_PX


def _distinct(found: Sequence[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for detection in sorted(found, key=lambda d: -d.confidence):
        if all(detection.box.iou(other.box) <= SAME_ANIMAL_IOU for other in kept):
            kept.append(detection)
    return kept


def _belongs(head: Detection, body: Box) -> bool:
    return head.box.share_inside(body.grown(BODY_MARGIN * 2)) >= HEAD_INSIDE


def _owner(head: Detection, bodies: Sequence[Detection], taken: dict[int, Detection]) -> int | None:
    """The smallest body of the same species without a head that holds it."""
    fitting = [
        (body.box.area, number)
        for number, body in enumerate(bodies)
        if number not in taken and BODIES[body.label] is HEADS[head.label] and _belongs(head, body.box)
    ]
    return min(fitting)[1] if fitting else None


def _species_share(body: Detection, detections: Sequence[Detection]) -> float:
    """How sure the species is: this box's confidence against that of the other species on the same animal."""
    rivals = [
        other.confidence
        for other in detections
        if other.label in BODIES and other.label is not body.label and other.box.iou(body.box) > SAME_ANIMAL_IOU
    ]
    return body.confidence / (body.confidence + max(rivals, default=0.0) + UNSEEN_RIVAL)


def _animal(body: Detection, head: Detection | None, species_confidence: float, width: int, height: int) -> Animal:
    crops = [CropBox(Part.BODY, body.box.grown(BODY_MARGIN).clipped(width, height))]
    if head is not None and _is_large(head.box):
        crops.append(CropBox(Part.FACE, head.box.grown(FACE_MARGIN).clipped(width, height)))
    box = body.box.clipped(width, height)
    return Animal(box, BODIES[body.label], body.confidence, tuple(crops), species_confidence)


def _head_only(head: Detection, width: int, height: int) -> Animal:
    body = head.box.grown(BODY_PER_HEAD).clipped(width, height)
    face = head.box.grown(FACE_MARGIN).clipped(width, height)
    crops = (CropBox(Part.BODY, body), CropBox(Part.FACE, face))
    sure = head.confidence / (head.confidence + UNSEEN_RIVAL)
    return Animal(body, HEADS[head.label], head.confidence, crops, sure)
