"""Handover: an owner and a finder agree to talk, and talk through us. Neither learns who the other is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from homeward.domain.handovers import Handover, Message, NewMessage
from homeward.domain.ids import HandoverId, MessageId, PhotoId, ReportId, new_token
from homeward.domain.matches import Match, Verdict
from homeward.domain.places import Point
from homeward.domain.reports import Report, Shelf, Source, Status
from homeward.engine.events import EventBroker, TalkMoved
from homeward.engine.intake import check_text
from homeward.engine.show import get_report
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, Forbidden, InvalidInput, NotFound
from homeward.ports import AlertKind, NewAlert, UnitOfWork

LONGEST_TEXT = 2000
MOST_MESSAGES = 1000
FINDER_MAY_ASK = 0.25  # the word "possible": a finder may not write to the owners of all pets


@dataclass(frozen=True, slots=True)
class Talks:
    """Handovers and the messages in them. ``side`` is whose report the caller speaks for."""

    ports: Ports
    events: EventBroker

    def propose(self, lost_id: ReportId, found_id: ReportId, side: Shelf) -> Handover:
        """``side`` wants to talk; the other is asked. An owner says first that it is the same animal.

        An owner who took that back may ask anew, unless the finder has said no.

        Raises:
            NotFound: the two are no match.
            Forbidden: not before the owner's verdict, not about strangers, not with a camera, not while one is hidden.
            Conflict: one of the two does not want to.
        """
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            _check_pair(work, lost_id, found_id, side)
            known = next((h for h in work.handovers.of_report(lost_id) if h.found_id == found_id), None)
            if known is not None and side is Shelf.LOST and known.is_taken_back:
                talk = _asked_anew(work, known, now)
            elif known is not None:
                talk = self._answered(work, known, side, agrees=True, now=now)
            else:
                new = Handover(HandoverId(new_token()), lost_id, found_id, now)
                talk = _with_answer(new, side, agrees=True)
                work.handovers.save(talk)
                _tell(work, talk, AlertKind.ASKED, side.opposite, now)
        return self._moved(talk)

    def answer(self, handover_id: HandoverId, side: Shelf, *, agrees: bool) -> Handover:
        """``side`` says whether it wants to talk.

        Raises:
            Conflict: it is over; or both agreed, and a late no would end it: that is what `end` is for.
            Forbidden: it would talk, and one of the reports is hidden.
        """
        with self.ports.database.write() as work:
            handover = _handover(work, handover_id)
            if agrees:
                _check_shown(get_report(work, handover.lost_id), get_report(work, handover.found_id))
            answered = self._answered(work, handover, side, agrees=agrees, now=self.ports.clock.now())
        return self._moved(answered)

    def write(
        self,
        handover_id: HandoverId,
        side: Shelf,
        *,
        text: str | None = None,
        place: Point | None = None,
        photo: bytes | None = None,
    ) -> Message:
        """A message of ``side`` to the other. Before both agreed, only words: a question, an answer.

        Raises:
            InvalidInput: there is nothing in it, or it is too long.
            PhotoUnreadable, PhotoTooLarge, PhotoKindUnsupported: the picture cannot be taken.
            Conflict: it is over, or not yet so far.
            Forbidden: one of the reports is hidden.
        """
        check_text("text", text, LONGEST_TEXT)
        if not text and place is None and photo is None:
            raise InvalidInput("There is nothing in this message.", field="text", hint="text, lat and lon, or a photo")
        picture = self.ports.reader.read(photo).jpeg if photo is not None else None
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            handover = _handover(work, handover_id)
            _check_open(handover, only_words=place is None and picture is None)
            _check_shown(get_report(work, handover.lost_id), get_report(work, handover.found_id))
            if len(work.handovers.messages(handover_id)) >= MOST_MESSAGES:
                raise Conflict("There are too many messages here.", hint="End it, and meet.")
            new = NewMessage(handover_id, side, now, text, place, picture)
            number = work.handovers.add_message(new)
            _tell(work, handover, AlertKind.MESSAGE, side.opposite, now, number)
        self._moved(handover)
        return Message(number, handover_id, side, now, text, place, picture is not None)

    def end(self, handover_id: HandoverId, side: Shelf) -> Handover:
        """``side`` has said enough; nothing more goes either way."""
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            handover = _handover(work, handover_id)
            if handover.is_over:
                return handover
            over = replace(handover, ended_at=now)
            work.handovers.save(over)
            _tell(work, over, AlertKind.ENDED, side.opposite, now)
        return self._moved(over)

    def get(self, handover_id: HandoverId) -> Handover:
        """The handover.

        Raises:
            NotFound: there is none.
        """
        with self.ports.database.read() as work:
            return _handover(work, handover_id)

    def lost(self, handover: Handover) -> tuple[Report, PhotoId | None]:
        """The owner's report, with the mark that is kept back as a proof, and the pet's photo in the match."""
        with self.ports.database.read() as work:
            match = work.matches.get(handover.lost_id, handover.found_id)
            photos = work.photos.of_report(handover.lost_id)
            shown = [photo.id for photo, crops in photos for crop in crops if match and crop.id == match.lost_crop_id]
            return get_report(work, handover.lost_id), next(iter(shown or [photo.id for photo, _ in photos]), None)

    def of_report(self, report_id: ReportId) -> list[Handover]:
        """Those that a report takes part in, oldest first."""
        with self.ports.database.read() as work:
            return work.handovers.of_report(report_id)

    def messages(self, handover_id: HandoverId) -> list[Message]:
        """Oldest first."""
        with self.ports.database.read() as work:
            return work.handovers.messages(handover_id)

    def picture(self, handover_id: HandoverId, message_id: MessageId) -> bytes:
        """The picture of a message, as JPEG.

        Raises:
            NotFound: there is none in this handover.
        """
        with self.ports.database.read() as work:
            mine = {message.id for message in work.handovers.messages(handover_id)}
            picture = work.handovers.picture(message_id) if message_id in mine else None
        if picture is None:
            raise NotFound("There is no such picture.", field="message")
        return picture

    def moved(self, *handovers: Handover) -> None:
        """Committed: whoever has the page open learns of it."""
        for handover in handovers:
            self.events.publish(TalkMoved(handover.lost_id, handover.found_id))

    def moved_with(self, *report_ids: ReportId) -> None:
        """Committed: these were closed or opened, and all that they talk with learn of it."""
        self.moved(*{talk for report_id in report_ids for talk in self.of_report(report_id)})

    def _moved(self, handover: Handover) -> Handover:
        self.moved(handover)
        return handover

    def _answered(self, work: UnitOfWork, handover: Handover, side: Shelf, *, agrees: bool, now: datetime) -> Handover:
        if handover.is_over:
            raise Conflict("This conversation is over.", hint="Nothing can be written here any more.")
        if handover.agrees(side) == agrees:
            return handover
        if handover.is_open:
            raise Conflict("Both have agreed to talk.", hint="End the conversation instead.")
        answered = _with_answer(handover, side, agrees=agrees)
        work.handovers.save(answered)
        if answered.is_open:
            _tell(work, answered, AlertKind.CONNECTED, side.opposite, now)
        elif not agrees:
            _tell(work, answered, AlertKind.DECLINED, side.opposite, now)
        return answered


def take_back(work: UnitOfWork, lost_id: ReportId, found_ids: Iterable[ReportId], now: datetime) -> list[Handover]:
    """The owner says that these are other animals: whoever was asked to talk, or asks, is told no. Those that end."""
    judged, over = set(found_ids), []
    for handover in work.handovers.of_report(lost_id):
        if handover.found_id in judged and not handover.is_open and not handover.is_over:
            over.append(_with_answer(handover, Shelf.LOST, agrees=False))
            work.handovers.save(over[-1])
            _tell(work, over[-1], AlertKind.DECLINED, Shelf.FOUND, now, again=now)
    return over


def finder_agrees(work: UnitOfWork, lost: Report, found: Report) -> bool:
    """Whether the finder has had a say: the two talk, or the find answers this very lost report."""
    talks = work.handovers.of_report(lost.id)
    return found.about == lost.id or any(talk.found_id == found.id and talk.is_open for talk in talks)


def tell_home(work: UnitOfWork, lost: Report, found: Report, now: datetime) -> None:
    """The finder is told that the animal is home; of a find that is still open, that its owner says so."""
    work.outbox.add(_alert(f"reunited:{lost.id}:{found.id}", AlertKind.REUNITED, found, lost.id, found, now))


def _asked_anew(work: UnitOfWork, handover: Handover, now: datetime) -> Handover:
    asked = _with_answer(handover, Shelf.LOST, agrees=True)
    work.handovers.save(asked)
    _tell(work, asked, AlertKind.CONNECTED if asked.is_open else AlertKind.ASKED, Shelf.FOUND, now, again=now)
    return asked


def _with_answer(handover: Handover, side: Shelf, *, agrees: bool) -> Handover:
    if side is Shelf.LOST:
        return replace(handover, owner_agrees=agrees)
    return replace(handover, finder_agrees=agrees)


def _handover(work: UnitOfWork, handover_id: HandoverId) -> Handover:
    handover = work.handovers.get(handover_id)
    if handover is None:
        raise NotFound("There is no such conversation.", field="handover")
    return handover


def _check_pair(work: UnitOfWork, lost_id: ReportId, found_id: ReportId, side: Shelf) -> None:
    match = work.matches.get(lost_id, found_id)
    if match is None:
        raise NotFound("There is no such match.", field="found_id")
    lost, found = get_report(work, lost_id, Shelf.LOST), get_report(work, found_id, Shelf.FOUND)
    _check_shown(lost, found)
    if found.source is Source.CAMERA:
        raise Forbidden("A camera saw this animal; there is nobody to talk to.", hint="Look for it there.")
    if lost.account_id == found.account_id:
        raise Forbidden("Both reports are your own.")
    if not _may_propose(match, found, side):
        hint = "Judge the match as the same animal first." if side is Shelf.LOST else "The owner will write to you."
        raise Forbidden("Not yet.", hint=hint)


def _check_shown(*reports: Report) -> None:
    """What operators hide, for fraud or for abuse, must not go on behind their backs."""
    if any(report.status is Status.HIDDEN for report in reports):
        raise Forbidden("One of the two reports is hidden.", hint="Whoever disagrees writes on the page /privacy.")


def _may_propose(match: Match, found: Report, side: Shelf) -> bool:
    if side is Shelf.LOST:
        return match.verdict is Verdict.SAME
    return match.verdict is not Verdict.DIFFERENT and (
        match.degree >= FINDER_MAY_ASK or found.about == match.lost_id or match.verdict is Verdict.SAME
    )


def _check_open(handover: Handover, *, only_words: bool) -> None:
    if handover.is_over:
        raise Conflict("This conversation is over.", hint="Nothing can be written here any more.")
    if not handover.is_open and not only_words:
        raise Conflict("Pictures and places go once both have agreed to talk.", hint="Until then, words.")


def _tell(
    work: UnitOfWork,
    handover: Handover,
    kind: AlertKind,
    side: Shelf,
    now: datetime,
    message_id: MessageId | None = None,
    again: datetime | None = None,
) -> None:
    """Once for each handover and kind; of what may come ``again``, once a day, however often an owner wavers."""
    found = get_report(work, handover.found_id)
    told = found if side is Shelf.FOUND else get_report(work, handover.lost_id)
    which = message_id or (again and again.date())
    key = f"{kind}:{handover.id}:{which}" if which else f"{kind}:{handover.id}"
    alert = _alert(key, kind, told, handover.lost_id, found, now)
    work.outbox.add(replace(alert, handover_id=handover.id, message_id=message_id))


def _alert(key: str, kind: AlertKind, told: Report, lost_id: ReportId, found: Report, now: datetime) -> NewAlert:
    return NewAlert(key, kind, told.account_id, lost_id, found.id, found.encounter_id, 1.0, now, now)
