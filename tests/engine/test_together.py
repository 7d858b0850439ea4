import threading
from concurrent.futures import ThreadPoolExecutor

from homeward.engine.together import Together
from homeward.errors import StorageBusy


def served(serve, *, most):
    """What 0 gets, who is served at once, what 1 to 5 get, who come meanwhile, by number; and the calls of ``serve``."""
    calls, begun, go_on = [], threading.Event(), threading.Event()

    def work(items):
        calls.append(list(items))
        begun.set()
        assert go_on.wait(20)
        return serve(items)

    together = Together(work, most=most)
    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(together, 0)]
        assert begun.wait(20)
        futures += [pool.submit(together, n) for n in range(1, 6)]
        while len(together._waiting) < 5:
            threading.Event().wait(0.001)
        go_on.set()
        return [future.exception(20) or future.result(20) for future in futures], calls


def test_who_comes_while_it_is_busy_goes_along_with_the_next_call():
    results, calls = served(lambda items: [item * 10 for item in items], most=8)

    assert results == [0, 10, 20, 30, 40, 50]
    assert [len(call) for call in calls] == [1, 5]


def test_no_more_go_together_than_allowed():
    results, calls = served(lambda items: items, most=2)

    assert results == [0, 1, 2, 3, 4, 5]
    assert [len(call) for call in calls] == [1, 2, 2, 1]


def test_where_a_store_is_away_it_is_not_tried_for_each():
    def serve(items):
        if 0 not in items:
            raise StorageBusy("The database is busy.")
        return items

    (first, *others), calls = served(serve, most=8)

    assert first == 0
    assert all(isinstance(other, StorageBusy) for other in others)
    assert [len(call) for call in calls] == [1, 5, 1]


def test_the_error_of_one_is_nobody_elses():
    def serve(items):
        if 3 in items:
            raise ValueError("three")
        return items

    results, _ = served(serve, most=8)

    assert isinstance(results.pop(3), ValueError)
    assert results == [0, 1, 2, 4, 5]
