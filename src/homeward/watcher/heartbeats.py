"""Heartbeats: tell the server how each camera is; it answers whether its owner paused it."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from homeward.client import Client, ServerUnreachable
from homeward.errors import Forbidden, HomewardError, Unauthorized
from homeward.watcher.status import Status, counters
from homeward.watcher.supervisor import Supervisor

AT_ONCE = 8  # of a slow server's answers: a hundred cameras do not wait for each other


@dataclass(slots=True)
class Heartbeats:
    """Of all cameras that have a client; ``waiting`` says how many sightings of a camera are still to be sent."""

    supervisor: Supervisor
    clients: Mapping[str, Client]
    waiting: Callable[[str], int]
    _welcome: set[str] = field(default_factory=set)

    def tick(self) -> int:
        """One heartbeat of each camera."""
        left, nobody = deque(self.supervisor.totals()), threading.Event()
        threads = [
            threading.Thread(target=self._some, args=(left, nobody), daemon=True)
            for _ in range(min(AT_ONCE, len(left)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return 0

    def _some(self, left: deque[Status], nobody: threading.Event) -> None:
        while not nobody.is_set():
            try:
                status = left.popleft()
            except IndexError:
                return
            client = self.clients.get(status.camera)
            if client is not None:
                self._one(status, client, nobody)

    def _one(self, status: Status, client: Client, nobody: threading.Event) -> None:
        camera = status.camera
        try:
            told = {**counters(status), "waiting": self.waiting(camera)}
            answer = client.heartbeat(camera, status.state.value, told)
        except (Unauthorized, Forbidden):
            where = f"key, key_file, the environment, or camera-keys/{camera}.key in the data folder"
            made = f"homeward keys create --name {camera} --scope sightings --camera {camera}"
            hint = f"Make a new one on the server ({made}) and put it where the old one was: {where}."
            self.supervisor.refused(camera, "The server refuses its key.", hint, for_good=camera not in self._welcome)
        except ServerUnreachable:
            nobody.set()
        except HomewardError:
            return  # the next one is due soon
        else:
            self._welcome.add(camera)
            self.supervisor.welcomed(camera, paused=bool(answer.get("paused")))
