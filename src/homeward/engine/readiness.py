"""Whether the parts that a report needs answer: each is asked on a thread of its own, under one deadline for all."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

import numpy as np

from homeward.domain.ids import ContentHash
from homeward.engine.wiring import Ports

NO_PHOTO = ContentHash("0" * 64)
WITHIN_S = 3.0
GREY = np.full((64, 64, 3), 128, np.uint8)  # to see whether a model works


@dataclass(slots=True)
class Readiness:
    """Asks database, photos and models. A part that is silent is asked again only once it has answered."""

    ports: Ports
    _asked: "dict[str, Future[bool]]" = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _models_worked: bool = False

    def __call__(self) -> dict[str, bool]:
        """Which parts work; those that have not answered within three seconds do not."""
        parts = {"database": self._ask_database, "photos": self._ask_photos, "models": self._ask_models}
        asked = {name: self._ask(name, part) for name, part in parts.items()}
        answered, _ = wait(asked.values(), WITHIN_S)
        return {name: answer in answered and answer.result() for name, answer in asked.items()}

    def _ask(self, name: str, part: Callable[[], object]) -> "Future[bool]":
        with self._turn:
            running = self._asked.get(name)
            if running is not None and not running.done():
                return running
            answer = self._asked[name] = Future()
        threading.Thread(target=_answer, args=(answer, part), name=f"is {name} ready", daemon=True).start()
        return answer

    def _ask_database(self) -> None:
        with self.ports.database.read() as work:
            work.jobs.count()

    def _ask_photos(self) -> None:
        self.ports.photos.has(NO_PHOTO)

    def _ask_models(self) -> None:
        """Once; a model that worked is not bothered by every probe."""
        if self._models_worked:
            return
        self.ports.detector.detect([GREY])
        self.ports.spaces.current().embedder.embed([GREY])
        self._models_worked = True


def _answer(answer: "Future[bool]", part: Callable[[], object]) -> None:
    try:
        part()
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not ready
        answer.set_result(False)
    else:
        answer.set_result(True)
