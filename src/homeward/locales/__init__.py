"""Texts that people read, by key, in Russian and English. A test keeps the two alike."""

import json
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "ru")


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language."""
    text = (files(__name__) / f"{language}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def text(language: str, key: str, **values: str | float) -> str | None:
    """The text of ``key`` with its values filled in; None where there is none."""
    found = catalogue(language if language in LANGUAGES else LANGUAGES[0]).get(key)
    return found.format(**values) if found is not None else None


def refusal(language: str, code: str, field: str | None) -> str | None:
    """What a person is told of an error: of the field where there is something to say of it, else of its kind."""
    return text(language, f"error.{code}.{field}") or text(language, f"error.{code}")


def plural(language: str, key: str, n: int, **values: str | float) -> str | None:
    """The text of ``key`` in the form that the language wants for ``n`` (CLDR: one, few, many, other)."""
    from babel import Locale

    form = Locale(language if language in LANGUAGES else LANGUAGES[0]).plural_form(n)
    return text(language, f"{key}.{form}", n=n, **values)


def distance(language: str, km: float) -> str:
    """600 m, 1.2 km, 14 km."""
    from babel.numbers import format_decimal

    if km < 1:
        return text(language, "unit.m", value=format_decimal(max(50, round(km * 20) * 50), locale=language)) or ""
    return text(language, "unit.km", value=format_decimal(km, "#,##0.#" if km < 10 else "#,##0", locale=language)) or ""


def percent(language: str, degree: float) -> str:
    """97% in English, 97 % in Russian; nothing is ever certain."""
    shown = ">\u00a099" if degree > 0.99 else f"{degree * 100:.0f}" if degree >= 0.01 else "<\u00a01"
    return text(language, "unit.percent", value=shown) or ""


def share(language: str, part: float) -> str:
    """97% in English, 97 % in Russian, to the nearest."""
    return text(language, "unit.percent", value=f"{part * 100:.0f}") or ""


def whole(language: str, n: int) -> str:
    """1,000 in English, 1 000 in Russian."""
    from babel.numbers import format_decimal

    return format_decimal(n, "#,##0", locale=language)


def best_language(accept_language: str | None) -> str:
    """The best of our languages for an ``Accept-Language`` header."""
    wanted: list[tuple[float, int, str]] = []
    for order, part in enumerate((accept_language or "").split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        language = name.split("-")[0].lower()
        if language in LANGUAGES:
            wanted.append((-_quality(quality), order, language))
    return min(wanted)[2] if wanted else LANGUAGES[0]


def _quality(value: str) -> float:
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0
