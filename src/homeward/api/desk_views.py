"""What the desk's people see, as JSON: operators much, volunteers two animals, their districts and days."""

from dataclasses import asdict
from typing import Any

from homeward.api.auth import PHOTOS as SIGNED
from homeward.api.auth import Caller, photo_url, serializer
from homeward.api.context import ApiContext, Disk
from homeward.api.views import picture_urls, report_view, when
from homeward.domain.desk import Block, Complaint, Deed, Petition
from homeward.domain.ids import PhotoId
from homeward.engine.desk.moderation import Moderated
from homeward.engine.desk.pairs import Pair, Side
from homeward.ports import Queue

Json = dict[str, Any]
SEEN = ("id", "shelf", "species", "status", "happened_at", "created_at", "name", "description", "contact", "listed")
CURVE = ("species", "part", "knots_l2", "llr", "llr_low", "llr_high", "alert_degree", "pairs_same", "pairs_different",
         "calibration_error", "method", "source")  # fmt: skip
CARD = ("name", "kind", "version", "licence", "about", "figures", "thresholds", "alert_degree")
ROLES = {"admin": "operator", "volunteer": "volunteer"}


def me_view(caller: Caller) -> Json:
    """Who is signed in."""
    key = caller.needs("admin", "volunteer")
    return {"name": key.name, "role": ROLES[key.scope]}


def moderated_view(context: ApiContext, seen: Moderated) -> Json:
    """A report for an operator: no home, no exact place, nobody's face."""
    known = report_view(seen.report)
    return {
        **{name: known[name] for name in SEEN},
        "district": seen.report.district,
        "place": seen.report.address,
        "photos": [picture_urls(context, photo.id, is_owner=False) for photo in seen.photos],
        "complaints": [complaint_view(complaint) for complaint in seen.complaints],
        "history": [deed_view(deed) for deed in seen.deeds],
        "network_known": seen.caller is not None,
        "is_blocked": seen.is_blocked,
    }


def complaint_view(complaint: Complaint) -> Json:
    """What somebody said against a notice."""
    return {"kind": complaint.kind.value, "text": complaint.text, "created_at": when(complaint.created_at)}


def deed_view(deed: Deed) -> Json:
    """A line of the log."""
    return {name: getattr(deed, name) for name in ("id", "who", "act", "subject", "why")} | {"at": when(deed.at)}


def block_view(block: Block, *, holds: bool) -> Json:
    """A block; neither account nor network is told."""
    return {
        "id": block.id,
        "why": block.why,
        "by": block.by,
        "created_at": when(block.created_at),
        "until": when(block.until),
        "lifted_at": when(block.lifted_at),
        "network": block.caller is not None,
        "holds": holds,
    }


def pair_view(context: ApiContext, pair: Pair) -> Json:
    """Two animals that may be one."""
    return {
        "lost_id": pair.lost_id,
        "found_id": pair.found_id,
        "species": pair.species.value,
        "lost": _side(context, pair.lost),
        "found": _side(context, pair.found),
    }


def petition_view(petition: Petition) -> Json:
    """A petition for an operator."""
    moments = {name: when(getattr(petition, name)) for name in ("created_at", "due_at", "answered_at")}
    return asdict(petition) | {"kind": petition.kind.value} | moments


def petition_answer_view(petition: Petition) -> Json:
    """A petition for whoever holds its id: how it stands, not what was written."""
    return {
        "id": petition.id,
        "kind": petition.kind.value,
        "created_at": when(petition.created_at),
        "due_at": when(petition.due_at),
        "answer": petition.answer,
        "answered_at": when(petition.answered_at),
    }


def card_view(raw: Any, in_use: set[str]) -> Json:
    """A model's card: its figures and curves, without weights and golden numbers."""
    curves = [{name: curve.get(name) for name in CURVE} for curve in raw.get("calibration") or ()]
    return {name: raw.get(name) for name in CARD} | {"curves": curves, "in_use": raw["name"] in in_use}


def queue_view(queue: Queue) -> Json:
    """What waits."""
    return asdict(queue) | {"oldest_at": when(queue.oldest_at)}


def disk_view(disk: Disk | None) -> Json | None:
    """How full the disk is."""
    return asdict(disk) if disk else None


def _side(context: ApiContext, side: Side) -> Json:
    photos = [_cut(context, photo) for photo in side.photos]
    return {"photos": photos, "district": side.district, "day": side.day.isoformat()}


def _cut(context: ApiContext, photo_id: PhotoId) -> str:
    """The animal alone: what stands around it may tell a home."""
    return photo_url(serializer(context, SIGNED), photo_id, "crop", is_owner=False)
