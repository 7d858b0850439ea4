"""Whether somebody tells a story of an animal, unasked, says that one is home again, or only says hello."""

import re

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


HOME_AGAIN = re.compile(
    r"\b(?:нашл(?:ась|ись)|наш[её]лся|(?:вернул|объявил)(?:ась|ся|ись)|(?:уже|снова|опять) дома|домой)\b"
    r"|\b(?:наш[её]л|нашла|нашли|забрал[аи]?)\s+(?:е[её]|его|их)\b|\b(?:е[её]|его|их)\s+(?:нашли|наш[её]л|нашла)\b"
    r"|\bfound (?:him|her|it|them|my|our)\b|\b(?:is|was|are|were|been|got|'s|’s) (?:found|home|back)\b"
    r"|\b(?:came|come|comes|walked|back|safe) (?:back|home)\b|\bback (?:with us|again)\b|\breturned\b",
    re.IGNORECASE,
)
NOT_YET = re.compile(
    r"\b(?:не|нет|ещё|еще|чтобы?|когда|если|not|never|hasn.t|isn.t|yet|hope|if|when|please)\b", re.IGNORECASE
)


def is_home_again(text: str) -> bool:
    """Whether somebody says that an animal was found or came back, and neither asks nor wishes it."""
    is_asking = "?" in text
    return not is_asking and HOME_AGAIN.search(text) is not None and NOT_YET.search(text) is None
