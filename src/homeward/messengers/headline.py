"""One line that says what news is about, in its reader's language; no place, no degree, nobody's name but the pet's."""

from homeward.domain.reports import Status
from homeward.locales import plural, text
from homeward.ports import AlertKind, News


def headline(news: News, language: str) -> str:
    """For the subject of a letter, or a screen that others may see too."""
    kind, own = news.alerts[0].kind, news.own
    name = own.name or text(language, f"mail.pet.{own.species.value}") or ""
    if kind is AlertKind.MATCH:
        return plural(language, "mail.match", len(news.alerts), name=name) or ""
    if _is_claimed(news):
        return text(language, "mail.home_said") or ""
    return text(language, f"mail.{kind.value}.{own.shelf.value}", name=name) or ""


def request(news: News, language: str) -> str:
    """What its reader is asked to do besides opening the page; empty for most news."""
    return text(language, "mail.please_close") or "" if _is_claimed(news) else ""


def _is_claimed(news: News) -> bool:
    """An owner says that the animal is home, and the find is still open: its finder decides."""
    return news.alerts[0].kind is AlertKind.REUNITED and news.own.status is Status.OPEN
