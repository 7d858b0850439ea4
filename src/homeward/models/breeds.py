"""Breed heads: small files beside the embedder whose vectors they read."""

import hashlib
from pathlib import Path

import numpy as np
import yaml

from homeward.domain.breeds import BreedHead
from homeward.errors import ModelInvalid

FOLDER = Path(__file__).parent / "weights" / "heads"


def breed_head(embedder: str) -> BreedHead | None:
    """The head that reads the vectors of ``embedder``; None where there is none.

    Raises:
        ModelInvalid: its file is not the one that its card names.
    """
    for path in sorted(FOLDER.glob("*.yaml")):
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
        if card["embedder"] == embedder:
            return _opened(card, path.parent / card["file"])
    return None


def _opened(card: dict[str, object], file: Path) -> BreedHead:
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != card["sha256"]:
        raise ModelInvalid(f"{file.name} is damaged: its hash is not the card's.", field="sha256")
    table = np.load(file, allow_pickle=False).astype(np.float32)
    codes = tuple(str(card["codes"]).split())
    if table.ndim != 2 or len(table) != len(codes):
        raise ModelInvalid(f"{file.name} has {len(table)} rows for {len(codes)} breeds.", field="codes")
    return BreedHead(codes, table[:, :-1], table[:, -1])
