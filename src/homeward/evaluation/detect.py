"""Detection: labelled pictures in, figures of a detector out."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

from homeward.domain.animals import Detection, Label
from homeward.domain.boxes import Box
from homeward.evaluation import metrics
from homeward.evaluation.folders import Labelled, labelled, read
from homeward.ports import Detector, ImageReader

LEAST_IOU = 0.5


@dataclass(frozen=True, slots=True)
class DetectResult:
    """Per label: (confidence, is right) of every box drawn, how many there were to find, and the card's thresholds."""

    thresholds: Mapping[Label, float]
    hits: dict[Label, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    positives: dict[Label, int] = field(default_factory=lambda: defaultdict(int))

    def figures(self) -> dict[str, dict[str, float]]:
        """ap50 over all confidences, precision and recall at the card's thresholds, per label that was to find."""
        return {label.value: self._of(label) for label in Label if self.positives.get(label)}

    def _of(self, label: Label) -> dict[str, float]:
        hits, positives = self.hits.get(label, []), self.positives[label]
        precision, recall = self.at(label, self.thresholds.get(label, 0.0))
        return {
            "ap50": round(metrics.average_precision(hits, positives), 4),
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "boxes": positives,
        }

    def at(self, label: Label, least: float) -> tuple[float, float]:
        """Precision and recall of the boxes at ``least`` or above; precision is 0 where there are none."""
        shown = [is_right for confidence, is_right in self.hits.get(label, []) if confidence >= least]
        return (sum(shown) / len(shown) if shown else 0.0), sum(shown) / self.positives[label]


def evaluate_detect(
    folder: Path, detector: Detector, reader: ImageReader, thresholds: Mapping[Label, float]
) -> DetectResult:
    """Every picture of ``folder`` once; a box is right where it overlaps an own one by half (IoU).

    ``detector`` draws all boxes, uncertain ones too; ``thresholds`` are those of its card.

    Raises:
        InvalidInput: there are no labels.
    """
    result = DetectResult(thresholds)
    for picture in labelled(folder):
        pixels = read(picture.path, reader)
        found = detector.detect([pixels])[0]
        truths = _scaled(picture, pixels.shape[1], pixels.shape[0])
        for label, _ in truths:
            result.positives[label] += 1
        _count(found, truths, result)
    return result


def _scaled(picture: Labelled, width: int, height: int) -> list[tuple[Label, Box]]:
    """Boxes in pixels of the picture as it was read, which may have been shrunk."""
    if picture.is_relative:
        scale_x, scale_y = float(width), float(height)
    else:
        with Image.open(picture.path) as opened:
            original = ImageOps.exif_transpose(opened).size
        scale_x, scale_y = width / original[0], height / original[1]
    return [(label, Box(b.x0 * scale_x, b.y0 * scale_y, b.x1 * scale_x, b.y1 * scale_y)) for label, b in picture.boxes]


def _count(found: tuple[Detection, ...], truths: list[tuple[Label, Box]], result: DetectResult) -> None:
    free = list(truths)
    for detection in sorted(found, key=lambda d: -d.confidence):
        fitting = [
            (box.iou(detection.box), number) for number, (label, box) in enumerate(free) if label is detection.label
        ]
        best = max(fitting, default=(0.0, -1))
        is_right = best[0] >= LEAST_IOU
        if is_right:
            free.pop(best[1])
        result.hits[detection.label].append((detection.confidence, is_right))
