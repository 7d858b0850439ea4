"""Stand-in: crops of animals in; distances under projections like the shipped one that never saw the animal, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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


def cross_fitted(
    known: Known, fitted: Sequence[Projection], crops: Mapping[str, Crops], strangers: Mapping[Species, Crops]
) -> dict[str, dict[Part, Sample]]:
    """Samples of every set, both parts; distances only within a fold of ``fitted`` and to strangers; some of them ask.

    Nobody knows a second photo of a stranger: they ask as pets do that are not there. Without them few animals, each
    photographed in one place, would say how alike strangers are.
    """
    fold = dict(zip(known.animals().tolist(), crossfit.folds(known).tolist(), strict=True))
    samples: dict[str, list[dict[Part, Sample]]] = {name: [] for name in crops}
    for number, projection in enumerate(fitted):
        for name, some in crops.items():
            own = _only(some, [fold[cut.animal] == number for cut in some.cuts])
            species = strangers[Species(some.cuts[0].species)]
            asks = np.array([cut.photo % crossfit.FOLDS == number for cut in species.cuts])
            samples[name].append(sample_of(_both(own, _only(species, asks)), _only(species, ~asks), projection))
    return {name: {part: joined([one[part] for one in some]) for part in Part} for name, some in samples.items()}


def _only(crops: Crops, wanted: Sequence[bool] | npt.NDArray[np.bool_]) -> Crops:
    cuts = tuple(cut for cut, is_wanted in zip(crops.cuts, wanted, strict=True) if is_wanted)
    return Crops(cuts, crops.features[np.array(wanted)])


def _both(own: Crops, others: Crops) -> Crops:
    far = tuple(replace(cut, photo=cut.photo + FAR) for cut in others.cuts)
    return Crops((*own.cuts, *far), np.concatenate([own.features, others.features]))
