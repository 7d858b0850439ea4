"""Wild: photos of animals that nobody names in; what the product cuts out of them, with outlines, in one file out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino as ov
from PIL import Image

from homeward.domain.animals import Species
from homeward.domain.boxes import Box
from homeward.domain.crops import cut
from training.embedder.crops import Cutter
from training.embedder.packed import MASK_PX
from training.embedder.pictures import Pixels
from training.embedder.sets import labelled, wild
from training.embedder.teacher import options
from training.embedder.views import SIZE_PX

OUTLINE_FILE = Path("weights/mobilenet/deeplabv3_mnv2_pascal_quant.tflite")
OUTLINE_PX = 513
CAT, DOG = 8, 12  # of PASCAL VOC's classes
QUALITY = 74


class Outline:
    """DeepLabV3 of google-coral: where on a photo cats and dogs are."""

    def __init__(self, shared: Path) -> None:
        self._network = ov.Core().compile_model(str(shared / OUTLINE_FILE), "CPU", options(1))

    def __call__(self, photo: Pixels) -> Pixels:
        """uint8 [height, width], 255 where an animal is, for uint8 [height, width, 3]."""
        small = Image.fromarray(photo).resize((OUTLINE_PX, OUTLINE_PX), Image.Resampling.BILINEAR)
        classes = self._network([np.asarray(small)[None]])[0][0]
        found = Image.fromarray(np.isin(classes, (CAT, DOG)).astype(np.uint8) * np.uint8(255))
        return np.asarray(found.resize((photo.shape[1], photo.shape[0]), Image.Resampling.BILINEAR))


def write_crops(embedder: Path, shared: Path, file: Path) -> None:
    """Every crop that trunks learn from, as WebP, 56 x 56 bits of outline for each, and whose it is.

    Of photos that nobody names in, face and body; of the others the whole photo too, as the part that its set shows.
    """
    cutter, outline = Cutter(embedder), Outline(shared)
    data: list[bytes] = []
    masks: list[npt.NDArray[np.uint8]] = []
    about: list[tuple[int, str, str]] = []
    for number, picture in enumerate([*wild(shared), *labelled(shared)]):
        photo = cutter.photo(picture.path)
        animal = np.repeat(outline(photo)[:, :, None], 3, axis=2)
        boxes = [(crop.part.value, crop.box) for crop in cutter.animal(photo, Species(picture.species)).crops]
        if picture.identity:
            boxes.append((picture.part, Box(0, 0, photo.shape[1], photo.shape[0])))
        for part, box in boxes:
            data.append(_webp(cut(photo, box)))
            mask = Image.fromarray(cut(animal, box)[:, :, 0]).resize((MASK_PX, MASK_PX), Image.Resampling.BILINEAR)
            masks.append(np.packbits(np.asarray(mask) > 127))
            about.append((number, picture.identity, part))
    photos, animals, parts = (np.array(column) for column in zip(*about, strict=True))
    whose = {"photos": photos, "animals": animals, "parts": parts, "masks": np.stack(masks)}
    lengths = np.array([len(each) for each in data])
    np.savez_compressed(file, data=np.frombuffer(b"".join(data), np.uint8), lengths=lengths, **whose)


def _webp(crop: Pixels) -> bytes:
    """No larger than the network sees it."""
    image, scale = Image.fromarray(crop), SIZE_PX / max(crop.shape[:2])
    if scale < 1:
        size = (max(8, round(image.width * scale)), max(8, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX)
    with io.BytesIO() as file:
        image.save(file, "WEBP", quality=QUALITY)
        return file.getvalue()
