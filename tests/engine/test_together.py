import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from homeward.engine.together import Together
from homeward.errors import StorageBusy


def test_who_comes_while_it_is_busy_goes_along_with_the_next_call():
    calls, begun, go_on = [], threading.Event(), threading.Event()

    def work(items):
        calls.append(list(items))
        begun.set()
        assert go_on.wait(20)
        return [item * 10 for item in items]

    together = Together(work, most=8)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(together, 0)
        assert begun.wait(20)
        others = [pool.submit(together, n) for n in range(1, 6)]
        while len(together._waiting) < 5:
            threading.Event().wait(0.001)
        go_on.set()
        results = [first.result(20), *(other.result(20) for other in others)]

    assert results == [0, 10, 20, 30, 40, 50]
    assert [len(call) for call in calls] == [1, 5]


def test_no_more_go_together_than_allowed():
    sizes, begun, go_on = [], threading.Event(), threading.Event()

    def work(items):
        sizes.append(len(items))
        begun.set()
        assert go_on.wait(20)
        return items

    together = Together(work, most=2)
    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(together, 0)]
        assert begun.wait(20)
        futures += [pool.submit(together, n) for n in range(1, 6)]
        while len(together._waiting) < 5:
            threading.Event().wait(0.001)
        go_on.set()
        assert [future.result(20) for future in futures] == [0, 1, 2, 3, 4, 5]

    assert max(sizes) == 2


def test_where_a_store_is_away_it_is_not_tried_for_each():
    tried, begun, go_on = [], threading.Event(), threading.Event()

    def work(items):
        tried.append(list(items))
        begun.set()
        assert go_on.wait(20)
        if 0 not in items:
            raise StorageBusy("The database is busy.")
        return items

    together = Together(work, most=8)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(together, 0)
        assert begun.wait(20)
        others = [pool.submit(together, n) for n in range(1, 6)]
        while len(together._waiting) < 5:
            threading.Event().wait(0.001)
        go_on.set()
        assert first.result(20) == 0
        assert all(isinstance(other.exception(20), StorageBusy) for other in others)

    assert [len(items) for items in tried] == [1, 5, 1]


def test_the_error_of_one_is_nobody_elses():
    begun, go_on = threading.Event(), threading.Event()

    def work(items):
        begun.set()
        assert go_on.wait(20)
        if 3 in items:
            raise ValueError("three")
        return items

    together = Together(work, most=8)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(together, 0)
        assert begun.wait(20)
        others = {n: pool.submit(together, n) for n in range(1, 6)}
        while len(together._waiting) < 5:
            threading.Event().wait(0.001)
        go_on.set()

        assert first.result(20) == 0
        with pytest.raises(ValueError, match="three"):
            others.pop(3).result(20)
        assert {n: other.result(20) for n, other in others.items()} == {1: 1, 2: 2, 4: 4, 5: 5}
