"""The operator's desk: sessions, moderation, uncertain pairs, and how the house is doing."""

from homeward.api.routes.desk import house, moderation, pairs, sessions

ROUTERS = (sessions.router, moderation.router, pairs.router, house.router)
