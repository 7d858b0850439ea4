"""Nothing is lost and nothing is said twice: restarts, repeated updates, limits, faults, people who leave."""

import threading
import time
from dataclasses import replace

import pytest

from homeward.bot.backend import Backend
from homeward.bot.pace import Pace
from homeward.bot.turn import House
from homeward.locales import text
from homeward.ports import ReportQuery
from tests.bot.conftest import Bot, words
from tests.bot.test_stories import files_lost, lost_query
from tests.conftest import photo
from tests.fakes.telegram import TOKEN


def texts(person):
    return [sent.text for sent in person.new()]


def is_answered(door):
    with door.world.database.read() as work:
        return work.inbox.after("telegram", 0, 10) == []


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_the_dialog_is_taken_up_again_after_a_restart_of_the_bot(telegram, bot, door):
    owner = telegram.person(7)
    owner.writes("/lost")
    owner.sends_photos(photo(1))
    owner.sees(words(owner, "ask_where_lost"))
    bot.stop()

    owner.sends_place(57.6, 39.85)
    bot.start()

    owner.sees(words(owner, "ask_when_lost"))


def test_an_update_that_comes_three_times_is_answered_once(telegram, bot, door):
    owner = telegram.person(7)
    owner._message({"text": "/help"}, times=3)
    owner.sees(words(owner, "help"))
    owner.writes("/cancel")
    owner.sees(words(owner, "nothing_to_cancel"))

    assert [sent.text for sent in owner.all()].count(words(owner, "help")) == 1


def test_a_report_is_filed_once_though_its_answers_failed_again_and_again(telegram, bot, door, monkeypatch):
    monkeypatch.setattr("homeward.bot.telegram.AGAIN_S", 0.01)
    owner = telegram.person(7)
    owner.writes("/lost")
    owner.sends_photos(photo(1))
    for key in ("ask_where_lost", "ask_when_lost", "ask_about_lost"):
        owner.sees(words(owner, key))
        if key == "ask_about_lost":
            telegram.fault("sendMessage", 502, times=9)
        owner.taps(words(owner, "b.skip"))

    owner.sees(words(owner, "filed_lost"))
    assert len(door.world.engine.reports(ReportQuery())) == 1


@pytest.mark.parametrize("fault", [(429, {"retry_after": 1}), (502, {}), (0, {"late_s": 0.5})])
@pytest.mark.parametrize("method", ["sendMessage", "getUpdates", "getFile"])
def test_whatever_telegram_does_the_story_goes_on(telegram, bot, door, fault, method):
    status, how = fault
    telegram.fault(method, status, times=2, **how)

    files_lost(telegram.person(7))


def test_what_telegram_took_is_not_sent_again_though_its_answer_is_of_an_unknown_kind(telegram, bot, monkeypatch):
    monkeypatch.setattr("tests.fakes.telegram._message", lambda sent: {"message_id": sent.number, "of": "later"})
    owner = telegram.person(7)
    owner.writes("/help")
    owner.sees(words(owner, "help"))
    owner.writes("/cancel")
    owner.sees(words(owner, "nothing_to_cancel"))

    assert len(owner.all()) == 2


def test_what_nobody_expected_ends_the_bot_for_nobody(telegram, bot, monkeypatch):
    monkeypatch.setattr("homeward.bot.service.WAIT_S", 0.01)
    failures = iter([RuntimeError("a slip"), RuntimeError("another")])
    take_in = Backend.take_in

    async def slips(self, updates):
        for failure in failures:
            raise failure
        return await take_in(self, updates)

    monkeypatch.setattr(Backend, "take_in", slips)
    owner = telegram.person(7)
    owner.writes("/help")

    owner.sees(words(owner, "help"))


def test_when_the_server_is_gone_nothing_is_lost(telegram, door, server, secret):
    wrong = Bot("http://127.0.0.1:9", secret, telegram)
    wrong.start()
    owner = telegram.person(7)
    owner.writes("/help")
    until(lambda: telegram.calls.count("getUpdates") > 0)
    wrong.stop()
    right = Bot(server, secret, telegram)
    right.start()
    try:
        owner.sees(words(owner, "help"))
    finally:
        right.stop()


def test_who_blocked_the_bot_is_told_nothing_more_until_they_come_back(telegram, bot, door):
    owner = telegram.person(7)
    files_lost(owner)
    owner.sees(words(owner, "none_yet"))
    owner.blocks()

    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    (_lost,) = door.world.engine.reports(lost_query())
    until(lambda: not reachable(door))
    attempts = telegram.calls.count("sendPhoto")
    door.report("found", photo(1, noise=3), lat="57.605", lon="39.852")
    door.world.clock.forward(hours=1)
    until(lambda: door.world.engine.deliver_due_alerts() >= 0 and waiting(door) == 0)

    assert telegram.calls.count("sendPhoto") == attempts
    owner.has_blocked = False
    owner.writes("/help")
    owner.sees(words(owner, "help"))
    assert reachable(door)


def reachable(door):
    with door.world.database.read() as work:
        return work.accounts.at("telegram", "7").reachable


def waiting(door):
    with door.world.database.read() as work:
        return work.figures.all(door.world.clock.now())["outbox_waiting"]


def test_mute_and_stop_keep_quiet_and_can_be_undone(telegram, bot, door):
    owner = telegram.person(7)
    files_lost(owner)
    owner.sees(words(owner, "none_yet"))
    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    owner.sees("Barsik")
    owner.taps(words(owner, "b.stop"))
    owner.sees(words(owner, "stopped"))
    door.world.clock.forward(days=2)
    door.report("found", photo(1, noise=3), lat="57.605", lon="39.852")
    until(lambda: put_off(door) == 1)

    owner.writes("/my")
    owner.sees(words(owner, "status.muted"))
    owner.taps(words(owner, "b.unmute"))

    owner.sees(words(owner, "unmuted"))


def put_off(door):
    (lost,) = door.world.engine.reports(lost_query())
    with door.world.database.read() as work:
        return sum(alert.delivered_at is None for alert in work.outbox.of_lost(lost.id))


def test_a_night_is_quiet_but_for_what_is_very_likely(door):
    from datetime import timedelta

    from homeward.domain.accounts import Account, quiet_until
    from homeward.domain.ids import AccountId

    noon = door.world.clock.now().replace(hour=12, minute=0)
    moscow = Account(AccountId("a"), "telegram", "7", "ru", noon, utc_offset_min=180)

    assert quiet_until(moscow, noon) is None
    assert quiet_until(moscow, noon.replace(hour=20)) == noon.replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)  # fmt: skip
    assert quiet_until(moscow, noon.replace(hour=1)) == noon.replace(hour=4, second=0, microsecond=0)
    assert quiet_until(replace(moscow, quiet=False), noon.replace(hour=1)) is None
    assert quiet_until(replace(moscow, utc_offset_min=None), noon.replace(hour=1)) is None


@pytest.mark.parametrize(("said", "answer"), [("/start", "still_open"), ("ну что там?", "watching")])
def test_who_comes_back_after_blocking_the_bot_is_shown_the_way_to_what_came_meanwhile(
    telegram, bot, door, said, answer
):
    owner = telegram.person(7, "ru")
    files_lost(owner)
    owner.sees(words(owner, "none_yet"))
    owner.blocks()
    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852", held="held")
    until(lambda: not account_of(door).reachable)
    owner.has_blocked = False
    owner.writes(said)
    owner.sees(words(owner, answer))
    owner.taps(words(owner, "b.matches"))

    owner.sees(words(owner, "card.held"))


def account_of(door):
    with door.world.database.read() as work:
        return work.accounts.at("telegram", "7")


def test_a_flood_is_slowed_down_and_said_so_once(telegram, bot, door):
    noisy, other = telegram.person(7), telegram.person(8)
    for number in range(120):
        noisy.writes(f"hey {number}")
    noisy.seen = 0
    other.writes("/help")

    other.sees(words(other, "help"))
    noisy.sees(words(noisy, "slow_down"))
    assert [sent.text for sent in noisy.all()].count(words(noisy, "slow_down")) == 1


def test_a_flood_is_slowed_down_in_the_language_that_the_person_chose(telegram, bot):
    noisy = telegram.person(7, "en")
    noisy.writes("/lang")
    noisy.sees(text("ru", "bot.lang"))
    for number in range(120):
        noisy.writes(f"hey {number}")
    noisy.seen = 0

    noisy.sees(text("ru", "bot.slow_down"))


def test_telegrams_limits_are_kept(telegram, server, secret, door):
    telegram.per_second = 30
    bot = Bot(server, secret, telegram, pace=Pace(30.0, 1.0, 3))
    people = [telegram.person(number) for number in range(100, 150)]
    bot.start()
    try:
        for person in people:
            person.writes("/help")
        for person in people:
            person.sees(words(person, "help"))
    finally:
        bot.stop()

    moments = sorted(sent.at for sent in telegram.sent)
    most = max(sum(start <= at < start + 1 for at in moments) for start in moments)
    assert most <= 31


def test_a_webhook_is_kept_before_telegram_is_thanked(telegram, server, secret, door):
    door.context = replace(door.context, config=replace(door.context.config, telegram_secret="hush"))
    door.api.state.context = door.context
    bot = Bot(server, secret, telegram, webhook=("https://pets.example.org/api/v1/telegram", "hush"))
    owner = telegram.person(7)
    update = owner.writes("/help")
    bot.start()
    try:
        until(lambda: telegram.webhook == ("https://pets.example.org/api/v1/telegram", "hush"))
        header = "X-Telegram-Bot-Api-Secret-Token"
        assert door.http.post("/api/v1/telegram", json=update).status_code == 403
        assert door.http.post("/api/v1/telegram", json=update, headers={header: "guess"}).status_code == 403
        for _ in range(2):
            assert door.http.post("/api/v1/telegram", json=update, headers={header: "hush"}).status_code == 204
        owner.sees(words(owner, "help"))
        assert door.http.post("/api/v1/telegram", json={"x": 1}, headers={header: "hush"}).status_code == 422
    finally:
        bot.stop()
    assert "getUpdates" not in telegram.calls


def test_a_wrong_token_is_said_plainly(telegram, server, secret):
    import asyncio

    from homeward.bot.telegram import Telegram
    from homeward.errors import BadSettings

    with pytest.raises(BadSettings):
        Telegram.open("nonsense", telegram.url)

    async def ask():
        opened = Telegram.open(TOKEN.replace("42:", "43:"), telegram.url)
        try:
            await opened.prepare(None)
        finally:
            await opened.close()

    with pytest.raises(BadSettings):
        asyncio.run(ask())


def test_the_bot_tells_telegram_its_commands_in_both_languages(telegram, bot):
    until(lambda: telegram.commands.keys() == {"", "ru"})

    assert [each["command"] for each in telegram.commands[""]] == [each["command"] for each in telegram.commands["ru"]]


def test_answers_go_before_news():
    import asyncio

    async def order():
        pace, given = Pace(50.0, 1000.0, 10), []

        async def take(name, *, urgent):
            await pace.turn(name, urgent=urgent)
            given.append(name)

        news = [asyncio.create_task(take(f"news {n}", urgent=False)) for n in range(40)]
        await asyncio.sleep(0)
        await asyncio.gather(*news, take("answer", urgent=True))
        return given

    assert asyncio.run(order()).index("answer") <= 10


def test_a_pause_costs_no_time_for_good_and_no_second_gets_too_many():
    import asyncio

    async def moments():
        pace, given = Pace(30.0, 1000.0, 10), []
        for number in range(90):
            if number == 45:
                await asyncio.sleep(0.2)
            await pace.turn(str(number), urgent=False)
            given.append(time.monotonic())
        return given

    given = asyncio.run(moments())
    assert max(sum(start <= at < start + 0.999 for at in given) for start in given) <= 30
    assert given[-1] - given[0] < 90 / 30 + 0.1


def test_what_was_sent_before_everything_was_erased_is_not_worked_on_after_it(telegram, server, secret, door):
    bot = Bot(server, secret, telegram)
    person = telegram.person(7)
    bot.start()
    try:
        files_lost(person)
        person.writes("/delete")
        person.sees(words(person, "ask_erase_all"))
        with door.world.database.read() as work:
            account = work.accounts.at("telegram", "7")
        telegram.fault("sendMessage", 429, retry_after=2)
        person.writes("/help")
        person.writes("my number is 8 800")
        until(lambda: len(waiting_updates(door)) == 2)
        door.world.engine.people.leave(account.id)
        person.writes("/start")
        person.sees(words(person, "start"))
        until(lambda: waiting_updates(door) == [])
    finally:
        bot.stop()
    assert words(person, "photo_first") not in [sent.text for sent in person.all()]


def waiting_updates(door):
    with door.world.database.read() as work:
        return work.inbox.after("telegram", 0, 10)


def test_operators_are_told_once_when_alerts_stand_still_and_when_that_is_over(telegram, server, secret, door):
    bot = Bot(server, secret, telegram, house=House(admins=frozenset({"7"})), look_s=0.05)
    operator, stranger = telegram.person(7), telegram.person(8)
    door.report("lost", photo(1), lat="57.6", lon="39.85")
    door.report("found", photo(1, noise=1), lat="57.605", lon="39.852")
    door.world.clock.forward(hours=1)
    bot.start()
    try:
        operator.sees(words(operator, "alarm.outbox", value="60"))
        until(lambda: door.world.engine.deliver_due_alerts() == 0)
        operator.sees(words(operator, "alarm_over", what=words(operator, "alarm.outbox", value="60")))
    finally:
        bot.stop()
    assert len(operator.all()) == 2
    assert stranger.all() == []
