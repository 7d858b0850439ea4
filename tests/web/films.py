"""Videos as phones make them, of a kind that every browser plays."""

import io

import pytest
from PIL import Image, ImageFilter
from skimage import data


def film(seconds, frame_at, **options):
    """A WebM video of ten pictures a second, as ``frame_at`` makes them of the second."""
    av = pytest.importorskip("av", reason="wants the extra video")
    file = io.BytesIO()
    with av.open(file, "w", format="webm", options=options) as container:
        stream = container.add_stream("libvpx", rate=10, options={"crf": "4", "b": "8M", "deadline": "realtime"})
        stream.width = stream.height = 240
        for n in range(int(seconds * 10)):
            container.mux(stream.encode(av.VideoFrame.from_image(frame_at(n / 10))))
        container.mux(stream.encode())
    return file.getvalue()


def shaky(at_s):
    """Sharp for a moment of each second."""
    cat = Image.fromarray(data.chelsea()[:240, 100:340])
    return cat if 0.15 < at_s % 1 < 0.45 else cat.filter(ImageFilter.GaussianBlur(6))
