"""Whether somebody tells a story of an animal, unasked, or only says hello."""

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
