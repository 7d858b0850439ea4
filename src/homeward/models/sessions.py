"""Sessions: an ONNX file in, what runs it out; on all threads, or on half of them where two runs meet."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import structlog

from homeward.errors import ModelInvalid
from homeward.models.cards import Card

OPENING = threading.Lock()
NO_CUDA = "pip uninstall onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]', on a machine with an NVIDIA driver."
log = structlog.get_logger(__name__)


class Sessions:
    """One network, opened for all threads, and once more for half of them when two runs meet for the first time.

    Two runs on half of the threads each get a quarter to a half more done than one after the other on all of them.
    """

    def __init__(self, open_: Callable[[int], Any], threads: int, *, has_half: bool) -> None:
        """``open_`` gives a session on so many threads; 0 means all cores."""
        cores = threads or _cores()
        self.widest = open_(threads)
        self._open, self._half_of = open_, cores // 2
        self._half = None if has_half and cores > 1 else self.widest
        self._running = 0
        self._lock = threading.Lock()

    @contextmanager
    def run(self) -> Iterator[None]:
        """Around a run."""
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def now(self) -> Any:
        """The session for the next part of a run."""
        with self._lock:
            if self._running > 1 and self._half is None:
                self._half = self._second()
            return self._half if self._running > 1 else self.widest

    def _second(self) -> Any:
        """Where the network cannot be opened any more, that for all threads serves every run."""
        try:
            return self._open(self._half_of)
        except ModelInvalid as error:
            log.warning("two runs of a model share its threads", problem=str(error))
            return self.widest


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def opening(card: Card, file: Path, device: str, *, keeps: bool) -> Callable[[int], Any]:
    """What opens the file for so many threads, later too, as long as it is the very same file.

    A model of the same name may have taken its place meanwhile: its numbers mean something else.
    """
    known = _stamp(file)

    def open_(threads: int) -> Any:
        session = _session(card, file, threads, device, keeps=keeps)
        if _stamp(file) != known:
            raise ModelInvalid(f"{file.name} is another file by now.", field="file")
        return session

    return open_


def _stamp(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@cache
def _share_memory() -> None:
    """What sessions keep is kept in one place: two that never run at once then need it once."""
    import onnxruntime as ort

    own = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    exactly = {"max_mem": 0, "arena_extend_strategy": 1, "initial_chunk_size_bytes": -1, "max_dead_bytes_per_chunk": -1}
    ort.create_and_register_allocator(own, ort.OrtArenaCfg(exactly))


def _session(card: Card, file: Path, threads: int, device: str, *, keeps: bool) -> Any:
    """Open the file for ``threads`` threads; it keeps its memory from run to run, or not."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # between two runs nobody turns a core in a circle; within one a detector's threads may, which run for a few
    # milliseconds, not an embedder's: on two busy cores all else gets a seventh more done (docs/why/speed.md)
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(card.kind == "detector")))
    options.enable_cpu_mem_arena = keeps
    if keeps:
        with OPENING:
            _share_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
    options.log_severity_level = 3
    providers = _providers(device)
    try:
        session = ort.InferenceSession(str(file), options, providers=providers)
    except Exception as error:
        raise ModelInvalid(f"{file.name} cannot be opened as ONNX.", field="file", hint=str(error)[:200]) from error
    if session.get_providers()[0] != providers[0]:  # where a library is missing it quietly takes the processor
        raise ModelInvalid("CUDA cannot be used here.", field="model_device", hint=NO_CUDA)
    return session


def _providers(device: str) -> list[str]:
    """ONNX Runtime's names for what runs a network.

    Raises:
        ModelInvalid: the installed ONNX Runtime cannot use the device.
    """
    import onnxruntime as ort

    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        raise ModelInvalid("The installed ONNX Runtime knows no CUDA.", field="model_device", hint=NO_CUDA)
    _find_cuda()
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


@cache
def _find_cuda() -> None:
    """CUDA's libraries where pip puts them; those that the system knows are found without."""
    import onnxruntime as ort

    with redirect_stdout(StringIO()):  # it prints what it does not find, though the system may know it
        ort.preload_dlls()
