"""Sets: the folder of shared pictures in, labelled photos out. Never lists a test photo for training."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Species = Literal["cat", "dog"]
Part = Literal["face", "body", "any"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One photo: its file, the set it belongs to and what is known of the animal on it.

    ``identity`` is unique over all sets; it is empty where nobody knows which animal it is.
    """

    path: Path
    set_name: str
    species: Species
    part: Part
    identity: str = ""
    breed: str = ""


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """A folder with one folder of photos per animal."""

    name: str
    species: Species | None
    part: Part
    licence: str


TRAIN_FOLDERS = (
    LabelledFolder("mpdd_dogs/train", "dog", "body", "CC BY 4.0"),
    LabelledFolder("gpriamo_cats/train/face", "cat", "face", "MIT"),
    LabelledFolder("gpriamo_cats/train/full", "cat", "body", "MIT"),
    LabelledFolder("meikeva_dogs", "dog", "any", "none stated"),
)
TEST_FOLDERS = (
    LabelledFolder("mpdd_dogs/test", "dog", "body", "CC BY 4.0"),
    LabelledFolder("gpriamo_cats/test/face", "cat", "face", "MIT"),
    LabelledFolder("gpriamo_cats/test/full", "cat", "body", "MIT"),
    LabelledFolder("dreambooth_pets", None, "body", "CC BY 4.0"),
)
KEPT_FROM_TRUNKS = "test_set"  # a folder of pets8k
# Every n-th animal, by name, is held out of fine-tuning, to see whether it helps on animals not seen.
HELD_OUT_EVERY = {"mpdd_dogs": 4, "gpriamo_cats": 4, "meikeva_dogs": 3}


def photos_of(shared: Path, folder: LabelledFolder) -> list[Picture]:
    """Photos of ``folder``, in the order of animal and file name."""
    root = shared / "data" / "reid" / folder.name
    family = folder.name.split("/")[0]
    return [
        Picture(
            path=path,
            set_name=folder.name,
            species=folder.species or ("cat" if path.parent.name.startswith("cat") else "dog"),
            part=folder.part,
            identity=f"{family}/{path.parent.name}",
        )
        for path in sorted(root.glob("*/*"))
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
    ]


def pets8k(shared: Path) -> list[Picture]:
    """All of pets8k: photos without identities, some with a breed."""
    root = shared / "data" / "pets8k"
    breeds = _breeds(root / "breed_dataset")
    pictures = []
    for path in sorted(root.rglob("*.jpg")):
        folder = str(path.relative_to(root))
        species: Species = "cat" if "cat" in folder.rsplit("/", 1)[0].lower().replace("catdog", "") else "dog"
        breed = breeds.get(path.stem, "")
        pictures.append(Picture(path, "pets8k", species, "any", breed=f"{species}/{breed}" if breed else ""))
    return pictures


def wild(shared: Path) -> list[Picture]:
    """Photos of pets8k that trunks may learn from end to end."""
    return [one for one in pets8k(shared) if KEPT_FROM_TRUNKS not in one.path.parts and one.path.stat().st_size]


def kept_from_trunks(shared: Path, species: str) -> list[Picture]:
    """The other photos of pets8k: how a network that learned end to end sees animals that it never saw."""
    inside = f"{KEPT_FROM_TRUNKS}/{species}s"
    return [one for one in pets8k(shared) if inside in str(one.path) and one.path.stat().st_size]


def _breeds(root: Path) -> dict[str, str]:
    """File stem to breed, from the two tables beside the photos."""
    found: dict[str, str] = {}
    for table in sorted(root.glob("*/*labels.csv")):
        with table.open(newline="", encoding="utf-8") as lines:
            found |= {Path(row["id"]).stem: row["breed"] for row in csv.DictReader(lines)}
    return found


def labelled(shared: Path) -> list[Picture]:
    """All photos with identities that may be trained on, held-out animals included."""
    return [picture for folder in TRAIN_FOLDERS for picture in photos_of(shared, folder)]


def held_out_identities(pictures: Iterable[Picture]) -> frozenset[str]:
    """Animals kept out of training, the same on every run: each n-th by name."""
    held: set[str] = set()
    names = sorted({picture.identity for picture in pictures if picture.identity})
    for family, every in HELD_OUT_EVERY.items():
        held.update([name for name in names if name.startswith(f"{family}/")][every - 1 :: every])
    return frozenset(held)
