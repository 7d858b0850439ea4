"""Curves: crops of animals in; what their distances say, alone and together, into the card of the shipped network.

    python -m training.embedder.curves --shared ../shared

Each animal is measured by a network that never learned its name (`training.embedder` leaves them in ``--work``), on
what the product would cut out of its photos: every second photo as an owner has it, the others as a camera shows them.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration
from homeward.evaluation.calibration import GALLERIES
from homeward.evaluation.joining import fit_joining
from homeward.evaluation.open_set import alerted, calibration_error, false_alerts_of, reliability, stranger_ratios
from homeward.evaluation.thresholds import DENSITIES, EACH, calibrated, entry
from homeward.evaluation.trials import Parts, Sample, joined, only, trials
from homeward.models.cards import EmbedderCard, parse_card
from training.embedder import crossfit
from training.embedder.crops import Crops, Cutter
from training.embedder.crossfit import Known
from training.embedder.export import projection_in
from training.embedder.known import known_of
from training.embedder.projection import Projection, Recipe
from training.embedder.seen import MOST, of_folder, of_strangers, sample_of
from training.embedder.sets import TEST_FOLDERS, TRAIN_FOLDERS
from training.embedder.stand_in import Half, cross_fitted

DOGS, CATS = ("mpdd_dogs/train", "meikeva_dogs"), ("gpriamo_cats/train/full",)
KINDS: tuple[tuple[Species | None, Part, tuple[str, ...]], ...] = (
    (Species.DOG, Part.FACE, DOGS),
    (Species.DOG, Part.BODY, DOGS),
    (Species.CAT, Part.FACE, CATS),
    (Species.CAT, Part.BODY, CATS),
    (None, Part.FACE, (*DOGS, *CATS)),
    (None, Part.BODY, (*DOGS, *CATS)),
)
HELD_OUT = {"mpdd_dogs/test": Species.DOG, "gpriamo_cats/test/full": Species.CAT}
SURE = 0.9
RESULTS = Path(__file__).with_name("degree.json")
HOW = "what is cut out of training animals' photos, under networks that never learned them; strangers from pets8k"


def main() -> None:
    """Fit, measure on held-out animals, write the card and `RESULTS`."""
    parser = argparse.ArgumentParser(prog="python -m training.embedder.curves", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--file", type=Path, default=Path("src/homeward/models/weights/homeward-embedder-3.onnx"))
    parser.add_argument("--work", type=Path, default=Path("build/embedder"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    halves = halves_of(options.file, options.work)
    if not all(half.exists() for half in halves):
        parser.error(f"{options.work} lacks {' and '.join(half.name for half in halves)}: run training.embedder first.")
    known = [known_of(half, options.shared, options.work, seed=options.seed) for half in halves]
    fitted = crossfit.projections(known, Recipe())
    print(
        json.dumps(
            write(options.file, options.shared, options.work, dict(zip(halves, known, strict=True)), fitted), indent=2
        )
    )


def halves_of(file: Path, work: Path) -> list[Path]:
    """Where the networks are that learned as ``file`` did, but without one half of the animals' names each."""
    return [work / f"{file.stem}-half-{number}.onnx" for number in range(len(crossfit.HALVES))]


def write(
    file: Path, shared: Path, work: Path, halves: Mapping[Path, Known], fitted: Sequence[Projection]
) -> dict[str, Any]:
    """Put curves and joining into the card beside ``file``; what was measured. ``fitted``: one projection per fold."""
    samples = cross_fitted([_half(half, known, shared, work) for half, known in halves.items()], fitted)
    card = file.with_suffix(".yaml")
    raw = yaml.safe_load(card.read_text(encoding="utf-8"))
    raw["calibration"] = entries_of(samples)
    raw["alert_degree"] = max(one["alert_degree"] for one in raw["calibration"])
    groups = [(_both(samples, DOGS, raw), Species.DOG), (_both(samples, CATS, raw), Species.CAT)]
    both = fit_joining(groups, _calibration(raw))
    raw["joining"] = {
        **{name: getattr(both.joining, name) for name in ("strong", "weak", "shift")},
        "low": list(both.low), "high": list(both.high), "trials": both.trials, "source": HOW,
    }  # fmt: skip
    text = yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    card.write_text(text, encoding="utf-8")
    cutter = Cutter(file)
    strangers = {species: of_strangers(cutter, shared, species, work) for species in Species}
    found = measured(cutter, file, shared, work, _calibration(raw), strangers)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def _half(file: Path, known: Known, shared: Path, work: Path) -> Half:
    cutter = Cutter(file)
    crops = {folder.name: of_folder(cutter, shared, folder, work) for folder in TRAIN_FOLDERS if folder.name in MOST}
    return Half(known, crops, {species: of_strangers(cutter, shared, species, work) for species in Species})


def entries_of(samples: Mapping[str, Mapping[Part, Sample]]) -> list[dict[str, Any]]:
    """Entries for the card."""
    entries = []
    for species, part, names in KINDS:
        sample = joined([_comparable(samples[name][part]) for name in names])
        entries.append(entry(*calibrated(sample, species, part), source=f"{', '.join(names)}: {HOW}"))
        print(species, part, entries[-1].get("calibration_error"), flush=True)
    return entries


def measured(
    cutter: Cutter, file: Path, shared: Path, work: Path, calibration: Calibration, strangers: Mapping[Species, Crops]
) -> dict[str, Any]:
    """Error of the first match's degree on held-out animals: by part, and as owners' photos or cameras' crops."""
    embed = projection_in(file)
    found: dict[str, Any] = {}
    for folder in TEST_FOLDERS:
        if folder.name not in HELD_OUT:
            continue
        species = HELD_OUT[folder.name]
        sample = sample_of(of_folder(cutter, shared, folder, work), strangers[species], embed)
        sharp = {part: one.sharpened(calibration.coarse_l2(species, part)) for part, one in sample.items()}
        found[folder.name] = {name: _error(chosen, calibration, species) for name, chosen in _choices(sharp).items()}
    return found


def _choices(sharp: Mapping[Part, Sample]) -> dict[str, Parts]:
    """Which parts, and which photos are found: all, only owners', only cameras'."""
    made: dict[str, Parts] = {part.value: {part: _comparable(one)} for part, one in sharp.items()}
    made["face and body"] = sharp
    photos = len(next(iter(sharp.values())).animals)
    askable = next(iter(sharp.values())).askable
    assert askable is not None
    for name, wanted in (("phone against phone", True), ("phone against camera", False)):
        hidden = askable != wanted
        cut = {}
        for part, one in sharp.items():
            far = one.distances.copy()
            far[:, :photos][:, hidden] = np.nan
            cut[part] = Sample(far, one.animals, None, one.askable)
        made[name] = cut
    return made


def _error(parts: Parts, calibration: Calibration, species: Species) -> dict[str, Any]:
    shown = trials(parts, calibration, species, GALLERIES, each=2 * EACH)
    sure = [trial for trial in shown if trial.degree >= SURE]
    strange = stranger_ratios(parts, calibration, species)
    return {
        "calibration_error": round(calibration_error(shown), 4),
        "right_first": round(float(np.mean([trial.is_right for trial in shown if trial.is_there])), 4),
        f"degree_above_{SURE}": len(sure),
        "of_these_right": round(float(np.mean([trial.is_right for trial in sure])), 4) if sure else 0.0,
        "alerted": round(alerted(shown, calibration.alert_degree), 4),
        "false_a_day": {
            name: round(false_alerts_of(strange, species, density, calibration.alert_degree), 4)
            for name, density in DENSITIES.items()
        },
        "reliability": [[round(degree, 4), round(right, 4), count] for degree, right, count in reliability(shown)],
    }


def _comparable(sample: Sample) -> Sample:
    """Photos that have the part at all."""
    return only(sample, ~np.isnan(sample.distances).all(1))


def _both(samples: Mapping[str, Mapping[Part, Sample]], names: Sequence[str], raw: Mapping[str, Any]) -> Parts:
    species, calibration = (Species.DOG if names == DOGS else Species.CAT), _calibration(raw)
    return {
        part: joined([samples[name][part].sharpened(calibration.coarse_l2(species, part)) for name in names])
        for part in Part
    }


def _calibration(raw: Mapping[str, Any]) -> Calibration:
    card = parse_card(dict(raw))
    assert isinstance(card, EmbedderCard)
    return card.calibration


if __name__ == "__main__":
    main()
