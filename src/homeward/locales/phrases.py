"""The phrase book: a sentence that the code says in English in, the same in Russian out. It never makes one up.

A key is the sentence as it stands in the code, with a name in braces for each of its values; ``{count:number}`` is one
that must be a number. So errors, findings and help are written once, where they arise, and whoever shows them to a
person looks them up here. Tests read the code and fail where a sentence has no Russian.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

BOOKS = {"ru": ("ru.help.json", "ru.said.json")}
NUMBER = r"-?\d[\d.,]*(?:\u00a0?%)?"
THOUSANDS, NO_BREAK = re.compile(r",(?=\d{3}(?!\d))"), "\u00a0"
PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")


def translated(language: str, english: str) -> str:
    """``english`` in ``language``; as it is where the book does not have it."""
    return known(language, english) or english


def known(language: str, english: str) -> str | None:
    """The same; None where the book does not have it, with or without its full stop, and for English itself."""
    whole, templates = _book(language)
    if english in whole:
        return whole[english]
    if english.endswith(".") and english[:-1] in whole:
        return f"{whole[english[:-1]]}."
    filled = (template.filled(english, language) for template in templates)
    found = next((found for found in filled if found is not None), None)
    if found is None and english.endswith("."):
        stopped = known(language, english[:-1])
        return None if stopped is None else f"{stopped}."
    return found


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with values, in both languages; ``parts`` are what stands between the values in English."""

    english: str
    other: str
    parts: tuple[str, ...]

    def filled(self, said: str, language: str) -> str | None:
        """What ``said`` is in the other language; None where it is another sentence."""
        if not said.startswith(self.parts[0]) or not all(part in said for part in self.parts):
            return None
        found = _pattern(self.english).fullmatch(said)
        if found is None:
            return None
        return PLACE.sub(lambda place: _shown(found[place[1]], place[2], language), self.other)


def _shown(value: str, kind: str | None, language: str) -> str:
    """A value: as it is, or as its kind says.

    ``{why:words}`` is a sentence of the book too, ``{kinds:list}`` words to be typed, ``{count:number}`` a number.
    """
    return SHOWN[kind](value, language) if kind else value


def _listed(value: str, language: str) -> str:
    """``a, b or c``, each of them as it has to be typed."""
    whole = known(language, value)
    return whole or re.sub(" (?:or|and) ", lambda between: translated(language, between[0]), value)


SHOWN: dict[str, Callable[[str, str], str]] = {
    "words": lambda value, language: translated(language, value),
    "list": _listed,
    "number": lambda value, _: THOUSANDS.sub(NO_BREAK, value),
}


@cache
def _pattern(english: str) -> re.Pattern[str]:
    """What fits ``english``, whatever its values are."""
    names, parts = PLACE.findall(english), _between(english)
    pattern = re.escape(parts[0])
    for (name, kind), part in zip(names, parts[1:], strict=True):
        pattern += f"(?P<{name}>{NUMBER if kind == 'number' else '.*?'}){re.escape(part)}"
    return re.compile(pattern, re.DOTALL)


def _between(english: str) -> tuple[str, ...]:
    return tuple(PLACE.split(english)[::3])


@cache
def _book(language: str) -> tuple[dict[str, str], tuple[_Template, ...]]:
    """Whole sentences, and those with values: first those whose beginning is known, and of which most is."""
    place = files("homeward.locales")
    entries: dict[str, str] = {}
    for name in BOOKS.get(language, ()):
        entries |= json.loads((place / name).read_text(encoding="utf-8"))
    templates = [_Template(key, other, _between(key)) for key, other in entries.items() if PLACE.search(key)]
    templates.sort(key=lambda template: (not template.parts[0], -len("".join(template.parts))))
    return {key: other for key, other in entries.items() if not PLACE.search(key)}, tuple(templates)
