"""The streets of a city in one PMTiles file: its header is checked at the start; browsers read the rest."""

import struct
from pathlib import Path

from homeward.errors import BadSettings

HEADER_BYTES = 127
MAGIC, VERSION = b"PMTiles", 3
TILE_TYPE_AT, VECTOR = 99, 1
HINT = "HOMEWARD_MAP_FILE wants a PMTiles 3 file of vector tiles; see docs/how-to/operate.md."


def checked(path: Path) -> Path:
    """The same path, once its first bytes say that a browser can draw it.

    The header is that of PMTiles 3 (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).

    Raises:
        BadSettings: there is no such file, or it is something else.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise BadSettings(f"{path} cannot be read: {error.strerror}.", field="map_file", hint=HINT) from error
    if len(header) < HEADER_BYTES or header[:7] != MAGIC or header[7] != VERSION:
        raise BadSettings(f"{path} is no PMTiles file of version {VERSION}.", field="map_file", hint=HINT)
    (kind,) = struct.unpack_from("<B", header, TILE_TYPE_AT)
    if kind != VECTOR:
        raise BadSettings(f"{path} holds pictures, not vector tiles.", field="map_file", hint=HINT)
    return path.resolve()
