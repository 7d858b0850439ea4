"""Golden: whether a network is the one that its card describes, told by its answer to a picture made of numbers."""

import numpy as np

from homeward.errors import ModelInvalid, ModelUnavailable
from homeward.models.cards import Card, DetectorCard, EmbedderCard
from homeward.models.onnx import Floats, Runs, vectors_in
from homeward.models.prepare import golden_picture

GOLDEN_TOLERANCE = 0.02  # float arithmetic differs between processors; wrong weights differ by far more


def check_golden(card: Card, network: Runs) -> bool:
    """Whether the network gives the card's golden numbers; False where the card has none.

    Raises:
        ModelInvalid: it cannot run, or gives others, or another shape: these are not the card's weights.
    """
    try:
        seen = fingerprint(card, network)
    except ModelUnavailable as error:
        raise ModelInvalid("The network cannot run on such an input.", field="input", hint=error.hint) from error
    if card.golden is None:
        return False
    compare(seen, np.array(card.golden, np.float32))
    return True


def fingerprint(card: Card, network: Runs) -> Floats:
    """What a network makes of the golden picture: an embedder's unit vector, a detector's mean row.

    Raises:
        ModelUnavailable: it cannot run.
        ModelInvalid: its answer has not the card's shape, or says nothing.
    """
    rows = network.run([golden_picture(card.input.width, card.input.height)])
    if isinstance(card, EmbedderCard):
        return _checked_vector(card, rows)
    assert isinstance(card, DetectorCard)
    _check_table(card, rows[0].shape)
    if not np.isfinite(rows[0]).all():
        raise _says_nothing("numbers that are not finite")
    return np.asarray(rows[0].mean(0), np.float32)


def compare(seen: Floats, wanted: Floats) -> None:
    """Compare two answers to the golden picture.

    Raises:
        ModelInvalid: they differ by more than processors do.
    """
    scale = np.maximum(1.0, np.abs(wanted))
    if seen.shape != wanted.shape or not np.all(np.abs(seen - wanted) <= GOLDEN_TOLERANCE * scale):
        hint = "The weights were loaded wrongly, or belong to another card."
        raise ModelInvalid("The golden picture does not give the card's numbers.", field="golden", hint=hint)


def _checked_vector(card: EmbedderCard, rows: Floats) -> Floats:
    try:
        vector = vectors_in(rows, card)[0]
    except ValueError as error:
        raise ModelInvalid(f"The network gives {error}.", field="output.token") from error
    if vector.size != card.dimension:
        raise ModelInvalid(f"The network gives {vector.size} numbers.", field="output.dimension")
    length = np.linalg.norm(vector)
    if not 0 < length < np.inf:
        raise _says_nothing("only zeros" if length == 0 else "numbers that are not finite")
    return np.asarray(vector / length, np.float32)


def _says_nothing(what: str) -> ModelInvalid:
    hint = "Its weights are broken, or the card's input does not fit it; export it anew."
    return ModelInvalid(f"The network makes {what} of a picture.", field="file", hint=hint)


def _check_table(card: DetectorCard, shape: tuple[int, ...]) -> None:
    cells = sum((card.input.width // stride) * (card.input.height // stride) for stride in card.strides)
    if len(shape) != 2 or shape[0] % cells:
        raise ModelInvalid(f"The network gives a table of {shape}, not of {cells} rows.", field="output.strides")
    for field, indices in (("classes", card.classes), ("grey_animals", card.grey_animals)):
        if shape[1] <= 5 + max(indices, default=0):
            raise ModelInvalid(f"The network has {shape[1] - 5} classes.", field=field)
