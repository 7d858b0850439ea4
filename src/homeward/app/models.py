"""The models of the settings: for the server, for what watches cameras, for other machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from homeward.app.rows import DATABASE_FILE, database_url, folder_lock, has_data, open_database

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from homeward.models.onnx import OnnxDetector
    from homeward.models.registry import Registry
    from homeward.models.remote.service import Service
    from homeward.models.service.app import Grpc
    from homeward.settings import Settings
    from homeward.watcher.camera import CameraWatch
    from homeward.watcher.config import CameraConfig


def registry(settings: Settings, *, is_late: bool = False) -> Registry:
    """The models that can be used: the bundled ones and those added; ``is_late`` opens them at their first run."""
    from homeward.models.registry import Registry

    return Registry([settings.models_folder], service_used(settings), is_late=is_late)


def service_used(settings: Settings) -> Service | None:
    """The model service of the settings, if there is one."""
    from homeward.models.remote.service import Service

    url, key = settings.model_service, settings.model_service_key
    if url is None:
        return None
    return Service(str(url).rstrip("/"), key.get_secret_value() if key else None, settings.model_service_timeout_s)


def embedder_in_use(settings: Settings) -> str:
    """The embedder that the data uses; the settings' one where there is no data yet."""
    from homeward.engine.reindex import IN_USE

    return _fact(settings, IN_USE) or settings.embedder


def what_model_is_for(settings: Settings, name: str) -> str | None:
    """What the data or the settings need a model for; None where it may go.

    One with other weights than made the vectors under its name may go too, since it is in the way of the right one.

    Raises:
        NotFound: there is none of that name.
    """
    from homeward.engine.reindex import NEXT, PREVIOUS
    from homeward.engine.weights import WEIGHTS, weights_of

    if weights_of(_fact(settings, WEIGHTS)).get(name, "") not in {"", registry(settings).sha256(name)}:
        return None
    if name in {settings.detector, settings.embedder, embedder_in_use(settings)}:
        return "in use"
    uses = {PREVIOUS: "kept for homeward reindex --rollback", NEXT: "on its way: homeward reindex"}
    return next((use for key, use in uses.items() if _fact(settings, key) == name), None)


def _fact(settings: Settings, name: str) -> str | None:
    from homeward.storage.sql.facts import peek

    url = database_url(settings)
    if url is None:
        return peek(settings.data / DATABASE_FILE, name)
    from homeward.storage.sql.postgres import looking

    return looking.fact(url, name)


def replace_lost_model(settings: Settings, name: str | None, say: Callable[[str], None]) -> str | None:
    """Where the model in use is lost and no server works in the folder, take ``name``, else the former one, at once.

    Returns what was taken; see `homeward.engine.replace`. ``say`` is told of a wait for another process.

    Raises:
        HomewardError: the other one, or the rows, cannot be used.
    """
    from homeward.engine.reindex import PREVIOUS

    wanted = name or _fact(settings, PREVIOUS)
    if wanted is None or not has_data(settings):
        return None
    with folder_lock(settings).or_server(say) as url:
        return _replaced(settings, wanted) if url is None else None


def _replaced(settings: Settings, wanted: str) -> str | None:
    from homeward.app.clock import SystemClock
    from homeward.domain.ids import ModelName
    from homeward.engine.replace import replace_lost
    from homeward.models.spaces import RegistrySpaces

    with (
        closing(open_database(settings)) as database,
        closing(RegistrySpaces(registry(settings), wanted, settings.model_threads)) as spaces,
    ):
        is_replaced = replace_lost(database, spaces, ModelName(wanted), SystemClock().now())
    return wanted if is_replaced else None


@dataclass(frozen=True, slots=True)
class CameraWatches:
    """Makes what watches a camera. Goes to another process; the models are opened there, once for all its cameras."""

    settings: Settings

    def __call__(self) -> Callable[[CameraConfig], CameraWatch]:
        """Open the models of the settings.

        Raises:
            HomewardError: a model cannot be used.
        """
        from homeward.models.batching import BatchingEmbedder
        from homeward.ports import Space
        from homeward.watcher.areas import Areas
        from homeward.watcher.repeats import Repeats

        models, threads = registry(self.settings), self.settings.model_threads
        watch = watch_with(models.detector(self.settings.detector, threads))
        embedder = BatchingEmbedder(models.embedder(self.settings.embedder, threads))
        space = Space(embedder, models.calibration(self.settings.embedder))
        return lambda camera: watch(
            camera.detect_px,
            window_s=camera.window_s,
            areas=Areas(camera.zones, camera.masks),
            least=camera.least,
            repeats=Repeats(space, camera.repeat_after_min * 60) if camera.repeat_after_min else None,
        )


def watch_with(found: OnnxDetector) -> Callable[..., CameraWatch]:
    """Makes the watches of cameras that look with one detector: on how many pixels, if not its own, and other parts."""
    from homeward.domain.animals import Label, Species
    from homeward.models.batching import BatchingDetector
    from homeward.watcher.camera import FOLLOW_PX, UNSURE, CameraWatch

    detector, keen = BatchingDetector(found), found.keen(UNSURE)
    finder = cache(lambda side: BatchingDetector(keen.sized(side) if side else keen))
    followers = {side: BatchingDetector(keen.quick(side)) for side in FOLLOW_PX}
    sure = {kind: found.card.thresholds[Label(kind.value)] for kind in Species}
    return lambda detect_px=None, **parts: CameraWatch(
        detector, finder=finder(detect_px), followers=followers, sure=sure, **parts
    )


def served_models(settings: Settings, names: Sequence[str] = ()) -> tuple[str, ...]:
    """The models that a service runs: those named, else the detector and the embedder in use."""
    return tuple(names) or (settings.detector, embedder_in_use(settings))


@dataclass(frozen=True, slots=True)
class ModelServices:
    """Makes the model service. Goes to other processes; each opens the models for itself."""

    settings: Settings
    names: tuple[str, ...]
    grpc: Grpc | None

    def __call__(self) -> Starlette:
        """Open the models.

        Raises:
            HomewardError: a model cannot be used.
        """
        from homeward.models.registry import Registry
        from homeward.models.service.app import create_service
        from homeward.telemetry import configure

        chosen = self.settings
        configure(chosen.log_level, chosen.log_format)
        models, key = Registry([chosen.models_folder]), chosen.model_service_key
        opened = [models.network(name, chosen.model_threads, chosen.model_device) for name in self.names]
        return create_service(opened, key.get_secret_value() if key else None, chosen.model_batching, self.grpc)
