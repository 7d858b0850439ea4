"""Alone: a photo and its crops in, the part that shows the animal and little around it out. Pure."""

from homeward.domain.animals import Part
from homeward.domain.boxes import Box
from homeward.domain.reports import Crop, Photo, Report, Source

MARGIN = 0.15


def animal_box(photo: Photo, crops: tuple[Crop, ...]) -> Box | None:
    """The chosen animal with a margin; None where none was seen."""
    body = _body(photo, crops)
    return body.box.grown(MARGIN).clipped(photo.width, photo.height) if body else None


def is_alone(report: Report, photo: Photo, crops: tuple[Crop, ...]) -> bool:
    """Whether the animal can be shown without what stands around it, which may tell a home: yard, house number.

    A whole picture that was taken for the animal, as nothing was seen on it, shows all of that. What cameras send is
    cut out before it comes.
    """
    body = _body(photo, crops)
    if body is None or not photo.looked_at:
        return False
    is_whole = body.confidence == 1.0 and body.box == Box(0.0, 0.0, float(photo.width), float(photo.height))
    return report.source is Source.CAMERA or not is_whole


def _body(photo: Photo, crops: tuple[Crop, ...]) -> Crop | None:
    return next((crop for crop in crops if crop.animal == photo.chosen and crop.part is Part.BODY), None)
