"""The REST door: requests in, the engine's answers out."""

from homeward.api.context import ApiConfig, ApiContext
from homeward.api.factory import create_api, create_health_api

__all__ = ["ApiConfig", "ApiContext", "create_api", "create_health_api"]
