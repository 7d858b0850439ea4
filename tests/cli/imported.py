"""All that commands import, for the process that they are forked from: no garbage is looked for in it afterwards."""

import gc
from importlib import import_module

for name in (
    "PIL.JpegImagePlugin",
    "anyio._backends._asyncio",
    "homeward.api",
    "homeward.app.running",
    "homeward.cli",
    "homeward.client",
    "homeward.districts",
    "homeward.engine.engine",
    "homeward.images.reader",
    "homeward.messengers.push",
    "homeward.models.spaces",
    "homeward.settings",
    "homeward.storage.index.exact",
    "homeward.storage.photos.place",
    "homeward.storage.sql",
    "httpcore2",
    "onnxruntime",
):
    import_module(name)
gc.collect()
gc.freeze()
