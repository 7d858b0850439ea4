"""The index of nearest neighbours in Qdrant: how far it is, and a comparison with the rows."""

import time
from typing import Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, client, show_json, table, tell, words

ASK_AGAIN_S = 0.5


def register(app: App) -> None:
    """Add the command."""
    app.command(index)


def index(
    *,
    check: Annotated[bool, Parameter(negative="", help="Compare all rows with it now, and mend it.")] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Show how far the index in Qdrant follows the rows (HOMEWARD_INDEX_URL), and what its last comparison mended.

    A server compares by itself every six hours.
    """
    with client(data, working=check, is_asked=True) as server:
        state = server.post("/index/check", {}) if check else server.get("/index")
        while check and any(item["compared"] is None for item in state["items"]):
            time.sleep(ASK_AGAIN_S)
            state = server.get("/index")
    if json:
        show_json(state)
    elif not state["items"]:
        tell("There is no index elsewhere; search works on the rows.")
    else:
        table(["shelf", "model", "follows", "compared"], [_row(item) for item in state["items"]])


def _row(item: dict[str, Any]) -> list[str]:
    done = item["compared"]
    told = words("not yet") if done is None else ", ".join(words(f"{count} {what}") for what, count in done.items())
    follows = "being filled" if item["filling"] else f"{item['follows'] or 0} of {item['latest']} changes"
    return [words(item["shelf"]), item["model"], words(follows), told]
