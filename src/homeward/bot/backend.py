"""The API as the bot uses it: for itself, and for one account. Keeps nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from homeward.client import API, AsyncClient, Call, Json


@dataclass(frozen=True, slots=True)
class Backend:
    """What the bot does under its own name, on ``messenger``."""

    client: AsyncClient
    messenger: str

    async def arrive(self, address: str, language: str, numbers: Sequence[int] = ()) -> Json:
        """Who is there.

        Raises:
            Conflict: the updates ``numbers`` were worked on or erased meanwhile.
        """
        who = self._here(address=address, language=language, numbers=list(numbers))
        return await self._json("POST", "/accounts", who)

    async def account(self, account_id: str) -> Json:
        """An account as it is now."""
        return await self._json("GET", f"/accounts/{account_id}")

    async def take_in(self, updates: Sequence[Json]) -> int:
        """Keep what came in; how many were new."""
        new = (await self._json("POST", "/updates", self._here(items=list(updates))))["new"]
        return int(new)

    async def waiting(self, after: int) -> list[Json]:
        """What came in after ``after`` and waits."""
        params = {"messenger": self.messenger, "after": after, "limit": 200}
        answer = await self.client.send(Call("GET", f"{API}/updates", params=params))
        return list(answer.json()["items"])

    async def drop(self, numbers: Sequence[int]) -> None:
        """Not to be worked on."""
        await self.client.send(Call("POST", f"{API}/updates/done", json=self._here(numbers=list(numbers))))

    async def claim(self, limit: int) -> list[Json]:
        """What is to be told now."""
        return list((await self._json("POST", "/alerts/claim", self._here(limit=limit)))["items"])

    async def told(self, ids: Sequence[int]) -> None:
        """It arrived."""
        await self.client.send(Call("POST", f"{API}/alerts/done", json={"ids": list(ids)}))

    async def not_told(self, ids: Sequence[int], error: str, wait_s: float) -> None:
        """It did not."""
        body = {"ids": list(ids), "error": error, "wait_s": wait_s}
        await self.client.send(Call("POST", f"{API}/alerts/retry", json=body))

    async def stats(self) -> Json:
        """Figures."""
        return await self._json("GET", "/stats")

    async def unreachable(self, account_id: str) -> None:
        """Nobody is there any more."""
        await self._json("PATCH", f"/accounts/{account_id}", {"reachable": False})

    def of(self, account: Json, numbers: Sequence[int] = ()) -> "Person":
        """What the bot does for an account; what it makes is made once for these updates."""
        stem = f"{self.messenger}-{numbers[0]}" if numbers else None
        return Person(self.client, account, stem)

    def _here(self, **more: Any) -> Json:
        return {"messenger": self.messenger, **more}

    async def _json(self, method: str, path: str, body: Json | None = None) -> Json:
        answer: Json = (await self.client.send(Call(method, f"{API}{path}", json=body))).json()
        return answer


@dataclass(slots=True)
class Person:
    """What the bot does for one account."""

    client: AsyncClient
    account: Json
    stem: str | None = None
    _made: int = field(default=0)

    @property
    def id(self) -> str:
        """The account's."""
        return str(self.account["id"])

    async def detect(self, photos: Sequence[bytes]) -> list[Json]:
        """What is on photos; nothing is kept."""
        answer = await self._send(Call("POST", f"{API}/detections", fields={}, photos=photos))
        return list(answer["photos"])

    async def file(self, fields: Mapping[str, object], photos: Sequence[bytes]) -> Json:
        """File a report."""
        texts = {name: _text(value) for name, value in fields.items() if value is not None}
        return await self._send(Call("POST", f"{API}/reports", fields=texts, photos=photos))

    async def add_photos(self, report_id: str, photos: Sequence[bytes]) -> Json:
        """More photos of it."""
        fields = {"keep_without_animal": "true"}
        return await self._send(Call("POST", f"{API}/reports/{report_id}/photos", fields=fields, photos=photos))

    async def remove_photo(self, report_id: str, photo_id: str) -> Json:
        """One photo less; the report as it is then."""
        return await self._send(Call("DELETE", f"{API}/reports/{report_id}/photos/{photo_id}"))

    async def reports(self) -> list[Json]:
        """Its own, newest first."""
        return list((await self.get("/reports", limit=20))["items"])

    async def report(self, report_id: str) -> Json:
        """One of them, with the link."""
        return await self.get(f"/reports/{report_id}")

    async def change(self, report_id: str, **fields: object) -> Json:
        """Change a report."""
        return await self._send(Call("PATCH", f"{API}/reports/{report_id}", json=fields))

    async def erase(self, report_id: str) -> None:
        """Erase a report."""
        await self._call(Call("DELETE", f"{API}/reports/{report_id}"))

    async def erase_all(self) -> None:
        """Erase the account."""
        await self._call(Call("DELETE", f"{API}/accounts/{self.id}"))

    async def change_account(self, **fields: object) -> None:
        """Language, time, quiet nights."""
        self.account = await self._send(Call("PATCH", f"{API}/accounts/{self.id}", json=fields))

    async def save(self, dialog: Json, step: str, numbers: Sequence[int]) -> None:
        """Where the dialog stands, and what it has worked on."""
        body = {"dialog": json.loads(json.dumps(dialog)), "step": step, "worked_on": list(numbers)}
        self.account = await self._send(Call("PUT", f"{API}/accounts/{self.id}/dialog", json=body))

    async def matches(self, lost_id: str, found_ids: Sequence[str] = ()) -> list[Json]:
        """The best ten of a lost pet that were not rejected; or those named."""
        params: dict[str, Any] = {"limit": 30, "found_id": list(found_ids) or None}
        found = (await self.get(f"/lost/{lost_id}/matches", **params))["items"]
        return [match for match in found if match["verdict"] != "different"][:10]

    async def owners(self, found_id: str) -> list[Json]:
        """The lost pets that a find may be."""
        return list((await self.get(f"/found/{found_id}/matches", limit=10))["items"])

    async def seen(self, report_id: str, others: Sequence[str]) -> None:
        """These matches were shown; no alert is needed."""
        if others:
            await self._call(Call("POST", f"{API}/reports/{report_id}/seen", json={"ids": list(others)}))

    async def picture(self, path: str) -> bytes:
        """A picture of the API."""
        content: bytes = (await self._call(Call("GET", path if path.startswith(API) else f"{API}{path}"))).content
        return content

    async def judge(self, lost_id: str, found_id: str, verdict: str, *, close: bool = False) -> None:
        """Same, different, unsure."""
        body = {"verdict": verdict, "close": close}
        await self._call(Call("PUT", f"{API}/lost/{lost_id}/matches/{found_id}/verdict", json=body))

    async def propose(self, lost_id: str, found_id: str) -> Json:
        """Ask the other side to talk."""
        return await self._send(Call("POST", f"{API}/handovers", json={"lost_id": lost_id, "found_id": found_id}))

    async def answer(self, handover_id: str, *, agrees: bool) -> Json:
        """Agree to talk, or not."""
        return await self._send(Call("PUT", f"{API}/handovers/{handover_id}/answer", json={"agrees": agrees}))

    async def write(self, handover_id: str, *, photo: bytes | None = None, **fields: object) -> Json:
        """To the other side."""
        texts = {name: _text(value) for name, value in fields.items()}
        photos = [photo] if photo is not None else []
        return await self._send(Call("POST", f"{API}/handovers/{handover_id}/messages", fields=texts, photos=photos))

    async def handover(self, handover_id: str) -> Json:
        """A conversation."""
        return await self.get(f"/handovers/{handover_id}")

    async def message(self, handover_id: str, message_id: int) -> Json | None:
        """One message of it."""
        items = (await self.get(f"/handovers/{handover_id}/messages"))["items"]
        return next((item for item in items if item["id"] == message_id), None)

    async def end(self, handover_id: str) -> Json:
        """Nothing more goes either way."""
        return await self._send(Call("DELETE", f"{API}/handovers/{handover_id}"))

    async def get(self, path: str, **params: Any) -> Json:
        """Any reading operation."""
        return await self._send(Call("GET", f"{API}{path}", params=params))

    async def _send(self, call: Call) -> Json:
        answer: Json = (await self._call(call)).json()
        return answer

    async def _call(self, call: Call) -> Any:
        """Each POST has a key of its own, the same whenever these updates are worked on again."""
        key = None
        if call.method == "POST" and self.stem is not None:
            self._made += 1
            key = f"{self.stem}-{self._made}"
        mine = replace(call, account=self.id, language=str(self.account["language"]), idempotency_key=key)
        return await self.client.send(mine)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
