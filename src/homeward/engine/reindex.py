"""Reindex: another model's vectors beside those in use, batch by batch; then the switch, in one transaction.

Searches go on in the old space until the switch and in the new one after it. What is under way is a fact of the data
folder: a process that dies leaves it to the next one. The former model's vectors stay, so that a way back is short.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from homeward.domain.ids import CropId, ModelName
from homeward.domain.reports import Crop, Shelf
from homeward.engine.kept import kept_pixels
from homeward.engine.readiness import GREY
from homeward.engine.recognise import Embed
from homeward.engine.weights import check_lengths, check_weights, is_as_before, known_weights, note_weights
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, HomewardError, NotFound
from homeward.ports import Space, UnitOfWork

IN_USE, NEXT, PREVIOUS, FAILED = "embedder", "embedder_next", "embedder_previous", "embedder_failed"
CALIBRATION, SWEEP = "calibration", "embedder_sweep"
START = CropId(0)
BATCH = 8  # crops; a photo that comes in meanwhile waits for no more than these
LEFT_TO_JOBS = 100  # crops
EVERY = 100_000
SWEPT_AT_ONCE = 500
UNAVAILABLE = 503
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReindexStatus:
    """Which model's vectors are searched, which one's are being made, and how far that is (crops)."""

    model: ModelName
    next: ModelName | None
    previous: ModelName | None
    embedded: int
    total: int
    failed: str | None


def is_current(work: UnitOfWork, model: ModelName) -> bool:
    """Whether ``model`` is the one in use; no other comes into use before ``work`` ends."""
    known = work.facts.keep(IN_USE)
    return known is None or known == model


def _kept(work: UnitOfWork) -> list[ModelName]:
    """The models whose vectors stay: the one in use and the former one."""
    return [ModelName(name) for key in (IN_USE, PREVIOUS) if (name := work.facts.get(key))]


def claim(work: UnitOfWork, space: Space) -> None:
    """The vectors under its name are its own from here on; what another network made half and left goes.

    Raises:
        ModelInvalid: another network made those that are in use, or kept for the way back.
    """
    kept = _kept(work)
    if space.embedder.name in kept:
        check_weights(work, space)
    while not is_as_before(work, space) and work.embeddings.keep_only(kept, SWEPT_AT_ONCE):
        pass
    note_weights(work, space)


def come_into_use(work: UnitOfWork, space: Space, former: str, now: datetime) -> None:
    """Switch, and have everything matched anew; from here on no job ends in the former space."""
    _set(work, space)
    work.facts.set(PREVIOUS, former)
    work.facts.set(NEXT, None)
    work.facts.set(SWEEP, "yes")
    work.jobs.add_open_lost(now)


def _set(work: UnitOfWork, space: Space) -> None:
    work.facts.set(IN_USE, space.embedder.name)
    work.facts.set(CALIBRATION, space.calibration.name)


def follow(ports: Ports) -> None:
    """Take the model that another process has switched to.

    Raises:
        NotFound, ModelInvalid: it is not here, or has other weights here.
    """
    with ports.database.read() as work:
        known = work.facts.get(IN_USE)
    if known is not None and known != ports.spaces.current().embedder.name:
        space = ports.spaces.open(ModelName(known))
        with ports.database.read() as work:
            check_weights(work, space)
        ports.spaces.use(space)
        log.info("another process switched the model", model=known)


@dataclass(slots=True)
class Reindex:
    """Switches the embedder of a data folder."""

    ports: Ports
    _after: CropId = START
    _unreadable: set[CropId] = field(default_factory=set)

    def take_over(self) -> None:
        """At the start: take the model that the data folder uses; queue matches anew where its calibration changed.

        Raises:
            NotFound, ModelInvalid: the folder's model is not there any more, or has other weights now.
        """
        with self.ports.database.read() as work:
            known, calibration = work.facts.get(IN_USE), work.facts.get(CALIBRATION)
        space = self.ports.spaces.current()
        if known is not None and known != space.embedder.name:
            log.warning("the data folder keeps its model", in_use=known, asked_for=space.embedder.name)
            space = self._open_in_use(ModelName(known), space.embedder.name)
            self.ports.spaces.use(space)
        with self.ports.database.read() as work:
            check_weights(work, space)
            check_lengths(work, space)
            is_noted = known_weights(work).get(space.embedder.name) == space.weights
        is_same = (known, calibration) == (space.embedder.name, space.calibration.name)
        if not is_noted:
            space.embedder.embed([GREY])  # one that cannot even be opened must not become the folder's
        if not (is_same and is_noted):
            with self.ports.database.write() as work:
                work.alone("reindex")
                note_weights(work, space)
                _set(work, space)
                if calibration is not None and not is_same:
                    work.jobs.add_open_lost(self.ports.clock.now())
        for storage in self.ports.shelves.values():
            storage.embeddings.load(space.embedder.name)

    def _open_in_use(self, name: ModelName, other: ModelName) -> Space:
        try:
            return self.ports.spaces.open(name)
        except NotFound as error:
            hint = f"Add it again, or embed the kept crops with another: homeward reindex --model {other}."
            raise NotFound(f"The model in use, {name}, is not here.", field="embedder", hint=hint) from error

    def start(self, name: ModelName) -> ReindexStatus:
        """Begin to make the vectors of ``name``.

        Raises:
            NotFound, ModelInvalid: there is no such embedder, or its kept vectors were made with other weights.
            Conflict: it is in use already, or another one is on its way.
        """
        space = self.ports.spaces.open(name)
        with self.ports.database.write() as work:
            work.alone("reindex")
            under_way = work.facts.get(NEXT)
            if under_way not in {None, space.embedder.name}:
                hint = "Wait for it, or cancel it: homeward reindex --cancel."
                raise Conflict(f"The model {under_way} is on its way.", field="model", hint=hint)
            if is_current(work, space.embedder.name):
                raise Conflict(f"{name} is in use already.", field="model", hint="See homeward models list.")
            claim(work, space)
            work.facts.set(NEXT, space.embedder.name)
            work.facts.set(FAILED, None)
        self._restart()
        return self.status()

    def rollback(self) -> ReindexStatus:
        """Go back to the former model; only what came since must be embedded.

        Raises:
            Conflict: there is no former one.
        """
        with self.ports.database.read() as work:
            previous = work.facts.get(PREVIOUS)
        if previous is None:
            raise Conflict("There is no former model.", field="rollback", hint="Name one: homeward reindex --model.")
        return self.start(ModelName(previous))

    def cancel(self) -> ReindexStatus:
        """Stay with the model in use; what was made of the other goes, unless it is the former one."""
        with self.ports.database.write() as work:
            work.facts.set(NEXT, None)
            work.facts.set(SWEEP, "yes")
        return self.status()

    def status(self) -> ReindexStatus:
        """How far it is."""
        with self.ports.database.read() as work:
            in_use = work.facts.get(IN_USE) or self.ports.spaces.current().embedder.name
            following, previous = work.facts.get(NEXT), work.facts.get(PREVIOUS)
            embedded, total = work.embeddings.progress(ModelName(following or in_use))
            failed = work.facts.get(FAILED)
        return ReindexStatus(
            ModelName(in_use),
            ModelName(following) if following else None,
            ModelName(previous) if previous else None,
            embedded,
            total,
            failed,
        )

    def step(self) -> int:
        """A batch of what is under way; 0 where there is nothing to do, or another process does it."""
        follow(self.ports)
        with self.ports.database.hold("reindex") as is_mine:
            return self._step() if is_mine else 0

    def _step(self) -> int:
        with self.ports.database.read() as work:
            following, sweep = work.facts.get(NEXT), work.facts.get(SWEEP)
        if following is None:
            return self._sweep() if sweep else 0
        try:
            return self._advance(self.ports.spaces.open(ModelName(following)))
        except HomewardError as error:
            if error.status == UNAVAILABLE:
                raise  # a model, a store that does not answer: tried again
            log.warning("reindex failed", model=following, problem=error.message)
            with self.ports.database.write() as work:
                work.facts.set(NEXT, None)
                work.facts.set(FAILED, f"{following}: {error.message}")
            return 0

    def _advance(self, space: Space) -> int:
        with self.ports.database.read() as work:
            check_weights(work, space)
            crops = work.embeddings.unmade(space.embedder.name, self._after, BATCH)
        if crops:
            self._after = crops[-1].id
            self._embed(space, [crop for crop in crops if crop.id not in self._unreadable])
            return len(crops)
        return self._switch(space)

    def _embed(self, space: Space, crops: Sequence[Crop]) -> None:
        with self.ports.database.read() as work:
            photos = {crop.photo_id: work.photos.get(crop.photo_id) for crop in crops}
            shelves = {report.id: report.shelf for report in work.reports.get_many([crop.report_id for crop in crops])}
        pixels = {photo.id: kept_pixels(self.ports, photo) for photo in photos.values() if photo is not None}
        pictures = [(crop, pixels.get(crop.photo_id)) for crop in crops]
        self._unreadable.update(crop.id for crop, picture in pictures if picture is None)
        cuts = [(crop, picture) for crop, picture in pictures if picture is not None]
        made = Embed(space.embedder)(cuts)
        with self.ports.database.write() as work:
            there = {report.id for report in work.reports.get_many(list(shelves))}
            for new, (crop, _) in zip(made, cuts, strict=True):
                if crop.report_id in there:
                    self.ports.shelves[shelves[crop.report_id]].embeddings.add(work, [new])

    def _switch(self, space: Space) -> int:
        """In one transaction, once hardly anything is left to do; jobs do that, and match everything anew.

        Reports that come in all the time would otherwise put the switch off for ever.
        """
        name = space.embedder.name
        for shelf in Shelf:
            self.ports.shelves[shelf].embeddings.load(name)
        with self.ports.database.read() as work:
            if len(self._left(work, name, LEFT_TO_JOBS + 1)) > LEFT_TO_JOBS:
                self._after = START
                return 1
        with self.ports.database.write() as work:
            former = work.facts.get(IN_USE) or self.ports.spaces.current().embedder.name
            come_into_use(work, space, former, self.ports.clock.now())  # first, so that nothing is left out below
            for report_id in sorted({crop.report_id for crop in self._left(work, name, EVERY)}):
                work.jobs.add([report_id], self.ports.clock.now())
        self.ports.spaces.use(space)
        log.info("model switched", model=name, former=former)
        return 1

    def _left(self, work: UnitOfWork, name: ModelName, most: int) -> list[Crop]:
        left = work.embeddings.unmade(name, START, len(self._unreadable) + most)
        return [crop for crop in left if crop.id not in self._unreadable]

    def _sweep(self) -> int:
        """Vectors of models that are neither in use nor the former one go."""
        with self.ports.database.write() as work:
            gone = work.embeddings.keep_only(_kept(work), SWEPT_AT_ONCE)
            if gone == 0:
                work.facts.set(SWEEP, None)
        return gone

    def _restart(self) -> None:
        self._after = START
        self._unreadable.clear()
