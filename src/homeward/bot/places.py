"""Places in what people write: a pair of degrees, or a link of a map. Never asks the network."""

import re
from urllib.parse import unquote

from homeward.domain.places import Point

NUMBER = r"(-?\d{1,3}(?:[.,]\d+)?)"
PAIR = re.compile(rf"^\s*{NUMBER}\s*[,; ]\s*{NUMBER}\s*$")
LAT_FIRST = (  # Google, Apple, OpenStreetMap, geo:
    re.compile(r"[/=@:](-?\d{1,2}\.\d+),(-?\d{1,3}\.\d+)"),
    re.compile(r"#map=\d+(?:\.\d+)?/(-?\d{1,2}\.\d+)/(-?\d{1,3}\.\d+)"),
    re.compile(r"mlat=(-?\d{1,2}\.\d+)&mlon=(-?\d{1,3}\.\d+)"),
)
LON_FIRST = re.compile(r"(?:[?&](?:ll|pt|whatshere\[point\]|m)=|/geo/\d+/)(-?\d{1,3}\.\d+),(-?\d{1,2}\.\d+)")
LON_FIRST_HOSTS = re.compile(r"yandex\.|2gis\.", re.IGNORECASE)
LINK = re.compile(r"(?:https?://|geo:)\S+", re.IGNORECASE)


def point_in(text: str) -> Point | None:
    """The point that a text means, if it means one.

    Raises:
        ValueError: it names degrees that are nowhere on earth.
    """
    pair = PAIR.match(text)
    if pair is not None and ("." in text or "," in text):
        lat, lon = (float(part.replace(",", ".")) for part in pair.groups())
        return Point(lat, lon)
    link = LINK.search(text)
    return _in_link(unquote(link.group(0))) if link else None


def _in_link(link: str) -> Point | None:
    if LON_FIRST_HOSTS.search(link):
        found = LON_FIRST.search(link)
        return Point(float(found.group(2)), float(found.group(1))) if found else None
    for pattern in LAT_FIRST:
        found = pattern.search(link)
        if found:
            return Point(float(found.group(1)), float(found.group(2)))
    return None
