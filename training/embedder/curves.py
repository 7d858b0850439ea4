"""Curves: cross-fitted distances of training animals in, the card's calibration and alert degree out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from homeward.domain.animals import Part, Species
from homeward.evaluation.thresholds import calibrated, entry
from homeward.evaluation.trials import joined
from training.embedder import crossfit
from training.embedder.crossfit import Known
from training.embedder.projection import Projection

HOW = "training animals under projections that never saw them, strangers also from pets8k"
DOG_BODIES = ("mpdd_dogs/train", "meikeva_dogs")
DOG_FACES = ("meikeva_dogs",)
CAT_FACES = ("gpriamo_cats/train/face",)
CAT_BODIES = ("gpriamo_cats/train/full",)
# Fifteen cats' bodies alone gave a curve that suited other cats badly; they share one with the dogs.
KINDS: tuple[tuple[Species | None, Part, tuple[str, ...]], ...] = (
    (Species.DOG, Part.FACE, DOG_FACES),
    (Species.DOG, Part.BODY, DOG_BODIES),
    (Species.CAT, Part.FACE, CAT_FACES),
    (None, Part.FACE, (*DOG_FACES, *CAT_FACES)),
    (None, Part.BODY, (*DOG_BODIES, *CAT_BODIES)),
)


def curves(known: Known, fitted: Sequence[Projection]) -> list[dict[str, Any]]:
    """Entries for the card: dogs and cats, faces and bodies, and animals of any kind."""
    entries = []
    for species, part, sets in KINDS:
        sample = joined([crossfit.sample(known, fitted, name) for name in sets])
        entries.append(entry(*calibrated(sample, species, part), source=f"{', '.join(sets)}: {HOW}"))
    return entries
