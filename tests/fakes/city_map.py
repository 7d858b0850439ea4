"""A tiny city as a PMTiles file, written byte by byte: vector tiles in, the file out."""

import gzip
import struct

HEADER = 127
GZIP, VECTOR = 2, 1


def pmtiles(tiles, *, west, south, east, north, zoom=10):
    """A file of ``tiles`` ((z, x, y) -> MVT bytes), all of one ``zoom``."""
    packed = [gzip.compress(tile, mtime=0) for tile in tiles.values()]
    ids = [tile_id(*where) for where in tiles]
    offsets = [sum(len(each) for each in packed[:n]) for n in range(len(packed))]
    entries = sorted(zip(ids, offsets, (len(each) for each in packed), strict=True))
    root = gzip.compress(_directory(entries), mtime=0)
    meta = gzip.compress(b'{"vector_layers": [{"id": "earth"}, {"id": "roads"}, {"id": "places"}]}', mtime=0)
    data = b"".join(packed)
    begins = HEADER, HEADER + len(root), HEADER + len(root) + len(meta)
    count = len(entries)
    e7 = [round(degrees * 1e7) for degrees in (west, south, east, north, (west + east) / 2, (south + north) / 2)]
    header = b"PMTiles\3" + struct.pack(
        "<11Q6B4iB2i",
        begins[0], len(root), begins[1], len(meta), begins[2], 0, begins[2], len(data), count, count, count,
        1, GZIP, GZIP, VECTOR, zoom, zoom, *e7[:4], zoom, *e7[4:],
    )  # fmt: skip
    assert len(header) == HEADER
    return header + root + meta + data


def tile_id(z, x, y):
    """The place of a tile on the Hilbert curve of its zoom, after all smaller zooms."""
    before, position, side = (4**z - 1) // 3, 0, 2**z
    half = side // 2
    while half:
        right, low = int(bool(x & half)), int(bool(y & half))
        position += half * half * ((3 * right) ^ low)
        if not low:
            if right:
                x, y = half - 1 - x, half - 1 - y
            x, y = y, x
        x, y, half = x & (half - 1), y & (half - 1), half // 2
    return before + position


def tile(**layers):
    """A vector tile; each layer is a list of (kind, points in 0..4096, properties), kind 1 point, 2 line, 3 polygon."""
    return b"".join(_field(3, _layer(name.encode(), shapes)) for name, shapes in layers.items())


def _layer(name, shapes):
    keys, values, features = [], [], []
    for kind, points, properties in shapes:
        tags = []
        for key, value in properties.items():
            keys.append(key)
            values.append(value)
            tags += [len(keys) - 1, len(values) - 1]
        packed = _field(2, b"".join(map(_varint, tags))) + _varint(3 << 3) + _varint(kind)
        features.append(_field(2, packed + _field(4, b"".join(map(_varint, _commands(kind, points))))))
    body = _varint(15 << 3) + _varint(2) + _field(1, name) + b"".join(features)
    body += b"".join(_field(3, key.encode()) for key in keys)
    body += b"".join(
        _field(4, _field(1, value.encode()) if isinstance(value, str) else _varint(5 << 3) + _varint(value))
        for value in values
    )
    return body + _varint(5 << 3) + _varint(4096)


def _commands(kind, points):
    steps, at = [], (0, 0)
    for x, y in points:
        steps.append((_zigzag(x - at[0]), _zigzag(y - at[1])))
        at = x, y
    flat = [1 | 1 << 3, *steps[0]]
    if len(steps) > 1:
        flat += [2 | (len(steps) - 1) << 3, *(part for step in steps[1:] for part in step)]
    return [*flat, 7 | 1 << 3] if kind == 3 else flat


def _directory(entries):
    out, last = [_varint(len(entries))], 0
    for number, _, _ in entries:
        out.append(_varint(number - last))
        last = number
    out += [_varint(1) for _ in entries]
    out += [_varint(length) for _, _, length in entries]
    out += [_varint(offset + 1) for _, offset, _ in entries]
    return b"".join(out)


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _zigzag(value):
    return value * 2 if value >= 0 else -value * 2 - 1
