"""Export: a report in, all that is kept of its sender out, as JSON values; nothing of the other people in it."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

from homeward.domain.desk import Decision, Deed
from homeward.domain.devices import PUSH
from homeward.domain.handovers import Handover, Message
from homeward.domain.ids import ReportId
from homeward.domain.matches import Match, MatchQuery
from homeward.domain.reports import Report, Shelf
from homeward.engine.show import get_report
from homeward.ports import Alert, Database, UnitOfWork

NOTICED = {f"report.{act}" for act in (Decision.HIDE, Decision.SHOW, Decision.CLOSE, "change")}
"""What operators did that a sender sees anyway. That a complaint was passed over stays between them and its author."""


@dataclass(frozen=True, slots=True)
class Export:
    """Reads for the sender of a report."""

    database: Database

    def __call__(self, report_id: ReportId) -> dict[str, object]:
        """Photos and the pictures of messages by id.

        Raises:
            NotFound: there is no such report.
        """
        with self.database.read() as work:
            report = get_report(work, report_id)
            photos = work.photos.of_report(report_id)
            return {
                "report": _plain(report),
                "photos": [_plain(photo) | {"crops": [_plain(crop) for crop in crops]} for photo, crops in photos],
                "matches": [_plain(match) for match in _matches(work, report)],
                "looks": _looks(work, report_id),
                "conversations": [_talk(work, talk, report.shelf) for talk in work.handovers.of_report(report_id)],
                "told": _told(work, report),
                "devices": _devices(work, report),
                "alerts": [_alert(alert, report_id) for alert in _alerts(work, report)],
                "decisions": [_decision(deed) for deed in _deeds(work, report_id)],
                "opinions": _opinions(work, report),
            }


def _matches(work: UnitOfWork, report: Report) -> list[Match]:
    if report.shelf is Shelf.FOUND:
        return []  # they tell about other people's pets
    return [view.match for view in work.matches.page(report.id, MatchQuery(limit=100_000)).items]


def _looks(work: UnitOfWork, report_id: ReportId) -> list[dict[str, object]]:
    return [
        {"photo": photo, "viewer": viewer, "size": size, "at": at.isoformat()}
        for photo, viewer, size, at in work.audit.of_report(report_id)
    ]


def _talk(work: UnitOfWork, talk: Handover, side: Shelf) -> dict[str, object]:
    return {
        "id": talk.id,
        "with": talk.found_id if side is Shelf.LOST else talk.lost_id,
        "created_at": talk.created_at.isoformat(),
        "ended_at": _json(talk.ended_at),
        "you_agree": talk.agrees(side),
        "the_other_agrees": talk.agrees(side.opposite),
        "messages": [_message(message, side) for message in work.handovers.messages(talk.id)],
    }


def _message(message: Message, side: Shelf) -> dict[str, object]:
    return {
        "id": message.id,
        "from": "you" if message.author is side else "the other",
        "at": message.created_at.isoformat(),
        "text": message.text,
        "place": asdict(message.place) if message.place else None,
        "photo": message.id if message.has_picture else None,
    }


def _told(work: UnitOfWork, report: Report) -> dict[str, object] | None:
    """Where news of the report goes; browsers stand among the devices."""
    account = work.accounts.get(report.account_id)
    if account is None:
        return None
    return {
        "messenger": account.messenger,
        "address": None if account.messenger == PUSH else account.address,
        "language": account.language,
        "utc_offset_min": account.utc_offset_min,
        "quiet": account.quiet,
        "reachable": account.reachable,
        "since": account.created_at.isoformat(),
    }


def _devices(work: UnitOfWork, report: Report) -> list[dict[str, object]]:
    """By the host of their push service: the rest of the address, and the keys, are secrets of the browser."""
    return [
        {"service": urlsplit(device.endpoint).hostname, "since": device.created_at.isoformat()}
        for device in work.devices.of_account(report.account_id)
    ]


def _alerts(work: UnitOfWork, report: Report) -> list[Alert]:
    """Those to the sender; what went to an account before it was joined with another by what it was about."""
    by_us = work.outbox.of_lost(report.id) if report.shelf is Shelf.LOST else work.outbox.of_found(report.id)
    mine = {alert.id: alert for alert in (*by_us, *work.outbox.to(report.account_id, report.id))}
    return sorted(mine.values(), key=lambda alert: (alert.created_at, alert.id))


def _alert(alert: Alert, report_id: ReportId) -> dict[str, object]:
    """Without the degree: a finder's would be of another's pet, an owner's stands at the match."""
    return {
        "kind": alert.kind.value,
        "about": alert.found_id if alert.lost_id == report_id else alert.lost_id,
        "at": alert.created_at.isoformat(),
        "delivered_at": _json(alert.delivered_at),
    }


def _deeds(work: UnitOfWork, report_id: ReportId) -> list[Deed]:
    return [deed for deed in work.deeds.of_subject(f"report:{report_id}") if deed.act in NOTICED][::-1]


def _decision(deed: Deed) -> dict[str, object]:
    """Without who decided; the reason is the sender's to read where it hides."""
    why = deed.why if deed.act == f"report.{Decision.HIDE}" else None
    return {"act": deed.act, "at": deed.at.isoformat(), "why": why}


def _opinions(work: UnitOfWork, report: Report) -> dict[str, int]:
    """How many of which kind volunteers gave of a lost pet; those of a found animal are of other people's pets."""
    return dict(Counter(each.opinion.value for each in work.opinions.of_lost(report.id)))


def _plain(value: object) -> dict[str, object]:
    return {key: _json(item) for key, item in asdict(value).items()}  # type: ignore[call-overload]


def _json(item: object) -> object:
    if isinstance(item, datetime):
        return item.isoformat()
    if isinstance(item, dict):
        return {key: _json(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_json(value) for value in item]
    return item
