"""Pictures for the demo: a folder per pet, or one CC0 photograph in many disguises."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from homeward.errors import InvalidInput

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MOST_FOUND = 6


@dataclass(frozen=True, slots=True)
class Pet:
    """One animal: the owner's photos, those of others, and the species where it is known."""

    name: str
    species: str
    lost: tuple[bytes, ...]
    found: tuple[bytes, ...]

    @property
    def named(self) -> dict[str, str]:
        """What a camera says of it: it knows cats from dogs."""
        return {"species": self.species, "confidence": "0.9"}


def of_folder(root: Path) -> list[Pet]:
    """One pet for each folder: up to two photos are the owner's, the others were taken by others.

    Raises:
        InvalidInput: there are no folders with photos.
    """
    if not root.is_dir():
        raise InvalidInput(f"{root} is no folder.", field="photos", hint="A folder with one folder of photos per pet.")
    pets = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        photos = [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
        if photos:
            own = 2 if len(photos) > 3 else 1
            species = "cat" if "cat" in folder.name.lower() else "dog"
            pets.append(Pet(folder.name, species, tuple(photos[:own]), tuple(photos[own : own + MOST_FOUND])))
    if not pets:
        hint = "It wants one folder of JPEG, PNG or WebP photos for each pet."
        raise InvalidInput(f"There are no photos of pets in {root}.", field="photos", hint=hint)
    return pets


def of_cat() -> list[Pet]:
    """Pets made of one photograph of a cat.

    Raises:
        InvalidInput: the photograph is not installed.
    """
    try:
        from skimage.data import chelsea
    except ImportError:
        hint = "pip install 'homeward[demo]', or --photos DIR with a folder of photos for each pet."
        raise InvalidInput("The demo's photograph is not installed.", field="photos", hint=hint) from None
    cat = Image.fromarray(chelsea())  # type: ignore[no-untyped-call]
    strangers = {"Smoke": (0.0, 0.75), "Ginger": (2.4, 1.05), "Shadow": (0.15, 0.45)}
    pets = [Pet("Chelsea", "cat", (_jpeg(cat), _jpeg(_crop(cat, 0.08))), tuple(_as_seen(cat)))]
    for name, (colour, light) in strangers.items():
        other = _disguised(cat, colour, light)
        pets.append(Pet(name, "cat", (_jpeg(other),), tuple(list(_as_seen(other))[1:3])))
    return pets


def _as_seen(cat: Image.Image) -> Iterable[bytes]:
    """The same animal in other photos: other frame, light, side, distance."""
    yield _jpeg(ImageEnhance.Brightness(_crop(cat, 0.12)).enhance(0.7))
    yield _jpeg(_crop(cat.rotate(6, Image.Resampling.BICUBIC, fillcolor=(90, 80, 70)), 0.1))
    yield _jpeg(ImageOps.mirror(cat).filter(ImageFilter.GaussianBlur(1.5)))
    yield _jpeg(cat.resize((cat.width // 3, cat.height // 3)), quality=60)


def _disguised(cat: Image.Image, colour: float, light: float) -> Image.Image:
    """Another coat on the mirrored picture: a stranger, as far as one photograph can play one."""
    changed = ImageEnhance.Color(ImageOps.mirror(cat)).enhance(colour)
    return ImageEnhance.Brightness(ImageOps.autocontrast(changed)).enhance(light)


def _crop(picture: Image.Image, share: float) -> Image.Image:
    dx, dy = round(picture.width * share), round(picture.height * share)
    return picture.crop((dx, dy, picture.width - dx, picture.height - dy // 2))


def _jpeg(picture: Image.Image, **how: Any) -> bytes:
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", **how)
    return file.getvalue()
