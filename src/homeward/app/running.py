"""Everything wired by hand: settings in, a running Homeward out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.app.clock import SystemClock
from homeward.app.keys import new_operator_key
from homeward.app.messengers import app_secret_of, bot_thread, letters_of, push_of, webhook_secret
from homeward.app.models import registry
from homeward.app.rows import DATABASE_FILE, open_database
from homeward.app.shelves import index_of, photos_place, shelves_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from homeward.api import ApiConfig
    from homeward.api.context import Disk
    from homeward.engine.engine import Engine
    from homeward.models.registry import Registry
    from homeward.ports import Districts, Messenger, PhotoStorage, Window
    from homeward.settings import Settings
    from homeward.storage.index.qdrant.opened import Opened as Index
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.postgres import PostgresDatabase
    from homeward.workers import LoopThread, Worker, Workers


MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class App:
    """One running Homeward: the engine, the API in front of it, the workers behind it."""

    settings: Settings
    engine: Engine
    database: SqlDatabase | PostgresDatabase
    photos: PhotoStorage
    registry: Registry
    api: FastAPI
    workers: Workers
    operator_key: str
    closers: tuple[Callable[[], None], ...]
    bot: LoopThread | None = None

    def close(self) -> None:
        """Stop the workers, then the models, then the database."""
        if self.bot is not None:
            self.bot.stop()
        self.workers.stop()
        for close in self.closers:
            close()


def build(settings: Settings, *, late_models: bool = False) -> App:
    """Wire everything by hand. The caller holds `folder_lock`. ``late_models`` open when first they are run.

    Raises:
        HomewardError: a model, the database or a file of the settings cannot be used.
    """
    from homeward.api import ApiContext, create_api
    from homeward.domain.accounts import EMAIL
    from homeward.domain.devices import PUSH
    from homeward.engine.engine import Engine, Ports
    from homeward.images.reader import PillowReader
    from homeward.images.renderer import PillowRenderer
    from homeward.messengers.log import LogMessenger
    from homeward.messengers.push import AndPush
    from homeward.models.batching import BatchingDetector
    from homeward.models.spaces import RegistrySpaces
    from homeward.storage.photos.place import open_photos

    settings.data.mkdir(parents=True, exist_ok=True)
    models = registry(settings, is_late=late_models)
    detector = BatchingDetector(models.detector(settings.detector, settings.model_threads))
    spaces = RegistrySpaces(models, settings.embedder, settings.model_threads)
    database = open_database(settings)
    photos = open_photos(photos_place(settings), database)
    index = index_of(settings, database)
    clock = SystemClock()
    messengers: dict[str | None, Messenger] = {None: LogMessenger()}
    ports = Ports(
        database=database,
        shelves=shelves_of(database, index),
        photos=photos,
        reader=PillowReader(int(settings.max_upload_mb * MEGA), int(settings.max_megapixels * MEGA)),
        renderer=PillowRenderer(),
        detector=detector,
        spaces=spaces,
        messengers=messengers,
        clock=clock,
        districts=_districts(settings.districts),
    )
    engine = Engine(ports, _rules(settings))
    engine.take_over()
    if index is not None:
        index.check(spaces.current().embedder.name, spaces.current().embedder.dimension)
    context = ApiContext(
        engine=engine,
        database=database,
        clock=clock,
        config=_api_config(settings, photos),
        cards=lambda: [card.raw for card in models.cards()],
        disk=lambda: _disk(settings.data),
    )
    extra = _beside_others(database, engine)
    context = replace(context, window=extra.window)
    push = push_of(settings, engine)
    messengers[PUSH] = push
    context = replace(context, push=push)
    if settings.smtp_url is not None:
        letters = letters_of(settings, context)
        messengers[EMAIL] = AndPush(letters, push)
        context = replace(context, post=letters)
    if index is not None:
        context = replace(context, index=index.care)
    api = create_api(context)
    closers = (detector.close, spaces.close, *([index.server.close] if index else []), database.close)
    return App(
        settings=settings,
        engine=engine,
        database=database,
        photos=photos,
        registry=models,
        api=api,
        workers=_workers(engine, index, extra.workers),
        operator_key=new_operator_key(context, settings.data, is_shared=extra.window is not None),
        closers=closers,
        bot=bot_thread(settings, context, api),
    )


def _disk(folder: Path) -> Disk:
    import shutil

    from homeward.api.context import Disk

    usage = shutil.disk_usage(folder)
    files = [folder / f"{DATABASE_FILE}{suffix}" for suffix in ("", "-wal")]
    return Disk(usage.free, usage.total, sum(file.stat().st_size for file in files if file.exists()))


def _rules(settings: Settings) -> Any:
    from homeward.engine.engine import Rules

    return Rules(
        window_s=settings.window_s,
        duplicate_l2=settings.duplicate_l2,
        encounter_gap_min=settings.encounter_gap_min,
        alert_degree=settings.alert_degree,
        alert_cooldown_min=settings.alert_cooldown_min,
        matches_kept=settings.matches_kept,
        sighting_days=settings.sighting_days,
        closed_days=settings.closed_days,
        open_days=settings.open_days,
        answer_days=settings.answer_days,
    )


def _districts(path: Path | None) -> Districts:
    from homeward.districts import GeoJsonDistricts, NoDistricts

    return GeoJsonDistricts(path) if path else NoDistricts()


def _api_config(settings: Settings, photos: PhotoStorage) -> ApiConfig:
    from homeward import __version__
    from homeward.api import ApiConfig
    from homeward.basemap import checked
    from homeward.storage.photos.place import origin

    return ApiConfig(
        public_url=str(settings.public_url).rstrip("/"),
        trusted_proxies=settings.trusted_proxies,
        max_upload_bytes=int(settings.max_upload_mb * MEGA),
        uploads_per_minute=settings.uploads_per_minute,
        link_days=settings.link_days,
        version=__version__,
        telegram_secret=webhook_secret(settings),
        photo_link_s=settings.photos_link_s,
        photo_origin=origin(photos) if settings.photos_link_s else "",
        telegram_app_secret=app_secret_of(settings),
        map_styles=settings.map_styles,
        map_file=checked(settings.map_file) if settings.map_file else None,
        operator=settings.operator,
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a process needs that works beside others on one database."""

    window: Window | None = None
    workers: tuple[Worker, ...] = ()


def _beside_others(database: SqlDatabase | PostgresDatabase, engine: Engine) -> _Beside:
    """On PostgreSQL: events cross processes, uploads are counted together, what the dead left behind is taken up."""
    from homeward.engine.events import of_text
    from homeward.storage.sql import SqlDatabase
    from homeward.workers import Worker

    if isinstance(database, SqlDatabase):
        return _Beside()
    from homeward.storage.sql.postgres.windows import SharedWindow

    engine.events.relay = database.wire.send
    database.wire.start(lambda text: engine.events.deliver(of_text(text)))
    return _Beside(
        SharedWindow(database),
        (Worker("adopt", engine.adopt_jobs, pause_s=1.0), Worker("prune", database.prune, 600.0)),
    )


def _workers(engine: Engine, index: Index | None, extra: tuple[Worker, ...]) -> Workers:
    from homeward.workers import Worker, Workers

    return Workers(
        (
            Worker("jobs", engine.run_due_jobs, pause_s=0.5),
            Worker("reindex", engine.run_reindex, pause_s=2.0),
            Worker("alerts", engine.deliver_due_alerts, pause_s=1.0),
            Worker("forget", engine.forget_due, pause_s=600.0),
            Worker("sweep", engine.sweep, pause_s=6 * 3600.0),
            *([Worker("index", index.tick, pause_s=0.5)] if index else []),
            *extra,
        )
    )


def describe_api() -> dict[str, Any]:
    """The OpenAPI document, without a database or models."""
    from homeward.api import create_api

    return create_api(None, _config_of_defaults()).openapi()


def _config_of_defaults() -> ApiConfig:
    from homeward import __version__
    from homeward.api import ApiConfig

    return ApiConfig(version=__version__)
