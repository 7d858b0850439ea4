import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from homeward.domain.animals import Detection, Label, Species
from homeward.domain.boxes import Box
from homeward.domain.filing import Idempotency, NewSighting, ReportChange
from homeward.domain.matches import MatchQuery, ReasonCode, Verdict
from homeward.domain.places import Point, middle_of_cell
from homeward.domain.reports import Status
from homeward.engine.engine import Rules
from homeward.errors import Conflict, InvalidInput, NoAnimalFound, NotFound, PhotoNotReady
from homeward.ports import AlertKind
from homeward.testing import FakeDetector
from tests.conftest import GREY, photo
from tests.world import HOME, in_memory

NEAR = Point(57.605, 39.852)


def best(world, lost):
    return world.engine.current_top_matches(lost.report.id).items[0]


def told(world, kind=AlertKind.MATCH):
    return [news for news in world.messenger.sent if news.alerts[0].kind is kind]


def sighting(world, seed, noise=0, **fields):
    moment = fields.pop("seen_at", world.clock.now())
    return world.engine.add_sighting(NewSighting("yard", photo(seed, noise=noise), moment, **fields))


def test_the_owner_who_reports_second_sees_the_match_at_once(world):
    found = world.file("found", photo(1), place=NEAR)
    world.file("found", photo(2), place=NEAR)

    lost = world.file("lost", photo(1, noise=1), place=HOME)

    first = lost.matches.items[0]
    assert first.match.found_id == found.report.id
    assert first.match.degree > 0.9
    assert not lost.pending


def test_the_owner_who_reports_first_is_alerted_once(world):
    lost = world.file("lost", photo(1), place=HOME, home=HOME)
    world.clock.forward(hours=3)
    found = world.file("found", photo(1, noise=1), place=NEAR)

    world.engine.deliver_due_alerts()
    world.engine.deliver_due_alerts()

    assert [news.found.id for news in told(world)] == [found.report.id]
    reasons = [reason.code for reason in best(world, lost).match.reasons]
    assert ReasonCode.NEAR_HOME in reasons
    assert ReasonCode.SOON_AFTER in reasons


def test_two_reports_of_the_same_instant_do_not_miss_each_other(world):
    for pair in range(6):
        together = threading.Barrier(2)

        def file(shelf, noise, pair=pair, together=together):
            together.wait()
            world.file(shelf, photo(100 + pair, noise=noise), place=HOME, name=str(pair))

        threads = [threading.Thread(target=file, args=("lost", 0)), threading.Thread(target=file, args=("found", 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    from homeward.ports import ReportQuery

    reports = world.engine.reports(ReportQuery())
    by_name = {(r.shelf.value, r.name): r.id for r in reports}
    for pair in range(6):
        page = world.engine.current_top_matches(by_name["lost", str(pair)])
        assert by_name["found", str(pair)] in [view.match.found_id for view in page.items]


def test_a_stranger_is_listed_but_not_alerted(world):
    world.file("lost", photo(1), place=HOME)
    world.file("found", photo(2), place=NEAR)

    world.engine.deliver_due_alerts()

    assert world.messenger.sent == []


def test_when_the_models_are_down_a_report_is_kept_and_matched_later(world):
    found = world.file("found", photo(1), place=NEAR)
    world.detector.is_down = world.embedder.is_down = True

    lost = world.file("lost", photo(1, noise=1), place=HOME)

    assert lost.pending
    world.detector.is_down = world.embedder.is_down = False
    world.clock.forward(minutes=10)
    world.engine.run_due_jobs()
    assert best(world, lost).match.found_id == found.report.id
    assert world.engine.pending_jobs() == 0


def models_come_back(world):
    world.detector.is_down = world.embedder.is_down = False
    world.clock.forward(minutes=10)
    world.engine.run_due_jobs()


def test_a_photo_that_nobody_has_looked_at_is_shown_to_its_sender_alone(world):
    world.detector.is_down, world.detector.people = True, True
    lost = world.file("lost", photo(1), listed=True)
    photo_id = lost.photos[0].photo.id

    assert world.engine.photo(photo_id, "full", viewer="owner", is_owner=True)
    for size in ("thumb", "crop", "full"):
        with pytest.raises(PhotoNotReady):
            world.engine.photo(photo_id, size, viewer="other", is_owner=False)
    assert world.engine.photo_link(photo_id, "full", viewer="other", is_owner=False, valid_s=60) is None
    assert world.engine.board.notice(lost.report.id).photo_id is None

    models_come_back(world)

    others = world.engine.photo(photo_id, "full", viewer="other", is_owner=False)
    assert others != world.engine.photo(photo_id, "full", viewer="owner", is_owner=True)
    assert world.engine.board.notice(lost.report.id).photo_id == photo_id


def test_a_photo_added_while_the_models_are_down_is_recognised_and_compared_later(world):
    found = world.file("found", photo(2), place=NEAR)
    lost = world.file("lost", photo(1, noise=1), place=HOME)
    world.detector.is_down, world.detector.people = True, True
    filed = world.engine.add_photos(found.report.id, [photo(1), GREY])
    first, *added = [seen.photo.id for seen in filed.photos]

    assert world.engine.found_photos(lost.report.id, found.report.id) == (first,)
    models_come_back(world)

    assert set(world.engine.found_photos(lost.report.id, found.report.id)) == {first, *added}
    after = world.engine.report(found.report.id)
    assert [len(seen.animals) for seen in after.photos] == [1, 1, 0]
    assert [bool(seen.photo.people) for seen in after.photos] == [False, True, False]
    assert best(world, lost).match.compared_pairs == 2


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_a_wrong_photo_is_taken_off_and_what_it_made_likely_sinks(world, shelf):
    other = world.file({"lost": "found", "found": "lost"}[shelf], photo(2), place=NEAR)
    mine = world.file(shelf, photo(1), place=HOME)
    lost = mine if shelf == "lost" else other
    before = best(world, lost).match.degree
    filed = world.engine.add_photos(mine.report.id, [photo(2, noise=1), photo(1, noise=1)])
    right, wrong, also_right = (seen.photo for seen in filed.photos)
    assert before < 0.1
    assert best(world, lost).match.degree > 0.5
    world.clock.forward(hours=3)
    world.engine.deliver_due_alerts()
    already = len(told(world))
    assert already == 1

    filed = world.engine.remove_photo(mine.report.id, wrong.id)

    assert [seen.photo.id for seen in filed.photos] == [right.id, also_right.id]
    assert best(world, lost).match.degree < 0.1
    assert world.photos.has(right.content_hash)
    assert not world.photos.has(wrong.content_hash)
    again = world.engine.add_photos(mine.report.id, [photo(2, noise=2)])
    world.clock.forward(hours=3)
    world.engine.deliver_due_alerts()
    assert len(told(world)) == already
    world.engine.remove_photo(mine.report.id, again.photos[-1].photo.id)
    more = world.engine.add_photos(mine.report.id, [photo(1, noise=2)])
    assert [seen.photo.id for seen in more.photos][:2] == [right.id, also_right.id]


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_what_nobody_would_compare_without_a_wrong_photo_goes_with_it_but_for_what_the_owner_said(verdict):
    world = in_memory(rules=replace(Rules(), matches_kept=3))
    stranger = world.file("found", photo(2), place=NEAR)
    lost = world.file("lost", photo(1), place=HOME)
    wrong = world.engine.add_photos(lost.report.id, [photo(2, noise=1)]).photos[1].photo
    if verdict is not None:
        world.engine.verdict(lost.report.id, stranger.report.id, verdict)
    with world.database.write() as work:
        before = work.matches.get(lost.report.id, stranger.report.id)
        work.reports.update(replace(work.reports.get(stranger.report.id), species=Species.DOG))  # no candidate any more

    world.engine.remove_photo(lost.report.id, wrong.id)

    with world.database.read() as work:
        after = work.matches.get(lost.report.id, stranger.report.id)
    assert before.verdict is verdict
    assert after == (None if verdict is None else replace(before, lost_crop_id=after.lost_crop_id))
    assert after is None or after.lost_crop_id != before.lost_crop_id


@pytest.mark.parametrize("verdict", Verdict)
def test_what_an_owner_said_outlives_the_photo_that_it_was_said_of(world, verdict):
    found = world.file("found", photo(2), place=NEAR)
    lost = world.file("lost", photo(1), place=HOME)
    wrong = world.engine.add_photos(lost.report.id, [photo(2, noise=1)]).photos[1].photo
    world.engine.verdict(lost.report.id, found.report.id, verdict)

    world.engine.remove_photo(lost.report.id, wrong.id)

    match = best(world, lost).match
    assert (match.found_id, match.verdict) == (found.report.id, verdict)
    assert world.engine.found_photos(lost.report.id, found.report.id)


def test_the_only_photo_and_another_reports_photo_stay(world):
    lost, other = world.file("lost", photo(1)), world.file("lost", photo(2))
    mine, theirs = lost.photos[0].photo, other.photos[0].photo

    with pytest.raises(Conflict, match="at least one photo"):
        world.engine.remove_photo(lost.report.id, mine.id)
    with pytest.raises(NotFound, match="no such photo"):
        world.engine.remove_photo(lost.report.id, theirs.id)

    assert [world.engine.photo_row(one.id) for one in (mine, theirs)] == [mine, theirs]


def test_a_picture_that_another_report_carries_too_is_kept_for_it(world):
    other = world.file("found", photo(2))
    lost = world.file("lost", photo(1))
    same = world.engine.add_photos(lost.report.id, [photo(2)]).photos[1].photo

    world.engine.remove_photo(lost.report.id, same.id)

    assert world.engine.photo(other.photos[0].photo.id, "full", viewer="me", is_owner=True)


def test_a_photo_without_an_animal_added_while_the_models_are_down_is_not_compared(world):
    found = world.file("found", photo(1))
    world.detector.is_down = True
    world.engine.add_photos(found.report.id, [GREY])

    models_come_back(world)

    assert [len(seen.animals) for seen in world.engine.report(found.report.id).photos] == [1, 0]


def test_people_beside_no_animal_are_blurred_although_they_were_recognised_later(world, monkeypatch):
    world.detector.is_down = True
    lost = world.file("lost", photo(1))
    person = Detection(Box(0, 0, 100, 240), Label.PERSON, 0.9)
    monkeypatch.setattr(FakeDetector, "_on", lambda *_: (person,))

    models_come_back(world)

    assert person.box in world.engine.report(lost.report.id).photos[0].photo.people


def test_a_photo_that_is_damaged_before_it_is_recognised_keeps_no_job_waiting(world):
    world.detector.is_down = world.embedder.is_down = True
    lost = world.file("lost", photo(1), place=HOME)
    world.damage_photo(lost.report)
    world.detector.is_down = world.embedder.is_down = False
    world.clock.forward(minutes=10)

    world.engine.run_due_jobs()

    assert world.engine.pending_jobs() == 0
    assert not world.engine.current_top_matches(lost.report.id).items


def test_a_job_that_runs_twice_changes_nothing(world):
    world.file("found", photo(1), place=NEAR)
    lost = world.file("lost", photo(1, noise=1), place=HOME)
    before = world.engine.current_top_matches(lost.report.id)
    with world.database.write() as work:
        work.jobs.add([lost.report.id], world.clock.now())

    world.engine.run_due_jobs()

    after = world.engine.current_top_matches(lost.report.id)
    assert [v.match.found_id for v in after.items] == [v.match.found_id for v in before.items]
    with world.database.read() as work:
        assert len(work.outbox.of_lost(lost.report.id)) == 1


def test_a_photo_without_an_animal_is_refused_with_a_hint_and_nothing_is_kept(world):
    with pytest.raises(NoAnimalFound) as refused:
        world.file("lost", GREY)

    assert refused.value.field == "photo"
    assert refused.value.hint
    assert list(world.photos.hashes()) == []


def test_a_photo_without_an_animal_is_kept_on_request_as_a_whole(world):
    lost = world.file("lost", GREY, species=Species.CAT, keep_without_animal=True)

    (seen,) = lost.photos[0].animals
    assert (seen.box.width, seen.box.height) == (240, 240)


def test_not_mine_counts_for_the_whole_encounter_and_never_alerts_again(world):
    world.camera()
    lost = world.file("lost", photo(1), place=HOME)
    first = sighting(world, 1, 1, track_id="a")
    world.clock.forward(minutes=2)
    second = sighting(world, 1, 2, track_id="a")
    assert first.report.encounter_id == second.report.encounter_id

    judged = world.engine.verdict(lost.report.id, first.report.id, Verdict.DIFFERENT)

    assert set(judged) == {first.report.id, second.report.id}
    world.clock.forward(minutes=2)
    third = sighting(world, 1, 3, track_id="a")
    matches = {v.match.found_id: v.match for v in world.engine.current_top_matches(lost.report.id).items}
    assert matches[third.report.id].verdict is Verdict.DIFFERENT
    assert matches[third.report.id].degree < 0.001
    world.engine.deliver_due_alerts()
    assert world.messenger.sent == []


def test_a_look_alike_of_a_rejected_animal_sinks(world):
    lost = world.file("lost", photo(1), place=HOME)
    rejected = world.file("found", photo(1, noise=5), place=NEAR)
    alike = world.file("found", photo(1, noise=5), place=NEAR)
    before = {v.match.found_id: v.match.degree for v in world.engine.current_top_matches(lost.report.id).items}

    world.engine.verdict(lost.report.id, rejected.report.id, Verdict.DIFFERENT)

    after = {v.match.found_id: v.match for v in world.engine.current_top_matches(lost.report.id).items}
    assert after[alike.report.id].degree < before[alike.report.id] / 2
    assert after[alike.report.id].reasons[0].code is ReasonCode.LIKE_A_REJECTED_ONE


def test_same_closes_the_case_on_request_and_the_pet_is_not_searched_any_more(world):
    lost = world.file("lost", photo(1), place=HOME)
    found = world.file("found", photo(1, noise=1), place=NEAR)

    world.engine.verdict(lost.report.id, found.report.id, Verdict.SAME, close=True)

    assert world.engine.report(lost.report.id).report.status is Status.REUNITED
    later = world.file("found", photo(1, noise=2), place=NEAR)
    assert later.finder_matches == ()


def test_a_camera_that_sees_the_same_again_stores_nothing(world):
    world.camera()
    first = sighting(world, 3)
    world.clock.forward(minutes=30)

    again = sighting(world, 3)

    assert again.is_repeat
    assert again.report.id == first.report.id
    assert again.report.last_seen_at == world.clock.now()


def test_a_track_gives_one_sighting_in_each_window(world):
    world.camera()
    sighting(world, 3, track_id="t")
    world.clock.forward(seconds=2)
    assert sighting(world, 3, 4, track_id="t").is_repeat
    world.clock.forward(seconds=4)
    assert not sighting(world, 3, 5, track_id="t").is_repeat


def test_peoples_reports_are_always_stored_even_of_the_same_picture(world):
    one = world.file("found", photo(1))
    other = world.file("found", photo(1))

    assert one.report.id != other.report.id


def test_a_camera_whose_clock_runs_ahead_is_corrected(world):
    world.camera()

    seen = sighting(world, 3, seen_at=world.clock.now() + timedelta(hours=1))

    assert seen.report.clock_corrected
    assert seen.report.happened_at == world.clock.now()


@pytest.mark.parametrize("off", [timedelta(hours=3), timedelta(days=-20_000)], ids=["ahead", "in 1970"])
def test_a_camera_that_says_what_its_clock_shows_may_have_a_wrong_one(world, off):
    world.camera()
    now = world.clock.now()

    seen = sighting(world, 3, seen_at=now + off - timedelta(minutes=10), sent_at=now + off)

    assert seen.report.clock_corrected
    assert seen.report.happened_at == now - timedelta(minutes=10)


def test_a_time_that_cannot_be_moved_stays_what_it_is(world):
    world.camera()
    now = world.clock.now()
    last = datetime(9999, 12, 31, tzinfo=UTC)

    assert sighting(world, 3, seen_at=last, sent_at=datetime(1970, 1, 1, tzinfo=UTC)).report.happened_at == now
    assert not sighting(world, 4, seen_at=now, sent_at=now - timedelta(seconds=30)).report.clock_corrected


def test_the_same_picture_from_another_account_warns_of_fraud(world):
    world.file("found", photo(1), place=NEAR)

    lost = world.file("lost", photo(1), place=HOME)

    assert lost.matches.items[0].match.reasons[0].code is ReasonCode.SAME_PICTURE


def test_a_finder_who_answers_a_notice_is_always_told_to_the_owner(world):
    lost = world.file("lost", photo(1), place=HOME)

    world.file("found", photo(2), place=NEAR, about=lost.report.id)

    world.engine.deliver_due_alerts()
    assert len(told(world)) == 1


def test_sure_species_exclude_each_other_and_unsure_ones_do_not(world):
    lost = world.file("lost", photo(1), place=HOME)
    world.detector.label = Label.DOG
    world.file("found", photo(1, noise=1), place=NEAR)
    assert world.engine.current_top_matches(lost.report.id).total == 0

    world.detector.confidence = 0.6
    unsure = world.file("found", photo(1, noise=2), place=NEAR)

    assert best(world, lost).match.found_id == unsure.report.id


def test_an_alert_that_cannot_be_delivered_is_tried_again(world):
    world.file("lost", photo(1), place=HOME)
    world.file("found", photo(1, noise=1), place=NEAR)
    world.messenger.is_down = True
    world.engine.deliver_due_alerts()

    world.messenger.is_down = False
    world.clock.forward(hours=1)
    world.engine.deliver_due_alerts()

    assert len(told(world)) == 1


def test_later_alerts_wait_for_the_cool_down_and_come_together(world):
    world.file("lost", photo(1), place=HOME)
    world.file("found", photo(1, noise=1), place=NEAR)
    world.engine.deliver_due_alerts()
    for noise in (2, 3):
        world.file("found", photo(1, noise=noise), place=NEAR)

    world.engine.deliver_due_alerts()
    assert len(told(world)) == 1

    world.clock.forward(minutes=20)
    world.engine.deliver_due_alerts()
    world.engine.deliver_due_alerts()
    assert [len(news.alerts) for news in told(world)] == [1, 2]


def test_a_finder_whose_find_fits_many_pets_is_not_told_of_each_by_itself(world):
    world.file("found", photo(1), place=NEAR)
    for noise in (1, 2, 3):
        world.file("lost", photo(1, noise=noise), place=HOME)
        world.engine.deliver_due_alerts()
    assert [len(news.alerts) for news in told(world, AlertKind.OWNER_NEAR)] == [1]

    world.clock.forward(minutes=20)
    world.engine.deliver_due_alerts()
    assert [len(news.alerts) for news in told(world, AlertKind.OWNER_NEAR)] == [1, 2]


def test_erasing_leaves_neither_rows_nor_files_but_spares_a_shared_file(world):
    lost = world.file("lost", photo(1), photo(2))
    twin = world.file("found", photo(2))

    world.engine.erase(lost.report.id)

    with pytest.raises(NotFound):
        world.engine.report(lost.report.id)
    assert [h for h, _ in world.photos.hashes()] == [twin.photos[0].photo.content_hash]
    world.engine.erase(twin.report.id)
    assert list(world.photos.hashes()) == []


def test_old_sightings_and_closed_reports_are_forgotten_and_confirmed_ones_are_not(world):
    world.camera()
    lost = world.file("lost", photo(1), place=HOME)
    confirmed = sighting(world, 1, 1)
    stranger = sighting(world, 7)
    world.engine.verdict(lost.report.id, confirmed.report.id, Verdict.SAME)
    closed = world.file("found", photo(9))
    world.engine.change(closed.report.id, ReportChange(status=Status.CLOSED))

    world.clock.forward(days=31)
    world.engine.forget_due()
    with pytest.raises(NotFound):
        world.engine.report(stranger.report.id)
    world.engine.report(confirmed.report.id)
    world.clock.forward(days=60)
    world.engine.forget_due()
    with pytest.raises(NotFound):
        world.engine.report(closed.report.id)


def test_an_open_report_expires(world):
    lost = world.file("lost", photo(1))

    world.clock.forward(days=366)
    world.engine.forget_due()

    assert world.engine.report(lost.report.id).report.status is Status.EXPIRED


def test_an_expired_report_that_is_opened_again_has_its_whole_time_anew(world):
    lost = world.file("lost", photo(1))
    world.clock.forward(days=366)
    world.engine.forget_due()
    world.engine.change(lost.report.id, ReportChange(status=Status.OPEN))

    world.clock.forward(days=364)
    world.engine.forget_due()
    assert world.engine.report(lost.report.id).report.status is Status.OPEN
    world.clock.forward(days=2)
    world.engine.forget_due()
    assert world.engine.report(lost.report.id).report.status is Status.EXPIRED


def test_a_moved_home_is_matched_anew(world):
    lost = world.file("lost", photo(1), place=HOME, home=HOME)
    world.file("found", photo(1, noise=1), place=NEAR)
    before = best(world, lost).match.distance_km

    world.engine.change(lost.report.id, ReportChange(home=Point(58.0, 39.85)))

    assert best(world, lost).match.distance_km > before + 30


def test_more_photos_bring_a_nearer_pair(world):
    world.file("found", photo(1), place=NEAR)
    lost = world.file("lost", photo(2), place=HOME)
    before = lost.matches.items[0].match

    world.engine.add_photos(lost.report.id, [photo(1, noise=1)])

    after = best(world, lost).match
    assert after.l2_distance < before.l2_distance
    assert after.compared_pairs == 2


def test_the_finder_sees_a_band_and_no_place(world):
    world.file("lost", photo(1), place=HOME, home=HOME, name="Rex", contact="secret")

    found = world.file("found", photo(1, noise=1), place=NEAR)

    (match,) = found.finder_matches
    assert match.band_km == (0.0, 2.0)
    assert "secret" not in repr(match)
    assert str(HOME.lat) not in repr(match)


def test_nothing_that_a_finder_sees_tells_where_in_its_cell_of_the_map_a_home_lies(world):
    cell = middle_of_cell(HOME)
    homes = [Point(cell.lat + north * 0.009, cell.lon + east * 0.009) for north, east in ((-1, -1), (0, 0), (1, 0.5))]
    pets = [world.file("lost", photo(1), place=home, home=home) for home in homes]

    seen = []
    for step in range(12):
        found = world.file("found", photo(1, noise=1), place=Point(cell.lat + 0.004 * step, cell.lon))
        shown = {match.lost_id: match for match in world.engine.finder_matches(found.report.id)}
        seen.append([(shown[pet.report.id].degree, shown[pet.report.id].band_km) for pet in pets])

    assert all(first == others for first, *rest in seen for others in rest)
    assert len({shown for shown, *_ in seen}) > 1


def test_whether_a_finder_is_told_does_not_depend_on_where_in_its_cell_a_home_lies(world):
    cell = middle_of_cell(HOME)
    for far in range(9):
        world.file("found", photo(1, noise=1), place=Point(cell.lat + 0.1 * far, cell.lon))
    homes = [Point(cell.lat + north, cell.lon) for north in (-0.009, 0.0, 0.009)]
    pets = [world.file("lost", photo(1), place=home, home=home).report.id for home in homes]

    later = world.clock.now() + timedelta(hours=1)
    with world.database.write() as work:
        alerts = work.outbox.claim(later, 60.0, 1000, None)
    told = [
        {alert.found_id: alert.degree for alert in alerts if (alert.kind, alert.lost_id) == (AlertKind.OWNER_NEAR, pet)}
        for pet in pets
    ]
    assert told[0] == told[1] == told[2]
    assert 0 < len(told[0]) < 9


def test_a_finder_of_a_dog_is_not_told_of_a_cat_that_its_owner_would_not_be_told_of(world):
    cell = middle_of_cell(HOME)
    pet = world.file("lost", photo(1), place=cell, home=cell, species=Species.CAT).report.id
    found = world.file("found", photo(1, noise=1), place=cell, species=Species.DOG).report.id
    with world.database.write() as work:  # somebody who is not quite sure of what they saw
        work.reports.update(replace(work.reports.get(found), species_confidence=0.8))
    world.engine.change(found, ReportChange(place=Point(cell.lat, cell.lon + 0.0001)))

    (match,) = world.engine.current_top_matches(pet).items
    (shown,) = world.engine.finder_matches(found)
    assert shown.degree < match.match.degree < 0.999


def test_from_afar_a_home_may_be_anywhere_in_its_cell(world):
    cell = middle_of_cell(HOME)
    world.file("lost", photo(1), place=cell, home=cell)
    found = world.file("found", photo(2), place=cell).report.id

    (shown,) = world.engine.finder_matches(found)
    (match,) = world.engine.current_top_matches(shown.lost_id).items
    assert shown.degree < match.match.degree  # which knows that it is the very spot


def test_people_are_unrecognisable_for_all_but_the_sender(world):
    world.detector.people = True
    lost = world.file("lost", photo(1))
    photo_id = lost.photos[0].photo.id

    own = world.engine.photo(photo_id, "full", viewer="owner", is_owner=True)
    others = world.engine.photo(photo_id, "full", viewer="other", is_owner=False)

    assert own != others
    looks = world.engine.export(lost.report.id)["looks"]
    assert [look["viewer"] for look in looks] == ["owner", "other"]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("happened_at", {"ahead": 60}),
        ("name", {"name": "x" * 101}),
        ("description", {"description": "a\x00b"}),
        ("about", {"about": "nobody"}),
        ("species", {"keep_without_animal": True}),
        ("animal", {"animals": (5,)}),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(world, field, fields):
    if "ahead" in fields:
        fields = {"happened_at": world.clock.now() + timedelta(minutes=fields["ahead"])}

    with pytest.raises(InvalidInput) as refused:
        world.file("found", photo(1), **fields)

    assert refused.value.field == field
    assert list(world.photos.hashes()) == []


def test_an_idempotency_key_makes_one_report(world):
    key = Idempotency("someone", "key", "0" * 64)
    world.file("lost", photo(1), idempotency=key)

    with pytest.raises(Conflict):
        world.file("lost", photo(1), idempotency=key)

    from homeward.ports import ReportQuery

    assert len(world.engine.reports(ReportQuery())) == 1


def test_only_the_best_matches_are_kept():
    world = in_memory(rules=replace(Rules(), matches_kept=3))
    for seed in range(2, 8):
        world.file("found", photo(seed), place=NEAR)

    lost = world.file("lost", photo(1), place=HOME)

    assert world.engine.current_top_matches(lost.report.id, MatchQuery()).total == 3


def test_one_close_by_is_compared_however_many_look_more_alike_far_away():
    world = in_memory(rules=replace(Rules(), matches_kept=3))
    for noise in range(1, 9):
        world.file("found", photo(1, noise=noise), place=Point(48.0, 2.0))
    near = world.file("found", photo(1, noise=60), place=NEAR)

    lost = world.file("lost", photo(1), place=HOME)

    assert best(world, lost).match.found_id == near.report.id


def test_a_sighting_goes_to_the_owners_whom_it_fits_best(world, monkeypatch):
    monkeypatch.setattr("homeward.engine.match.SIGHTING_MATCHES", 2)
    mine = world.file("lost", photo(1), place=HOME)
    others = [world.file("lost", photo(seed), place=HOME) for seed in (2, 3, 4, 5)]
    world.camera()

    sighting(world, 1, noise=1)

    pages = [world.engine.current_top_matches(lost.report.id).total for lost in others]
    assert best(world, mine).match.degree > 0.5
    assert sum(pages) == 1


def test_sightings_that_come_at_once_are_all_kept_and_matched_once(world):
    lost = world.file("lost", photo(1), place=HOME)
    for number in range(12):
        world.camera(f"camera-{number}")
    with ThreadPoolExecutor(6) as pool:
        seen = list(
            pool.map(
                lambda n: world.engine.add_sighting(NewSighting(f"camera-{n}", photo(1, noise=n), world.clock.now())),
                range(12),
            )
        )

    page = world.engine.current_top_matches(lost.report.id)
    assert page.total == 12
    assert not any(outcome.pending or outcome.is_repeat for outcome in seen)


def test_whoever_listens_hears_of_a_new_match(world):
    lost = world.file("lost", photo(1), place=HOME)
    heard = []
    with world.engine.events.subscribe(lost.report.id, heard.append):
        found = world.file("found", photo(1, noise=1), place=NEAR)
    world.file("found", photo(1, noise=2), place=NEAR)

    assert [event.found_id for event in heard] == [found.report.id]


def test_a_listener_that_fails_is_logged_and_keeps_news_from_nobody(world):
    world.camera()
    first, second = (world.file("lost", photo(1, noise=noise), place=HOME).report.id for noise in (1, 2))
    heard, events = [], world.engine.events

    def fail(event):
        raise KeyError(event)

    with (
        events.subscribe(first, fail), events.subscribe(second, fail),
        events.subscribe(first, heard.append), events.subscribe(second, heard.append),
        capture_logs() as logged,
    ):  # fmt: skip
        seen = world.engine.add_sighting(NewSighting("yard", photo(1), world.clock.now()))

    assert {event.lost_id for event in heard} == {first, second}
    assert not seen.pending
    failed = [(line["event"], line["news"], line["exc_info"]) for line in logged if line["log_level"] == "error"]
    assert failed == [("a listener failed", "MatchFound", True)] * 2


def test_a_camera_says_where_the_animal_is_on_a_picture_on_which_nothing_is_seen(world):
    world.camera()

    seen = world.engine.add_sighting(
        NewSighting("yard", GREY, world.clock.now(), species=Species.CAT, box=Box(20, 30, 120, 130))
    )

    (animal,) = world.engine.report(seen.report.id).photos[0].animals
    assert animal.box == Box(20, 30, 120, 130)


def test_another_animal_elsewhere_on_the_picture_is_not_taken_for_the_one_that_the_camera_means(world):
    world.camera()

    seen = sighting(world, 1, species=Species.DOG, box=Box(0, 0, 24, 24))

    with world.database.read() as work:
        ((photo_row, crops),) = work.photos.of_report(seen.report.id)
    meant = [crop for crop in crops if crop.animal == photo_row.chosen]
    assert [crop.box for crop in meant] == [Box(0, 0, 24, 24)]
    assert seen.report.species is Species.DOG
    assert len(crops) > len(meant)  # the one in the middle is kept beside it


def test_a_camera_that_points_outside_its_picture_is_refused(world):
    world.camera()

    with pytest.raises(InvalidInput) as refused:
        sighting(world, 1, box=Box(500, 500, 600, 600))

    assert refused.value.field == "box"


def test_an_owner_is_not_alerted_of_what_the_owner_said(world):
    lost = world.file("lost", photo(1), place=HOME)
    unlike = world.file("found", photo(2), place=NEAR)

    world.engine.verdict(lost.report.id, unlike.report.id, Verdict.SAME)

    with world.database.read() as work:
        assert work.outbox.of_lost(lost.report.id) == []
