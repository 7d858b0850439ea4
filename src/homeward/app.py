"""Composition root: settings -> adapters -> engine -> doors. The only place that knows who plays whom."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.errors import BadSettings, StorageFull

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.applications import Starlette

    from homeward.api import ApiConfig, ApiContext
    from homeward.api.context import Disk
    from homeward.bot.backend import Backend
    from homeward.bot.service import TelegramBot
    from homeward.engine.engine import Engine
    from homeward.messengers.email import EmailMessenger
    from homeward.messengers.push import PushMessenger
    from homeward.models.registry import Registry
    from homeward.models.remote.service import Service
    from homeward.models.service.app import Grpc
    from homeward.ports import Detector, Districts, EmbeddingIndex, Messenger, PhotoStorage, Space, Window
    from homeward.settings import Settings
    from homeward.storage.index.qdrant.opened import Opened as Index
    from homeward.storage.lock import DataFolderLock
    from homeward.storage.photos.place import Place
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.move import Moved
    from homeward.storage.sql.postgres import PostgresDatabase
    from homeward.watcher.camera import CameraWatch
    from homeward.watcher.config import CameraConfig
    from homeward.workers import LoopThread, Worker, Workers

DATABASE_FILE = "homeward.sqlite"
PHOTOS_FOLDER = "photos"
OPERATOR_FILE = "operator.key"
MEGA = 1_000_000
WEBHOOK = "/api/v1/telegram"


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


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


def registry(settings: Settings) -> Registry:
    """The models that can be used: the bundled ones and those added."""
    from homeward.models.registry import Registry

    return Registry([settings.models_folder], service_used(settings))


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
    from homeward.storage.sql.facts import peek

    url = database_url(settings)
    if url is None:
        return peek(settings.data / DATABASE_FILE, IN_USE) or settings.embedder
    from homeward.storage.sql.postgres import looking

    return looking.fact(url, IN_USE) or settings.embedder


def database_url(settings: Settings) -> str | None:
    """The address of the PostgreSQL database in use; None where rows are in a file.

    Raises:
        BadSettings: its driver is not installed.
    """
    if settings.database_url is None or not settings.database_url.get_secret_value():
        return None
    if find_spec("psycopg") is None:
        message = "HOMEWARD_DATABASE_URL is set, but psycopg is missing."
        raise BadSettings(message, field="database_url", hint="pip install 'homeward[postgres]'")
    return settings.database_url.get_secret_value()


def folder_lock(settings: Settings) -> DataFolderLock:
    """The lock of the data folder: one process holds it, or all that keep their rows in a PostgreSQL database."""
    from homeward.storage.lock import DataFolderLock

    return DataFolderLock(settings.data, shared=database_url(settings) is not None)


def check_several(settings: Settings) -> None:
    """Refuse to be one of several processes where there can be only one.

    Raises:
        BadSettings: rows are in a file.
    """
    if database_url(settings) is None:
        hint = "homeward serve does the work by itself; for several processes set HOMEWARD_DATABASE_URL."
        raise BadSettings("The rows are in a file, which one process holds.", field="database_url", hint=hint)


def open_database(settings: Settings) -> SqlDatabase | PostgresDatabase:
    """The rows: a file in the data folder, or a database on a PostgreSQL server.

    Raises:
        HomewardError: it cannot be used.
    """
    from homeward.storage.sql.closed import check_open

    database = _opened(settings)
    try:
        with database.read() as work:
            check_open(work)
    except BaseException:
        database.close()
        raise
    return database


def _opened(settings: Settings) -> SqlDatabase | PostgresDatabase:
    url = database_url(settings)
    if url is None:
        from homeward.storage.sql import SqlDatabase

        return SqlDatabase.open(settings.data / DATABASE_FILE)
    from homeward.storage.sql.postgres import PostgresDatabase

    return PostgresDatabase.open(url)


def move_rows(settings: Settings, tell: Callable[[str, int, int], None]) -> Moved:
    """All rows of the data folder's file to the PostgreSQL database, whose graphs are made then.

    Raises:
        HomewardError: they cannot be moved; nothing of the file is lost.
    """
    from homeward.domain.ids import ModelName
    from homeward.domain.reports import Shelf
    from homeward.storage.index.pgvector import PgVectorIndex
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.move import Move
    from homeward.storage.sql.postgres import PostgresDatabase

    url = database_url(settings)
    if url is None:
        hint = "HOMEWARD_DATABASE_URL=postgresql://user:password@host:5432/name"
        raise BadSettings("Name the database that the rows go to.", field="database_url", hint=hint)
    path = settings.data / DATABASE_FILE
    with closing(PostgresDatabase.open(url)) as target, closing(SqlDatabase.open(path)) as file:
        moved = Move(file, target, tell)()
        for shelf in Shelf:
            PgVectorIndex(shelf, target).load(ModelName(embedder_in_use(settings)))
    return moved


def build(settings: Settings) -> App:
    """Wire everything by hand. The caller holds `folder_lock`.

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
    models = registry(settings)
    detector = BatchingDetector(models.detector(settings.detector, settings.model_threads))
    spaces = RegistrySpaces(models, settings.embedder, settings.model_threads)
    database = open_database(settings)
    photos = open_photos(photos_place(settings), database)
    index = _index(settings, database)
    clock = SystemClock()
    messengers: dict[str | None, Messenger] = {None: LogMessenger()}
    ports = Ports(
        database=database,
        shelves=_shelves(database, index),
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
    push = _push(settings, engine)
    messengers[PUSH] = push
    context = replace(context, push=push)
    if settings.smtp_url is not None:
        letters = _email(settings, context)
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
        operator_key=_operator_key(context, settings.data, is_shared=extra.window is not None),
        closers=closers,
        bot=_bot_thread(settings, context, api),
    )


def _push(settings: Settings, engine: Engine) -> PushMessenger:
    """News to browsers; the server's key is made when it is first needed."""
    from email.utils import parseaddr

    from homeward.messengers.push import PushMessenger
    from homeward.messengers.sealed import Vapid, new_secret

    url = str(settings.public_url).rstrip("/")
    subject = url if url.startswith("https:") else f"mailto:{parseaddr(settings.email_from)[1]}"
    return PushMessenger(
        vapid=lambda: Vapid.of(engine.devices.secret(new_secret), subject),
        services=settings.push_services,
        devices=engine.devices.of,
        gone=engine.devices.gone,
    )


def _disk(folder: Path) -> Disk:
    import shutil

    from homeward.api.context import Disk

    usage = shutil.disk_usage(folder)
    files = [folder / f"{DATABASE_FILE}{suffix}" for suffix in ("", "-wal")]
    return Disk(usage.free, usage.total, sum(file.stat().st_size for file in files if file.exists()))


def _email(settings: Settings, context: ApiContext) -> EmailMessenger:
    """Letters; their links are made by the door that they lead to."""
    from homeward.api.auth import link
    from homeward.api.routes.letters import stop_address
    from homeward.messengers.email import EmailMessenger, Smtp, check_sender

    assert settings.smtp_url is not None
    url = settings.smtp_url.get_secret_value()
    if not url.startswith(("smtp://", "smtps://")):
        hint = "smtp://user:password@host:587, or smtps:// for TLS from the start."
        raise BadSettings("HOMEWARD_SMTP_URL is no address of a mail server.", field="smtp_url", hint=hint)
    return EmailMessenger(
        smtp=Smtp(url),
        sender=check_sender(settings.email_from),
        link=lambda report: link(context, report),
        stop=lambda account: stop_address(context, account.id),
        picture=lambda lost_id, found_id, first: context.engine.beside(lost_id, found_id, first=first),
        gone=lambda account: context.engine.letters.stop(account.id),
    )


def operator_key(folder: Path) -> str | None:
    """The key that the process working in ``folder`` left for other commands of the folder's owner."""
    path = folder / OPERATOR_FILE
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def _operator_key(context: ApiContext, folder: Path, *, is_shared: bool) -> str:
    """A new key at each start; whoever may read the data folder is an operator anyway. The last one is revoked.

    On a full disk the last one stays, so that an operator can look and make room. It stays as well where other
    processes may work in the folder, whose commands use it.

    Raises:
        StorageFull: there is no last one either.
    """
    from homeward.api.auth import KEY_PREFIX, key_of_bearer, new_key
    from homeward.domain.ids import KeyId

    old, path = operator_key(folder), folder / OPERATOR_FILE
    if is_shared and old is not None and key_of_bearer(context, old) is not None:
        return old
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        _, secret = new_key(context, "commands on this machine", "admin", None)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secret)
        part.replace(path)
    except (StorageFull, OSError):
        if old is None:
            raise
        return old
    if old is not None:
        with suppress(StorageFull), context.database.write() as work:
            work.keys.revoke(KeyId(old.removeprefix(KEY_PREFIX).partition("_")[0]), context.clock.now())
    return secret


@dataclass(frozen=True, slots=True)
class CameraWatches:
    """Makes what watches a camera. Goes to another process; the models are opened there, once for all its cameras."""

    settings: Settings

    def __call__(self) -> Callable[[CameraConfig], CameraWatch]:
        """Open the models of the settings.

        Raises:
            HomewardError: a model cannot be used.
        """
        from homeward.models.batching import BatchingDetector, BatchingEmbedder
        from homeward.ports import Space
        from homeward.watcher.camera import FOLLOW_PX

        models, threads = registry(self.settings), self.settings.model_threads
        found = models.detector(self.settings.detector, threads)
        detector = BatchingDetector(found)
        followers = {side: BatchingDetector(found.quick(side)) for side in FOLLOW_PX}
        embedder = BatchingEmbedder(models.embedder(self.settings.embedder, threads))
        space = Space(embedder, models.calibration(self.settings.embedder))
        return lambda camera: _camera_watch(camera, detector, followers, space)


def _camera_watch(
    camera: CameraConfig, detector: Detector, followers: Mapping[int, Detector], space: Space
) -> CameraWatch:
    from homeward.watcher.areas import Areas
    from homeward.watcher.camera import CameraWatch
    from homeward.watcher.repeats import Repeats

    return CameraWatch(
        detector,
        followers=followers,
        window_s=camera.window_s,
        areas=Areas(camera.zones, camera.masks),
        least=camera.least,
        repeats=Repeats(space, camera.repeat_after_min * 60) if camera.repeat_after_min else None,
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


def _bot_thread(settings: Settings, context: ApiContext, api: FastAPI) -> LoopThread | None:
    """The Telegram bot of this server, a client of its own API; not started yet."""
    import httpx2

    from homeward.api.auth import new_key
    from homeward.bot.backend import Backend
    from homeward.client import AsyncClient
    from homeward.workers import LoopThread

    if settings.telegram_token is None:
        return None
    if find_spec("aiogram") is None:
        raise BadSettings("A token for Telegram is set, but aiogram is missing.", hint="pip install 'homeward[bot]'")

    async def work() -> None:
        key, secret = new_key(context, "the bot of this server", "bot", None)
        try:
            async with AsyncClient("http://homeward.local", secret, transport=httpx2.ASGITransport(api)) as client:
                await telegram_bot(settings, Backend(client, "telegram")).run()
        finally:
            with suppress(StorageFull), context.database.write() as rows:
                rows.keys.revoke(key.id, context.clock.now())

    return LoopThread("bot", work)


def telegram_bot(settings: Settings, backend: Backend) -> TelegramBot:
    """The bot on Telegram, as a client of the API behind ``backend``.

    Raises:
        BadSettings: the token is none.
    """
    from homeward.bot.service import TelegramBot
    from homeward.bot.telegram import Telegram
    from homeward.bot.turn import House

    assert settings.telegram_token is not None
    api_url = str(settings.telegram_api_url) if settings.telegram_api_url else None
    telegram = Telegram.open(settings.telegram_token.get_secret_value(), api_url)
    house = House(frozenset(str(admin) for admin in settings.telegram_admins))
    secret = webhook_secret(settings)
    webhook = (f"{str(settings.public_url).rstrip('/')}{WEBHOOK}", secret) if secret else None
    return TelegramBot(telegram, backend, house, SystemClock().now, webhook)


def webhook_secret(settings: Settings) -> str | None:
    """What Telegram sends along with its updates, so that nobody else can; None where the bot asks for them itself."""
    if not settings.telegram_webhook or settings.telegram_token is None:
        return None
    token = settings.telegram_token.get_secret_value()
    return hmac.new(token.encode(), b"homeward.webhook", hashlib.sha256).hexdigest()


def _app_secret(settings: Settings) -> bytes | None:
    """What signs the launch of a Mini App; Telegram opens none that is not on https."""
    from homeward.api.telegram import app_secret

    if settings.telegram_token is None or settings.public_url.scheme != "https":
        return None
    return app_secret(settings.telegram_token.get_secret_value())


def describe_api() -> dict[str, Any]:
    """The OpenAPI document, without a database or models."""
    from homeward.api import create_api

    return create_api(None, _config_of_defaults()).openapi()


def _config_of_defaults() -> ApiConfig:
    from homeward import __version__
    from homeward.api import ApiConfig

    return ApiConfig(version=__version__)


def _index(settings: Settings, database: SqlDatabase | PostgresDatabase) -> Index | None:
    """Qdrant, where the settings name one."""
    if settings.index_url is None:
        return None
    if find_spec("qdrant_client") is None:
        raise BadSettings("qdrant-client is missing.", field="index_url", hint="pip install 'homeward[qdrant]'")
    from homeward.storage.index.qdrant.opened import open_index
    from homeward.storage.index.qdrant.server import Server

    url, key = str(settings.index_url).rstrip("/"), settings.index_key
    return open_index(database, database, partial(Server.open, url, key=key.get_secret_value() if key else None))


def _shelves(database: SqlDatabase | PostgresDatabase, index: Index | None) -> dict[Any, Any]:
    from homeward.domain.reports import Shelf
    from homeward.storage.index.exact import ExactIndex
    from homeward.storage.shelves import open_shelf

    found = index.indexes[Shelf.FOUND] if index else _own_index(database)
    # every sighting asks the lost shelf, which is small: each process has it in memory, whatever holds the rows
    lost = ExactIndex(Shelf.LOST, database)
    return {Shelf.LOST: open_shelf(Shelf.LOST, lost), Shelf.FOUND: open_shelf(Shelf.FOUND, found)}


def _own_index(database: SqlDatabase | PostgresDatabase) -> EmbeddingIndex:
    """What the rows of the found shelf bring along: memory beside a file, pgvector in a server."""
    from homeward.domain.reports import Shelf
    from homeward.storage.index.exact import ExactIndex
    from homeward.storage.sql import SqlDatabase

    if isinstance(database, SqlDatabase):
        return ExactIndex(Shelf.FOUND, database)
    from homeward.storage.index.pgvector import PgVectorIndex

    return PgVectorIndex(Shelf.FOUND, database)


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


def photos_place(settings: Settings) -> Place:
    """Where the settings want the photos."""
    from homeward.storage.photos.place import Place

    key, endpoint = settings.photos_key, settings.photos_endpoint
    return Place(
        settings.data / PHOTOS_FOLDER,
        settings.photos_url,
        str(endpoint) if endpoint else None,
        key.get_secret_value() if key else None,
    )


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
        telegram_app_secret=_app_secret(settings),
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
