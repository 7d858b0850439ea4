"""Reindex: another embedder for a data folder that is in use."""

import sys
import time
from typing import Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, client, complain, settings, show_json, tell, words
from homeward.errors import HomewardError, InvalidInput, ModelInvalid

ASK_AGAIN_S = 0.5


def register(app: App) -> None:
    """Add the command."""
    app.command(reindex)


def reindex(
    *,
    model: str | None = None,
    rollback: Annotated[bool, Parameter(negative="")] = False,
    cancel: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Embed all kept photos with another model, then switch to it; searches go on throughout.

    Broken off (Ctrl-C), it goes on while the server runs, and when this command is given again. Without an option it
    shows how far it is.

    Parameters
    ----------
    model
        Name of an embedder; `homeward models list` shows them.
    rollback
        Go back to the former model, whose vectors were kept.
    cancel
        Stay with the model in use.
    """
    if sum((model is not None, rollback, cancel)) > 1:
        raise InvalidInput("--model, --rollback and --cancel exclude each other.", field="model")
    from homeward.app import replace_lost_model
    from homeward.telemetry import configure

    configure("warning", "console")
    is_asked = model is not None or rollback
    taken = replace_lost_model(settings(data), model, complain) if is_asked else None
    with client(data, working=True, is_asked=True) as server:
        if cancel:
            server.delete("/reindex")
        elif is_asked and taken is None:
            server.post("/reindex", {"model": model, "rollback": rollback})
        status = server.get("/reindex")
        wanted = taken or status["next"]
        if wanted is not None:
            status = _follow(server, wanted)
    if json:
        show_json(status)
        return
    tell(f"in use: {status['model']}, {status['embedded']} of {status['total']} crops embedded")
    if status["previous"] is not None:
        tell(f"kept for homeward reindex --rollback: {status['previous']}")


def _follow(server: Any, wanted: str) -> dict[str, Any]:
    """Show how far it is until the model is in use and everything is matched anew."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task(words(f"embedding with {wanted}"), total=None)
        while True:
            status: dict[str, Any] = server.get("/reindex")
            if status["next"] is None:
                break
            progress.update(task, completed=status["embedded"], total=status["total"])
            time.sleep(ASK_AGAIN_S)
        if status["model"] != wanted:
            raise _not_switched(status)
        progress.update(task, completed=status["embedded"], total=status["total"])
        task = progress.add_task(words("matching anew"), total=max(1, status["waiting"]))
        most = status["waiting"]
        while status["waiting"] > 0:
            time.sleep(ASK_AGAIN_S)
            status = server.get("/reindex")
            progress.update(task, completed=most - status["waiting"])
    return status


def _not_switched(status: dict[str, Any]) -> HomewardError:
    if status["failed"]:
        return ModelInvalid(f"The model could not be used: {status['failed']}", field="model")
    return InvalidInput("Somebody cancelled it.", field="model")
