"""Browsers that take news: rows on every store."""

from datetime import UTC, datetime

from homeward.domain.devices import Device
from homeward.domain.ids import AccountId

NOW = datetime(2026, 11, 24, tzinfo=UTC)
A, B = AccountId("a"), AccountId("b")


def device(account, endpoint):
    return Device(account, f"https://push.example/{endpoint}", "key", "auth", "ru", NOW)


def test_a_browser_is_kept_once_for_each_account_and_put_anew_is_the_newest(database):
    with database.write() as work:
        for each in (device(A, 1), device(A, 2), device(A, 1), device(B, 1)):
            work.devices.save(each)
    with database.read() as work:
        assert work.devices.of_account(A) == [device(A, 2), device(A, 1)]
        assert work.devices.of_account(B) == [device(B, 1)]


def test_browsers_move_go_one_by_one_and_go_together(database):
    with database.write() as work:
        for each in (device(A, 1), device(A, 2), device(B, 2), device(B, 3)):
            work.devices.save(each)
        work.devices.move(A, B)
        assert work.devices.of_account(A) == []
        assert {each.endpoint[-1] for each in work.devices.of_account(B)} == {"1", "2", "3"}
        work.devices.remove(B, device(B, 2).endpoint)
        assert {each.endpoint[-1] for each in work.devices.of_account(B)} == {"1", "3"}
        work.devices.forget(B)
        assert work.devices.of_account(B) == []
