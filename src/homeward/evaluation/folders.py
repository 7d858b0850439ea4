"""Labelled folders: pictures with the animal or the boxes on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from homeward.domain.animals import Label, Picture
from homeward.domain.boxes import Box
from homeward.errors import HomewardError, InvalidInput
from homeward.evaluation import labels
from homeward.ports import ImageReader

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture's path and its boxes. ``is_relative``: the boxes are shares of the picture, not pixels."""

    path: Path
    boxes: tuple[tuple[Label, Box], ...]
    is_relative: bool


def read(path: Path, reader: ImageReader) -> Picture:
    """The picture, upright.

    Raises:
        InvalidInput: it cannot be read; the file is named.
    """
    if not path.is_file():  # a pipe would be waited for without end
        raise InvalidInput(f"{path} is no file.", field="folder", hint="Take it out of the folder.")
    try:
        return reader.read(path.read_bytes()).picture
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", field="folder") from error
    except HomewardError as error:
        raise InvalidInput(f"{path}: {error.message}", field="folder", hint="Take it out of the folder.") from error


def animals(folder: Path) -> dict[str, list[Path]]:
    """Pictures by animal: ``folder/<animal>/*.jpg``.

    Raises:
        InvalidInput: there are not two animals with pictures.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder.", field="folder")
    found = {sub.name: pictures(sub) for sub in sorted(folder.iterdir()) if sub.is_dir()}
    found = {name: photos for name, photos in found.items() if photos}
    if len(found) < 2:
        hint = "It wants a folder with one folder of pictures for each animal."
        raise InvalidInput(f"{folder} holds pictures of {len(found)} animals.", field="folder", hint=hint)
    return found


def pictures(folder: Path) -> list[Path]:
    """All pictures of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def labelled(folder: Path) -> list[Labelled]:
    """Pictures with boxes: boxes.csv, or YOLO labels.

    Raises:
        InvalidInput: there are no labels, or a line of them is wrong.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder.", field="folder")
    found = list(_of_csv(folder) if (folder / "boxes.csv").exists() else _of_yolo(folder))
    if not found:
        hint = "It wants boxes.csv, or images with YOLO labels beside them or in labels/."
        raise InvalidInput(f"{folder} holds no labelled pictures.", field="folder", hint=hint)
    return found


def _of_csv(folder: Path) -> Iterator[Labelled]:
    photos = {path.name: path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES}
    for image, found in sorted(labels.of_csv(folder / "boxes.csv").items()):
        if Path(image).name not in photos:
            raise InvalidInput(f"boxes.csv names {image}, which is not in {folder}.", field="folder")
        yield Labelled(photos[Path(image).name], tuple(found), is_relative=False)


def _of_yolo(folder: Path) -> Iterator[Labelled]:
    words = labels.classes(folder)
    root = folder / "images" if (folder / "images").is_dir() else folder
    for path in sorted(found for found in root.rglob("*") if found.suffix.lower() in SUFFIXES):
        label = folder / "labels" / path.relative_to(root).with_suffix(".txt")
        if not label.exists():
            label = path.with_suffix(".txt")
        if label.exists():
            yield Labelled(path, tuple(labels.of_yolo(label, words)), is_relative=True)
