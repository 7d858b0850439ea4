"""A picture as an answer: kept for a short time, then asked for again, and sent again only where it is another."""

import hashlib

from fastapi import Request, Response

FRESH_S = 600  # so long a browser shows a picture that was taken off meanwhile


def picture(request: Request, jpeg: bytes, *, kept_by: str = "private", **headers: str) -> Response:
    """The picture; nothing of it where whoever asks has the same one. ``kept_by``: private, or public for everybody."""
    tag = f'"{hashlib.sha256(jpeg).hexdigest()[:24]}"'
    headers = {"Cache-Control": f"{kept_by}, max-age={FRESH_S}", "ETag": tag} | headers
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(jpeg, media_type="image/jpeg", headers=headers)
