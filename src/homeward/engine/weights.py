"""Weights: which network made the vectors that lie under a model's name. Those of two networks never mix."""

import json

from homeward.errors import ModelInvalid
from homeward.ports import Space, UnitOfWork

WEIGHTS = "embedder_weights"  # the sha256 of the network that made the vectors, by the model's name
HINT = (
    "Put the former file back (homeward models remove and add), or take another model: homeward reindex --model NAME."
)


def known_weights(work: UnitOfWork) -> dict[str, str]:
    """The sha256 of the network that made the vectors of each model; without those that nobody noted."""
    return weights_of(work.facts.get(WEIGHTS))


def weights_of(fact: str | None) -> dict[str, str]:
    """The same out of the text of the fact."""
    return dict(json.loads(fact or "{}"))


def is_as_before(work: UnitOfWork, space: Space) -> bool:
    """Whether the vectors under its name are of the same network, as far as anybody noted."""
    return known_weights(work).get(space.embedder.name, space.weights) in {space.weights, None}


def check_weights(work: UnitOfWork, space: Space) -> None:
    """Vectors of one name lie in one space.

    Raises:
        ModelInvalid: another network made those that are there.
    """
    if not is_as_before(work, space):
        message = f"The vectors of {space.embedder.name} were made with other weights than it has now."
        raise ModelInvalid(message, field="embedder", hint=HINT)


def check_lengths(work: UnitOfWork, space: Space) -> None:
    """The same where nobody noted the weights: looks at every vector.

    Raises:
        ModelInvalid: some are of another length.
    """
    name, makes = space.embedder.name, space.embedder.dimension
    others = work.embeddings.lengths(name) - {makes}
    if others:
        message = f"There are vectors of {max(others)} numbers of {name}, which makes {makes} now."
        raise ModelInvalid(message, field="embedder", hint=HINT)


def note_weights(work: UnitOfWork, space: Space) -> None:
    """From now on the vectors under its name are its own. The caller is `alone` with the name reindex."""
    if space.weights is not None:
        noted = known_weights(work) | {space.embedder.name: space.weights}
        work.facts.set(WEIGHTS, json.dumps(noted, sort_keys=True))
