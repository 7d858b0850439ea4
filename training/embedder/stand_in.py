"""Stand-in: crops of animals in; distances under networks like the shipped one that never learned the animal, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.evaluation.trials import Sample, joined
from training.embedder import crossfit
from training.embedder.crops import Crops
from training.embedder.crossfit import Known
from training.embedder.projection import Projection
from training.embedder.seen import sample_of

FAR = 1_000_000  # photos of strangers are counted from here on


@dataclass(frozen=True, slots=True)
class Half:
    """What trunks that never learned the animals of a half say: of photos with names, by set, and of strangers."""

    known: Known
    crops: Mapping[str, Crops]
    strangers: Mapping[Species, Crops]


def cross_fitted(halves: Sequence[Half], fitted: Sequence[Projection]) -> dict[str, dict[Part, Sample]]:
    """Samples of every set, both parts; distances only within a fold of ``fitted`` and to strangers; some of them ask.

    Nobody knows a second photo of a stranger: they ask as pets do that are not there. Without them few animals, each
    photographed in one place, would say how alike strangers are.
    """
    known = halves[0].known
    fold = dict(zip(known.animals().tolist(), crossfit.folds(known).tolist(), strict=True))
    samples: dict[str, list[dict[Part, Sample]]] = {name: [] for name in halves[0].crops}
    for number, projection in enumerate(fitted):
        half = halves[crossfit.half_of(number)]
        for name, some in half.crops.items():
            own = _only(some, [fold[cut.animal] == number for cut in some.cuts])
            species = half.strangers[Species(some.cuts[0].species)]
            asks = np.array([cut.photo % crossfit.FOLDS == number for cut in species.cuts])
            samples[name].append(sample_of(_both(own, _only(species, asks)), _only(species, ~asks), projection))
    return {name: {part: joined([one[part] for one in some]) for part in Part} for name, some in samples.items()}


def _only(crops: Crops, wanted: Sequence[bool] | npt.NDArray[np.bool_]) -> Crops:
    cuts = tuple(cut for cut, is_wanted in zip(crops.cuts, wanted, strict=True) if is_wanted)
    return Crops(cuts, crops.features[np.array(wanted)])


def _both(own: Crops, others: Crops) -> Crops:
    far = tuple(replace(cut, photo=cut.photo + FAR) for cut in others.cuts)
    return Crops((*own.cuts, *far), np.concatenate([own.features, others.features]))
