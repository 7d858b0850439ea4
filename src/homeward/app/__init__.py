"""Composition root: settings -> adapters -> engine -> doors. The only place that knows who plays whom."""

from homeward.app.clock import SystemClock
from homeward.app.keys import operator_key
from homeward.app.messengers import telegram_bot
from homeward.app.models import (
    CameraWatches,
    ModelServices,
    embedder_in_use,
    registry,
    replace_lost_model,
    served_models,
    service_used,
    what_model_is_for,
)
from homeward.app.move import move_rows
from homeward.app.rows import (
    DATABASE_FILE,
    check_several,
    check_user,
    database_url,
    folder_lock,
    has_data,
    open_database,
)
from homeward.app.running import App, build, describe_api
from homeward.app.shelves import photos_place

__all__ = [
    "DATABASE_FILE",
    "App",
    "CameraWatches",
    "ModelServices",
    "SystemClock",
    "build",
    "check_several",
    "check_user",
    "database_url",
    "describe_api",
    "embedder_in_use",
    "folder_lock",
    "has_data",
    "move_rows",
    "open_database",
    "operator_key",
    "photos_place",
    "registry",
    "replace_lost_model",
    "served_models",
    "service_used",
    "telegram_bot",
    "what_model_is_for",
]
