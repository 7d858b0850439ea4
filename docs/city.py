"""Write docs/why/city.md and its plots: where the cost of a city with 100,000 cameras goes.

    python -m docs.city

Nothing is measured here. Each constant says where it comes from: a benchmark of this repository (docs/why/speed.md), a
published figure, or an assumption, which is then said to be one. Change one and run it again.
"""

# ruff: noqa: E501 - lines of the page

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE, PLOTS = ROOT / "docs/why/city.md", ROOT / "docs/why/city"
GB, TB, DAY_S = 1e9, 1e12, 86_400.0


@dataclass(frozen=True)
class Given:
    """A constant and its source."""

    name: str
    value: float
    unit: str
    source: str


CAMERAS = Given("cameras", 100_000, "", "the question")
KEPT = Given("sightings kept", 100e6, "", "the question")
DAYS = Given("days that a sighting is kept", 30, "days", "setting `sighting_days`")
LOST = Given("open lost pets", 10_000, "", "the question")
PEAK = Given("busiest hour over the mean", 2.5, "times", "assumption: cats and dogs are about at dusk and dawn")
CAMERAS_PER_CORE = Given(
    "1080p25 cameras held by a core, moving 5 % of the time", 41, "", "measured: `benchmarks cameras`, 82 on two cores"
)
WATCHER_MB = Given("memory of the watcher for a camera", 87, "MB", "measured: `benchmarks cameras`")
STREAM_MBIT = Given(
    "a camera's stream", 8, "Mbit/s", "the stream of `benchmarks cameras`; it does not leave the camera's site"
)
CROP_KB = Given("picture of a sighting", 15, "kB", "assumption: a crop of 300 x 300 pixels as JPEG")
ROWS_KB = Given(
    "rows and indexes of a sighting without its vectors",
    2.5,
    "kB",
    "assumption: a dozen rows in eight tables with their indexes; `benchmarks sightings` tells the file's growth",
)
VECTORS = Given("vectors of a sighting", 1.4, "", "assumption: a body always, a face in four of ten")
DIMENSION = Given("numbers of a vector", 256, "", "the bundled embedder")
RAM_INDEX_BYTES = Given(
    "exact index in RAM for a vector", 1_940, "bytes", "measured: `benchmarks memory`, 194 MB for 100,000"
)
QDRANT_INT8_BYTES = Given(
    "Qdrant for a number of a vector, one byte each, graph included",
    1.5,
    "bytes",
    "published formula: size x 1.5 (Qdrant, capacity planning)",
)
HNSW_HALF_BYTES = Given(
    "pgvector halfvec with HNSW (m = 16) for a vector",
    256 * 2 + 16 * 2 * 6 + 80,
    "bytes",
    "2 bytes a number, two links of 6 bytes for each of m on the lowest layer, tuple headers (reckoned)",
)
DETECT_CORE_MS = Given(
    "detector on one picture with an animal",
    15.6,
    "ms of a core",
    "measured: `benchmarks detector`, 128 pictures a second on two cores",
)
EMBED_CORE_MS = Given("embedder on one crop", 30, "ms of a core", "measured: docs/why/speed.md")
MATCH_CORE_MS = Given(
    "accepting and matching a sighting",
    8.6,
    "ms of a core",
    "measured with 10,000 open lost pets: `benchmarks sightings`, 127 a second in one process (on PostgreSQL 11 ms beside the server's own, 70 a second)",
)
GPU_PER_S = Given(
    "detector and embedder together on a T4-class GPU",
    450,
    "pictures a second",
    "published: RF-DETR-N and YOLO11n class, 2.1 to 2.5 ms a picture; on an H200 ours did 1,526 (embedder) and 1,152 (detector), in runs of 8",
)
CONSTANTS = (
    CAMERAS,
    KEPT,
    DAYS,
    LOST,
    PEAK,
    CAMERAS_PER_CORE,
    WATCHER_MB,
    STREAM_MBIT,
    CROP_KB,
    ROWS_KB,
    VECTORS,
    DIMENSION,
    RAM_INDEX_BYTES,
    QDRANT_INT8_BYTES,
    HNSW_HALF_BYTES,
    DETECT_CORE_MS,
    EMBED_CORE_MS,
    MATCH_CORE_MS,
    GPU_PER_S,
)


@dataclass(frozen=True)
class Cost:
    """What a city needs; units in the names."""

    sightings_per_s: float
    peak_per_s: float
    watcher_cores: float
    watcher_memory_tb: float
    ingest_mbit: float
    photos_tb: float
    rows_gb: float
    vectors_gb: float
    exact_ram_gb: float
    qdrant_ram_gb: float
    pgvector_gb: float
    model_cores_at_peak: float
    model_gpus_at_peak: float
    match_cores_at_peak: float


def cost(cameras: float, kept: float) -> Cost:
    """Of a city with ``cameras`` that keeps ``kept`` sightings."""
    a_second = kept / (DAYS.value * DAY_S)
    peak, vectors = a_second * PEAK.value, kept * VECTORS.value
    return Cost(
        sightings_per_s=a_second,
        peak_per_s=peak,
        watcher_cores=cameras / CAMERAS_PER_CORE.value,
        watcher_memory_tb=cameras * WATCHER_MB.value * 1e6 / TB,
        ingest_mbit=peak * CROP_KB.value * 8 / 1000,
        photos_tb=kept * CROP_KB.value * 1000 / TB,
        rows_gb=kept * ROWS_KB.value * 1000 / GB,
        vectors_gb=vectors * DIMENSION.value * 4 / GB,
        exact_ram_gb=vectors * RAM_INDEX_BYTES.value / GB,
        qdrant_ram_gb=vectors * DIMENSION.value * QDRANT_INT8_BYTES.value / GB,
        pgvector_gb=vectors * HNSW_HALF_BYTES.value / GB,
        model_cores_at_peak=peak * (DETECT_CORE_MS.value + VECTORS.value * EMBED_CORE_MS.value) / 1000,
        model_gpus_at_peak=peak * (1 + VECTORS.value) / GPU_PER_S.value,
        match_cores_at_peak=peak * MATCH_CORE_MS.value / 1000,
    )


def main() -> None:
    """Write the page and its plot."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    _plot(PLOTS / "memory.png")
    PAGE.write_text(_page(), encoding="utf-8")


def _page() -> str:
    whole, town = cost(CAMERAS.value, KEPT.value), cost(1_000, 1e6)
    rows = [
        (
            "sightings a second, mean / busiest hour",
            f"{town.sightings_per_s:.2g} / {town.peak_per_s:.2g}",
            f"{whole.sightings_per_s:.0f} / {whole.peak_per_s:.0f}",
        ),
        ("cores that watch (boxes beside the cameras)", f"{town.watcher_cores:.0f}", f"{whole.watcher_cores:,.0f}"),
        ("memory of the watchers", f"{town.watcher_memory_tb * 1000:.0f} GB", f"{whole.watcher_memory_tb:.1f} TB"),
        ("network into the centre, busiest hour", f"{town.ingest_mbit:.1f} Mbit/s", f"{whole.ingest_mbit:.0f} Mbit/s"),
        ("pictures kept", f"{town.photos_tb * 1000:.0f} GB", f"{whole.photos_tb:.1f} TB"),
        ("rows in SQL, vectors apart", f"{town.rows_gb:.1f} GB", f"{whole.rows_gb:.0f} GB"),
        ("vectors in SQL (float32, the truth)", f"{town.vectors_gb:.1f} GB", f"{whole.vectors_gb:.0f} GB"),
        (
            "index: exact, in RAM",
            f"{town.exact_ram_gb:.1f} GB",
            f"{whole.exact_ram_gb:.0f} GB: too much for one process",
        ),
        ("index: pgvector, halfvec and HNSW", f"{town.pgvector_gb:.1f} GB", f"{whole.pgvector_gb:.0f} GB"),
        (
            "index: Qdrant, one byte a number in RAM",
            f"{town.qdrant_ram_gb:.1f} GB",
            f"{whole.qdrant_ram_gb:.0f} GB, on several nodes",
        ),
        ("cores for the models, busiest hour", f"{town.model_cores_at_peak:.1f}", f"{whole.model_cores_at_peak:.0f}"),
        ("or GPUs for the models", "none", f"{max(1.0, whole.model_gpus_at_peak):.0f}"),
        ("cores that accept and match", f"{town.match_cores_at_peak:.2f}", f"{whole.match_cores_at_peak:.1f}"),
    ]
    return "\n".join(
        [
            "# Where a city's cost goes",
            "",
            "A reckoning, not a measurement: `python -m docs.city` multiplies the constants below. Those that are measured come from `make bench` on two shared cores; the others say so. `python -m benchmarks.city` plays a city before a running server.",
            "",
            _table(
                (
                    "what it needs",
                    "a town: 1,000 cameras, a million sightings",
                    "100,000 cameras, 100 million sightings",
                ),
                rows,
            ),
            "",
            "**Watching is nearly all of it.** Of the cores, more than nine in ten stand beside the cameras and look for something that moves; that is why the watcher decodes key frames only while nothing does, and why streams never leave the site. What reaches the centre is a few dozen pictures a second.",
            "",
            "**The models are the next.** One GPU does what a city's busiest hour asks for; without any, a rack of cores does.",
            "",
            "**The shelf of lost pets is small** (10,000 pets with three photos are 60 MB of vectors), so each process that matches keeps it in RAM, exactly. Only a new lost report asks the large shelf; that is once a minute, not a hundred times a second.",
            "",
            "![Memory of the index of found animals by the number of sightings kept](city/memory.png)",
            "",
            "## The constants",
            "",
            _table(
                ("constant", "value", "from"),
                [(given.name, f"{given.value:,g} {given.unit}".strip(), given.source) for given in CONSTANTS],
            ),
            "",
        ]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)])


def _plot(path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    kept = [10.0**power for power in (4, 5, 6, 7, 8)]
    costs = [cost(CAMERAS.value, count) for count in kept]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for label, values in (
        ("exact, in RAM", [one.exact_ram_gb for one in costs]),
        ("pgvector, halfvec and HNSW", [one.pgvector_gb for one in costs]),
        ("Qdrant, one byte a number", [one.qdrant_ram_gb for one in costs]),
    ):
        axes.loglog(kept, values, marker="o", label=label)
    axes.axhline(16, color="grey", linestyle="--", linewidth=1)
    axes.text(kept[0], 18, "a server with 16 GB", color="grey", fontsize=9)
    axes.set_xlabel("sightings kept")
    axes.set_ylabel("GB")
    axes.legend()
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
