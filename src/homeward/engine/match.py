"""Match: a report in, its pairs with the other shelf out, each with its degree. Reads only; never stores."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from homeward.domain import matching
from homeward.domain.calibration import Calibration
from homeward.domain.embeddings import Embedding, Filter, l2_distances
from homeward.domain.ids import ModelName, ReportId
from homeward.domain.looks import Compared, Pair, coarseness, compared
from homeward.domain.matches import Circumstances, Match, Reason, ReasonCode, Surroundings, Verdict
from homeward.domain.places import distance_km
from homeward.domain.reports import Report, Shelf, Source, Standing, Status, standing_of
from homeward.engine.shown import ShownCrops
from homeward.engine.weigh import AROUND_DAYS, AROUND_KM, SECONDS_A_DAY, Pairing, Weighed, weigh
from homeward.engine.wiring import Ports, Rules
from homeward.ports import Space, UnitOfWork
from homeward.telemetry import step

NEAR_KM = 5.0  # here animals are compared however many look more alike elsewhere
EARLY = timedelta(days=2)  # dates are remembered to the day
SURE = 0.9  # species this sure on both sides exclude each other where they differ
LOWEST, HIGHEST = 0.000001, 0.999999
SIGHTING_NEIGHBOURS = 50
"""Of a drawn town's sightings as many right owners are told as with 100 or 400, and fewer wrong ones: whom fifty others
look more alike than has little but the place for it (docs/why/speed.md)."""
SIGHTING_MATCHES = 20
"""One camera's look is of one animal: it goes to the twenty owners whom it fits best, however likely that is."""


@dataclass(frozen=True, slots=True)
class MatchStep:
    """Compares a report with the open ones of the other shelf."""

    ports: Ports
    rules: Rules
    shown: ShownCrops = field(default_factory=ShownCrops)

    def __call__(self, work: UnitOfWork, report: Report, own: Sequence[Embedding], space: Space) -> list[Match]:
        """Matches of ``report``, whose vectors are ``own``, best first; empty where it is not open.

        At most ``matches_kept``; of a camera's sighting the twenty likeliest.
        """
        if report.status is not Status.OPEN:
            return []
        with step("match", report_id=report.id) as noted:
            pairings = self._pairings(report, own)
            me = standing_of(report)
            candidates = [c for c in work.reports.standings(list(pairings)) if _may_be(me, c)]
            noted["candidates"] = len(candidates)
            judge = _Judge(work, space.calibration, space.embedder.name, self.ports.clock.now(), self.shown)
            matches = judge.matches(report, candidates, pairings, self.rules.matches_kept)
        matches.sort(key=lambda match: (-match.degree, match.l2_distance, match.found_id))
        return matches[: self.rules.matches_kept]

    def _pairings(self, report: Report, own: Sequence[Embedding]) -> dict[ReportId, Pairing]:
        found: dict[ReportId, Pairing] = defaultdict(lambda: defaultdict(list))
        storage = self.ports.shelves[report.shelf.opposite].embeddings
        k = SIGHTING_NEIGHBOURS if report.source is Source.CAMERA else 2 * self.rules.matches_kept
        for embedding in own:
            searches = (storage.nearest(embedding.vector, k, where) for where in _searched(report, embedding))
            neighbours = {near.embedding_id: near for search in searches for near in search}
            for _, report_id, crop_id, l2_distance in neighbours.values():
                found[report_id][embedding.part].append(Pair(l2_distance, embedding.crop_id, crop_id))
        return found


def _searched(report: Report, embedding: Embedding) -> list[Filter]:
    """The most alike anywhere, and the most alike near by and not too early or late."""
    anywhere = Filter(embedding.model, part=embedding.part)
    start = report.home or report.place
    if start is None:
        return [anywhere]
    since = report.happened_at - EARLY if report.shelf is Shelf.LOST else None
    until = report.happened_at + EARLY if report.shelf is Shelf.FOUND else None
    return [anywhere, replace(anywhere, centre=start, radius_km=NEAR_KM, since=since, until=until)]


@dataclass(slots=True)
class _Judge:
    """Turns pairings into matches, mindful of what owners said before."""

    work: UnitOfWork
    calibration: Calibration
    model: ModelName
    now: datetime
    shown: ShownCrops

    def matches(
        self, report: Report, candidates: Sequence[Standing], pairings: Mapping[ReportId, Pairing], keep: int
    ) -> list[Match]:
        weighed = weigh(self.work, self.calibration, report, candidates, pairings, self.shown)
        twins = self._same_pictures(report)
        ends = {other.id: other for other in (report, *self.work.reports.get_many(list(twins)))}
        verdicts = self._verdicts([report.id]) if report.shelf is Shelf.LOST else {}
        must = {n for n, found in enumerate(candidates) if self._always(report, found, twins, verdicts)}
        chosen = _best(weighed, report, keep, must)
        if report.shelf is Shelf.FOUND:
            verdicts = self._verdicts([candidates[n].id for n in chosen])
        made = []
        for n in chosen:
            other = candidates[n]
            lost, found = _ends(standing_of(report), other, report.shelf)
            match = self._match(lost, found, report.shelf, weighed.row(n))
            match = self._lowered(match, found, verdicts.get(lost.id, ()))
            if other.id in twins and ends[other.id].account_id != report.account_id:
                match = replace(match, reasons=matching.with_reason(match, Reason(ReasonCode.SAME_PICTURE)))
            if found.about == lost.id:
                match = replace(match, reasons=matching.with_reason(match, Reason(ReasonCode.FINDER_ANSWERED)))
            made.append(match)
        return made

    def _always(
        self, report: Report, other: Standing, twins: set[ReportId], verdicts: Mapping[ReportId, Sequence[Match]]
    ) -> bool:
        """Whether the pair is kept however unlikely it is: people have said something about it."""
        judged = {match.encounter_id for match in verdicts.get(report.id, ())}
        is_answer = other.about == report.id or report.about == other.id
        return is_answer or other.id in twins or other.encounter_id in judged

    def _match(self, lost: Standing, found: Standing, asked: Shelf, row: Weighed.Row) -> Match:
        pair = row.pair
        lost_crop, found_crop = (pair.own, pair.other) if asked is Shelf.LOST else (pair.other, pair.own)
        what = Circumstances(row.km, row.days, Surroundings(0, AROUND_KM, AROUND_DAYS), row.species_agree)
        return Match(
            lost_id=lost.id,
            found_id=found.id,
            encounter_id=found.encounter_id,
            l2_distance=pair.l2_distance,
            degree=row.degree,
            part=row.part,
            lost_crop_id=lost_crop,
            found_crop_id=found_crop,
            compared_pairs=row.compared_pairs,
            distance_km=row.km,
            days=row.days,
            reasons=matching.reasons(row.log_ratio, row.part, pair.l2_distance, what, from_home=lost.has_home),
            model=self.model,
            calibration=self.calibration.name,
            computed_at=self.now,
        )

    def _verdicts(self, lost_ids: Iterable[ReportId]) -> dict[ReportId, list[Match]]:
        grouped: dict[ReportId, list[Match]] = {}
        for match in self.work.matches.judged(list(lost_ids)):
            grouped.setdefault(match.lost_id, []).append(match)
        return grouped

    def _lowered(self, match: Match, found: Standing, judged: Sequence[Match]) -> Match:
        """What the owner said of this encounter stands; look-alikes of rejected animals sink."""
        for earlier in judged:
            if earlier.encounter_id == match.encounter_id and earlier.verdict is not None:
                return _judged(match, earlier)
        for earlier in judged:
            if earlier.verdict is Verdict.DIFFERENT and earlier.found_id != match.found_id:
                match = self._unlike(match, found, earlier.found_id)
        return match

    def _unlike(self, match: Match, found: Standing, rejected_id: ReportId) -> Match:
        rejected = self.work.reports.get(rejected_id)
        both = self._between(found, rejected_id)
        if rejected is None or not both.nearest:
            return match
        if min(pair.l2_distance for pair in both.nearest.values()) >= match.l2_distance:
            return match  # nearer to the lost pet than to the rejected animal
        km = distance_km(found.start, rejected.place) if found.start and rejected.place else None
        days = abs((found.happened_at - rejected.happened_at).total_seconds()) / SECONDS_A_DAY
        near = Circumstances(km, days, Surroundings(0, AROUND_KM, AROUND_DAYS))
        alike = matching.rejected_alike(self.calibration, found.species, both.looks, near)
        reason = Reason(ReasonCode.LIKE_A_REJECTED_ONE, alike)
        return replace(match, degree=match.degree * (1 - alike), reasons=matching.with_reason(match, reason))

    def _between(self, found: Standing, other: ReportId) -> Compared:
        pairing: Pairing = defaultdict(list)
        for a in self.work.embeddings.of_report(found.id, self.model):
            for b in self.work.embeddings.of_report(other, self.model):
                if a.part is b.part:
                    distance = float(l2_distances(b.vector[None], a.vector)[0])
                    pairing[a.part].append(Pair(distance, a.crop_id, b.crop_id))
        pairs = [pair for some in pairing.values() for pair in some]
        wanted = {pair.own: found.id for pair in pairs} | {pair.other: other for pair in pairs}
        return compared(pairing, self.shown(self.work, wanted), coarseness(self.calibration, found.species))

    def _same_pictures(self, report: Report) -> set[ReportId]:
        """People's reports that carry one of the very pictures of ``report``; cameras send none but their own."""
        if report.source is Source.CAMERA:
            return set()
        hashes = {photo.content_hash for photo, _ in self.work.photos.of_report(report.id)}
        return {photo.report_id for content_hash in hashes for photo in self.work.photos.with_hash(content_hash)}


def _best(weighed: Weighed, report: Report, keep: int, must: set[int]) -> list[int]:
    """Which candidates are kept, likeliest first."""
    most = min(keep, SIGHTING_MATCHES) if report.source is Source.CAMERA else keep
    return list(dict.fromkeys([*weighed.likeliest()[:most], *sorted(must)]))


def _ends(me: Standing, other: Standing, shelf: Shelf) -> tuple[Standing, Standing]:
    """The lost one and the found one."""
    return (me, other) if shelf is Shelf.LOST else (other, me)


def _judged(match: Match, earlier: Match) -> Match:
    verdict, at = earlier.verdict, earlier.verdict_at
    if verdict is Verdict.DIFFERENT:
        return replace(match, degree=LOWEST, verdict=verdict, verdict_at=at)
    if verdict is Verdict.SAME:
        reasons = matching.with_reason(match, Reason(ReasonCode.OWNER_SAYS_SAME))
        return replace(match, degree=HIGHEST, verdict=verdict, verdict_at=at, reasons=reasons)
    return replace(match, verdict=verdict, verdict_at=at)


def _may_be(one: Standing, other: Standing) -> bool:
    """Species exclude each other only where both are sure."""
    sure = min(one.species_confidence, other.species_confidence) >= SURE
    return one.species is other.species or not sure
