"""Drawing: what a camera sees as people who tune it want to see it: boxes, tracks, zones, and what was sent."""

import io
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from homeward.domain.boxes import Box
from homeward.watcher.camera import CameraWatch, Sight

WIDTH, STRIP, SENT_SHOWN = 960, 120, 8
REGION, ANIMAL, PERSON, ZONE, MASK = "#5b8def", "#ff5d3b", "#b0b0b0", "#38c172", "#222222"
QUALITY, FONT_PX = 80, 20


@dataclass(slots=True)
class Drawing:
    """One camera's picture with what is known of it."""

    _sent: deque[Image.Image] = field(default_factory=lambda: deque(maxlen=SENT_SHOWN))
    _last: int = -1

    def sent(self, sight: Sight) -> None:
        """Remember the crop."""
        small = Image.fromarray(sight.crop.picture)
        small.thumbnail((STRIP, STRIP))
        self._sent.append(small)

    def jpeg(self, watching: CameraWatch) -> bytes | None:
        """The last frame; None where it was drawn already."""
        view = watching.view
        frame, regions, animals, people = view.frame, view.regions, view.animals, view.people
        if frame is None or frame.number == self._last:
            return None
        self._last = frame.number
        picture = Image.fromarray(watching.areas.without_hidden(frame.picture))
        scale = WIDTH / picture.width
        drawn = Image.new("RGB", (WIDTH, round(picture.height * scale) + STRIP))
        drawn.paste(picture.resize((WIDTH, round(picture.height * scale))))
        draw = ImageDraw.Draw(drawn)
        size, font = (WIDTH, drawn.height - STRIP), ImageFont.load_default(FONT_PX)
        for polygons, colour in ((watching.areas.zones, ZONE), (watching.areas.masks, MASK)):
            for polygon in polygons:
                draw.polygon([(x * size[0], y * size[1]) for x, y in polygon], outline=colour, width=3)
        for region in regions:
            draw.rectangle(_scaled(region, scale), outline=REGION)
        for person in people:
            draw.rectangle(_scaled(person, scale), outline=PERSON, width=2)
        for track, animal in animals:
            corners = _scaled(animal.box, scale)
            draw.rectangle(corners, outline=ANIMAL, width=3)
            text = f"{track} {animal.species.value} {animal.confidence:.0%}"
            place = (corners[0], max(0.0, corners[1] - FONT_PX - 4))
            draw.rectangle(draw.textbbox(place, text, font=font), fill=ANIMAL)
            draw.text(place, text, fill="white", font=font)
        for number, small in enumerate(list(self._sent)):
            drawn.paste(small, (number * STRIP, size[1]))
        return _jpeg(drawn)


def _scaled(box: Box, scale: float) -> tuple[float, float, float, float]:
    return box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale


def _jpeg(picture: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
