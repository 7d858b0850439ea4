"""Run the questions named, or all; print figures, or JSON."""

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for everybody: set before numpy is loaded
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks import (
    bot,
    cameras,
    centre,
    city,
    commands,
    detector,
    gate,
    gpu,
    memory,
    million,
    models,
    over_http,
    page,
    people,
    photo,
    postgres,
    search,
    several,
    sightings,
)
from homeward.telemetry import configure

QUESTIONS = {
    "search": search.measure,
    "sightings": sightings.measure,
    "several": several.measure,
    "over_http": over_http.measure,
    "centre": centre.measure,
    "city": city.measure,
    "million": million.measure,
    "postgres": postgres.measure,
    "memory": memory.measure,
    "commands": commands.measure,
    "photo": photo.measure,
    "detector": detector.measure,
    "cameras": cameras.measure,
    "faults": cameras.back_again,
    "one_stream": cameras.one_stream,
    "soak": cameras.soak,
    "gate": gate.measure,
    "people": people.measure,
    "bot": bot.measure,
    "models": models.measure,
    "gpu": gpu.measure,
    "page": page.measure,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*QUESTIONS, []], help=", ".join(QUESTIONS))
    parser.add_argument("--short", action="store_true", help="small data: only shows that it runs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configure("error", "json")
    found = {name: QUESTIONS[name](short=options.short) for name in options.names or QUESTIONS}
    if options.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"\n{name}")
        for key, value in figures.items():
            print(f"  {key:<52} {value if isinstance(value, str) else f'{value:.4g}'}")


if __name__ == "__main__":
    main()
