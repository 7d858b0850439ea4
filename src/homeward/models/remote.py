"""Remote: a network that a model service runs, over the Open Inference Protocol; the local one where that fails."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2
import numpy as np
import structlog

from homeward.domain.animals import Picture
from homeward.errors import HomewardError, ModelUnavailable
from homeward.models.cards import Card
from homeward.models.onnx import Floats, Network
from homeward.models.prepare import tensor
from homeward.models.protocol import read, written

TIMEOUT_S = 5.0
TRIES = 2
AGAIN = {429, 502, 503, 504}
REST_S, LONGEST_REST_S = 5.0, 60.0
MAX_BATCH = 8
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a model service is, and the key to it."""

    url: str
    key: str | None = None
    timeout_s: float = TIMEOUT_S

    def client(self) -> httpx2.Client:
        """Somebody to ask it."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=self.timeout_s)

    def check(self, name: str) -> None:
        """Ask whether the service runs a model.

        Raises:
            ModelUnavailable: it does not, or nobody answers, or the key is wrong.
        """
        try:
            with self.client() as client:
                status = client.get(f"/v2/models/{name}/ready").status_code
        except httpx2.HTTPError as error:
            raise ModelUnavailable("Nobody answers there.", hint="Start homeward models serve on it.") from error
        if status != 200:
            hint = "Set HOMEWARD_MODEL_SERVICE_KEY on both sides." if status in {401, 403} else "Add the model there."
            raise ModelUnavailable(f"The service answers {status}.", hint=hint)


@dataclass(slots=True, weakref_slot=True)
class RemoteNetwork:
    """`homeward.models.onnx.Network` at a service. After a failure the local one works for a while, ever longer."""

    card: Card
    service: Service
    make_local: Callable[[], Network]
    now: Callable[[], float] = time.monotonic
    _client: httpx2.Client = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _local: Network | None = None
    _failures: int = 0
    _rests_until_s: float = float("-inf")

    def __post_init__(self) -> None:
        """Nobody is asked yet."""
        self._client = self.service.client()
        weakref.finalize(self, self._client.close)

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output for pictures of the network's own size.

        Raises:
            ModelUnavailable: neither the service nor the local network works.
        """
        if self.now() >= self._rests_until_s:
            try:
                answer = self._asked(canvases)
            except HomewardError as error:
                self._failed(error)
            else:
                self._failures = 0
                return answer
        return self._at_home().run(canvases)

    def quick(self) -> "RemoteNetwork":
        """Itself: a service answers with all that it sees."""
        return self

    def _asked(self, canvases: list[Picture]) -> Floats:
        parts = [canvases[start : start + MAX_BATCH] for start in range(0, len(canvases), MAX_BATCH)]
        return np.concatenate([self._part(part) for part in parts])

    def _part(self, canvases: list[Picture]) -> Floats:
        outputs = [{"name": self.card.output, "parameters": {"binary_data": True}}]
        body, headers = written("inputs", self.card.input.name, tensor(canvases, self.card.input), outputs=outputs)
        for attempt in range(TRIES):
            try:
                answer = self._client.post(f"/v2/models/{self.card.name}/infer", content=body, headers=headers)
            except httpx2.HTTPError as error:
                if attempt == TRIES - 1:
                    raise ModelUnavailable("The model service does not answer.") from error
                continue
            if answer.status_code == 200:
                rows, _ = read("outputs", self.card.output, answer.content, answer.headers)
                if len(rows) != len(canvases):
                    raise ModelUnavailable("The model service answered for another number of pictures.")
                return rows
            if answer.status_code not in AGAIN:
                break
        raise ModelUnavailable(f"The model service answered {answer.status_code}.")

    def _failed(self, error: HomewardError) -> None:
        with self._lock:
            self._failures += 1
            rest_s = min(LONGEST_REST_S, REST_S * 2.0 ** min(self._failures - 1, 10))
            self._rests_until_s = self.now() + rest_s
        log.warning("model service left alone", model=self.card.name, problem=error.message, seconds=rest_s)

    def _at_home(self) -> Network:
        with self._lock:
            if self._local is None:
                self._local = self.make_local()
            return self._local
