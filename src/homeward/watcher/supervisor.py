"""Supervisor: starts the workers, and watches over them from outside."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import structlog

from homeward.watcher import worker
from homeward.watcher.status import State, Status, counters
from homeward.watcher.worker import Group

LOOKED_EVERY_S = 0.2
STARTING_S, LONGEST_START_S = 30.0, 480.0  # twice as long at each try: a busy box needs minutes to open the models
SILENT_S = 10.0
STUCK_TIMES, STUCK_S = 2.0, 3.0  # of a camera's own time-out, and on top of it
STOPPING_S = 3.0
SHORT_S = 20.0  # a process that ends sooner than that will hardly do better at once
AGAIN_S, LONGEST_AGAIN_S = 1.0, 60.0  # from one of its starts to the next: twice as long at each try
FEW_ARENAS = ("MALLOC_ARENA_MAX", "2")  # a thread for each camera: without it each keeps its own freed pictures, 14 MB
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Worker:
    """A process, the pipe to it, and when it was last heard of."""

    group: Group
    process: BaseProcess
    pipe: Connection
    started_s: float
    starting_s: float
    again_s: float = 0.0
    heard_s: float | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why the server takes nothing of a camera, and what to do."""

    problem: str
    hint: str
    for_good: bool


@dataclass(slots=True)
class Supervisor:
    """All cameras of one box.

    A worker that says nothing for ``silent_s``, or of which a camera hangs, is killed and started again with all its
    cameras; so is one that has not begun within ``starting_s``, which gets twice as long the next time.
    """

    groups: tuple[Group, ...]
    silent_s: float = SILENT_S
    starting_s: float = STARTING_S
    on_picture: Callable[[str, bytes], None] | None = None
    on_look: Callable[["Supervisor"], None] | None = None
    statuses: dict[str, Status] = field(init=False)
    restarts: int = 0
    _before: dict[str, dict[str, int]] = field(default_factory=dict)
    _workers: list[_Worker] = field(default_factory=list)
    _shown: frozenset[str] = frozenset()
    _paused: frozenset[str] = frozenset()
    _refused: dict[str, _Refusal] = field(default_factory=dict)
    _told: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Nothing was heard yet."""
        self.statuses = {camera.id: Status(camera.id) for group in self.groups for camera in group.cameras}

    def run(self, stop: threading.Event) -> bool:
        """Until told to stop, or until there is nothing left to do: whether it was that."""
        self._workers = [self._started(group) for group in self.groups]
        try:
            while not stop.is_set() and not self._is_over():
                for number, each in enumerate(self._workers):
                    self._heard(each)
                    if not each.ended and self._hangs(each):
                        self._workers[number] = self._restarted(each)
                if self.on_look is not None:
                    self.on_look(self)
                stop.wait(LOOKED_EVERY_S)
            return self._is_over()
        finally:
            stop.set()
            self._stop_all()

    @property
    def all_hopeless(self) -> bool:
        """Whether nothing can be watched, or nothing sent, without somebody's help."""
        return all(map(self._is_hopeless, self.statuses.values()))

    @property
    def rest_hopeless(self) -> bool:
        """Whether some camera is hopeless, and every other one is too or was a recording that has ended."""
        rest = [status for status in self.statuses.values() if not self._is_hopeless(status)]
        return len(rest) < len(self.statuses) and all(status.state is State.ENDED for status in rest)

    @property
    def shown(self) -> frozenset[str]:
        """The cameras whose pictures somebody looks at."""
        return self._shown

    @property
    def pids(self) -> list[int | None]:
        """The workers' processes."""
        return [each.process.pid for each in self._workers]

    def totals(self) -> list[Status]:
        """All statuses, with what was counted before a restart."""
        return [self._total(status) for status in self.statuses.values()]

    def show(self, cameras: frozenset[str]) -> None:
        """From now on ``on_picture`` gets the pictures of these cameras."""
        with self._told:
            self._shown = cameras
            for each in self._workers:
                _tell(each, "show", cameras)

    def welcomed(self, camera: str, *, paused: bool) -> None:
        """The server takes what the camera sends; it is not looked at while its owner ``paused`` it."""
        with self._told:
            self._refused.pop(camera, None)
            now = self._paused | {camera} if paused else self._paused - {camera}
            if now != self._paused:
                self._paused = now
                for each in self._workers:
                    _tell(each, "pause", now)

    def refused(self, camera: str, problem: str, hint: str, *, for_good: bool) -> None:
        """The server takes nothing of the camera; ``for_good`` where it never did."""
        with self._told:
            self._refused[camera] = _Refusal(problem, hint, for_good)

    def _started(self, group: Group) -> _Worker:
        # spawn: a fork of a process with threads may hang for ever
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        os.environ.setdefault(*FEW_ARENAS)  # read by the C library when a process begins
        process = context.Process(target=worker.run, args=(group, there), daemon=True)
        process.start()
        there.close()
        made = _Worker(group, process, here, time.monotonic(), self.starting_s)
        _tell(made, "show", self._shown)
        _tell(made, "pause", self._paused)
        return made

    def _heard(self, each: _Worker) -> None:
        """Take what the worker says."""
        try:
            while each.pipe.poll():
                kind, *values = each.pipe.recv()
                each.heard_s = time.monotonic()
                if kind == "status":
                    self.statuses.update({status.camera: status for status in values[0]})
                elif self.on_picture is not None:
                    self.on_picture(*values)
        except (EOFError, OSError):
            each.ended = self._is_done(each)

    def _is_done(self, each: _Worker) -> bool:
        each.process.join(STOPPING_S)
        return each.process.exitcode == 0

    def _hangs(self, each: _Worker) -> bool:
        now = time.monotonic()
        if each.process.exitcode is not None:
            return each.process.exitcode != 0 and now - each.started_s > each.again_s
        if each.heard_s is None:
            return now - each.started_s > each.starting_s
        if now - each.heard_s > self.silent_s:
            return True
        return any(
            now - self.statuses[c.id].touched_s > STUCK_TIMES * c.timeout_s + STUCK_S
            for c in each.group.cameras
            if self.statuses[c.id].state in {State.CONNECTING, State.LIVE, State.STALLED}
        )

    def _restarted(self, each: _Worker) -> _Worker:
        self.restarts += 1
        ended, lived_s = each.process.exitcode, time.monotonic() - each.started_s
        event = (
            "cameras hang, their process is started anew" if ended is None else "a process ended, it is started anew"
        )
        log.warning(event, cameras=[c.id for c in each.group.cameras], exit_code=ended)
        each.process.kill()
        each.process.join()
        each.pipe.close()
        for camera in each.group.cameras:
            old = self.statuses[camera.id]
            self._before[camera.id] = counters(self._total(old))
            self.statuses[camera.id] = Status(
                camera.id, State.STALLED, old.problem, old.hint, touched_s=time.monotonic()
            )
        longer = each.starting_s * 2 if each.heard_s is None else self.starting_s
        again_s = max(AGAIN_S, 2 * each.again_s) if ended is not None and lived_s < SHORT_S + each.again_s else 0.0
        return replace(
            self._started(each.group),
            starting_s=min(LONGEST_START_S, longer),
            again_s=min(LONGEST_AGAIN_S, again_s),
        )

    def _total(self, status: Status) -> Status:
        before = self._before.get(status.camera, {})
        counts: dict[str, Any] = {name: value + before.get(name, 0) for name, value in counters(status).items()}
        refusal = self._refused.get(status.camera)
        if refusal is not None and not status.problem:
            return replace(status, problem=refusal.problem, hint=refusal.hint, **counts)
        return replace(status, **counts)

    def _is_hopeless(self, status: Status) -> bool:
        refusal = self._refused.get(status.camera)
        return status.is_hopeless or (refusal is not None and refusal.for_good)

    def _is_over(self) -> bool:
        return all(each.ended for each in self._workers) or self.rest_hopeless

    def _stop_all(self) -> None:
        for each in self._workers:
            _tell(each, "stop")
        deadline = time.monotonic() + STOPPING_S
        for each in self._workers:
            while each.process.is_alive() and time.monotonic() < deadline:
                self._heard(each)
                each.process.join(0.05)
            self._heard(each)
            if each.process.is_alive():
                each.process.kill()
            each.process.join()
            each.pipe.close()


def _tell(each: _Worker, *order: object) -> None:
    with suppress(OSError):
        each.pipe.send(order)
