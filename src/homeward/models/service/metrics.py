"""Metrics of the model service for Prometheus. Names of models and outcomes, never a picture or a key."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SEVERAL = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
REQUESTS = Counter("homeward_models_requests_total", "Requests by outcome.", ["model", "protocol", "outcome"])
QUEUE = Histogram(
    "homeward_models_queue_seconds", "How long a request waited for its run, in seconds.", ["model"], buckets=SECONDS
)
WITHIN = Gauge(
    "homeward_models_requests_within",
    "Requests that wait for their run, or are in it.",
    ["model"],
    multiprocess_mode="livesum",
)
RUN = Histogram("homeward_models_run_seconds", "How long a run took, in seconds.", ["model"], buckets=SECONDS)
BATCH = Histogram(
    "homeward_models_batch_pictures", "Pictures in one run.", ["model"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)


def exposition() -> bytes:
    """All figures as Prometheus reads them; of all processes where there are several."""
    if SEVERAL not in os.environ:
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
