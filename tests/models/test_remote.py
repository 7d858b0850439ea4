import threading
import time

import numpy as np
import pytest

from homeward.cli import checks
from homeward.errors import BadSettings, ModelUnavailable
from homeward.models.golden import fingerprint
from homeward.models.registry import Registry
from homeward.models.remote.breaker import LONGEST_REST_S, REST_S, Breaker, Gate
from homeward.models.remote.network import PROVE_AGAIN_S, RemoteNetwork
from homeward.models.remote.pace import ENOUGH, MOST_SAVED, Pace
from homeward.models.remote.service import Service
from homeward.settings import load
from tests.models.serving import DOORS, Colours, card, plain, serving, wait_for
from tests.models.unruly import unruly

GOLDEN = [float(number) for number in fingerprint(card(), Colours())]
FAILURES = ["slow", "error", "unready", "refused", "garbage", "shape", "count", "nan", "cut"]


class Local(Colours):
    """The local network; counts its runs in ``batches``."""


class Far:
    """A remote network with its clock and its local one, for a service."""

    def __init__(self, url: str, *, timeout_s: float = 5.0, golden=GOLDEN) -> None:
        self.clock = [1000.0]
        self.local = Local()
        self.network = RemoteNetwork(
            card(golden=golden), Service(url, timeout_s=timeout_s), lambda: self.local, Breaker(lambda: self.clock[0])
        )

    def run(self, value: int, count: int = 1) -> bool:
        """Whether the answer came from the service; it is right in any case."""
        before = len(self.local.batches)
        rows = self.network.run(plain(value, count))
        assert np.allclose(rows, [[value + number] * 3 for number in range(count)])
        return len(self.local.batches) == before

    def served_again(self) -> None:
        """Wait until a try that runs aside has ended well."""
        wait_for(lambda: self.network.breaker.gate() is Gate.CLOSED)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_a_service_does_wrong_answers_are_right_and_it_rests_until_it_is_well(door, failure):
    with unruly(door) as service:
        far = Far(service.url, timeout_s=3 if failure == "slow" else 20)
        assert far.run(1)
        service.plan = [failure]
        assert not far.run(2)
        asked = len(service.came)
        assert not far.run(3)
        assert len(service.came) == asked

        service.plan = [""]
        service.released.set()
        far.clock[0] += REST_S + 0.1
        assert not far.run(4)  # nobody waits for the try
        far.served_again()
        assert far.run(5)


@pytest.mark.parametrize("door", DOORS)
def test_a_service_that_stays_ill_is_asked_ever_more_rarely(door):
    with unruly(door) as service:
        far = Far(service.url)
        far.run(1)
        service.plan = ["error"]
        tries = []
        for _ in range(200):
            before = len(service.came)
            far.run(2)
            wait_for(lambda: far.network.breaker.gate() is not Gate.CLOSED and not far.network.breaker._is_tried)
            if len(service.came) > before:
                tries.append(far.clock[0])
            far.clock[0] += 1

    gaps = np.diff(tries)
    assert len(tries) >= 5
    assert all(np.diff(gaps) >= 0)
    assert gaps[-1] == pytest.approx(LONGEST_REST_S, abs=1.1)


@pytest.mark.parametrize("door", DOORS)
def test_a_busy_service_is_asked_again_after_the_time_that_it_named(door):
    with unruly(door) as service:
        far = Far(service.url)
        far.run(1)
        service.plan = ["busy", ""]
        assert far.run(2)

    first, second = service.came[-2:]
    assert (first[1], second[1]) == ("busy", "")
    assert second[0] - first[0] >= service.after_s * 0.98


@pytest.mark.parametrize("door", DOORS)
def test_a_service_that_is_busy_for_long_is_left_in_peace_for_that_time(door):
    with unruly(door, after_s=20) as service:
        far = Far(service.url)
        far.run(1)
        service.plan = ["busy", ""]
        assert not far.run(2)
        asked = len(service.came)
        far.clock[0] += 19
        assert not far.run(3)
        assert len(service.came) == asked
        far.clock[0] += 1.1
        assert far.run(4)


@pytest.mark.parametrize("door", DOORS)
def test_a_slow_answer_is_raced_by_a_second_request(door):
    with unruly(door) as service:
        far = Far(service.url, timeout_s=20)
        for number in range(ENOUGH + 5):
            assert far.run(number)
        service.plan = ["slow", ""]
        start = time.monotonic()
        assert far.run(99)

        assert [mood for _, mood, _ in service.came[-2:]] == ["slow", ""]
        assert time.monotonic() - start < 10
        assert far.run(100)


def test_hedging_pays_from_a_purse():
    pace = Pace()
    assert pace.hedge_after_s(1) is None
    for _ in range(200):
        pace.took(1, 0.1, was_hedged=False)
    assert pace.hedge_after_s(1) == pytest.approx(0.1)
    assert pace.hedge_after_s(2) is None
    for _ in range(int(MOST_SAVED)):
        pace.took(1, 0.1, was_hedged=True)
    assert pace.hedge_after_s(1) is None


@pytest.mark.parametrize("door", DOORS)
def test_a_connection_that_broke_is_made_anew_without_a_word(door):
    with unruly(door) as service:
        far = Far(service.url)
        far.run(1)
        service.plan = ["cut", ""]

        assert far.run(2)
        assert [mood for _, mood, _ in service.came[-2:]] == ["cut", ""]


def test_one_connection_carries_all_calls():
    with unruly("rest") as service:
        far = Far(service.url)
        assert all(far.run(number) for number in range(20))

    assert service.connections == 1


@pytest.mark.parametrize("door", DOORS)
def test_another_model_under_the_same_name_is_never_trusted(door):
    with serving([(card(), Colours(sign=-1))]) as doors:
        far = Far(doors.url(door))
        assert not far.run(1)
        far.clock[0] += 1000
        assert not far.run(2)


@pytest.mark.parametrize("door", DOORS)
def test_a_model_that_was_changed_behind_the_name_is_found_out(door):
    with unruly(door) as service:
        far = Far(service.url)
        assert far.run(1)
        service.network = Colours(sign=-1)
        far.clock[0] += PROVE_AGAIN_S + 1
        far.network.run(plain(2))
        wait_for(lambda: far.network.breaker.gate() is Gate.OPEN)
        assert not far.run(3)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_card_without_golden_numbers_is_compared_with_the_local_network(sign):
    with unruly("rest", network=Colours(sign=sign)) as service:
        far = Far(service.url, golden=None)
        far.run(1)

        assert far.run(2) is (sign == 1)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "how",
    [
        {"datatype": "FP64"},
        {"shape": (-1, 9, 8, 3)},
        {"shape": (-1, 8, 8)},
        {"datatype": "FP32"},  # pictures in the wrong layout
    ],
)
def test_a_model_that_eats_something_else_is_not_asked(door, how):
    with unruly(door, **how) as service:
        assert not Far(service.url).run(1)
        assert service.came == []


@pytest.mark.parametrize("door", DOORS)
def test_a_server_of_the_plain_network_gets_what_the_network_eats(door):
    with unruly(door, datatype="FP32", shape=(-1, 3, 8, 8)) as service:
        assert Far(service.url).run(5, count=3)
        assert service.came[-1][2] == (3, 3, 8, 8)


@pytest.mark.parametrize("door", DOORS)
def test_a_network_of_a_fixed_batch_is_fed_in_that_batch(door):
    with unruly(door, shape=(2, 8, 8, 3)) as service:
        assert Far(service.url).run(5, count=3)
        assert [shape[0] for _, _, shape in service.came[-2:]] == [2, 2]


def test_nobody_at_the_address_and_a_service_that_comes_later():
    far = Far("http://127.0.0.1:9", timeout_s=1)
    assert not far.run(1)
    grpc = Far("grpc://127.0.0.1:9", timeout_s=1)
    assert not grpc.run(1)
    with unruly("rest") as service:
        far.network._link = Service(service.url).link()
        far.clock[0] += REST_S + 0.1
        assert not far.run(2)  # nobody waits for the try
        far.served_again()
        assert far.run(3)
        far.network._link.close()


def test_where_neither_works_it_is_said():
    class Broken:
        def run(self, canvases):
            raise ModelUnavailable("The model failed.")

    network = RemoteNetwork(card(golden=GOLDEN), Service("http://127.0.0.1:9", timeout_s=1), Broken)
    with pytest.raises(ModelUnavailable, match="The model failed"):
        network.run(plain(1))


def test_of_many_callers_one_alone_tries_a_service_that_rested():
    clock = [0.0]
    breaker = Breaker(lambda: clock[0])
    breaker.failed()
    clock[0] = REST_S + 0.1
    gates = []
    threads = [threading.Thread(target=lambda: gates.append(breaker.gate())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(gate.name for gate in gates) == ["HALF_OPEN", *["OPEN"] * 7]
    breaker.succeeded()
    assert breaker.gate() is Gate.CLOSED


def test_an_address_is_checked_when_settings_are_read():
    for url in ("ftp://models:21", "models", "grpc://"):
        with pytest.raises(BadSettings) as refused:
            load(model_service=url)
        assert refused.value.field.startswith("model_service")
    with pytest.raises(BadSettings):
        Service("ftp://models").link()
    with pytest.raises(BadSettings, match="max_batch"):
        load(model_batching={"tiny": {"max_batch": 0}})
    assert load(model_batching={"tiny": {"max_batch": 4}}).model_batching["tiny"].max_batch == 4


def told(url, tmp_path, **more):
    """What the doctor says of the service: state, finding and mend of each model."""
    chosen = load(data=tmp_path, model_service=url, **more)
    return [(check.state, check.finding, check.mend) for check in checks._service(chosen)]


def test_the_doctor_finds_a_service_that_lags_refuses_or_serves_another_model(tmp_path, monkeypatch):
    names = ("homeward-detector-1", "homeward-embedder-3")
    ours = [Registry([]).network(name, 1) for name in names]
    monkeypatch.setattr(checks, "SLOW_S", 60)
    for door in DOORS:
        with serving(ours, "a key") as doors:
            assert [state for state, _, _ in told(doors.url(door), tmp_path, model_service_key="a key")] == ["ok", "ok"]
            state, _, mend = told(doors.url(door), tmp_path, model_service_key="another")[0]
            assert (state, mend) == ("warn", "Set HOMEWARD_MODEL_SERVICE_KEY on both sides.")
            monkeypatch.setattr(checks, "SLOW_S", 0)
            state, finding, mend = told(doors.url(door), tmp_path, model_service_key="a key")[0]
            assert (state, "a picture takes" in finding, "cores" in mend) == ("warn", True, True)
            monkeypatch.setattr(checks, "SLOW_S", 60)
    with serving([(ours[0][0], Off(ours[0][1])), (ours[1][0], Off(ours[1][1]))]) as doors:
        assert all("golden picture" in finding for _, finding, _ in told(doors.rest, tmp_path))
    with serving([(card(), Colours())]) as doors:
        assert "Add the model there" in told(doors.rest, tmp_path)[0][2]
    assert told("http://127.0.0.1:9", tmp_path)[0][0] == "warn"


class Off:
    """A network that is exchanged for another one after its first run."""

    def __init__(self, inner) -> None:
        self.inner, self.has_run = inner, False

    def run(self, canvases):
        rows = self.inner.run(canvases)
        right, self.has_run = not self.has_run, True
        return rows if right else rows[..., ::-1] + 0.3
