"""One line that says what news is about, in its reader's language; no place, no degree, nobody's name but the pet's."""

from homeward.locales import plural, text
from homeward.ports import AlertKind, News


def headline(news: News, language: str) -> str:
    """For the subject of a letter, or a screen that others may see too."""
    kind, own = news.alerts[0].kind, news.own
    name = own.name or text(language, f"mail.pet.{own.species.value}") or ""
    if kind is AlertKind.MATCH:
        return plural(language, "mail.match", len(news.alerts), name=name) or ""
    return text(language, f"mail.{kind.value}.{own.shelf.value}", name=name) or ""
