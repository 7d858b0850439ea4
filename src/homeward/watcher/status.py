"""Status: what each camera does, for the watchdog, the server, Prometheus and people."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What a camera's reader is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    FAILED = "failed"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(slots=True)
class Status:
    """One camera's state and counters. ``touched_s`` and ``seen_s`` are on the clock that never goes back."""

    camera: str
    state: State = State.CONNECTING
    problem: str = ""
    hint: str = ""
    is_hopeless: bool = False
    is_busy: bool = False
    touched_s: float = 0.0
    seen_s: float | None = None
    late_by_s: float = 0.0
    connections: int = 0
    packets: int = 0
    decoded: int = 0
    broken: int = 0
    skipped: int = 0
    frames: int = 0
    detector_runs: int = 0
    tracks: int = 0
    sent: int = 0
    repeats: int = 0
    dropped_for_people: int = 0


COUNTERS = tuple(f.name for f in fields(Status) if f.type == "int" or f.type is int)


def counters(status: Status) -> dict[str, int]:
    """All that is counted."""
    return {name: int(getattr(status, name)) for name in COUNTERS}


def metrics(statuses: Iterable[Status], spool: dict[str, int], restarts: int) -> str:
    """The text that Prometheus reads. Names of cameras are ids, which need no escaping."""
    found = list(statuses)
    lines = []
    for name in COUNTERS:
        lines.append(f"# TYPE homeward_watch_{name}_total counter")
        lines += [f'homeward_watch_{name}_total{{camera="{s.camera}"}} {getattr(s, name)}' for s in found]
    lines.append("# TYPE homeward_watch_late_seconds gauge")
    lines += [f'homeward_watch_late_seconds{{camera="{s.camera}"}} {s.late_by_s:.3f}' for s in found]
    lines.append("# TYPE homeward_watch_state gauge")
    lines += [
        f'homeward_watch_state{{camera="{s.camera}",state="{state.value}"}} {int(s.state is state)}'
        for s in found
        for state in State
    ]
    for name, value in spool.items():
        kind = "gauge" if name == "waiting" else "counter"
        suffix = "" if name == "waiting" else "_total"
        lines += [f"# TYPE homeward_watch_spool_{name}{suffix} {kind}", f"homeward_watch_spool_{name}{suffix} {value}"]
    lines += ["# TYPE homeward_watch_restarts_total counter", f"homeward_watch_restarts_total {restarts}"]
    return "\n".join(lines) + "\n"


def as_item(status: Status, now_s: float) -> dict[str, Any]:
    """For JSON and tables."""
    return {
        "camera": status.camera,
        "state": status.state.value,
        "problem": status.problem,
        "last_frame_s_ago": None if status.seen_s is None else round(now_s - status.seen_s, 1),
        "late_s": round(status.late_by_s, 2),
        **counters(status),
    }
