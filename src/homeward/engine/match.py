"""Match: a report in, its pairs with the other shelf out, each with its degree. Reads only; never stores."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from homeward.domain import matching
from homeward.domain.animals import Part
from homeward.domain.calibration import Calibration, joint_l2
from homeward.domain.embeddings import Embedding, Filter, Neighbour, l2_distances
from homeward.domain.ids import CropId, ModelName, ReportId
from homeward.domain.matches import Circumstances, Match, Reason, ReasonCode, Surroundings, Verdict
from homeward.domain.matching import Looks
from homeward.domain.places import distance_km
from homeward.domain.reports import Report, Shelf, Source, Status
from homeward.engine.wiring import Ports, Rules
from homeward.ports import Space, UnitOfWork
from homeward.telemetry import step

AROUND_KM, AROUND_DAYS = 5.0, 30.0
CELL_DEGREES = 0.02  # surroundings are counted once for each cell of about two kilometres
SURE = 0.9  # species this sure on both sides exclude each other where they differ
LOWEST, HIGHEST = 0.000001, 0.999999
SECONDS_A_DAY = 86400.0


@dataclass(slots=True)
class _Pairing:
    """The pairs of crops of one candidate: the nearest of each part, the sum of squares, and how many were compared."""

    best: dict[Part, tuple[float, CropId, CropId]] = field(default_factory=dict)
    squares: dict[Part, float] = field(default_factory=lambda: defaultdict(float))
    pairs: dict[Part, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, part: Part, own: CropId, neighbour: Neighbour) -> None:
        self.pairs[part] += 1
        self.squares[part] += neighbour.l2_distance**2
        pair = (neighbour.l2_distance, own, neighbour.crop_id)
        self.best[part] = min(self.best.get(part, pair), pair)

    @property
    def looks(self) -> Looks:
        joint = {part: joint_l2(best[0], self.squares[part], self.pairs[part]) for part, best in self.best.items()}
        return Looks(joint, self.pairs)


@dataclass(slots=True)
class _Crowd:
    """How many animals of a kind are about, counted once for each cell, day and kind."""

    work: UnitOfWork
    counted: dict[tuple[object, ...], int] = field(default_factory=dict)

    def around(self, lost: Report, found: Report) -> Surroundings:
        """Around the place of the find; everywhere where a place is unknown, as the distance then excludes nobody."""
        species, when = lost.species, found.happened_at
        place = found.place if lost.home or lost.place else None
        cell = (round(place.lat / CELL_DEGREES), round(place.lon / CELL_DEGREES)) if place else None
        key = (species, cell, when.date())
        if key not in self.counted:
            half = timedelta(days=AROUND_DAYS / 2)
            self.counted[key] = self.work.reports.count_around(
                Shelf.FOUND, species, place, AROUND_KM, when - half, when + half
            )
        others = self.counted[key] - (1 if found.species is species else 0)
        least = matching.CAMERA_SEES_PER_KM2 if found.source is Source.CAMERA else matching.PEOPLE_TELL_PER_KM2
        return Surroundings(max(0, others), AROUND_KM, AROUND_DAYS, least)


@dataclass(frozen=True, slots=True)
class MatchStep:
    """Compares a report with the open ones of the other shelf."""

    ports: Ports
    rules: Rules

    def __call__(self, report: Report, space: Space) -> list[Match]:
        """Matches of ``report`` in ``space``, best first, at most ``matches_kept``; empty where it is not open."""
        if report.status is not Status.OPEN:
            return []
        with step("match", report_id=report.id) as noted, self.ports.database.read() as work:
            own = work.embeddings.of_report(report.id, space.embedder.name)
            pairings = self._pairings(report, own)
            candidates = [c for c in work.reports.get_many(list(pairings)) if _may_be(report, c)]
            judge = _Judge(work, space.calibration, space.embedder.name, self.ports.clock.now())
            matches = judge.matches(report, candidates, pairings)
            noted["candidates"] = len(candidates)
        matches.sort(key=lambda match: (-match.degree, match.l2_distance, match.found_id))
        return matches[: self.rules.matches_kept]

    def _pairings(self, report: Report, own: Sequence[Embedding]) -> dict[ReportId, _Pairing]:
        found: dict[ReportId, _Pairing] = defaultdict(_Pairing)
        storage = self.ports.shelves[report.shelf.opposite].embeddings
        for embedding in own:
            where = Filter(embedding.model, part=embedding.part)
            for neighbour in storage.nearest(embedding.vector, 2 * self.rules.matches_kept, where):
                found[neighbour.report_id].add(embedding.part, embedding.crop_id, neighbour)
        return found


@dataclass(slots=True)
class _Judge:
    """Turns pairings into matches, mindful of what owners said before."""

    work: UnitOfWork
    calibration: Calibration
    model: ModelName
    now: datetime

    def matches(
        self, report: Report, candidates: Sequence[Report], pairings: Mapping[ReportId, _Pairing]
    ) -> list[Match]:
        crowd = _Crowd(self.work)
        twins = self._same_pictures(report)
        pairs = [(report, c) if report.shelf is Shelf.LOST else (c, report) for c in candidates]
        verdicts = self._verdicts({lost.id for lost, _ in pairs})
        made = []
        for (lost, found), candidate in zip(pairs, candidates, strict=True):
            match = self._match(lost, found, pairings[candidate.id], report, crowd)
            match = self._lowered(match, found, verdicts.get(lost.id, ()))
            if candidate.id in twins and lost.account_id != found.account_id:
                match = replace(match, reasons=matching.with_reason(match, Reason(ReasonCode.SAME_PICTURE)))
            if found.about == lost.id:
                match = replace(match, reasons=matching.with_reason(match, Reason(ReasonCode.FINDER_ANSWERED)))
            made.append(match)
        return made

    def _match(self, lost: Report, found: Report, pairing: _Pairing, asked: Report, crowd: _Crowd) -> Match:
        looks = pairing.looks
        ratio, part = matching.looks_log_ratio(self.calibration, lost.species, looks)
        what = _circumstances(lost, found, crowd.around(lost, found))
        distance, own, other = pairing.best[part]
        lost_crop, found_crop = (own, other) if asked.shelf is Shelf.LOST else (other, own)
        return Match(
            lost_id=lost.id,
            found_id=found.id,
            encounter_id=found.encounter_id,
            l2_distance=distance,
            degree=matching.degree(ratio, matching.prior_log_odds(lost.species, what)),
            part=part,
            lost_crop_id=lost_crop,
            found_crop_id=found_crop,
            compared_pairs=looks.compared_pairs[part],
            distance_km=what.km,
            days=what.days or 0.0,
            reasons=matching.reasons(ratio, part, distance, what, from_home=lost.home is not None),
            model=self.model,
            calibration=self.calibration.name,
            computed_at=self.now,
        )

    def _verdicts(self, lost_ids: Iterable[ReportId]) -> dict[ReportId, list[Match]]:
        grouped: dict[ReportId, list[Match]] = defaultdict(list)
        for match in self.work.matches.judged(list(lost_ids)):
            grouped[match.lost_id].append(match)
        return grouped

    def _lowered(self, match: Match, found: Report, judged: Sequence[Match]) -> Match:
        """What the owner said of this encounter stands; look-alikes of rejected animals sink."""
        for earlier in judged:
            if earlier.encounter_id == match.encounter_id and earlier.verdict is not None:
                return _judged(match, earlier)
        for earlier in judged:
            if earlier.verdict is Verdict.DIFFERENT and earlier.found_id != match.found_id:
                match = self._unlike(match, found, earlier.found_id)
        return match

    def _unlike(self, match: Match, found: Report, rejected_id: ReportId) -> Match:
        rejected = self.work.reports.get(rejected_id)
        pairing = self._between(found.id, rejected_id)
        if rejected is None or not pairing.best:
            return match
        if min(best[0] for best in pairing.best.values()) >= match.l2_distance:
            return match  # nearer to the lost pet than to the rejected animal
        km = distance_km(found.place, rejected.place) if found.place and rejected.place else None
        days = abs((found.happened_at - rejected.happened_at).total_seconds()) / SECONDS_A_DAY
        near = Circumstances(km, days, Surroundings(0, AROUND_KM, AROUND_DAYS))
        alike = matching.rejected_alike(self.calibration, found.species, pairing.looks, near)
        reason = Reason(ReasonCode.LIKE_A_REJECTED_ONE, alike)
        return replace(match, degree=match.degree * (1 - alike), reasons=matching.with_reason(match, reason))

    def _between(self, one: ReportId, other: ReportId) -> _Pairing:
        pairing = _Pairing()
        for a in self.work.embeddings.of_report(one, self.model):
            for b in self.work.embeddings.of_report(other, self.model):
                if a.part is b.part:
                    distance = float(l2_distances(b.vector[None], a.vector)[0])
                    pairing.add(a.part, a.crop_id, Neighbour(b.id, other, b.crop_id, distance))
        return pairing

    def _same_pictures(self, report: Report) -> set[ReportId]:
        """Reports that carry one of the very pictures of ``report``."""
        hashes = {photo.content_hash for photo, _ in self.work.photos.of_report(report.id)}
        return {photo.report_id for content_hash in hashes for photo in self.work.photos.with_hash(content_hash)}


def _judged(match: Match, earlier: Match) -> Match:
    verdict, at = earlier.verdict, earlier.verdict_at
    if verdict is Verdict.DIFFERENT:
        return replace(match, degree=LOWEST, verdict=verdict, verdict_at=at)
    if verdict is Verdict.SAME:
        reasons = matching.with_reason(match, Reason(ReasonCode.OWNER_SAYS_SAME))
        return replace(match, degree=HIGHEST, verdict=verdict, verdict_at=at, reasons=reasons)
    return replace(match, verdict=verdict, verdict_at=at)


def _may_be(one: Report, other: Report) -> bool:
    """Species exclude each other only where both are sure."""
    sure = min(one.species_confidence, other.species_confidence) >= SURE
    return one.species is other.species or not sure


def _circumstances(lost: Report, found: Report, surroundings: Surroundings) -> Circumstances:
    start = lost.home or lost.place
    km = distance_km(start, found.place) if start and found.place else None
    days = (found.happened_at - lost.happened_at).total_seconds() / SECONDS_A_DAY
    a, b = lost.species_confidence, found.species_confidence
    agree = a * b + (1 - a) * (1 - b) if lost.species is found.species else a * (1 - b) + (1 - a) * b
    return Circumstances(km, days, surroundings, agree)
