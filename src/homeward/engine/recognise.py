"""Recognise: photos in, the animals on them out; crops in, vectors out. Never stores anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeward.domain.animals import Animal, Detection, Picture, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, bordered, cut, is_portrait, people_from, whole
from homeward.domain.embeddings import NewEmbedding
from homeward.domain.reports import Crop
from homeward.engine.closer import looked_closer
from homeward.errors import InvalidInput, NoAnimalFound
from homeward.ports import Detector, Embedder
from homeward.telemetry import step


@dataclass(frozen=True, slots=True)
class Recognised:
    """The animals on a photo, largest first, which of them is meant, and the people on it."""

    animals: tuple[Animal, ...]
    people: tuple[Box, ...]
    chosen: int = 0

    @property
    def animal(self) -> Animal | None:
        """The animal that is meant; None where none is seen."""
        return self.animals[self.chosen] if self.animals else None

    @property
    def is_whole(self) -> bool:
        """Whether none is seen, and the whole picture was taken for one; of seen ones the kind is never quite sure."""
        return self.animal is not None and self.animal.species_confidence == 1.0


@dataclass(frozen=True, slots=True)
class Recognise:
    """Finds the animal that a report is about on each of its photos."""

    detector: Detector

    def __call__(
        self, pictures: Sequence[Picture], *, species: Species | None, animals: Sequence[int] = (), keep: bool
    ) -> tuple[Recognised, ...]:
        """One result for each picture, in order. ``keep`` takes the whole picture where no animal is seen.

        ``animals`` chooses one on each of the first pictures; where it says nothing, or 0, the largest is meant: of
        ``species``, or else of the kind that was chosen elsewhere. A picture without an animal beside others with one
        is kept as a picture and not compared.

        Raises:
            NoAnimalFound: none on any picture, and not to be kept.
            InvalidInput: there is no animal with that number.
            ModelUnavailable: the detector cannot be asked.
        """
        found = self.look(pictures)
        if not any(seen.animals for seen in found):
            return self._nothing(pictures, species, [seen.people for seen in found], keep=keep)
        if len(animals) > len(pictures):
            hint = f"There are {len(pictures)} photos; name at most one animal for each."
            raise InvalidInput("More animals are named than there are photos.", field="animal", hint=hint)
        wanted = [*animals, *[0] * (len(pictures) - len(animals))]
        chosen = [_choose(seen.animals, species, number) for seen, number in zip(found, wanted, strict=True)]
        named = [seen.animals[n].species for seen, n in zip(found, chosen, strict=True) if n and seen.animals]
        kind = species or (named[0] if named else None)
        return tuple(
            replace(seen, chosen=n or _choose(seen.animals, kind, 0)) for seen, n in zip(found, chosen, strict=True)
        )

    def look(self, pictures: Sequence[Picture]) -> tuple[Recognised, ...]:
        """What is on each picture, be it nothing.

        Raises:
            ModelUnavailable: the detector cannot be asked.
        """
        with step("recognise", photos=len(pictures)) as noted:
            found = tuple(
                Recognised(self._animals(picture, seen), people_from(seen))
                for picture, seen in zip(pictures, self._detections(pictures), strict=True)
            )
            noted["animals"] = sum(len(seen.animals) for seen in found)
        return found

    def _animals(self, picture: Picture, seen: Sequence[Detection]) -> tuple[Animal, ...]:
        return looked_closer(self.detector, picture, animals_from(seen, picture.shape[1], picture.shape[0]))

    def _detections(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """What the detector sees; on portraits, which it misses heads on, also from further away."""
        found = self.detector.detect(pictures)
        close = [number for number, picture in enumerate(pictures) if is_portrait(found[number], picture)]
        if close:
            borders = [bordered(pictures[number]) for number in close]
            again = self.detector.detect([border.picture for border in borders])
            for number, border, seen in zip(close, borders, again, strict=True):
                found[number] = (*found[number], *border.back(seen))
        return found

    def _nothing(
        self,
        pictures: Sequence[Picture],
        species: Species | None,
        people: Sequence[tuple[Box, ...]],
        *,
        keep: bool,
    ) -> tuple[Recognised, ...]:
        if not keep or species is None:
            raise NoAnimalFound(
                "No cat and no dog can be seen on the photo.",
                field="photo",
                hint="Send a closer photo, or keep it: keep_without_animal (--keep-without-animal) and the species.",
            )
        return tuple(
            Recognised((whole(picture.shape[1], picture.shape[0], species),), seen)
            for picture, seen in zip(pictures, people, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Embed:
    """Turns crops into vectors."""

    embedder: Embedder

    def __call__(self, cuts: Sequence[tuple[Crop, Picture]]) -> list[NewEmbedding]:
        """A vector for each (crop, picture that it lies on).

        Raises:
            ModelUnavailable: the embedder cannot be asked.
        """
        if not cuts:
            return []
        with step("embed", crops=len(cuts)):
            vectors = self.embedder.embed([cut(picture, crop.box) for crop, picture in cuts])
        return [
            NewEmbedding(crop.id, self.embedder.name, vector) for (crop, _), vector in zip(cuts, vectors, strict=True)
        ]


def _choose(animals: tuple[Animal, ...], species: Species | None, animal: int) -> int:
    """Which of ``animals``: the one asked for, else the largest of the species that the person named."""
    if not animals:
        return 0
    if animal > 0:
        if animal >= len(animals):
            raise InvalidInput(
                f"There are {len(animals)} animals on the photo; number {animal} is not among them.",
                field="animal",
                hint="0 is the largest.",
            )
        return animal
    of_species = [number for number, found in enumerate(animals) if found.species is species]
    return of_species[0] if of_species else 0
