"""Work: the job that a commit leaves behind: recognise what waits, embed, match, alert. May run twice unharmed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from homeward.domain.animals import Picture
from homeward.domain.embeddings import Embedding
from homeward.domain.ids import PhotoId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import Crop, Photo, Report, Shelf, Source, Standing
from homeward.engine.alert import Alert, Matched
from homeward.engine.events import EventBroker, MatchFound
from homeward.engine.kept import kept_pixels
from homeward.engine.match import Asked, MatchStep
from homeward.engine.recognise import Embed, Recognise, Recognised
from homeward.engine.reindex import follow, is_current
from homeward.engine.remember import crops_of
from homeward.engine.sight import Outcome
from homeward.engine.together import Together
from homeward.engine.wiring import Ports, Rules
from homeward.errors import HomewardError, StorageFull
from homeward.ports import Job, Space, UnitOfWork

LEASE_S = 120.0
TOGETHER = 32  # jobs in one transaction
PRUNED_AFTER = 20  # pruned when a twentieth of the matches kept has come since
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 300.0
log = structlog.get_logger(__name__)


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
        self._alert = Alert(ports.clock, rules.alert_degree)
        self._matched = Together(self._match_all, most=TOGETHER)
        self._unpruned: Counter[ReportId] = Counter()

    def run(self, job: Job) -> bool:
        """Run the job of what was just stored; False where it waits for another try, as `run_due` tries it.

        What goes wrong is logged, not raised: who stored it need not send it again.
        """
        try:
            return self._run(job)
        except Exception:
            log.exception("a report was stored but not compared; it is tried again")
            return False

    def _run(self, job: Job) -> bool:
        """As `run`.

        Raises:
            NotFound, ModelInvalid: the model that another process uses is not here, or has other weights here.
            Exception: whatever nobody expected; the job is tried again all the same.
        """
        found: list[Match] | Exception | None
        try:
            found = self._matched(self._embedded(job))
        except Exception as error:  # noqa: BLE001 - what is unexpected is raised below
            found = error
        if not isinstance(found, Exception):
            return self._ended(found)
        self._later([(job, found)])
        if not isinstance(found, HomewardError):
            raise found
        return False

    def run_sightings(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """Run the jobs of new sightings, whose vectors are committed already; False for each that is tried again."""
        ready = [
            _Ready(outcome.job, outcome.report, outcome.vectors, outcome.space)
            for outcome in outcomes
            if outcome.job is not None and outcome.space is not None
        ]
        found = self._matched.each(ready)
        failed = [(one.job, error) for one, error in zip(ready, found, strict=True) if isinstance(error, Exception)]
        if failed:
            self._later(failed)
        return [self._ended_anyhow(one) for one in found]

    def _ended_anyhow(self, found: list[Match] | Exception | None) -> bool:
        """As `_ended`; what goes wrong is logged, not raised: the sighting is stored, and need not be sent again."""
        is_done, wrong = False, None
        if isinstance(found, Exception):
            wrong = None if isinstance(found, HomewardError) else found  # of which else its job tells
        else:
            try:
                is_done = self._ended(found)
            except Exception as error:  # noqa: BLE001 - the model in use cannot be opened here
                wrong = error
        if wrong is not None:
            log.error("a sighting was stored but not compared; it is tried again", exc_info=wrong)
        return is_done

    def _ended(self, found: list[Match] | None) -> bool:
        """What ``found`` brings about: news of its matches; another model where the one that it used is not in use."""
        if found is None:
            follow(self.ports)
            return False
        for match in found:
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
            self._run(job)
        return limit

    def _later(self, failed: Sequence[tuple[Job, Exception]]) -> None:
        """Try jobs again after a while; where not even this can be noted, they are due again when their lease ends."""
        now = self.ports.clock.now()
        with suppress(HomewardError), self.ports.database.write() as work:
            for job, error in failed:
                wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(job.attempts, 10))
                code = error.code if isinstance(error, HomewardError) else type(error).__name__
                work.jobs.retry(job, now + timedelta(seconds=wait_s), code)

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
        """Compare with what is committed, then store matches, alerts, and the end of each job together.

        None for a job whose model is in use no more: it is due again at once.
        """
        asked = {n: Asked(one.report, one.vectors, one.space) for n, one in enumerate(ready) if one.report is not None}
        with self.ports.database.read() as work:
            found = self._found(work, asked)
        with self.ports.database.write() as work:
            used = {name for name in {one.space.embedder.name for one in ready} if is_current(work, name)}
            ended = [n for n, one in enumerate(ready) if one.space.embedder.name in used]
            for one in ready:
                if one.space.embedder.name not in used:
                    work.jobs.retry(one.job, self.ports.clock.now(), "model switched")
            new = dict(zip(ended, self._store(work, [(ready[n], found.get(n, ())) for n in ended]), strict=True))
            work.jobs.done(*[ready[n].job for n in ended])
        return [new.get(n) for n in range(len(ready))]

    def _found(self, work: UnitOfWork, asked: Mapping[int, Asked]) -> dict[int, list[Match]]:
        """Sightings share what they read; a person's report has thousands of pairs, and is weighed by itself."""
        sightings = [n for n, one in asked.items() if one.report.source is Source.CAMERA]
        alone = [[n] for n in asked if n not in sightings]
        portions = [sightings, *alone] if sightings else alone
        return {
            n: matches
            for some in portions
            for n, matches in zip(some, self._step(work, [asked[n] for n in some]), strict=True)
        }

    def _store(self, work: UnitOfWork, matched: Sequence[tuple[_Ready, Sequence[Match]]]) -> list[list[Match]]:
        """What was found for each, less what is gone; of each the matches that are new.

        Two of them may have found each other: such a match is new once.
        """
        for one, _ in matched:
            if one.report is not None and one.report.shelf is Shelf.LOST:
                work.matches.keep_only(one.report.id, one.space.embedder.name, one.space.calibration.name)
        standings = self._still_there(work, [match for _, matches in matched for match in matches])
        there = [(one, [match for match in matches if _is_there(match, standings)]) for one, matches in matched]
        once = {_pair(match): match for _, matches in there for match in matches}
        unknown = {_pair(match) for match in work.matches.save(list(once.values()))}
        new = [[m for m in matches if _pair(m) in unknown and once[_pair(m)] is m] for _, matches in there]
        self._prune(work, [match for matches in new for match in matches])
        self._alert(work, [Matched(one.report, one.space.calibration, matches) for one, matches in there], standings)
        return new

    def _prune(self, work: UnitOfWork, new: Sequence[Match]) -> None:
        """Lost reports that got many new matches lose their worst; a few too many do no harm meanwhile."""
        self._unpruned.update(match.lost_id for match in new)
        for lost_id in sorted({match.lost_id for match in new}):  # so that no two wait in a ring
            if self._unpruned[lost_id] >= max(1, self.rules.matches_kept // PRUNED_AFTER):
                work.matches.prune(lost_id, self.rules.matches_kept)
                del self._unpruned[lost_id]

    def _still_there(self, work: UnitOfWork, matches: Sequence[Match]) -> dict[ReportId, Standing]:
        """The reports of the matches, without those that were erased since the search."""
        ids = {match.lost_id for match in matches} | {match.found_id for match in matches}
        return {report.id: report for report in work.reports.standings(sorted(ids))}


def _pair(match: Match) -> tuple[ReportId, ReportId]:
    return match.lost_id, match.found_id


def _is_there(match: Match, standings: Mapping[ReportId, Standing]) -> bool:
    return match.lost_id in standings and match.found_id in standings
