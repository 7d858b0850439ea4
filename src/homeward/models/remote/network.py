"""Network: one that a model service runs, trusted once it is seen to be the card's; the local one where it fails."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import structlog

from homeward.domain.animals import Picture
from homeward.errors import HomewardError, ModelInvalid
from homeward.models.cards import Card
from homeward.models.golden import compare, fingerprint
from homeward.models.onnx import Floats, Network
from homeward.models.prepare import tensor
from homeward.models.protocol import Tensor
from homeward.models.remote.breaker import Breaker, Gate
from homeward.models.remote.link import Asked, Broken, Busy, Described, Link, Wrong
from homeward.models.remote.pace import Pace
from homeward.models.remote.service import Service
from homeward.telemetry import MODEL_CALLS, MODEL_HEDGES

MAX_BATCH = 8
TRIES = 2
PATIENCE_S = 1.0  # longer than this the local network is sooner done
UNTOLD_S = 0.1  # a pause for a service that names none
PROVE_AGAIN_S = 60.0  # a service may come back with another model between two calls
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ServedNetwork:
    """`homeward.models.onnx.Runs` at a service, without the local one: one call, its tries, its time."""

    card: Card
    link: Link
    described: Described
    timeout_s: float
    pace: Pace = field(default_factory=Pace)
    row_shape: tuple[int, ...] | None = None

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output for pictures of the network's own size.

        Raises:
            ModelUnavailable: the service did not give them, see `homeward.models.remote.link`.
        """
        deadline_s = time.monotonic() + self.timeout_s
        fixed = self.described.shape[0]
        size = fixed if fixed > 0 else MAX_BATCH
        parts = [canvases[start : start + size] for start in range(0, len(canvases), size)]
        return np.concatenate([self._part(part, size if fixed > 0 else len(part), deadline_s) for part in parts])

    def _part(self, canvases: list[Picture], size: int, deadline_s: float) -> Floats:
        filled = canvases + canvases[-1:] * (size - len(canvases))
        asked = Asked(self.card.name, self.described.input, self._input(filled), self.card.output)
        rows = self._tried(asked, deadline_s)[: len(canvases)]
        if self.row_shape is None:
            self.row_shape = rows.shape[1:]
        if rows.shape[1:] != self.row_shape:
            raise Wrong(f"The service answered rows of {rows.shape[1:]}, not of {self.row_shape}.")
        return rows

    def _tried(self, asked: Asked, deadline_s: float) -> Floats:
        for last in range(TRIES):
            start_s = time.monotonic()
            try:
                rows, was_hedged = self.link.infer(asked, deadline_s, self.pace.hedge_after_s(len(asked.tensor)))
            except Busy as busy:
                wait_s = busy.after_s if busy.after_s is not None else UNTOLD_S
                if last == TRIES - 1 or wait_s > min(PATIENCE_S, deadline_s - time.monotonic()):
                    raise
                threading.Event().wait(wait_s)
            except Broken:  # the connection of before may have been closed, or its server replaced
                if last == TRIES - 1:
                    raise
            else:
                self.pace.took(len(asked.tensor), time.monotonic() - start_s, was_hedged=was_hedged)
                MODEL_HEDGES.labels(asked.model).inc(int(was_hedged))
                return rows
        raise AssertionError("the last try returns or raises")

    def _input(self, canvases: list[Picture]) -> Tensor:
        """UINT8 pictures where the service takes them, else what the network itself eats."""
        if self.described.datatype == "UINT8":
            return np.stack(canvases)
        return tensor(canvases, self.card.input)


@dataclass(slots=True, weakref_slot=True)
class RemoteNetwork:
    """`homeward.models.onnx.Network`: at the service while that is well, else here."""

    card: Card
    service: Service
    make_local: Callable[[], Network]
    breaker: Breaker = field(default_factory=Breaker)
    _link: Link = field(init=False)
    _served: ServedNetwork | None = None
    _proven_s: float = 0.0
    _local: Network | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_tried: bool = False
    _first: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Nobody is asked yet."""
        self._link = self.service.link()
        weakref.finalize(self, self._link.close)

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output for pictures of the network's own size.

        Raises:
            ModelUnavailable: the service does not work, and neither does the local network.
        """
        served = self._trusted()
        if served is not None:
            try:
                rows = served.run(canvases)
            except HomewardError as error:
                self._rest(error)
            else:
                MODEL_CALLS.labels(self.card.name, "service").inc()
                return rows
        MODEL_CALLS.labels(self.card.name, "local").inc()
        return self._at_home().run(canvases)

    def quick(self) -> "RemoteNetwork":
        """Itself: a service answers with all that it sees."""
        return self

    def _trusted(self) -> ServedNetwork | None:
        """The service, if it may be asked now. The first callers wait until it is tried; later tries happen aside."""
        with self._first:
            if not self._is_tried:
                self.breaker.gate()
                self._try()
                self._is_tried = True
        gate = self.breaker.gate()
        if gate is Gate.HALF_OPEN or (gate is Gate.CLOSED and self._is_due()):
            threading.Thread(target=self._try, name=f"try-{self.card.name}", daemon=True).start()
        return self._served if gate is Gate.CLOSED else None

    def _is_due(self) -> bool:
        """Whether it was proven long ago; true for one caller only."""
        with self._lock:
            is_due = self.breaker.now() - self._proven_s > PROVE_AGAIN_S
            if is_due:
                self._proven_s = self.breaker.now()
            return is_due

    def _try(self) -> None:
        try:
            served = proven(self.card, self._link, self.service.timeout_s, self._fingerprint_at_home)
        except Exception as error:
            self._left_alone(error, self.breaker.failed())
            if not isinstance(error, HomewardError):
                raise
        else:
            self._served, self._proven_s = served, self.breaker.now()
            self.breaker.succeeded()

    def _rest(self, error: HomewardError) -> None:
        if isinstance(error, Busy):
            rest_s = error.after_s if error.after_s is not None else UNTOLD_S
            self.breaker.rest(rest_s)
        else:
            rest_s = self.breaker.failed()
        self._left_alone(error, rest_s)

    def _left_alone(self, error: Exception, rest_s: float) -> None:
        log.warning("model service left alone", model=self.card.name, problem=str(error), seconds=rest_s)

    def _at_home(self) -> Network:
        with self._lock:
            if self._local is None:
                self._local = self.make_local()
            return self._local

    def _fingerprint_at_home(self) -> Floats:
        return fingerprint(self.card, self._at_home())


def proven(card: Card, link: Link, timeout_s: float, wanted: Callable[[], Floats]) -> ServedNetwork:
    """The network at a service, once it gives the card's golden numbers; ``wanted`` stands in for a card without.

    Raises:
        ModelUnavailable: the service cannot be asked.
        ModelInvalid: it runs another network.
    """
    described = link.describe(card.name, time.monotonic() + timeout_s)
    sides = (card.input.height, card.input.width)
    own = (3, *sides) if card.input.layout == "NCHW" else (*sides, 3)
    fits = {"UINT8": (*sides, 3), "FP32": own}.get(described.datatype)
    if fits is None or len(described.shape) != 4 or not _alike(described.shape[1:], fits):
        told = f"{described.datatype} {list(described.shape)}"
        raise ModelInvalid(f"The service's {card.name} takes {told}.", field="input", hint="It runs another model.")
    if card.output not in described.outputs:
        raise ModelInvalid(f"The service's {card.name} has no output {card.output}.", field="output.name")
    served = ServedNetwork(card, link, described, timeout_s)
    compare(fingerprint(card, served), np.array(card.golden, np.float32) if card.golden is not None else wanted())
    return served


def _alike(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(side in {-1, want} for side, want in zip(shape, wanted, strict=True))
