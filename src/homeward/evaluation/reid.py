"""Re-identification: labelled folders of animals in, figures of an embedder out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from homeward.domain.animals import Part, Picture
from homeward.domain.crops import animals_from, cut
from homeward.errors import InvalidInput
from homeward.evaluation import metrics
from homeward.evaluation.folders import animals, pictures, read
from homeward.evaluation.trials import Sample
from homeward.ports import Detector, Embedder, ImageReader

BATCH = 16


@dataclass(frozen=True, slots=True)
class ReidResult:
    """Ranks of first right answers, average precisions, and distances of pairs; figures are made of them."""

    ranks: tuple[int, ...]
    precisions: tuple[float, ...]
    same: metrics.Floats
    different: metrics.Floats
    animals: int
    photos: int

    def figures(self) -> dict[str, float]:
        """rank_1, rank_5, map, eer, tar_at_far_1pct, tar_at_far_01pct, animals, photos."""
        ranks = np.array(self.ranks)
        return {
            "rank_1": round(float(np.mean(ranks == 1)), 4),
            "rank_5": round(float(np.mean(ranks <= 5)), 4),
            "map": round(float(np.mean(self.precisions)), 4),
            "eer": round(metrics.equal_error_rate(self.same, self.different), 4),
            "tar_at_far_1pct": round(metrics.accepted_at(self.same, self.different, 0.01), 4),
            "tar_at_far_01pct": round(metrics.accepted_at(self.same, self.different, 0.001), 4),
            "animals": self.animals,
            "photos": self.photos,
        }


def evaluate_reid(
    folder: Path,
    embedder: Embedder,
    reader: ImageReader,
    detector: Detector | None = None,
    part: Literal["body", "face"] = "body",
) -> ReidResult:
    """Leave-one-out over ``folder/<animal>/*``; pictures as given, or cut out by ``detector``.

    An animal with one picture is a stranger to all others: never a query, always a wrong answer.

    Raises:
        InvalidInput: the folder is not so, or no animal has two pictures.
    """
    named = animals(folder)
    if all(len(photos) < 2 for photos in named.values()):
        hint = "Add a second photo of some: each photo is searched among the others."
        raise InvalidInput(f"In {folder} no animal has two photos.", field="folder", hint=hint)
    paths, labels = _labelled(named)
    vectors = embedded(paths, embedder, reader, detector, Part(part))
    distances = l2_distances(vectors, vectors)
    ranks, precisions = metrics.ranks_and_precisions(distances, labels)
    same, different = metrics.pairs(distances, labels)
    return ReidResult(tuple(ranks), tuple(precisions), same, different, len(named), len(paths))


def sample(
    folder: Path,
    strangers: Path | None,
    embedder: Embedder,
    reader: ImageReader,
    detector: Detector | None = None,
    part: Part = Part.BODY,
) -> Sample:
    """Distances within ``folder/<animal>/*``, and to every picture of ``strangers``, each an animal of its own.

    Raises:
        InvalidInput: a folder is not so.
    """
    paths, labels = _labelled(animals(folder))
    if strangers and not strangers.is_dir():
        hint = "Name a folder of photos, each of another animal."
        raise InvalidInput(f"{strangers} is no folder.", field="strangers", hint=hint)
    others = pictures(strangers) if strangers else []
    if strangers and not others:
        raise InvalidInput(f"{strangers} holds no pictures.", field="strangers")
    vectors, sides = seen([*paths, *others], embedder, reader, detector, part)
    own = len(paths)
    return Sample(l2_distances(vectors[:own], vectors), labels, np.minimum(sides[:own, None], sides[None]))


def embedded(
    paths: Sequence[Path], embedder: Embedder, reader: ImageReader, detector: Detector | None, part: Part
) -> metrics.Floats:
    """Unit vectors of pictures, as they are or cut out by ``detector``."""
    return seen(paths, embedder, reader, detector, part)[0]


def seen(
    paths: Sequence[Path], embedder: Embedder, reader: ImageReader, detector: Detector | None, part: Part
) -> tuple[metrics.Floats, metrics.Floats]:
    """Unit vectors of the crops, and the shorter side of each in pixels."""
    vectors, sides = [], []
    for start in range(0, len(paths), BATCH):
        crops = [_crop(read(path, reader), detector, part) for path in paths[start : start + BATCH]]
        vectors.append(embedder.embed(crops))
        sides += [float(min(crop.shape[:2])) for crop in crops]
    return np.concatenate(vectors).astype(np.float64), np.array(sides)


def l2_distances(one: metrics.Floats, other: metrics.Floats) -> metrics.Floats:
    """Between all rows of unit vectors, (n, m)."""
    return np.asarray(np.sqrt(np.maximum(0.0, 2.0 - 2.0 * (one @ other.T))))


def _labelled(named: dict[str, list[Path]]) -> tuple[list[Path], metrics.Labels]:
    paths = [path for photos in named.values() for path in photos]
    return paths, np.repeat(np.arange(len(named)), [len(photos) for photos in named.values()])


def _crop(picture: Picture, detector: Detector | None, part: Part) -> Picture:
    """The largest animal's crop of ``part``, else its body, else the whole picture."""
    if detector is None:
        return picture
    found = animals_from(detector.detect([picture])[0], picture.shape[1], picture.shape[0])
    if not found:
        return picture
    crops = {crop.part: crop.box for crop in found[0].crops}
    return cut(picture, crops.get(part, crops[Part.BODY]))
