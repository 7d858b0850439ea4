"""What somebody says unasked: a story of an animal, that one is home again, with its owner or dead, or only hello."""

import re
from collections.abc import Sequence
from typing import Literal

LEAST_WORDS = 3
OF_A_STORY = re.compile(
    r"\b(?:кот(?!ор)|кош|пёс|пес\b|пса\b|собак|собач|щен|пропа|потеря|убежа|сбежа|наш[её]?л|найден"
    r"|cats?\b|kitten|dogs?\b|pupp|lost\b|missing|found\b|ran away)",
    re.IGNORECASE,
)


def is_story(text: str) -> bool:
    """Whether somebody tells of an animal, and asks nothing."""
    is_asking = text.rstrip().endswith("?")
    return not is_asking and len(text.split()) >= LEAST_WORDS and OF_A_STORY.search(text) is not None


WHO = r"(?:он[аио]?|кот\w*|кошк\w*|кис\w+|пёс|пес|собак\w*|щен\w+|she|he|it|they|cat|dog|kitten|puppy)"
CAME = r"(?:приш(?:л[аи]|[её]л)|прибеж(?:ал[аи]?)|вернул(?:ась|ся|ись))"
HOME_AGAIN = re.compile(
    rf"\b(?:нашл(?:ась|ись)|наш[её]лся|(?:вернул|объявил)(?:ась|ся|ись))\b|\b{CAME}\s+(?:сам[аи]?|домой|обратно|назад)\b"
    rf"|\bсам[аи]?\s+{CAME}\b|\b{WHO}\s+{CAME}\b|\b{WHO}\s+(?:уже |снова |опять )*дома\b|\b(?:уже|снова|опять) дома\b"
    r"|\b(?:наш[её]л|нашла|нашли|поймал[аи]?|забрал[аи]?)\s+(?:е[её]|его|их)\b"
    r"|\b(?:е[её]|его|их)\s+(?:нашли|наш[её]л|нашла|поймал[аи]?)\b"
    r"|\b(?:found|caught) (?:him|her|it|them|my|our)\b|\b(?:is|was|are|were|been|got|'s|’s) (?:found|home|back)\b"
    r"|\b(?:came|come|comes|walked|back|safe) (?:back|home)\b|\bback (?:with us|again)\b|\breturned\b",
    re.IGNORECASE,
)
NOT_YET = re.compile(  # wished, feared or denied; or of people, places and things that are not the animal
    r"\b(?:не|нет|бы|чтобы?|когда|если|надеюсь|пусть|вдруг|должн\w+|обычно|всегда"
    r"|not|never|no|hasn.t|isn.t|yet|hope\w*|if|when|please|usually|always|thought)\b"
    r"|\b(?:кто|как(?:ой|ая|ие))-то\b|\bукрал|\bмы? (?:вернул|приш)|\bя (?:\w+ )?(?:вернул|приш|приех)"
    r"|\b(?:вернул(?:ась|ся|ись)|приш(?:ла|[её]л|ли)) (?:с|со|из|от|к)\b"
    r"|\b(?:i|we) (?:\w+ )?(?:came|come|got|was|were|am|walked|returned)\b"
    r"|\b(?:ошейник|поводок|след[ыа]?\b|запис|видео|свидетел|очевид|шерст|адресник|жетон|хозя|владел"
    r"|collar|leash|tracks?\b|footprint|footage|witness|owner)",
    re.IGNORECASE,
)
CHEER = re.compile(
    r"(?:(?:ура+|спасибо|слава богу|вс[её]|thank(?:s| you| god)|hooray|yay|oh)\b[\s,.!]*)+", re.IGNORECASE
)
SOB = re.compile(
    r"(?:(?:увы|к сожалению|простите|извините|спасибо|alas|sorry|unfortunately|sadly|thank(?:s| you))\b[\s,.!…]*)+",
    re.IGNORECASE,
)
LONGEST_NEWS = 5  # words
LONGEST_SAD_NEWS = 8
DIED = (
    r"(?:м[её]ртв|погиб|умер|не стало\b|усыпил|загрызли|труп|насмерть"
    r"|dead\b|died\b|killed\b|passed away|put down|put to sleep|no longer alive)"
)
RUN_OVER = (  # which few outlive
    r"(?:задавил|сбил[аи]? (?:\w+ )?машин|машин\w+ (?:(?:е[её]|его) )?сбил|(?:е[её]|его) сбил[аи]?\b"
    r"|попал[аи]? под (?:машин|кол[её]с|поезд)|run over|hit by)"
)
DEAD = re.compile(rf"\b{DIED}", re.IGNORECASE)
STRUCK = re.compile(rf"\b{RUN_OVER}", re.IGNORECASE)
NOT_DEAD = re.compile(  # denied, or only feared
    rf"\b(?:не|not|never|(?:is|was|has)n.t)\s+(?:been\s+)?(?:{DIED}|{RUN_OVER})"
    rf"|\b(?:вдруг|если|боюсь|надеюсь|hope\w*|if)\b[^.!;:\n]{{0,30}}\b(?:{DIED}|{RUN_OVER})",
    re.IGNORECASE,
)
OUTLIVED = re.compile(  # long ago, or of somebody else
    r"\b(?:в детстве|раньше|когда-то|год|хром|лап[аыу]|шрам|котён|котен|щен|хозя|владел"
    r"|once\b|year|limp|scar|as a\b|owner)",
    re.IGNORECASE,
)
WITH_OWNER = re.compile(
    r"\b(?:хозя(?:ин|йк|ев)|владел)\w*\s+(?:\w+\s+){0,2}(?:наш[её]л|нашл|забрал|приш|объявил|приех)"
    r"|\b(?:наш[её]лся|нашлась|нашлись|забрал[аи]?|приш(?:[её]л|ла|ли)|приехал[аи]?|объявил\w+|отдал[аи]?|вернул[аи]?"
    r"|передал[аи]?)\s+(?:\w+\s+){0,2}(?:хозя|владел)|\b(?:у|с) (?:хозя|владел)|\b(?:е[её]|его|их) забрали\b"
    r"|\bowners?\s+(?:\w+\s+)?(?:took|came|picked|found|got|collected|has|have)\b|\bfound (?:its|his|her|the) owner"
    r"|\b(?:gave|given|handed|returned)\b[\w\s]*\bto (?:its|his|her|their|the) (?:owner|family)"
    r"|\b(?:back|home) with (?:its|his|her|their|the) (?:owner|family)",
    re.IGNORECASE,
)
NOT_GIVEN = re.compile(
    r"\b(?:не|нет|бы|чтобы?|когда|если|надеюсь|пусть|ищу|not|never|no|if|when|hope\w*|until)\b", re.IGNORECASE
)


RAN_OFF = re.compile(
    r"\b(?:убежал|сбежал|удрал|вырвал(?:ась|ся))|\b(?:ran|run|got) (?:away|off|out|loose)\b|\bescaped\b", re.IGNORECASE
)


def has_run_off(text: str) -> bool:
    """Whether somebody says that an animal is not where it was held."""
    return _is_said(RAN_OFF, text, NOT_GIVEN)


def is_home_again(text: str, names: Sequence[str] = ()) -> bool:
    """Whether somebody says that an animal, or one of ``names``, was found or came back, and does not ask or wish it.

    Rather not than falsely: whoever still searches is told of no good news.
    """
    for name in names:
        text = re.sub(rf"\b{re.escape(name)}\b", "она", text, flags=re.IGNORECASE)
    return _is_said(HOME_AGAIN, text, NOT_YET) and not is_dead(text)


def is_news_alone(text: str, names: Sequence[str] = ()) -> bool:
    """Whether somebody says that the animal is home, and so shortly that it describes none and answers no question."""
    first = _first_clause(CHEER.sub("", text.strip()))
    return len(first.split()) <= LONGEST_NEWS and all(is_home_again(said, names) for said in (first, text))


def is_dead(text: str) -> bool:
    """Whether somebody says that an animal is dead, or was run over."""
    return any(_is_said(what, text, NOT_DEAD) for what in (DEAD, STRUCK))


def is_dead_alone(text: str, *, is_mine: bool) -> bool:
    """Whether somebody says no more than that. One who found an animal and says that it was run over describes it."""
    first = _first_clause(SOB.sub("", text.strip()))
    is_told = is_dead(first) if is_mine else _is_said(DEAD, first, NOT_DEAD)
    return is_told and "?" not in text and len(first.split()) <= LONGEST_SAD_NEWS and OUTLIVED.search(text) is None


def is_with_owner(text: str) -> bool:
    """Whether a finder says that the owner has the animal."""
    return _is_said(WITH_OWNER, text, NOT_GIVEN) and not is_dead(text)


def _is_said(what: re.Pattern[str], text: str, unless: re.Pattern[str]) -> bool:
    return "?" not in text and what.search(text) is not None and unless.search(text) is None


SUBJECT = (
    r"(?:(?:он[аио]?|кот|кошка|собака|п[её]с|животное|сейчас|пока|да|ага|it|he|she|is|it’s|it's|yes|the|dog|cat)\s+)*"
)
TIED = r"на (?:вер[её]вк[еу]|поводк[еу]|поводок|привязи|шлейке)"
WITH_ME = re.compile(
    rf"{SUBJECT}(?:да|ага|угу|yes|yep|у (?:меня|нас)(?: дома)?|со мной|(?:here )?with (?:me|us)|i have (?:it|him|her)"
    rf"|(?:я |{TIED} )*(?:(?:е[её]|его) )?(?:держу|поймала?|привязала?|(?:забрала?|взяла?) (?:к себе|домой))"
    rf"(?: (?:е[её]|его|{TIED}|к себе|домой))*"
    r"|i(?: am|.?m) holding (?:it|him|her)|i (?:caught|keep|took) (?:it|him|her)(?: home| in)?)",
    re.IGNORECASE,
)
NOT_WITH_ME = re.compile(
    rf"{SUBJECT}(?:нет|неа|уже нет|не у (?:меня|нас)|[су]бежал[аи]?|отпустила?(?: е[её]| его)?"
    r"|уш(?:ла|[её]л)|no|nope|let (?:it|him|her) go|not with (?:me|us)"
    r"|ran (?:away|off))",
    re.IGNORECASE,
)
UNKNOWN = re.compile(
    r"(?:я )?(?:точно )?не (?:знаю|помню|уверена?)(?: точно)?"
    r"|(?:i )?(?:don.?t|do not) (?:know|remember)|not sure|no idea",
    re.IGNORECASE,
)


PET = (
    r"(?:кот(?:ик|[её]нок)?|кошка|кошечка|киса|киска|собака|собачка|п[её]с(?:ик)?|щенок|питомец"
    r"|cat|kitten|dog|puppy|pet)"
)
CLAUSE_END = re.compile(r"[,.!;\n]")
LEAD = re.compile(
    r"^(?:(?:да|нет|ну|здравствуйте|привет|добр(?:ый|ое|ой)\s+(?:день|вечер|утро|ночи)|помогите|пожалуйста|люди|срочно|внимание"
    r"|yes|no|well|hello|hi|hey|please|help(?: me)?|urgent)[,.!]*\s+)+",
    re.IGNORECASE,
)
IT_IS = r"(?:(?:это|эта|этот|он[аои]?|it is|it.?s|this is|he is|she is|a|the)\s+)*"
MINE = re.compile(
    rf"{IT_IS}(?:мо[йяеё]|мои|наш[аеи]?|сво[йяё]|mine|ours|(?:my|our)(?: own)?)(?: own)?(?: {PET})?"
    r"(?: (?:пропал[аио]?|потерял(?:ся|ась|ись)|is (?:lost|missing)))?"
    r"|(?:(?:я|мы|у меня|у нас|i|we|it is|it.?s)\s+)*(?:потерял[аи]?|потерял(?:ся|ась|ись)|пропал[аио]?|(?:have )?lost)"
    rf"(?: (?:е[её]|его|кот[аи]к?а?|кошку|собаку|пса|it|him|her|{PET}|my {PET}))?",
    re.IGNORECASE,
)
NOT_MINE = re.compile(
    rf"{IT_IS}(?:не (?:мо[йяеё]|мои|наш[аеи]?)|чуж(?:ой|ая|ое|ие)|not (?:mine|ours|my own|my {PET})|stray)(?: {PET})?"
    r"|(?:(?:я|мы|i|we)\s+)*(?:наш[её]л|нашл[аи]|у?видел[аи]?|подобрал[аи]?|(?:have )?found|saw|have seen)"
    rf"(?: (?:е[её]|его|кота|кот[её]нка|кошку|собаку|пса|щенка|it|him|her|(?:a |the )?{PET}))?",
    re.IGNORECASE,
)
CAT = re.compile(rf"{IT_IS}(?:кот(?:ик|[её]нок)?|кошка|кошечка|киса|киска|cat|kitten)", re.IGNORECASE)
DOG = re.compile(rf"{IT_IS}(?:собака|собачка|п[её]с(?:ик)?|щенок|dog|puppy)", re.IGNORECASE)
YES_OR_NO = re.compile(
    r"(?:да|ага|угу|нет|неа|ок(?:ей)?|хорошо|конечно|yes|yep|yeah|no|nope|ok(?:ay)?|sure)", re.IGNORECASE
)


ALMOST = (
    r"(?:(?:да|ой|боже|точно|кажется|похоже|вроде|наверное|конечно|нет"
    r"|yes|oh|no|my god|i think|definitely|this|that)[\s,.!]+)*"
)
OWN = rf"(?:мо[йя]|наш[а]?|mine|ours|(?:my|our) {PET})(?: {PET})?"
HIM = re.compile(
    rf"{ALMOST}(?:(?:это|же|точно)\s+)*(?:(?:он|она)(?: (?:самый|самая))?|{OWN})[\s.!)❤😭🙏]*"
    rf"|{ALMOST}(?:it.?s|that.?s|is|it is|that is) (?:him|her|{OWN})[\s.!)]*"
    rf"|{ALMOST}(?:я )?узна(?:ю|л|ла) (?:его|её|ее)[\s.!)]*",
    re.IGNORECASE,
)
NOT_HIM = re.compile(
    rf"{ALMOST}(?:это\s+)?(?:не (?:он|она|{OWN}|похож[аи]?)"
    rf"|(?:it.?s |that.?s |is |it is )?not (?:him|her|{OWN}))[\s.!(]*",
    re.IGNORECASE,
)


def is_recognised(text: str) -> bool | None:
    """Whether somebody says of what they were shown that it is theirs, or that it is not; None for other words."""
    if NOT_HIM.fullmatch(text.strip()):
        return False
    return True if HIM.fullmatch(text.strip()) else None


def _first_clause(text: str) -> str:
    return CLAUSE_END.split(text.strip(), maxsplit=1)[0].strip()


def goes_on(text: str) -> bool:
    """Whether an answer says more than its first clause."""
    rest = CLAUSE_END.split(LEAD.sub("", text.strip(), count=1), maxsplit=1)[1:]
    return any(letter.isalnum() for part in rest for letter in part)


def shelf_in(text: str) -> Literal["lost", "found"] | None:
    """Whether an answer begins with the word that the animal is one's own, or was found; None for other words."""
    first = _first_clause(LEAD.sub("", text.strip(), count=1))
    if NOT_MINE.fullmatch(first):
        return "found"
    return "lost" if MINE.fullmatch(first) else None


def kind_in(text: str) -> Literal["cat", "dog"] | None:
    """The kind that an answer begins with; None for other words."""
    first = _first_clause(LEAD.sub("", text.strip(), count=1))
    if CAT.fullmatch(first):
        return "cat"
    return "dog" if DOG.fullmatch(first) else None


def held_in(text: str) -> Literal["held", "loose"] | None:
    """Whether what a finder says begins with the word that the animal is with them, or is not; None for other words."""
    first = _first_clause(text)
    if NOT_WITH_ME.fullmatch(first):
        return "loose"
    return "held" if WITH_ME.fullmatch(first) else None


ASKING = re.compile(
    r"(?:(?:а|и|ну|скажите|подскажите|but|and|so)[\s,]+)*(?:что|чего|чт[оё]|как(?!-то)|куда|зачем|почему|можно|сколько|кто|какой"
    r"|какая|когда|(?:это )?(?:обязательно|надо|нужно)|what|how|why|who|when|can|could|should|do|does|is)\b(?!-).*\?"
    r"|.*\bчто (?:мне |нам |теперь )?делать\b.*|.*\bwhat (?:do|should|can) (?:i|we) do\b.*",
    re.IGNORECASE | re.DOTALL,
)


def is_question(text: str) -> bool:
    """Whether somebody asks something, rather than to guess aloud."""
    return ASKING.fullmatch(text.strip(" .!")) is not None


def is_unknown(text: str) -> bool:
    """Whether somebody says no more than that they do not know."""
    return UNKNOWN.fullmatch(text.strip(" .!…")) is not None


def is_yes_or_no(text: str) -> bool:
    """Whether somebody says no more than yes or no."""
    return YES_OR_NO.fullmatch(text.strip(" .,!?…")) is not None
