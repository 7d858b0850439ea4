"""Words that answer no question: of one's own report a wish, news, or more about its animal; or a story of another."""

from collections.abc import Sequence

from homeward.bot import filing, mine
from homeward.bot.story import (
    has_run_off,
    is_dead,
    is_dead_alone,
    is_home_again,
    is_news_alone,
    is_recognised,
    is_story,
    is_with_owner,
)
from homeward.bot.talk import Button, Words
from homeward.bot.turn import Turn
from homeward.bot.wishes import wish_in
from homeward.client import Json

LONGEST_NEWS = 200  # letters
LEAST_TO_ADD = 2
MOST_SHOWN = 3


async def on_news(turn: Turn, said: Words) -> bool:
    """At a question: that the pet is home or dead answers none. False for other words, and a finder's good news."""
    is_draft = turn.step in filing.ANSWERS
    shelf = turn.draft.get("shelf") if is_draft else None
    if len(said.text) > LONGEST_NEWS:
        return False
    reports = [each for each in await turn.person.reports() if each["status"] == "open"]
    lost = [each for each in reports if each["shelf"] == "lost"]
    is_home = shelf != "found" and (lost or shelf == "lost") and is_news_alone(said.text, _names(lost))
    is_dead = (is_draft or bool(reports)) and is_dead_alone(said.text, is_mine=shelf != "found")
    if not is_home and not is_dead:
        return False
    if not is_draft:
        turn.forget()
    if is_dead and is_draft:
        turn.say("sorry_draft", ((turn.button("drop_begun", turn.data("cancel")),),))
        mine.offer_to_close(turn, reports, "close")
    elif is_dead:
        mine.ask_whether_over(turn, reports, "sorry", "close")
    elif lost:
        mine.ask_whether_over(turn, lost, "home_again", "is_home")
    else:
        turn.say("home_again_draft", ((turn.button("is_home", turn.data("cancel")),),))
    return True


def _names(reports: Sequence[Json]) -> list[str]:
    return [report["name"] for report in reports if report["name"]]


async def on_words(turn: Turn, said: Words) -> bool:
    """Answer; False where they tell nothing, and the person has no open report."""
    reports = [report for report in await turn.person.reports() if report["status"] == "open"]
    lost = [report for report in reports if report["shelf"] == "lost"]
    found = [report for report in reports if report["shelf"] == "found"]
    wish = wish_in(said.text)
    if reports and wish is not None:
        await mine.on_wish(turn, wish, reports)
    elif reports and is_dead(said.text):
        mine.ask_whether_over(turn, reports, "sorry", "close")
    elif found and is_with_owner(said.text):
        mine.ask_whether_over(turn, found, "given_back", "is_given")
    elif lost and is_home_again(said.text, _names(lost)):
        mine.ask_whether_over(turn, lost, "home_again", "is_home")
    elif has_run_off(said.text) and any(report["held"] == "held" for report in found):
        for report in found:
            mine.ask_held(turn, report)
    elif lost and is_recognised(said.text) is not None:
        key = "is_it_mine" if is_recognised(said.text) else "is_it_not"
        turn.say(key, ((turn.button("matches", "c:matches"),),))
    elif reports:
        _watching(turn, said.text.strip(), reports[:MOST_SHOWN])
    elif is_story(said.text):
        await filing.begin_with(turn, said)
    else:
        return False
    return True


def _watching(turn: Turn, text: str, reports: Sequence[Json]) -> None:
    """The search goes on; what was said goes into a report at a tap."""
    ways = ((turn.button("matches", "c:matches"), turn.button("my", "c:my")),)
    others = ((turn.button("lost", "c:lost"),), (turn.button("found", "c:found"),))
    if "?" in text or len(text.split()) < LEAST_TO_ADD:
        turn.say("watching", (*ways, *others, *(((turn.button("help", "c:help"),),) if "?" in text else ())))
        return
    turn.state["heard"] = text
    turn.say("watching_add", (*(_add(turn, report) for report in reports), *ways, *others))


def _add(turn: Turn, report: Json) -> tuple[Button, ...]:
    label = turn.words("b.add_words", name=report["name"] or turn.words(f"animal.{report['species']}"))
    return (Button(label, f"r:words:{report['id']}"),)
