"""Curves: cross-fitted pairs of training animals in, one calibration table per species and part out."""

from __future__ import annotations

from collections.abc import Sequence

from training.embedder import crossfit
from training.embedder.calibration import table
from training.embedder.card import Curve
from training.embedder.crossfit import Known
from training.embedder.pairs import Pairs, mixed
from training.embedder.projection import Projection

HOW = "training animals under projections that never saw them, strangers also from pets8k"


def curves(known: Known, fitted: Sequence[Projection]) -> list[Curve]:
    """Tables for dogs and cats, faces and bodies, and for animals of unknown species."""
    mpdd = crossfit.pairs(known, fitted, "mpdd_dogs/train", "dog")
    meikeva = crossfit.pairs(known, fitted, "meikeva_dogs", "dog")
    cat_faces = crossfit.pairs(known, fitted, "gpriamo_cats/train/face", "cat")
    cat_bodies = crossfit.pairs(known, fitted, "gpriamo_cats/train/full", "cat")
    dog_bodies = mixed([(mpdd, 0.5), (meikeva, 0.5)])
    named: list[tuple[str, str, Pairs, str]] = [
        ("dog", "face", meikeva, "meikeva_dogs (heads and bodies mixed)"),
        ("dog", "body", dog_bodies, "mpdd_dogs/train (one session per dog) and meikeva_dogs, half each"),
        ("cat", "face", cat_faces, "gpriamo_cats/train/face"),
        ("cat", "body", cat_bodies, "gpriamo_cats/train/full"),
        (
            "any",
            "face",
            mixed([(meikeva, 0.5), (cat_faces, 0.5)]),
            "the dog and the cat table's pairs, half each",
        ),
        (
            "any",
            "body",
            mixed([(dog_bodies, 0.5), (cat_bodies, 0.5)]),
            "the dog and the cat table's pairs, half each",
        ),
    ]
    return [Curve(species, part, table(pairs), f"{source}: {HOW}") for species, part, pairs, source in named]
