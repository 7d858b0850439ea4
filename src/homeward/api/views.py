"""The engine's values as JSON: what an owner, a finder and an operator each may see."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from itsdangerous import URLSafeTimedSerializer

from homeward.api.auth import PHOTOS, link, photo_url, serializer
from homeward.api.context import ApiContext
from homeward.domain.accounts import Account
from homeward.domain.animals import Animal
from homeward.domain.boxes import Box
from homeward.domain.breeds import BreedGuess
from homeward.domain.filing import Filed, LookedAt, SeenPhoto
from homeward.domain.handovers import Handover, Message
from homeward.domain.ids import PhotoId
from homeward.domain.matches import FinderMatch, MatchView, Reason, ReasonCode
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Report, Shelf, Status
from homeward.engine.board import Notice
from homeward.locales import distance, plural, text
from homeward.ports import ApiKey, News

Json = dict[str, Any]
WORDS = ((0.9, "very_likely"), (0.6, "likely"), (0.25, "possible"), (0.05, "unlikely"))
SIZES = ("thumb", "crop", "full")


def degree_word(degree: float) -> str:
    """The degree as a stable word."""
    return next((word for least, word in WORDS if degree >= least), "very_unlikely")


def when(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def breed_view(guess: BreedGuess | None, language: str) -> Json | None:
    """What a dog seems to be."""
    if guess is None:
        return None
    name = text(language, f"breed.{guess.code}") or guess.code
    return {"code": guess.code, "name": name, "probability": round(guess.probability, 3)}


def filed_view(context: ApiContext, filed: Filed, language: str, *, with_link: bool) -> Json:
    """A report as its owner sees it."""
    body = report_view(filed.report) | {
        "pending": filed.pending,
        "hidden_because": filed.hidden_because,
        "breed": breed_view(filed.breed, language),
        "photos": [photo_view(context, photo) for photo in filed.photos],
    }
    if with_link:
        body |= links_view(context, filed.report)
    if filed.matches is not None:
        body["matches"] = match_views(context, filed.matches.items, language)
    else:
        body["matches"] = [finder_view(context, match, language) for match in filed.finder_matches]
    return body


def links_view(context: ApiContext, report: Report) -> Json:
    """The key to the report; and its Mini App, which needs none, where there is one."""
    app = f"{context.config.public_url}/telegram/{report.shelf.value}/{report.id}"
    return {"link": link(context, report)} | ({"app": app} if context.config.telegram_app_secret else {})


def report_view(report: Report) -> Json:
    """A report's own fields, for its owner."""
    return {
        "id": report.id,
        "shelf": report.shelf.value,
        "species": report.species.value,
        "species_confidence": round(report.species_confidence, 4),
        "status": report.status.value,
        "happened_at": when(report.happened_at),
        "created_at": when(report.created_at),
        "place": place_view(report.place, report.address, report.district),
        "home": place_view(report.home, None, None) if report.shelf is Shelf.LOST else None,
        "held": report.held.value if report.held else None,
        "name": report.name,
        "description": report.description,
        "contact": report.contact,
        "about": report.about,
        "source": report.source.value,
        "encounter": report.encounter_id,
        "camera": report.camera_id,
        "last_seen_at": when(report.last_seen_at),
        "clock_corrected": report.clock_corrected,
        "muted_until": when(report.muted_until),
        "listed": report.listed,
    }


def place_view(place: Point | None, name: str | None, district: str | None) -> Json | None:
    """A point with its names; without a point what was said of it in words."""
    if place is None and name is None:
        return None
    lat, lon = (place.lat, place.lon) if place else (None, None)
    return {"lat": lat, "lon": lon, "name": name, "district": district}


def box_view(box: Box) -> list[float]:
    """Left, top, right, bottom in pixels."""
    return [round(side, 1) for side in (box.x0, box.y0, box.x1, box.y1)]


def photo_view(context: ApiContext, seen: SeenPhoto) -> Json:
    """A photo with the animals on it."""
    photo = seen.photo
    return {
        "id": photo.id,
        "width": photo.width,
        "height": photo.height,
        **picture_urls(context, photo.id, is_owner=True),
        "animals": [_animal(animal, number == photo.chosen) for number, animal in enumerate(seen.animals)],
        "board_may_show": seen.board_may_show,
    }


def _animal(animal: Animal, chosen: bool) -> Json:
    return {
        "box": box_view(animal.box),
        "species": animal.species.value,
        "confidence": round(animal.confidence, 4),
        "chosen": chosen,
        "crops": [{"part": crop.part.value, "box": box_view(crop.box)} for crop in animal.crops],
    }


def picture_urls(
    context: ApiContext, photo_id: PhotoId, *, is_owner: bool, signer: URLSafeTimedSerializer | None = None
) -> Json:
    """Signed addresses of a picture in three sizes; a long list reads the signing keys once and hands them in."""
    signer = signer or serializer(context, PHOTOS)
    return {size: photo_url(signer, photo_id, size, is_owner=is_owner) for size in SIZES}


def match_views(context: ApiContext, views: Iterable[MatchView], language: str) -> list[Json]:
    """Matches as the owner sees them."""
    signer = serializer(context, PHOTOS)
    return [_match(context, view, language, signer) for view in views]


def _match(context: ApiContext, view: MatchView, language: str, signer: URLSafeTimedSerializer) -> Json:
    match, found, camera = view.match, view.found, view.camera
    word = degree_word(match.degree)
    return {
        "found_id": match.found_id,
        "photo": {
            "id": view.found_crop.photo_id,
            **picture_urls(context, view.found_crop.photo_id, is_owner=False, signer=signer),
        },
        "l2_distance": round(match.l2_distance, 4),
        "degree": round(match.degree, 6),
        "degree_word": word,
        "degree_text": text(language, f"degree.{word}"),
        "reasons": [_reason(reason, language) for reason in match.reasons],
        "seen_at": when(found.happened_at),
        "last_seen_at": when(found.last_seen_at),
        "place": place_view(found.place, camera.name if camera else found.address, found.district),
        "distance_km": None if match.distance_km is None else round(match.distance_km, 3),
        "days": round(match.days, 3),
        "camera": {"id": camera.id, "name": camera.name} if camera else None,
        "source": found.source.value,
        "species": found.species.value,
        "breed": breed_view(view.breed, language),
        "held": found.held.value if found.held else None,
        "description": found.words_for_owners,
        "part": match.part.value,
        "compared_pairs": match.compared_pairs,
        "encounter": match.encounter_id,
        "verdict": match.verdict.value if match.verdict else None,
        "status": found.status.value,
        "model": match.model,
        "calibration": match.calibration,
    }


def finder_view(context: ApiContext, match: FinderMatch, language: str) -> Json:
    """A match as the finder sees it: no exact place, no contact."""
    word = degree_word(match.degree)
    return {
        "lost_id": match.lost_id,
        "photo": {
            "id": match.lost_crop.photo_id,
            **picture_urls(context, match.lost_crop.photo_id, is_owner=False),
        },
        "degree": round(match.degree, 6),
        "degree_word": word,
        "degree_text": text(language, f"degree.{word}"),
        "name": match.name,
        "species": match.species.value,
        "district": match.district,
        "distance_band_km": list(match.band_km) if match.band_km else None,
        "verdict": match.verdict.value if match.verdict else None,
    }


def notice_view(notice: Notice) -> Json:
    """A report as everybody may see it."""
    report = notice.report
    return {
        "id": report.id,
        "shelf": report.shelf.value,
        "species": report.species.value,
        "name": report.name if report.shelf is Shelf.LOST else None,
        "district": report.district,
        "day": report.day.isoformat(),
        "photo": photo_path(notice),
    }


def photo_path(notice: Notice) -> str | None:
    """Where everybody may see its photo; None while there is none to see."""
    return f"/api/v1/board/{notice.report.id}/photo" if notice.photo_id is not None else None


def camera_view(camera: Camera, last_sighting_at: datetime | None = None) -> Json:
    """A camera, and when it last saw an animal, where that was looked up."""
    return {
        "id": camera.id,
        "name": camera.name,
        "place": place_view(camera.place, camera.name, camera.district),
        "created_at": when(camera.created_at),
        "last_heartbeat_at": when(camera.last_heartbeat_at),
        "last_sighting_at": when(last_sighting_at),
        "counters": dict(camera.counters),
        "paused": camera.paused,
        "state": camera.state,
    }


def looked_at_view(seen: LookedAt) -> Json:
    """What is on a photo that is not kept."""
    animals = [_animal(animal, number == 0) for number, animal in enumerate(seen.animals)]
    return {"width": seen.width, "height": seen.height, "animals": animals}


def account_view(account: Account) -> Json:
    """An account, for the bot that talks to it."""
    return {
        "id": account.id,
        "messenger": account.messenger,
        "address": account.address,
        "language": account.language,
        "utc_offset_min": account.utc_offset_min,
        "quiet": account.quiet,
        "reachable": account.reachable,
        "step": account.step,
        "dialog": account.dialog,
    }


def alert_view(context: ApiContext, news: News) -> Json:
    """News for the account of a bot, with its own ``report``; ``found_ids`` and ``lost_ids`` best first."""
    best, own = news.alerts[0], news.own
    return {
        "ids": [alert.id for alert in news.alerts],
        "kind": best.kind.value,
        "account": account_view(news.account) if news.account else None,
        "report": report_view(own) | links_view(context, own),
        "lost_id": best.lost_id,
        "found_id": best.found_id,
        "lost_ids": list(dict.fromkeys(alert.lost_id for alert in news.alerts)),
        "found_ids": list(dict.fromkeys(alert.found_id for alert in news.alerts)),
        "degree": round(best.degree, 6),
        "created_at": when(best.created_at),
        "attempts": best.attempts,
        "handover": best.handover_id,
        "message": best.message_id,
    }


def handover_view(context: ApiContext, handover: Handover, side: Shelf, lost: Report, photo: PhotoId | None) -> Json:
    """A conversation as the person of ``side`` sees it; the finder learns only whether there is a secret mark.

    Whose pet it is about stands here for the finder, whose list leaves out what the owner judged or closed.
    """
    return {
        "id": handover.id,
        "side": side.value,
        "lost_id": handover.lost_id,
        "found_id": handover.found_id,
        "created_at": when(handover.created_at),
        "i_agree": handover.agrees(side),
        "other_agrees": handover.agrees(side.opposite),
        "is_open": handover.is_open,
        "is_over": handover.is_over,
        "pet_is_home": lost.status is Status.REUNITED,
        "pet": _pet(context, lost, photo) if side is Shelf.FOUND and lost.status is not Status.HIDDEN else None,
        "secret_mark": lost.secret_mark if side is Shelf.LOST else None,
        "has_secret_mark": lost.secret_mark is not None,
    }


def _pet(context: ApiContext, lost: Report, photo: PhotoId | None) -> Json:
    return {
        "name": lost.name,
        "species": lost.species.value,
        "district": lost.district,
        "photo": {"id": photo, **picture_urls(context, photo, is_owner=False)} if photo else None,
    }


def message_view(message: Message, side: Shelf) -> Json:
    """A message as the person of ``side`` sees it."""
    photo = f"/api/v1/handovers/{message.handover_id}/messages/{message.id}/photo" if message.has_picture else None
    return {
        "id": message.id,
        "is_mine": message.author is side,
        "created_at": when(message.created_at),
        "text": message.text,
        "place": {"lat": message.place.lat, "lon": message.place.lon} if message.place else None,
        "photo": photo,
    }


def key_view(key: ApiKey) -> Json:
    """A key without its secret."""
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope,
        "camera_id": key.camera_id,
        "created_at": when(key.created_at),
        "revoked_at": when(key.revoked_at),
    }


def _measured(reason: Reason, language: str) -> dict[str, str]:
    """A distance or a time as people say it: 550 m, 1.7 km; less than an hour."""
    value = reason.value or 0.0
    if reason.code in {ReasonCode.NEAR_HOME, ReasonCode.NEAR_LAST_SEEN, ReasonCode.FAR_AWAY}:
        return {"distance": distance(language, value)}
    if reason.code in {ReasonCode.LATER, ReasonCode.BEFORE_LOST}:
        return {"days": plural(language, "unit.days", round(value)) or ""}
    if reason.code is ReasonCode.SOON_AFTER:
        hours = (
            plural(language, "reason.hours", round(value)) if value >= 1 else text(language, "reason.within_an_hour")
        )
        return {"hours": hours or ""}
    return {}


def _reason(reason: Reason, language: str) -> Json:
    words = text(language, f"reason.{reason.code.value}", value=reason.value or 0.0, **_measured(reason, language))
    return {
        "code": reason.code.value,
        "value": None if reason.value is None else round(reason.value, 3),
        "text": words or reason.code.value,
    }
