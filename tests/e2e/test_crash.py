import httpx2
import numpy as np
import pytest

from homeward.models.protocol import PICTURES, written
from tests.e2e import bot_crash, crash, model_crash, watch_crash
from tests.fakes.store import KEY, s3_server


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_a_few_times(tmp_path):
    ledger = crash.run(tmp_path / "data", kills=4, clients=4, seed=1)

    assert len(ledger.filings) > 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_nothing_acknowledged_is_lost_over_a_hundred_kills(tmp_path):
    ledger = crash.run(tmp_path / "data", kills=100, clients=4, seed=2)

    assert len(ledger.filings) > 100


@pytest.fixture
def _store(monkeypatch):
    """Photos go to an S3 server."""
    with s3_server() as url:
        monkeypatch.setenv("HOMEWARD_PHOTOS_URL", "s3://photos/kills")
        monkeypatch.setenv("HOMEWARD_PHOTOS_ENDPOINT", url)
        monkeypatch.setenv("HOMEWARD_PHOTOS_KEY", KEY)
        yield


@pytest.mark.usefixtures("_store")
def test_no_report_without_its_photo_in_the_store_when_the_server_is_killed_a_few_times(tmp_path):
    ledger = crash.run(tmp_path / "data", kills=2, clients=4, seed=3)

    assert len(ledger.filings) > 2
    assert not list((tmp_path / "data").rglob("*.jpg"))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_store")
def test_no_report_without_its_photo_in_the_store_over_a_hundred_kills(tmp_path):
    ledger = crash.run(tmp_path / "data", kills=100, clients=4, seed=4)

    assert len(ledger.filings) > 100


def test_no_sighting_is_lost_or_doubled_when_watcher_and_server_are_killed_a_few_times(tmp_path, cat_clip, monkeypatch):
    monkeypatch.setenv("HOMEWARD_DUPLICATE_L2", "0")

    assert watch_crash.run(tmp_path, cat_clip, kills=4, seed=1) > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_sighting_is_lost_or_doubled_over_two_hundred_kills(tmp_path, cat_clip, monkeypatch):
    monkeypatch.setenv("HOMEWARD_DUPLICATE_L2", "0")

    assert watch_crash.run(tmp_path, cat_clip, kills=200, seed=2) > 50


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_alert_is_lost_over_twenty_kills_and_a_thousand_faults(tmp_path):
    outcome = bot_crash.run(tmp_path, owners=3000, kills=20, faults=1000, seed=2)

    assert (outcome.told, outcome.faults_left) == (3000, 0)
    assert outcome.doubled <= outcome.in_flight


def test_no_report_is_lost_or_refused_when_the_model_service_is_killed_under_load(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMEWARD_MODEL_SERVICE", "")
    ledger, back_s = model_crash.run(tmp_path, kills=1, clients=3, seed=1)

    assert len(ledger.filings) > 4
    assert len(back_s) == 1


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_report_is_lost_or_refused_over_a_hundred_kills_of_the_model_service(tmp_path, monkeypatch, record_property):
    monkeypatch.setenv("HOMEWARD_MODEL_SERVICE", "")
    ledger, back_s = model_crash.run(tmp_path, kills=100, clients=3, seed=2)

    record_property("back_s", np.percentile(back_s, [50, 95, 100]).round(2).tolist())
    assert len(ledger.filings) > 200


@pytest.mark.long
def test_of_several_model_processes_a_killed_one_is_replaced_and_none_outlives_the_first(tmp_path):
    models = model_crash.ModelServer(tmp_path, "homeward-detector-1", "--processes", "2")
    models.start()
    models.until(lambda: len(models.workers()) == 2)
    first = models.workers()
    first[0].kill()
    models.until(lambda: len(models.workers()) == 2 and first[0] not in models.workers() and models.is_ready())
    body, headers = written("inputs", PICTURES, np.zeros((1, 416, 416, 3), np.uint8))
    asked = httpx2.post(f"{models.url}/v2/models/homeward-detector-1/infer", content=body, headers=headers, timeout=60)
    assert asked.status_code == 200
    assert "homeward_models_run_seconds" in httpx2.get(f"{models.url}/metrics", timeout=30).text

    workers = models.workers()
    models.kill()
    models.until(lambda: not any(map(model_crash.is_alive, workers)))
    models.start()  # the ports are free again
    models.stop()
