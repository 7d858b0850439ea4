"""Models: all that a service runs, behind a key. Knows neither HTTP nor gRPC."""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeward import __version__
from homeward.errors import Forbidden, NotFound, Unauthorized
from homeward.models.service.served import Served

BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class ModelService:
    """The models by name; with ``key`` only who holds it may ask."""

    served: Mapping[str, Served]
    key: str | None

    def admit(self, authorization: str | None) -> None:
        """Let in who has the key.

        Raises:
            Unauthorized: no key came.
            Forbidden: it is another one.
        """
        if self.key is None:
            return
        if not authorization:
            raise Unauthorized("This service wants a key.", hint="Send Authorization: Bearer KEY.")
        if not hmac.compare_digest(authorization.removeprefix(BEARER).encode(), self.key.encode()):
            raise Forbidden("The key is wrong.", hint="Set HOMEWARD_MODEL_SERVICE_KEY on both sides.")

    def model(self, name: str, version: str = "") -> Served:
        """The model of that name, and of that version where one is named.

        Raises:
            NotFound: there is no such model.
        """
        found = self.served.get(name)
        if found is None or version not in {"", str(found.card.version)}:
            raise NotFound(f"There is no model {name[:80]} {version[:20]}".rstrip() + ".", field="model")
        return found

    @property
    def is_ready(self) -> bool:
        """Whether all models are warm."""
        return all(served.is_ready for served in self.served.values())

    def metadata(self) -> dict[str, Any]:
        """What the service is, in the protocol's words."""
        return {"name": "homeward", "version": __version__, "extensions": ["binary_tensor_data"]}

    async def start(self) -> None:
        """Begin to run batches, and warm the models."""
        for served in self.served.values():
            served.start(asyncio.get_running_loop())
        for served in self.served.values():
            await asyncio.to_thread(served.warm)

    async def close(self) -> None:
        """Finish what waits, then stop."""
        for served in self.served.values():
            await asyncio.to_thread(served.close)
