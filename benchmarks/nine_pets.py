"""Nine pets among strangers: for how many lost ones is the first match, and one of the first ten, the right one?

Files every dog of mpdd_dogs/test and every pet of dreambooth_pets (one photo each held back) as found reports through
the HTTP interface, then reports the held-back photos as lost. No place, no date: looks alone decide.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.served import Served

SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class Result:
    """How many of ``pets`` had a photo of themselves first, and within the first ten distinct animals."""

    pets: int
    strangers: int
    found_reports: int
    first: int
    within_ten: int
    ranks: dict[str, int | None]


def folders(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each animal's name with its photos, both in order."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        if photos:
            yield folder.name, photos


def file(server: Served, shelf: str, photo: Path) -> dict[str, object]:
    """One report of one photo; the species is left to the detector where it sees an animal."""
    form = {"shelf": shelf, "species": "auto"}
    answer = server.post_report(form, photo.read_bytes())
    if answer.status_code == 422:  # no animal seen: keep the picture all the same, as a person would
        answer = server.post_report({**form, "species": "dog", "keep_without_animal": "true"}, photo.read_bytes())
    answer.raise_for_status()
    return dict(answer.json())


def measure(shared: Path) -> Result:
    """Fill a fresh server and ask."""
    pets = dict(folders(shared / "data/reid/dreambooth_pets"))
    strangers = dict(folders(shared / "data/reid/mpdd_dogs/test"))
    animal_of: dict[object, str] = {}
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder)) as server:
        for name, photos in [*strangers.items(), *((name, photos[1:]) for name, photos in pets.items())]:
            for photo in photos:
                animal_of[file(server, "found", photo)["id"]] = name
        ranks = {name: rank(server, name, photos[0], animal_of) for name, photos in pets.items()}
    hits = [place for place in ranks.values() if place is not None]
    return Result(len(pets), len(strangers), len(animal_of), hits.count(1), sum(r <= 10 for r in hits), ranks)


def rank(server: Served, name: str, photo: Path, animal_of: dict[object, str]) -> int | None:
    """Place (1 = first) of the first right match among distinct animals; None where it is not in the list."""
    lost = file(server, "lost", photo)
    seen: list[str] = []
    for found_id in server.matches(lost, limit=200):
        animal = animal_of[found_id]
        if animal == name:
            return len(seen) + 1
        if animal not in seen:
            seen.append(animal)
    return None


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.shared.is_dir():
        sys.exit(f"no pictures at {options.shared}; name the folder with --shared or HOMEWARD_SHARED")
    result = measure(options.shared)
    if options.json:
        print(json.dumps(asdict(result)))
        return
    print(f"{result.found_reports} found reports of {result.strangers} strange dogs and {result.pets} pets")
    for name, place in result.ranks.items():
        print(f"  {name:<24} rank {place or 'not in the list'}")
    print(f"first: {result.first} of {result.pets}, within the first ten: {result.within_ten} of {result.pets}")


if __name__ == "__main__":
    main()
