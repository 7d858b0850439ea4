"""Labels: a row of boxes.csv, YOLO's files and their lists of classes in, boxes out. Names the line of each slip."""

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

import yaml

from homeward.domain.animals import Label
from homeward.domain.boxes import Box
from homeward.errors import InvalidInput

COCO = {0: Label.PERSON, 15: Label.CAT, 16: Label.DOG}
WORDS = {label.value: label for label in Label} | {"cat_face": Label.CAT_HEAD, "dog_face": Label.DOG_HEAD}
SIDES = ("xmin", "ymin", "xmax", "ymax")
COLUMNS = ("image", "species", "part", *SIDES)
INDEX = re.compile(r"[0-9]{1,9}")
Boxes = list[tuple[Label, Box]]


def of_csv(path: Path) -> dict[str, Boxes]:
    """Boxes in pixels by picture's name; other species and parts are passed over.

    Raises:
        InvalidInput: columns are missing, or a line is wrong.
    """
    boxes: dict[str, Boxes] = defaultdict(list)
    rows = csv.DictReader(StringIO(_text(path)), restval="")
    try:
        lacking = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if lacking:
            hint = f"Its first line names the columns: {','.join(COLUMNS)}."
            raise _wrong(path, f"the columns {', '.join(lacking)} are missing", hint, line=1)
        for row in rows:
            word = row["species"] + ("_head" if row["part"] in {"head", "face"} else "")
            box = Box(*(_number(row[side], side, path, rows.line_num) for side in SIDES))
            if word in WORDS:
                boxes[row["image"]].append((WORDS[word], box))
    except csv.Error as error:
        raise _wrong(path, str(error), "Save it as comma-separated values.", line=rows.line_num + 1) from error
    return boxes


def of_yolo(path: Path, words: Mapping[int, Label]) -> Iterator[tuple[Label, Box]]:
    """Boxes as shares of the picture; classes that are not in ``words`` are passed over.

    Raises:
        InvalidInput: a line is wrong.
    """
    for line, text in enumerate(_text(path).splitlines(), 1):
        parts = text.split()
        if not parts:
            continue
        if len(parts) < 5 or not INDEX.fullmatch(parts[0]):
            hint = "A line is: number of the class, centre x, centre y, width, height, as shares of the picture."
            raise _wrong(path, f"{text[:80]!r} is no box", hint, line=line)
        x, y, w, h = (_number(part, "box", path, line) for part in parts[1:5])
        if int(parts[0]) in words:
            yield words[int(parts[0])], Box(x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def classes(folder: Path) -> dict[int, Label]:
    """Index to label: classes.txt, data.yaml, else COCO's.

    Raises:
        InvalidInput: the file cannot be understood.
    """
    for place in (folder, folder.parent):
        if (place / "classes.txt").exists():
            lines = _text(place / "classes.txt").split("\n")
            return {n: WORDS[word.strip()] for n, word in enumerate(lines) if word.strip() in WORDS}
        if (place / "data.yaml").exists():
            return _of_yaml(place / "data.yaml")
    return COCO


def _of_yaml(path: Path) -> dict[int, Label]:
    hint = "It wants names: a list of the classes, or index to class."
    try:
        raw = yaml.safe_load(_text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _wrong(path, "it is not YAML", hint) from error
    names = raw.get("names") if isinstance(raw, dict) else None
    listed = dict(enumerate(names)) if isinstance(names, list) else names
    if not isinstance(listed, dict) or not all(INDEX.fullmatch(str(index)) for index in listed):
        raise _wrong(path, "it names no classes", hint)
    return {int(n): WORDS[word] for n, word in listed.items() if isinstance(word, str) and word in WORDS}


def _number(text: str, what: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(path, f"{text[:80]!r} is no number ({what})", "Write it with digits and a point.", line=line)
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(path, "it is not UTF-8", "Save it as UTF-8.") from error
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror}", "Is it a file of yours?") from error


def _wrong(path: Path, reason: str, hint: str, line: int | None = None) -> InvalidInput:
    where = f"{path}, line {line}" if line else str(path)
    return InvalidInput(f"{where}: {reason}.", field="folder", hint=hint)
