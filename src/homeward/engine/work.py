"""Work: the job that a commit leaves behind: recognise what waits, embed, match, alert. May run twice unharmed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from homeward.domain.animals import Picture
from homeward.domain.embeddings import Embedding
from homeward.domain.ids import PhotoId, ReportId
from homeward.domain.matches import Match, ReasonCode
from homeward.domain.reports import Crop, Photo, Report, Shelf, Source, Standing
from homeward.engine.afar import FromAfar
from homeward.engine.events import EventBroker, MatchFound
from homeward.engine.kept import kept_pixels
from homeward.engine.match import MatchStep
from homeward.engine.recognise import Embed, Recognise, Recognised
from homeward.engine.reindex import follow, is_current
from homeward.engine.remember import crops_of
from homeward.engine.sight import Outcome
from homeward.engine.together import Together
from homeward.engine.wiring import Ports, Rules
from homeward.errors import HomewardError, StorageFull
from homeward.ports import AlertKind, Job, NewAlert, Space, UnitOfWork

LEASE_S = 120.0
TOGETHER = 32  # jobs in one transaction
PRUNED_AFTER = 20  # pruned when a twentieth of the matches kept has come since
GRACE = timedelta(
    seconds=60
)  # whoever has just filed sees the matches in the answer; the alert is for when they do not
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 300.0


@dataclass(frozen=True, slots=True)
class _Ready:
    """A report whose vectors of ``space`` are committed; None where it was erased meanwhile."""

    job: Job
    report: Report | None
    vectors: tuple[Embedding, ...]
    space: Space


class Work:
    """Runs jobs; what is ready at once is matched and committed together."""

    def __init__(self, ports: Ports, rules: Rules, events: EventBroker) -> None:
        """Nothing is read yet."""
        self.ports, self.rules, self.events = ports, rules, events
        self._step = MatchStep(ports, rules)
        self._matched = Together(self._match_all, most=TOGETHER)
        self._unpruned: Counter[ReportId] = Counter()

    def run(self, job: Job) -> bool:
        """Run one job; False where it waits for another try."""
        return self._tried(job, lambda: self._embedded(job))

    def run_sighting(self, outcome: Outcome) -> bool:
        """Run the job of a new sighting, whose vectors are committed already; False where it waits for another try."""
        job, space = outcome.job, outcome.space
        assert job is not None
        assert space is not None
        return self._tried(job, lambda: _Ready(job, outcome.report, outcome.vectors, space))

    def _tried(self, job: Job, ready: Callable[[], _Ready]) -> bool:
        try:
            new = self._matched(ready())
        except HomewardError as error:
            self._later(job, error.code)
            return False
        except Exception as error:
            self._later(job, type(error).__name__)
            raise
        if new is None:
            follow(self.ports)
            return False
        for match in new:
            self.events.publish(MatchFound(match.lost_id, match.found_id, match.degree))
        return True

    def take_over(self) -> int:
        """What dead processes had begun is due at once, unless the disk is full; how much that was."""
        with suppress(StorageFull), self.ports.database.write() as work:
            return work.jobs.release(self.ports.clock.now())
        return 0

    def run_due(self, limit: int) -> int:
        """Run up to ``limit`` due jobs; how many were taken."""
        for taken in range(limit):
            with self.ports.database.write() as work:
                job = work.jobs.claim(self.ports.clock.now(), LEASE_S)
            if job is None:
                return taken
            self.run(job)
        return limit

    def _later(self, job: Job, error: str) -> None:
        wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(job.attempts, 10))
        with self.ports.database.write() as work:
            work.jobs.retry(job, self.ports.clock.now() + timedelta(seconds=wait_s), error)

    def _embedded(self, job: Job) -> _Ready:
        space = self.ports.spaces.current()
        self._embed(job.report_id, space)
        with self.ports.database.read() as work:
            report = work.reports.get(job.report_id)
            vectors = work.embeddings.of_report(job.report_id, space.embedder.name)
        return _Ready(job, report, tuple(vectors), space)

    def _embed(self, report_id: ReportId, space: Space) -> None:
        """Vectors for all crops that have none yet."""
        model = space.embedder.name
        with self.ports.database.read() as work:
            report = work.reports.get(report_id)
            photos = work.photos.of_report(report_id)
        if report is None:
            return
        unseen = [photo for photo, _ in photos if not photo.looked_at]
        if unseen:
            self._recognise(report, unseen, is_first=not any(crops for _, crops in photos))
        with self.ports.database.read() as work:
            missing = work.embeddings.missing(report_id, model)
            pictures = {crop.photo_id: work.photos.get(crop.photo_id) for crop in missing}
        cuts = self._cuts(missing, pictures)
        made = Embed(space.embedder)(cuts)
        if made:
            with self.ports.database.write() as work:
                self.ports.shelves[report.shelf].embeddings.add(work, made)

    def _recognise(self, report: Report, photos: list[Photo], *, is_first: bool) -> None:
        """What intake could not do while the models were down.

        No animal seen means the whole picture; beside earlier photos with one, a picture that is not compared.
        """
        readable = [(photo, picture) for photo in photos if (picture := kept_pixels(self.ports, photo)) is not None]
        if not readable:
            return
        seen = Recognise(self.ports.detector)([picture for _, picture in readable], species=report.species, keep=True)
        if not is_first:
            seen = tuple(replace(found, animals=()) if found.is_whole else found for found in seen)
        with self.ports.database.write() as work:
            for (photo, _), found in zip(readable, seen, strict=True):
                self._keep_seen(work, photo.id, found)
            current = work.reports.get(report.id)
            if is_first and current is not None and current.species_confidence < 1.0:
                first = next(found.animal for found in seen if found.animal)
                update = replace(current, species=first.species, species_confidence=first.species_confidence)
                work.reports.update(update)

    def _keep_seen(self, work: UnitOfWork, photo_id: PhotoId, found: Recognised) -> None:
        """Unless the photo was erased meanwhile, or another process had looked at it first."""
        photo = work.photos.get(photo_id)
        if photo is not None and not photo.looked_at:
            work.photos.update(replace(photo, people=found.people, chosen=found.chosen, looked_at=True))
            work.photos.add_crops(crops_of(photo, found))

    def _cuts(self, crops: list[Crop], photos: dict[PhotoId, Photo | None]) -> list[tuple[Crop, Picture]]:
        pixels = {photo.id: kept_pixels(self.ports, photo) for photo in photos.values() if photo is not None}
        return [(crop, picture) for crop in crops if (picture := pixels.get(crop.photo_id)) is not None]

    def _match_all(self, ready: Sequence[_Ready]) -> list[list[Match] | None]:
        """Compare with what is committed, then store matches, alerts, and the end of each job together."""
        with self.ports.database.read() as work:
            found = [self._step(work, one.report, one.vectors, one.space) if one.report else [] for one in ready]
        with self.ports.database.write() as work:
            standings = self._still_there(work, [match for matches in found for match in matches])
            is_used = {name: is_current(work, name) for name in {one.space.embedder.name for one in ready}}
            return [
                self._store(work, one, matches, standings, is_used=is_used[one.space.embedder.name])
                for one, matches in zip(ready, found, strict=True)
            ]

    def _store(
        self,
        work: UnitOfWork,
        ready: _Ready,
        matches: list[Match],
        standings: Mapping[ReportId, Standing],
        *,
        is_used: bool,
    ) -> list[Match] | None:
        """The matches that are new, of those whose reports both have one of the ``standings``.

        None where another model came into use meanwhile: the job is due again at once.
        """
        report, space = ready.report, ready.space
        if not is_used:
            work.jobs.retry(ready.job, self.ports.clock.now(), "model switched")
            return None
        if report is not None and report.shelf is Shelf.LOST:
            work.matches.keep_only(report.id, space.embedder.name, space.calibration.name)
        there = [match for match in matches if match.lost_id in standings and match.found_id in standings]
        new = work.matches.save(there)
        self._prune(work, new)
        self._alert(work, there, standings, space, report)
        work.jobs.done(ready.job)
        return new

    def _prune(self, work: UnitOfWork, new: Sequence[Match]) -> None:
        """Lost reports that got many new matches lose their worst; a few too many do no harm meanwhile."""
        self._unpruned.update(match.lost_id for match in new)
        for lost_id in {match.lost_id for match in new}:
            if self._unpruned[lost_id] >= max(1, self.rules.matches_kept // PRUNED_AFTER):
                work.matches.prune(lost_id, self.rules.matches_kept)
                del self._unpruned[lost_id]

    def _still_there(self, work: UnitOfWork, matches: Sequence[Match]) -> dict[ReportId, Standing]:
        """The reports of the matches, without those that were erased since the search."""
        ids = {match.lost_id for match in matches} | {match.found_id for match in matches}
        return {report.id: report for report in work.reports.standings(sorted(ids))}

    def _alert(
        self,
        work: UnitOfWork,
        matches: Sequence[Match],
        standings: Mapping[ReportId, Standing],
        space: Space,
        asked: Report | None,
    ) -> None:
        """One alert for each pair of lost report and encounter, of the best sighting; judged ones make none.

        Finders are told by the degree from afar: whether one is told must not tell either where a home lies. In the
        order of their keys: two transactions that queue the same ones then never wait for each other in a ring.
        """
        least = self.rules.alert_degree
        if least is None:
            least = space.calibration.alert_degree
        open_ones = [match for match in matches if match.verdict is None]
        told = [match for match in open_ones if match.degree >= least or _is_answer(match)]
        afar = FromAfar(work, space.calibration)
        looked_at = [
            (match, afar.degree(match, standings[match.lost_id], standings[match.found_id], least=least))
            for match in open_ones
            if _is_finders(match, standings)
        ]
        finders = [(match, degree) for match, degree in looked_at if degree >= least]
        ids = {match.lost_id for match in told} | {match.found_id for match, _ in finders}
        ids |= {match.lost_id for match, _ in finders}
        reports = {report.id: report for report in work.reports.get_many(sorted(ids))}
        alerts = [
            self._new_alert(AlertKind.MATCH, match, match.degree, reports[match.lost_id], asked) for match in told
        ]
        alerts += [
            self._new_alert(AlertKind.OWNER_NEAR, match, degree, reports[match.found_id], asked)
            for match, degree in finders
            if reports[match.found_id].account_id != reports[match.lost_id].account_id
        ]
        for alert in sorted(alerts, key=lambda new: (new.key, -new.degree)):
            work.outbox.add(alert)

    def _new_alert(self, kind: AlertKind, match: Match, degree: float, told: Report, asked: Report | None) -> NewAlert:
        """For the account of ``told``."""
        now = self.ports.clock.now()
        pair = match.encounter_id if kind is AlertKind.MATCH else match.found_id
        has_just_filed = asked is not None and told.id == asked.id and now - asked.created_at < GRACE
        return NewAlert(
            key=f"{kind}:{match.lost_id}:{pair}",
            kind=kind,
            account_id=told.account_id,
            lost_id=match.lost_id,
            found_id=match.found_id,
            encounter_id=match.encounter_id,
            degree=degree,
            created_at=now,
            due_at=now + GRACE if has_just_filed else now,
        )


def _is_finders(match: Match, standings: Mapping[ReportId, Standing]) -> bool:
    """Whether somebody found the animal who would like to hear of its owner, and has not answered them already."""
    return standings[match.found_id].source is Source.PERSON and not _is_answer(match)


def _is_answer(match: Match) -> bool:
    return any(reason.code is ReasonCode.FINDER_ANSWERED for reason in match.reasons)
