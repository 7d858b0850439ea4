"""Match: reports in, their pairs with the other shelf out, each with its degree. Reads only; never stores."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from homeward.domain import matching
from homeward.domain.embeddings import Embedding, Filter, Neighbour, Search, l2_distances
from homeward.domain.ids import EmbeddingId, EncounterId, ModelName, ReportId
from homeward.domain.looks import NUMBERS, Looks, Pair, coarseness, compared
from homeward.domain.matches import Circumstances, Match, Reason, ReasonCode, Surroundings, Verdict
from homeward.domain.places import distance_km
from homeward.domain.reports import Report, Shelf, Source, Standing, Status, standing_of
from homeward.engine.crowd import AROUND_DAYS, AROUND_KM
from homeward.engine.shown import ShownCrops
from homeward.engine.weigh import SECONDS_A_DAY, Question, Weighed, weigh
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
class Asked:
    """A report that is to be matched, by its vectors ``own`` of ``space``."""

    report: Report
    own: Sequence[Embedding]
    space: Space


@dataclass(frozen=True, slots=True)
class MatchStep:
    """Compares reports with the open ones of the other shelf."""

    ports: Ports
    rules: Rules
    shown: ShownCrops = field(default_factory=ShownCrops)

    def __call__(self, work: UnitOfWork, asked: Sequence[Asked]) -> list[list[Match]]:
        """Matches of each report that is asked about, best first; none where it is not open.

        At most ``matches_kept``; of a camera's sighting the twenty likeliest. What many have to read is read once.
        """
        with step("match", report_ids=[one.report.id for one in asked]) as noted:
            found = self._neighbours(asked)
            others = {other.id: other for other in work.reports.standings(list({i for some in found for i in some}))}
            now = self.ports.clock.now()
            judges = [
                _Judge(work, one.report, one.space, _question(one.report, near, others), self.shown, now)
                for one, near in zip(asked, found, strict=True)
            ]
            noted["candidates"] = sum(len(judge.question.candidates) for judge in judges)
            _weigh(work, judges, self.shown)
            said = _verdicts(work, [one.report.id for one in asked if one.report.shelf is Shelf.LOST])
            chosen = [judge.choose(self.rules.matches_kept, said) for judge in judges]
            heard = {other for judge, some in zip(judges, chosen, strict=True) for other in judge.heard(some)}
            said |= _verdicts(work, sorted(heard))
            made = [judge.matches(some, said) for judge, some in zip(judges, chosen, strict=True)]
        for matches in made:
            matches.sort(key=lambda match: (-match.degree, match.l2_distance, match.found_id))
        return [matches[: self.rules.matches_kept] for matches in made]

    def _neighbours(self, asked: Sequence[Asked]) -> list[dict[ReportId, list[Pair]]]:
        """What looks most alike to each, by the reports that it is of."""
        found: list[dict[ReportId, list[Pair]]] = [defaultdict(list) for _ in asked]
        for shelf in {one.report.shelf for one in asked}:
            mine = [n for n, one in enumerate(asked) if one.report.shelf is shelf and one.report.status is Status.OPEN]
            own = [(n, embedding) for n in mine for embedding in asked[n].own]
            for (n, embedding), alike in zip(own, self._alike(shelf, asked, own), strict=True):
                for near in alike.values():
                    pair = Pair(embedding.part, near.l2_distance, embedding.crop_id, near.crop_id)
                    found[n][near.report_id].append(pair)
        return found

    def _alike(
        self, shelf: Shelf, asked: Sequence[Asked], own: Sequence[tuple[int, Embedding]]
    ) -> list[dict[EmbeddingId, Neighbour]]:
        """For each embedding of the reports ``asked`` about, all on ``shelf``, its neighbours on the other one."""
        searches = []
        for n, embedding in own:
            report = asked[n].report
            k = SIGHTING_NEIGHBOURS if report.source is Source.CAMERA else 2 * self.rules.matches_kept
            searches.append([Search(embedding.vector, k, where) for where in _searched(report, embedding)])
        storage = self.ports.shelves[shelf.opposite].embeddings
        found = iter(storage.nearest_of_each([search for some in searches for search in some]))
        return [{near.embedding_id: near for _ in some for near in next(found)} for some in searches]


def _searched(report: Report, embedding: Embedding) -> list[Filter]:
    """The most alike anywhere, and the most alike near by and not too early or late."""
    anywhere = Filter(embedding.model, part=embedding.part)
    start = report.home or report.place
    if start is None:
        return [anywhere]
    since = report.happened_at - EARLY if report.shelf is Shelf.LOST else None
    until = report.happened_at + EARLY if report.shelf is Shelf.FOUND else None
    return [anywhere, replace(anywhere, centre=start, radius_km=NEAR_KM, since=since, until=until)]


Verdicts = Mapping[ReportId, Sequence[Match]]
"""What owners have said, by their lost reports."""


def _question(report: Report, near: Mapping[ReportId, Sequence[Pair]], others: Mapping[ReportId, Standing]) -> Question:
    """Of the ``others`` those that are ``near`` and may be of one kind."""
    me = standing_of(report)
    candidates = [others[other] for other in near if other in others and _may_be(me, others[other])]
    return Question(me, report.shelf, candidates, [near[other.id] for other in candidates])


@dataclass(slots=True)
class _Judge:
    """Turns the candidates of one report into matches, mindful of what owners said before."""

    work: UnitOfWork
    report: Report
    space: Space
    question: Question
    shown: ShownCrops
    now: datetime
    weighed: Weighed = field(init=False)
    twins: set[ReportId] = field(init=False)

    def choose(self, keep: int, said: Verdicts) -> list[int]:
        """Which candidates are kept, likeliest first; what owners of lost reports that are asked about ``said``."""
        self.twins = self._same_pictures()
        judged = {match.encounter_id for match in said.get(self.report.id, ())}
        must = [n for n, other in enumerate(self.question.candidates) if self._always(other, judged)]
        most = min(keep, SIGHTING_MATCHES) if self.report.source is Source.CAMERA else keep
        return list(dict.fromkeys([*self.weighed.likeliest()[:most], *must]))

    def heard(self, chosen: Sequence[int]) -> list[ReportId]:
        """The lost reports among the candidates number ``chosen``, whose owners may have said something."""
        return [] if self.report.shelf is Shelf.LOST else [self.question.candidates[n].id for n in chosen]

    def matches(self, chosen: Sequence[int], said: Verdicts) -> list[Match]:
        """With the candidates number ``chosen``."""
        twins = {twin.id: twin for twin in self.work.reports.get_many(list(self.twins))} if self.twins else {}
        made = []
        for n in chosen:
            me, other = self.question.me, self.question.candidates[n]
            lost, found = (me, other) if self.report.shelf is Shelf.LOST else (other, me)
            match = self._lowered(self._match(lost, found, self.weighed.row(n)), found, said.get(lost.id, ()))
            if other.id in twins and twins[other.id].account_id != self.report.account_id:
                match = replace(match, reasons=matching.with_reason(match, Reason(ReasonCode.SAME_PICTURE)))
            if found.about == lost.id:
                match = replace(match, reasons=matching.with_reason(match, Reason(ReasonCode.FINDER_ANSWERED)))
            made.append(match)
        return made

    def _always(self, other: Standing, judged: set[EncounterId]) -> bool:
        """Whether the pair is kept however unlikely it is: people have said something about it."""
        is_answer = other.about == self.report.id or self.report.about == other.id
        return is_answer or other.id in self.twins or other.encounter_id in judged

    def _match(self, lost: Standing, found: Standing, row: Weighed.Row) -> Match:
        pair = row.pair
        lost_crop, found_crop = (pair.own, pair.other) if self.report.shelf is Shelf.LOST else (pair.other, pair.own)
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
            model=self.space.embedder.name,
            calibration=self.space.calibration.name,
            computed_at=self.now,
        )

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
        pairs, looks = self._between(found, rejected_id)
        if rejected is None or not looks.joint_l2:
            return match
        if min(pair.l2_distance for pair in pairs) >= match.l2_distance:
            return match  # nearer to the lost pet than to the rejected animal
        km = distance_km(found.start, rejected.place) if found.start and rejected.place else None
        days = abs((found.happened_at - rejected.happened_at).total_seconds()) / SECONDS_A_DAY
        near = Circumstances(km, days, Surroundings(0, AROUND_KM, AROUND_DAYS))
        alike = matching.rejected_alike(self.space.calibration, found.species, looks, near)
        reason = Reason(ReasonCode.LIKE_A_REJECTED_ONE, alike)
        return replace(match, degree=match.degree * (1 - alike), reasons=matching.with_reason(match, reason))

    def _between(self, found: Standing, other: ReportId) -> tuple[list[Pair], Looks]:
        """The nearest pair of each part, and how alike they look."""
        pairs = []
        for a in self.work.embeddings.of_report(found.id, self.space.embedder.name):
            for b in self.work.embeddings.of_report(other, self.space.embedder.name):
                if a.part is b.part:
                    distance = float(l2_distances(b.vector[None], a.vector)[0])
                    pairs.append(Pair(a.part, distance, a.crop_id, b.crop_id))
        wanted = {pair.own: found.id for pair in pairs} | {pair.other: other for pair in pairs}
        coarse_l2 = coarseness(self.space.calibration, [found.species])
        both = compared(pairs, np.zeros(len(pairs), np.intp), self.shown(self.work, wanted), coarse_l2)
        looks = both.looks(0)
        return [pairs[both.nearest[NUMBERS[part], 0]] for part in looks.joint_l2], looks

    def _same_pictures(self) -> set[ReportId]:
        """People's reports that carry one of the very pictures of this one; cameras send none but their own."""
        if self.report.source is Source.CAMERA:
            return set()
        hashes = {photo.content_hash for photo, _ in self.work.photos.of_report(self.report.id)}
        return {photo.report_id for content_hash in hashes for photo in self.work.photos.with_hash(content_hash)}


def _weigh(work: UnitOfWork, judges: Sequence[_Judge], shown: ShownCrops) -> None:
    """All that are of one space together."""
    of_space: dict[ModelName, list[_Judge]] = defaultdict(list)
    for judge in judges:
        of_space[judge.space.embedder.name].append(judge)
    for some in of_space.values():
        weighed = weigh(work, some[0].space.calibration, [judge.question for judge in some], shown)
        for judge, one in zip(some, weighed, strict=True):
            judge.weighed = one


def _verdicts(work: UnitOfWork, lost_ids: Sequence[ReportId]) -> dict[ReportId, list[Match]]:
    said: dict[ReportId, list[Match]] = {}
    for match in work.matches.judged(lost_ids) if lost_ids else ():
        said.setdefault(match.lost_id, []).append(match)
    return said


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
