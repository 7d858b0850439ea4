"""What somebody wants done, said in words: a filed report corrected, erased or closed, a photo off; or all erased."""

import re
from typing import Literal

Wish = Literal["fix", "erase", "close", "wrong_photo"]
ASKED = (
    r"(?:(?:пожалуйста|прошу|можно|можете|могу|я|хочу|хотел[аи]?|хотелось|бы|надо|нужно|мне|как|давайте?|теперь"
    r"|please|can|could|may|would|like|i|you|want|need|to|how|do|let|me|now|help)[\s,]+)*"
)
REPORT = (
    r"(?:(?:мо[йёеюи]|наш[еуи]?|это|эту|этот|сво[йёею]|вс[её]|the|my|our|this|that)\s+)*"
    r"(?:объявлени[еяи]|заявк[уи]|заявление|запись|публикацию|пост|анкету|поиск|it|report|post|listing|ad|entry|search)"
)
PART = (
    r"(?:(?:мо[йёеюи]|её|его|the|my|its|his|her)\s+)*"
    r"(?:имя|кличку|адрес|место|дату|время|день|описание|данные|ошибку|опечатку"
    r"|name|address|place|location|date|day|time|description|details|mistake|typo)"
)
PHOTO = (
    r"(?:(?:это|эту|одно|одну|моё|мою|мои|то|лишн(?:ее|юю|ие)|неверн(?:ое|ую)|неправильн(?:ое|ую)|не\s+т[оу]|последн(?:ее|юю)"
    r"|the|a|one|my|this|that|last|wrong|extra)\s+)*(?:фото(?:к|чк)?(?:графи[юия]|[уи])?|снимок|картинку|photos?|pictures?|pics?|images?)"
)
SENT = (
    r"(?:случайно\s+)?(?:(?:отправил|прислал|послал|добавил|загрузил|скинул)[аи]?|(?:have\s+)?(?:sent|added|uploaded))"
)
NOT_THAT = (
    rf"(?:(?:ой|извините|простите|sorry|oops)[\s,]+)?(?:(?:я|это|i|it.?s|this\s+is|that\s+was)\s+)?(?:{SENT}\s+)?"
    r"(?:не\s+т(?:о|у|а|е)\s+(?:фото(?:чк[ауи]|графи[яюи])?|картинк[ауи])|не\s+тот\s+снимок|лишнее\s+фото"
    rf"|(?:the\s+|a\s+)?wrong\s+(?:photos?|pictures?|pics?))(?:\s+{SENT})?"
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
FORGET = rf"{ERASE}|забыть|забудь(?:те)?|очистить|очисти(?:те)?|wipe|clear|forget"
ALL_MINE = (
    r"(?:вс[её]\s+)?(?:обо\s+мне|о\s+нас|про\s+(?:меня|нас))|меня"
    r"|(?:(?:вс[её]|всю|мо[иёйю]|наш[иу]?|сво[иёйю]|персональные|личные|личную)\s+)+"
    r"(?:данные|сведения|информацию|аккаунт|профиль|уч[её]тную\s+запись)(?:\s+(?:обо\s+мне|о\s+нас))?"
    r"|(?:(?:all|of|my|our|the|personal)\s+)+(?:data|information|info|account|profile)(?:\s+(?:about|of|on)\s+(?:me|us))?"
    r"|(?:everything\s+)?(?:(?:you\s+(?:have|know)\s+)?(?:about|on)\s+(?:me|us)|of\s+mine)|me"
)
CLOSE = r"закр(?:ыть|ой|ойте)|отмен(?:ить|и|ите)|close|cancel|end"


def _said(verb: str, of_what: str) -> re.Pattern[str]:
    return re.compile(rf"{ASKED}(?:{verb})(?:\s+(?:{of_what}))?{TAIL}", re.IGNORECASE)


WISHES: dict[Wish, re.Pattern[str]] = {
    "fix": _said(FIX, rf"(?:в\s+)?{REPORT}|{PART}(?:\s+(?:в|in|of)\s+{REPORT})?"),
    "erase": _said(ERASE, REPORT),
    "close": _said(CLOSE, REPORT),
    "wrong_photo": re.compile(
        rf"(?:{ASKED}(?:{ERASE})\s+{PHOTO}(?:\s+(?:из|с|from)\s+{REPORT})?|{NOT_THAT}){TAIL}", re.IGNORECASE
    ),
}
EVERYTHING = re.compile(rf"{ASKED}(?:{FORGET})\s+(?:{ALL_MINE}){TAIL}", re.IGNORECASE)


def wish_in(text: str) -> Wish | None:
    """What is to be done with a report, where nothing else is said; None for other words."""
    return next((wish for wish, said in WISHES.items() if said.fullmatch(text.strip())), None)


def is_everything_to_go(text: str) -> bool:
    """Whether somebody wants all that is known of them erased, where nothing else is said."""
    return EVERYTHING.fullmatch(text.strip()) is not None
