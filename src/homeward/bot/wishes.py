"""What somebody wants done with a filed report, said in words: corrected, erased or closed."""

import re
from typing import Literal

Wish = Literal["fix", "erase", "close"]
ASKED = (
    r"(?:(?:пожалуйста|можно|можете|могу|я|хочу|хотел[аи]?|хотелось|бы|надо|нужно|мне|как|давайте?|теперь"
    r"|please|can|could|may|would|like|i|you|want|need|to|how|do|let|me|now|help)[\s,]+)*"
)
REPORT = (
    r"(?:(?:мо[йёею]|наш[еу]?|это|эту|этот|сво[йёею]|вс[её]|the|my|our|this|that)\s+)*"
    r"(?:объявлени[еяи]|заявк[уи]|заявление|запись|публикацию|пост|анкету|поиск|it|report|post|listing|ad|entry|search)"
)
PART = (
    r"(?:(?:мо[йёею]|её|его|the|my|its|his|her)\s+)*"
    r"(?:имя|кличку|адрес|место|дату|время|день|описание|данные|ошибку|опечатку"
    r"|name|address|place|location|date|day|time|description|details|mistake|typo)"
)
TAIL = r"(?:[\s,]+(?:пожалуйста|please|сейчас|now))*[\s.!?…]*"
FIX = (
    r"(?:исправ|отредактир|измен|поправ|поменя)(?:ить|ь|ьте|и|ите|овать|уй|уйте|ть|й|йте)|редактировать|правка"
    r"|edit|correct|change|fix|amend"
)
ERASE = (
    r"удал(?:ить|и|ите|яй|яйте)|сотр(?:и|ите)|стереть|убер(?:и|ите)|убрать|снять|сними(?:те)?"
    r"|delete|erase|remove|take down"
)
CLOSE = r"закр(?:ыть|ой|ойте)|отмен(?:ить|и|ите)|close|cancel|end"


def _said(verb: str, of_what: str) -> re.Pattern[str]:
    return re.compile(rf"{ASKED}(?:{verb})(?:\s+(?:{of_what}))?{TAIL}", re.IGNORECASE)


WISHES: dict[Wish, re.Pattern[str]] = {
    "fix": _said(FIX, rf"(?:в\s+)?{REPORT}|{PART}(?:\s+(?:в|in|of)\s+{REPORT})?"),
    "erase": _said(ERASE, REPORT),
    "close": _said(CLOSE, REPORT),
}


def wish_in(text: str) -> Wish | None:
    """What is to be done with a report, where nothing else is said; None for other words."""
    return next((wish for wish, said in WISHES.items() if said.fullmatch(text.strip())), None)
