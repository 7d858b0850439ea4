"""News of the outbox put into words: matches, owners, and what the other side of a conversation did."""

from collections.abc import Awaitable, Callable

from homeward.bot import handover, mine, results
from homeward.bot.talk import Card, Rows, Venue
from homeward.bot.turn import Turn
from homeward.client import Json

LONGEST_UNDER_A_PHOTO = 500  # Telegram: 1024 UTF-16 units, of which a letter may take two; what is longer goes after it


async def put(turn: Turn, news: Json) -> None:
    """What ``news`` says, into ``turn``; nothing where it has become needless."""
    await KINDS[news["kind"]](turn, news)


async def _match(turn: Turn, news: Json) -> None:
    lost_id, new = news["lost_id"], news["found_ids"]
    every = await turn.person.matches(lost_id)
    at = next((n for n, match in enumerate(every) if match["found_id"] == news["found_id"]), None)
    if at is None:
        every, at = await turn.person.matches(lost_id, [news["found_id"]]), 0
    if not every:
        return
    lost = news["report"]
    name = lost["name"] or turn.words(f"pet.{lost['species']}")
    header = turn.words.count("news", len(new), name=name)
    card = await results.match_card(turn, lost, every, at, header=header)
    turn.show(Card(card.picture, card.text, (*card.buttons, *_quiet(turn, lost_id))))


async def _owner(turn: Turn, news: Json) -> None:
    found_id = news["found_id"]
    owners = await turn.person.owners(found_id)
    at = next((n for n, owner in enumerate(owners) if owner["lost_id"] == news["lost_id"]), None)
    if at is None:
        return
    card = await results.owner_card(turn, found_id, owners, at, header=turn.words("news_owner"))
    turn.show(Card(card.picture, card.text, (*card.buttons, *_quiet(turn, found_id))))
    if news["report"]["held"] is None:
        mine.ask_held(turn, news["report"])


async def _asked(turn: Turn, news: Json) -> None:
    handover_id = news["handover"]
    state = await turn.person.handover(handover_id)
    row = (turn.button("agree", f"h:yes:{handover_id}"), turn.button("refuse", f"h:no:{handover_id}"))
    first = ((turn.button("ask_first", f"h:q:{handover_id}"),),) if state["side"] == "found" else ()
    turn.say(f"asked.{state['side']}", (row, *first))


async def _connected(turn: Turn, news: Json) -> None:
    if not turn.step:
        handover.enter(turn, news["handover"])
    turn.say("connected", handover.ways(turn, news["handover"]))


async def _message(turn: Turn, news: Json) -> None:
    handover_id = news["handover"]
    state = await turn.person.handover(handover_id)
    message = await turn.person.message(handover_id, news["message"])
    if message is None:
        return
    if not state["is_open"] and not state["is_over"]:
        _question(turn, state, message)
        return
    await _relay(turn, state, message)


def _question(turn: Turn, state: Json, message: Json) -> None:
    if state["side"] == "lost":
        mark = ((turn.button("answer_mark", f"h:s:{state['id']}"),),) if state["secret_mark"] else ()
        rows: Rows = ((turn.button("answer", f"h:a:{state['id']}"),), *mark)
        kept = turn.words("your_mark", mark=state["secret_mark"]) if state["secret_mark"] else ""
        turn.tell("\n\n".join(filter(None, (turn.words("question", text=message["text"]), kept))), rows)
        return
    agree = (turn.button("agree", f"h:yes:{state['id']}"), turn.button("refuse", f"h:no:{state['id']}"))
    turn.say("answer", (agree, (turn.button("ask_first", f"h:q:{state['id']}"),)), text=message["text"])


async def _relay(turn: Turn, state: Json, message: Json) -> None:
    who = turn.words(f"message.{state['side']}")
    rows = ((turn.button("write", f"h:w:{state['id']}"),),) if _is_answerable(turn, state) else ()
    words = f"{who} {message['text'] or ''}".strip()
    if message["photo"]:
        picture = await turn.person.picture(message["photo"])
        if len(words) <= LONGEST_UNDER_A_PHOTO:
            turn.show(Card(picture, words, rows))
            return
        turn.show(Card(picture, who))
    if message["text"] or rows:
        turn.tell(words, rows)
    if message["place"]:
        turn.show(Venue(message["place"]["lat"], message["place"]["lon"], who))


def _is_answerable(turn: Turn, state: Json) -> bool:
    """Whether a button leads into the conversation: it goes on, and is not where one writes anyway."""
    return bool(state["is_open"]) and handover.open_in(turn) != state["id"]


async def _plain(turn: Turn, news: Json) -> None:
    if news["kind"] == "ended" and turn.state.get("talk") == news["handover"]:
        turn.forget()
    turn.say(news["kind"])


async def _reunited(turn: Turn, news: Json) -> None:
    """Of a find that is still open an owner says so, and its finder decides: both photos, and a way to close it."""
    found_id = news["found_id"]
    if news["report"]["status"] != "open":
        turn.say("reunited")
        return
    jpeg = await turn.person.picture(f"/found/{found_id}/matches/{news['lost_id']}/picture")
    turn.show(Card(jpeg, turn.words("home_said"), ((turn.button("close", f"r:close:{found_id}"),),)))


def _quiet(turn: Turn, report_id: str) -> Rows:
    return ((turn.button("mute", f"r:mute:{report_id}"), turn.button("stop", f"r:stop:{report_id}")),)


KINDS: dict[str, Callable[[Turn, Json], Awaitable[None]]] = {
    "match": _match,
    "owner_near": _owner,
    "asked": _asked,
    "connected": _connected,
    "message": _message,
    "unreached": _plain,
    "declined": _plain,
    "ended": _plain,
    "reunited": _reunited,
}
ASK_THE_DIALOG = {"connected", "message", "ended"}  # where it stands may have changed since they were claimed
