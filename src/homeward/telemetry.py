"""Logs and counters: one event, one counter, one histogram for each step. Never photos, contacts, tokens, points."""

import logging
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

STEPS = Counter("homeward_steps_total", "Steps of the engine by outcome.", ["step", "outcome"])
SECONDS = Histogram(
    "homeward_step_seconds",
    "How long a step of the engine takes, in seconds.",
    ["step"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
)
MODEL_CALLS = Counter("homeward_model_calls_total", "Runs of a network by where it ran.", ["model", "where"])
MODEL_HEDGES = Counter("homeward_model_hedges_total", "Answers of the model service that took two requests.", ["model"])
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
log = structlog.get_logger("homeward")


@contextmanager
def step(name: str, **ids: Any) -> Iterator[dict[str, Any]]:
    """Count, time and log a step; ``ids`` and what the block adds to the dictionary go into the event."""
    start, noted, outcome = time.perf_counter(), dict(ids), "ok"
    try:
        yield noted
    except Exception as error:
        outcome = getattr(error, "code", type(error).__name__)
        raise
    finally:
        seconds = time.perf_counter() - start
        STEPS.labels(name, outcome).inc()
        SECONDS.labels(name).observe(seconds)
        log.info(name, outcome=outcome, ms=round(seconds * 1000, 1), **noted)


def place_of(error: BaseException) -> str:
    """Kind and line of code of an error that nobody expected; its own words may hold an address with its password."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return " ".join([type(error).__name__, *(f"in {Path(line.filename).name}:{line.lineno}" for line in last)])


def configure(level: str, style: str) -> None:
    """Log to stderr; ``style`` is json, console, or auto (json unless a terminal watches)."""
    is_console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if is_console
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, render] if not is_console else [*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of each form that the caller is told of
    warnings.filterwarnings("ignore", module="PIL")  # so does Pillow of odd photos
    logging.basicConfig(level=max(LEVELS[level], logging.WARNING), stream=sys.stderr, format="%(message)s")
