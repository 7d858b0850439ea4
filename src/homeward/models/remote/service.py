"""Service: where a model service is, and how to reach it. Its scheme alone says whether over REST or gRPC."""

from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from homeward.errors import BadSettings
from homeward.models.remote.link import Link

TIMEOUT_S = 5.0
SCHEMES = ("http", "https", "grpc", "grpcs")


@dataclass(frozen=True, slots=True)
class Service:
    """Address, key, and how long a call may take in all."""

    url: str
    key: str | None = None
    timeout_s: float = TIMEOUT_S

    def link(self) -> Link:
        """Somebody to ask it; connects when first asked.

        Raises:
            BadSettings: the address is none, or wants a package that is not installed.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            hint = f"One of {', '.join(f'{scheme}://HOST:PORT' for scheme in SCHEMES)}."
            raise BadSettings(f"{self.url} is no address of a model service.", field="model_service", hint=hint)
        if parts.scheme.startswith("http"):
            from homeward.models.remote.rest import RestLink

            return RestLink(parts, self.key)
        if find_spec("grpc") is None:
            raise BadSettings("gRPC is not installed.", field="model_service", hint="pip install 'homeward[models]'")
        from homeward.models.remote.rpc import RpcLink

        return RpcLink(parts, self.key)
