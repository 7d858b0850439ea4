"""A city before a running server: N cameras and M owners, real requests over HTTP, and how it answered.

    python -m benchmarks.city --url http://127.0.0.1:8000 --key OPERATOR_KEY --cameras 200 --owners 500

Animals, homes, hot spots and days are drawn (`benchmarks.town`). The pictures carry drawn vectors (`benchmarks.drawn`):
a server that runs those two models finds the right owners; any other is loaded all the same, and the figures show it.
Without --url a server is started for the run. As fast as possible, or --per-second at a steady pace.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawn import add_models, picture_of
from benchmarks.served import Served
from benchmarks.town import Sighting, Town, now
from homeward.client import API, AsyncClient, Call
from homeward.errors import HomewardError

Figures = dict[str, Any]
BOX = "0,0,128,128"


@dataclass(frozen=True, slots=True)
class Play:
    """How large a city, and how it is played."""

    cameras: int
    owners: int
    sightings: int
    clients: int = 16
    per_second: float = 0.0
    seed: int = 0


@dataclass(slots=True)
class Seen:
    """What the server answered."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)

    async def timed(self, name: str, ask: Awaitable[Any]) -> Any:
        """The answer, or None where it was an error; both are noted."""
        start = time.perf_counter()
        try:
            answer = await ask
        except HomewardError as error:
            self.errors[f"{name}: {error.code}"] += 1
            return None
        self.times[name].append(time.perf_counter() - start)
        return answer


async def play(url: str, key: str, play: Play) -> Figures:
    """Register the cameras, file the lost pets, send the sightings while owners look, and count who sees their own."""
    town, seen = Town(lost=play.owners, strays=play.owners, cameras=play.cameras, seed=play.seed), Seen()
    begin = now()
    async with AsyncExitStack() as stack:

        async def client(token: str | None) -> AsyncClient:
            return await stack.enter_async_context(AsyncClient(url, token))

        operator, anybody = await client(key), await client(None)
        cameras = [await client(token) for token in await _cameras(operator, town)]
        lost = await _lost(anybody, town, seen, play.clients)
        owners = {animal: await client(answer["link"].split("#token=")[1]) for animal, answer in lost.items()}
        coming = town.sightings(play.sightings, begin + timedelta(days=1), begin + timedelta(days=7))
        start = time.perf_counter()
        await asyncio.gather(
            _each(coming, lambda one: _sight(cameras[one.camera], town, one, seen), play.clients, play.per_second),
            _look(owners, lost, seen, min(play.sightings, 10 * len(owners))),
        )
        wall_s = time.perf_counter() - start
        shown = await _shown(owners, lost, coming)
    return _figures(seen, wall_s, len(coming)) | {"own_owner_told_share": shown}


async def _cameras(operator: AsyncClient, town: Town) -> list[str]:
    """A key for each camera."""
    secrets = []
    for number, xy in enumerate(town.cameras):
        place = town.place(xy)
        body = {"id": f"c{number}", "name": f"Camera {number}", "lat": place.lat, "lon": place.lon}
        await operator.send(Call("POST", f"{API}/cameras", json=body))
        key = {"name": body["name"], "scope": "sightings", "camera_id": body["id"]}
        secrets.append((await operator.send(Call("POST", f"{API}/keys", json=key))).json()["secret"])
    return secrets


async def _lost(anybody: AsyncClient, town: Town, seen: Seen, clients: int) -> dict[int, Any]:
    """The answer to each owner's report."""
    answers: dict[int, Any] = {}
    vectors = town.vectors(range(town.lost))

    async def file(animal: int) -> None:
        place = town.place(town.homes[animal])
        answer = await seen.timed(
            "lost report",
            anybody.report(
                "lost",
                [picture_of(vectors[animal])],
                species=town.species(animal).value,
                keep_without_animal=True,
                lat=place.lat,
                lon=place.lon,
                home_lat=place.lat,
                home_lon=place.lon,
                happened_at=now().isoformat(),
            ),
        )
        if answer is not None:
            answers[animal] = answer

    await _each(range(town.lost), file, clients, 0.0)
    return answers


async def _sight(camera: AsyncClient, town: Town, one: Sighting, seen: Seen) -> None:
    picture = picture_of(town.vectors([one.animal])[0])
    species = town.species(one.animal).value
    ask = camera.sighting(picture, one.at.isoformat(), species=species, confidence=0.9, box=BOX)
    await seen.timed("sighting", ask)


async def _look(owners: dict[int, AsyncClient], lost: dict[int, Any], seen: Seen, count: int) -> None:
    """Owners open their page, one after the other."""
    chosen = np.random.default_rng(1).choice(sorted(owners), count)
    for animal in chosen.tolist():
        await seen.timed("owner's matches", owners[animal].matches(lost[animal]["id"], limit=50))


async def _shown(owners: dict[int, AsyncClient], lost: dict[int, Any], coming: list[Sighting]) -> float:
    """Of the lost pets that came before a camera, the share whose owner has one of those sightings in the list."""
    before: dict[int, set[str]] = defaultdict(set)
    for one in coming:
        before[one.animal].add(f"c{one.camera}")
    told = []
    for animal in (animal for animal in before if animal in owners):
        page = await owners[animal].matches(lost[animal]["id"], limit=50)
        told.append(any(item["camera"] and item["camera"]["id"] in before[animal] for item in page["items"]))
    return float(np.mean(told)) if told else float("nan")


async def _each(items: Any, do: Callable[[Any], Awaitable[None]], clients: int, per_second: float) -> None:
    """All of them, ``clients`` at a time, at a steady pace where one is given."""
    waiting, start, begun = iter(items), time.perf_counter(), 0

    async def work() -> None:
        nonlocal begun
        for item in waiting:
            begun += 1
            if per_second:
                await asyncio.sleep(max(0.0, start + begun / per_second - time.perf_counter()))
            await do(item)

    await asyncio.gather(*(work() for _ in range(clients)))


def _figures(seen: Seen, wall_s: float, count: int) -> Figures:
    figures: Figures = {"sightings_per_second": count / wall_s, "errors": dict(seen.errors) or "none"}
    for name, times in seen.times.items():
        for percentile in (50, 99):
            figures[f"{name} p{percentile} ms"] = float(np.percentile(times, percentile)) * 1000
    return figures


def measure(*, short: bool) -> Figures:
    """A small city before a server of its own."""
    size = Play(cameras=5, owners=10, sightings=30) if short else Play(cameras=200, owners=1_000, sightings=3_000)
    return served(size)


def served(size: Play) -> Figures:
    """Against a server that is started for it, with the drawn models."""
    with tempfile.TemporaryDirectory() as folder:
        settings = add_models(Path(folder) / "models")
        with Served(Path(folder), **settings) as server:
            key = (Path(folder) / "data" / "operator.key").read_text(encoding="ascii").strip()
            return asyncio.run(play(server.url, key, size))


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.city", description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a running server; without it one is started")
    parser.add_argument("--key", help="its operator's key")
    for name, default in (("cameras", 200), ("owners", 1_000), ("sightings", 3_000), ("clients", 16), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--per-second", type=float, default=0.0, help="sightings a second; 0: as fast as it goes")
    options = vars(parser.parse_args())
    url, key = options.pop("url"), options.pop("key")
    if url and not key:
        parser.error("--url needs --key")
    size = Play(**options)
    print(json.dumps(asyncio.run(play(url, key, size)) if url else served(size), indent=2))


if __name__ == "__main__":
    main()
