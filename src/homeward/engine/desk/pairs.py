"""Uncertain pairs in, volunteers' opinions out; two of one mind are a hint to the owner, never the owner's verdict."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from homeward.domain.animals import Species
from homeward.domain.desk import UNCERTAIN, Actor, Judgement, Opinion, agreed
from homeward.domain.ids import EncounterId, PhotoId, ReportId
from homeward.domain.matches import Match, Reason, ReasonCode
from homeward.domain.reports import Report, Status
from homeward.engine.alone import is_alone
from homeward.engine.desk.log import Log
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, NotFound
from homeward.ports import UnitOfWork

LOOKED_THROUGH = 500
HINTS = {Opinion.SAME: ReasonCode.VOLUNTEERS_SAME, Opinion.DIFFERENT: ReasonCode.VOLUNTEERS_DIFFERENT}


@dataclass(frozen=True, slots=True)
class Side:
    """All that a volunteer may know of an animal: photos that show it alone (the deciding one first), district, day."""

    photos: tuple[PhotoId, ...]
    district: str | None
    day: date


@dataclass(frozen=True, slots=True)
class Pair:
    """Two animals that may be one."""

    lost_id: ReportId
    found_id: ReportId
    species: Species
    lost: Side
    found: Side


@dataclass(frozen=True, slots=True)
class Pairs:
    """The volunteers' queue."""

    ports: Ports
    log: Log

    def waiting(self, actor: Actor, limit: int) -> tuple[list[Pair], int, int]:
        """The next pairs for this volunteer; how many wait in all (up to 500); how many it has judged."""
        with self.ports.database.read() as work:
            matches = _one_of_each(work.opinions.waiting(actor.key_id, *UNCERTAIN, LOOKED_THROUGH))
            pairs = [self._pair(work, match) for match in matches[:limit]]
            return [pair for pair in pairs if pair is not None], len(matches), work.opinions.count_by(actor.key_id)

    def judge(self, actor: Actor, lost_id: ReportId, found_id: ReportId, opinion: Opinion) -> None:
        """Keep an opinion; it counts for the whole encounter.

        Raises:
            NotFound: the two are no match.
            Conflict: the owner has judged it, or one of the two is not looked for any more.
        """
        with self.ports.database.write() as work:
            work.alone(f"opinion:{actor.key_id}")
            match = work.matches.get(lost_id, found_id)
            if match is None:
                raise NotFound("There is no such pair.", hint="It may be gone; go on with the next.")
            both = work.reports.get_many([lost_id, found_id])
            if match.verdict is not None or any(report.status is not Status.OPEN for report in both):
                raise Conflict("This pair is settled.", hint="Go on with the next.")
            now = self.ports.clock.now()
            work.opinions.save(Judgement(lost_id, found_id, match.encounter_id, actor.key_id, opinion, now))
            self.log.add(work, actor, f"pair.{opinion.value}", f"pair:{lost_id}:{found_id}")

    def _pair(self, work: UnitOfWork, match: Match) -> Pair | None:
        known = {report.id: report for report in work.reports.get_many([match.lost_id, match.found_id])}
        if len(known) < 2:
            return None
        lost, found = known[match.lost_id], known[match.found_id]
        sides = (_side(work, lost, match.lost_crop_id), _side(work, found, match.found_crop_id))
        return Pair(lost.id, found.id, lost.species, *sides) if all(side.photos for side in sides) else None


def agreements(work: UnitOfWork, lost_id: ReportId) -> dict[EncounterId, Reason]:
    """What volunteers agree on about a lost pet, by encounter."""
    said: dict[EncounterId, list[Opinion]] = defaultdict(list)
    for judgement in work.opinions.of_lost(lost_id):
        said[judgement.encounter_id].append(judgement.opinion)
    settled = {encounter: agreed(opinions) for encounter, opinions in said.items()}
    return {encounter: Reason(HINTS[opinion]) for encounter, opinion in settled.items() if opinion is not None}


def _one_of_each(matches: list[Match]) -> list[Match]:
    """Of several sightings of one encounter the first, which tells the most."""
    first: dict[tuple[ReportId, EncounterId], Match] = {}
    for match in matches:
        first.setdefault((match.lost_id, match.encounter_id), match)
    return list(first.values())


def _side(work: UnitOfWork, report: Report, crop_id: int) -> Side:
    photos = [(photo, crops) for photo, crops in work.photos.of_report(report.id) if is_alone(report, photo, crops)]
    deciding = [photo.id for photo, crops in photos if any(crop.id == crop_id for crop in crops)]
    others = [photo.id for photo, _ in photos if photo.id not in deciding]
    return Side((*deciding, *others), report.district, report.day)
