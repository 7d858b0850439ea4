"""Config: what is said of each camera, from a TOML file or the command line, checked before anything starts."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from homeward.domain.addresses import without_secrets
from homeward.domain.animals import Species
from homeward.errors import BadSettings
from homeward.images.shape import AS_SENT, Shape
from homeward.watcher.areas import Polygon
from homeward.watcher.capture import is_live
from homeward.watcher.hardware import AUTO, NONE, names

OF_HOSTS, SPACE = {"rtsp", "rtsps", "http", "https"}, re.compile(r"\s")
CAMERA_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MAX_CAMERAS, MAX_CORNERS, MAX_POLYGONS = 1000, 100, 50
MOST_SPOOL_MB = 1_000_000
LEAST_AREA = 1e-4  # of the picture: what is drawn smaller, or as a line, is a slip
MAX_PORT = 65535
TURNS, SIDE, LEAST_ASPECT = (0, 90, 180, 270), re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?"), 0.25
MAX_FILE_BYTES = 5_000_000
RTSP_TIMEOUT_S, HTTP_TIMEOUT_S = 2.5, 10.0
OF_ALL = {"server", "camera", "spool_mb", "cameras_per_process"}


@dataclass(frozen=True, slots=True)
class Schedule:
    """Between two times of day, local time; over midnight where the first is the later one."""

    since: time
    until: time

    def holds(self, moment: datetime) -> bool:
        """Whether ``moment``, an aware time, lies between."""
        now = moment.astimezone().time()
        if self.since <= self.until:
            return self.since <= now < self.until
        return now >= self.since or now < self.until


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera. ``source`` may hold a password and is shown to nobody; units are in the names."""

    id: str
    source: str
    substream: str | None = None
    key: str | None = None
    key_file: Path | None = None
    lat: float | None = None
    lon: float | None = None
    fps: float = 5.0
    detect_px: int | None = None
    window_s: float = 3.0
    repeat_after_min: float = 10.0
    timeout_s: float = RTSP_TIMEOUT_S
    hardware: str = NONE
    shape: Shape = AS_SENT
    schedule: Schedule | None = None
    least: Mapping[Species, float] = field(default_factory=dict)
    zones: tuple[Polygon, ...] = ()
    masks: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """All cameras of one box, and where their sightings go: None where that is not said."""

    cameras: tuple[CameraConfig, ...]
    server: str | None = None
    spool_mb: float = 500.0
    cameras_per_process: int = 16


def read_config(path: Path) -> WatchConfig:
    """The cameras of a TOML file.

    Raises:
        BadSettings: naming the camera and the key that is wrong.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadSettings(f"{path.name} is too large.", field="cameras")
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"{path} cannot be read.", field="cameras") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path.name} is not TOML: {error}.", field="cameras") from error
    _only(raw, OF_ALL, path.name)
    listed = raw.get("camera")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_CAMERAS:
        raise BadSettings(f"{path.name} wants [[camera]] tables, 1 to {MAX_CAMERAS}.", field="camera")
    cameras = tuple(camera_from(each, path.parent, number) for number, each in enumerate(listed, start=1))
    names = [camera.id for camera in cameras]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadSettings(f"Two cameras are called {twice}.", field=f"{twice}.id", hint="Give each its own id.")
    top = _Table(raw, path.name)
    server = top.text("server")
    return WatchConfig(
        cameras=cameras,
        server=server_from(server) if server is not None else None,
        spool_mb=top.number("spool_mb", 500.0, least=1, most=MOST_SPOOL_MB),
        cameras_per_process=int(top.number("cameras_per_process", 16, least=1, most=64)),
    )


def server_from(address: str) -> str:
    """The address of a Homeward server.

    Raises:
        BadSettings: it is none.
    """
    if not _is_web_address(address):
        shown = without_secrets(address)[:100]
        raise BadSettings(f"{shown} is no address of a server.", field="server", hint="https://pets.example.org")
    return address


def _is_web_address(address: str) -> bool:
    """Whether the client can speak to ``address``: it reads it with httpx2, which takes any number for a port."""
    import httpx2

    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        return False
    is_port = url.port is None or 1 <= url.port <= MAX_PORT
    return url.scheme in {"http", "https"} and bool(url.host) and is_port and " " not in address


def is_hardware(name: str) -> bool:
    """Whether ``name`` can stand for a decoder."""
    return name in {AUTO, NONE} or name in names()


def timeout_for(source: str) -> float:
    """How long to wait for data: HTTP streams come in pieces of several seconds."""
    return HTTP_TIMEOUT_S if source.startswith("http") else RTSP_TIMEOUT_S


def camera_from(raw: object, folder: Path, number: int = 1) -> CameraConfig:
    """One camera, as a TOML file or the command line describes it; paths are seen from ``folder``.

    Raises:
        BadSettings: naming the camera and the key that is wrong.
    """
    if not isinstance(raw, dict):
        raise BadSettings(f"Camera number {number} is no table.", field="camera")
    name = raw.get("id") if isinstance(raw.get("id"), str) else f"camera number {number}"
    table = _Table(raw, str(name))
    _only(raw, CAMERA_KEYS, str(name))
    source = _address(table, "source", table.needed("source"))
    substream = table.text("substream")
    substream = _address(table, "substream", substream) if substream else None
    for key, address in (("source", source), ("substream", substream)):
        if address and not is_live(address) and not (folder / address).exists():
            hint = "Name an rtsp:// or http:// address, a device, a file or a folder of pictures."
            shown = address.rpartition("@")[2][:200]  # a mistyped address may hold a password
            raise BadSettings(f"{name}: {shown} is not there.", field=f"{name}.{key}", hint=hint)
    key_file = table.text("key_file")
    return CameraConfig(
        id=table.camera_id(),
        source=source if is_live(source) else str(folder / source),
        substream=substream,
        key=table.text("key"),
        key_file=folder / key_file if key_file else None,
        lat=table.number("lat", None, least=-90, most=90),
        lon=table.number("lon", None, least=-180, most=180),
        fps=table.number("fps", 5.0, least=0.1, most=60),
        detect_px=table.whole("detect_px", least=128, most=1024),
        window_s=table.number("window_s", 3.0, least=0.5, most=60),
        repeat_after_min=table.number("repeat_after_min", 10.0, least=0, most=1440),
        timeout_s=table.number("timeout_s", timeout_for(source), least=0.5, most=60),
        hardware=table.hardware(),
        shape=Shape(table.turn(), table.aspect()),
        schedule=table.schedule(),
        least=table.least(),
        zones=table.polygons("zones"),
        masks=table.polygons("masks"),
    )


def _address(table: "_Table", key: str, given: str) -> str:
    """A stream's address, its scheme in small letters, as FFmpeg wants it; a device, a file or a folder as it is.

    Raises:
        BadSettings: no camera could ever be reached there.
    """
    if "://" not in given:
        return given
    if not _is_address(given):
        hint = "Like rtsp://user:password@10.0.0.5:554/stream; / and # in a password are written %2F and %23."
        raise BadSettings(f"{table.name}: that is no address.", field=f"{table.name}.{key}", hint=hint)
    scheme, mark, rest = given.partition("://")
    return scheme.lower() + mark + rest


def _is_address(given: str) -> bool:
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme in OF_HOSTS:
        return bool(host) and port != 0 and not SPACE.search(given)
    return bool(parts.scheme)


CAMERA_KEYS = {
    "id", "source", "substream", "key", "key_file", "lat", "lon", "fps", "detect_px", "window_s", "repeat_after_min",
    "timeout_s", "hardware", "turn", "aspect", "schedule", "least", "zones", "masks",
}  # fmt: skip


def _only(raw: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = next((key for key in raw if key not in known), None)
    if unknown is not None:
        hint = f"Known are {', '.join(sorted(known))}."
        raise BadSettings(f"{name} has an unknown key {unknown[:40]}.", field=f"{name}.{unknown[:40]}", hint=hint)


@dataclass(frozen=True, slots=True)
class _Table:
    """A TOML table whose errors name the camera and the key."""

    raw: Mapping[str, Any]
    name: str

    def wrong(self, key: str, wanted: str) -> BadSettings:
        return BadSettings(f"{self.name}: {key} must be {wanted}.", field=f"{self.name}.{key}")

    def text(self, key: str) -> str | None:
        value = self.raw.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self.wrong(key, "a text")
        return value

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise self.wrong(key, "there")
        return value

    def hardware(self) -> str:
        value = self.text("hardware") or NONE
        if not is_hardware(value):
            raise self.wrong("hardware", f"auto, none, or what FFmpeg has here: {', '.join(names())}")
        return value

    def camera_id(self) -> str:
        value = self.needed("id")
        if not CAMERA_ID.fullmatch(value):
            hint = "Small letters, digits, dashes; at most 40."
            raise BadSettings(f"{value[:60]!r} cannot be a camera's id.", field="id", hint=hint)
        return value

    def number(self, key: str, default: Any, *, least: float, most: float) -> Any:
        value = self.raw.get(key, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(key, f"a number from {least:g} to {most:.9g}")
        return float(value)

    def whole(self, key: str, *, least: int, most: int) -> int | None:
        value = self.raw.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
            raise self.wrong(key, f"a whole number from {least} to {most}")
        return value

    def turn(self) -> int:
        value = self.raw.get("turn", 0)
        if isinstance(value, bool) or not isinstance(value, int) or value not in TURNS:
            raise self.wrong("turn", "0, 90, 180 or 270: degrees by which the picture is turned to the right")
        return value

    def aspect(self) -> float | None:
        value = self.text("aspect")
        if value is None:
            return None
        wide, _, high = value.partition(":")
        sides = [float(side) if SIDE.fullmatch(side.strip()) else 0.0 for side in (wide, high)]
        if not all(sides) or not LEAST_ASPECT <= sides[0] / sides[1] <= 1 / LEAST_ASPECT:
            raise self.wrong("aspect", 'width and height as the picture is meant to be seen, like "16:9"')
        return sides[0] / sides[1]

    def schedule(self) -> Schedule | None:
        value = self.text("schedule")
        if value is None:
            return None
        try:
            since, until = (time.fromisoformat(part.strip()) for part in value.split("-"))
        except ValueError as error:
            raise self.wrong("schedule", 'two times of day, like "20:00-07:30"') from error
        if since.tzinfo or until.tzinfo:
            raise self.wrong("schedule", 'two times of day of this place, without an offset, like "20:00-07:30"')
        if since == until:
            raise self.wrong("schedule", 'two different times of day, like "20:00-07:30"')
        return Schedule(since, until)

    def least(self) -> dict[Species, float]:
        value = self.raw.get("least", {})
        names = [species.value for species in Species]
        if not isinstance(value, dict) or any(
            name not in names or isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1
            for name, share in value.items()
        ):
            raise self.wrong("least", f"a confidence from 0 to 1 for {' or '.join(names)}")
        return {Species(name): float(share) for name, share in value.items()}

    def polygons(self, key: str) -> tuple[Polygon, ...]:
        value = self.raw.get(key, [])
        wanted = "a list of polygons with some room inside, each a list of three or more corners [x, y] from 0 to 1"
        if not isinstance(value, list) or len(value) > MAX_POLYGONS:
            raise self.wrong(key, wanted)
        for polygon in value:
            fits = isinstance(polygon, list) and 3 <= len(polygon) <= MAX_CORNERS and all(map(_is_corner, polygon))
            if not fits or _area(polygon) < LEAST_AREA:
                raise self.wrong(key, wanted)
        return tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in value)


def _area(polygon: list[list[float]]) -> float:
    """As a share of the picture; by the shoelace formula."""
    following = [*polygon[1:], polygon[0]]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(polygon, following, strict=True))) / 2


def _is_corner(corner: object) -> bool:
    return (
        isinstance(corner, list)
        and len(corner) == 2
        and all(isinstance(side, int | float) and not isinstance(side, bool) and 0 <= side <= 1 for side in corner)
    )
