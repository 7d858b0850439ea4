"""An owner and a finder who come together without learning who the other is."""

import threading
import time

import pytest

from homeward.client import Client
from homeward.domain.reports import Shelf, Status
from homeward.locales import text
from homeward.ports import ReportQuery
from tests.bot.conftest import words
from tests.bot.test_stories import HERE, files_found, files_lost
from tests.conftest import photo
from tests.doors.conftest import own


@pytest.fixture
def both(telegram, bot):
    """A finder who writes Russian, and an owner who writes English."""
    finder, owner = telegram.person(7, "ru"), telegram.person(8, "en")
    files_found(finder)
    finder.sees(words(finder, "no_owner_yet"))
    files_lost(owner)
    owner.sees(words(owner, "card.mine"))
    return finder, owner


def told_nothing_of(person, *secrets):
    return not any(secret in sent.text for sent in person.all() for secret in secrets)


def connect(finder, owner):
    owner.taps(words(owner, "b.same"))
    owner.sees("Shall I put you in touch")
    owner.taps(words(owner, "b.connect"))
    owner.sees(words(owner, "asked_them"))
    finder.sees(words(finder, "asked.found"))


def agree(finder, owner):
    """Both want to talk, and what they write goes to the other side."""
    connect(finder, owner)
    finder.taps(words(finder, "b.agree"))
    finder.sees(words(finder, "connected"))
    owner.sees(words(owner, "connected"))


def test_from_two_photos_to_a_handover(both, door):
    finder, owner = both
    connect(finder, owner)

    finder.taps(words(finder, "b.ask_first"))
    finder.sees(words(finder, "ask_question"))
    finder.writes("Какого цвета подушечки?")
    finder.sees(words(finder, "question_sent"))
    owner.sees("Какого цвета подушечки?")
    owner.taps(words(owner, "b.answer"))
    owner.sees(words(owner, "ask_answer"))
    owner.writes("One is black, on the left")
    finder.sees("One is black, on the left")
    finder.taps(words(finder, "b.agree"))
    finder.sees(words(finder, "connected"))
    owner.sees(words(owner, "connected"))

    owner.writes("Where can we meet?")
    finder.sees("Where can we meet?")
    finder.sends_place(57.61, 39.86)
    assert owner.sees_place() == (57.61, 39.86)
    finder.sends_photos(photo(1, noise=3), caption="Он тут")
    assert owner.sees("Он тут").pictures

    owner.taps(words(owner, "b.at_home"))
    owner.sees(words(owner, "closed_home"))
    finder.sees(words(finder, "reunited"))
    assert {report.status for report in door.world.engine.reports(ReportQuery())} == {Status.REUNITED}
    assert told_nothing_of(finder, "Alex")
    assert told_nothing_of(owner, "Alex")


def test_a_finder_who_said_nothing_closes_the_find_on_the_owners_word(both, door):
    finder, owner = both
    owner.taps(words(owner, "b.same"))
    owner.sees("Shall I put you in touch")
    owner.taps(words(owner, "b.at_home"))
    owner.sees(words(owner, "closed_home"))
    owner.taps(words(owner, "b.at_home"))
    owner.sees(words(owner, "is_closed"))

    assert finder.sees(words(finder, "home_said")).pictures
    found = ReportQuery(shelf=Shelf.FOUND)
    assert [report.status for report in door.world.engine.reports(found)] == [Status.OPEN]
    finder.taps(words(finder, "b.close"))
    finder.sees(words(finder, "closed"))
    assert [report.status for report in door.world.engine.reports(found)] == [Status.CLOSED]


def test_the_finder_may_say_no(both):
    finder, owner = both
    connect(finder, owner)

    finder.taps(words(finder, "b.refuse"))

    finder.sees(words(finder, "refused"))
    owner.sees(words(owner, "declined"))


def test_a_conversation_is_paused_taken_up_again_and_ended(both):
    finder, owner = both
    agree(finder, owner)

    owner.writes("/cancel")
    owner.sees(words(owner, "paused_talk"))
    owner.writes("/my")
    owner.sees("Barsik")
    finder.writes("Я дома до восьми")
    owner.sees("Я дома до восьми")
    owner.taps(words(owner, "b.write"))
    owner.sees(words(owner, "talking"))
    owner.writes("Coming!")
    finder.sees("Coming!")
    owner.taps(words(owner, "b.end_talk"))
    owner.sees(words(owner, "ended_by_you"))
    finder.sees(words(finder, "ended"))
    finder.writes("Ещё здесь?")
    finder.sees(words(finder, "watching"))


def test_a_pause_lasts_until_the_button_is_tapped_whatever_the_other_side_writes(both):
    finder, owner = both
    agree(finder, owner)
    owner.writes("/cancel")
    owner.sees(words(owner, "paused_talk"))
    finder.writes("Я дома до восьми")
    assert owner.sees("Я дома до восьми").buttons

    owner.sends_photos(photo(3), caption="My other cat, 5 Hidden Lane")

    owner.sees(words(owner, "ask_shelf"))
    finder.writes("Вы едете?")
    assert owner.sees("Вы едете?").buttons
    assert told_nothing_of(finder, "Hidden Lane")


def test_whoever_writes_to_somebody_who_erased_everything_learns_that_it_is_over_and_is_free(both):
    finder, owner = both
    agree(finder, owner)
    owner.writes("/delete")
    owner.sees(words(owner, "ask_erase_all"))
    owner.taps(words(owner, "b.erase_yes"))
    owner.sees(words(owner, "erased_all"))

    finder.sends_photos(photo(3))

    finder.sees(words(finder, "over"))
    finder.sees(words(finder, "ask_shelf"))


@pytest.mark.parametrize(("command", "answer"), [("/help", "help"), ("/lang", "lang")])
def test_help_and_language_keep_a_conversation_open(both, command, answer):
    finder, owner = both
    agree(finder, owner)
    finder.writes(command)
    finder.sees(text("en" if command == "/lang" else "ru", f"bot.{answer}"))

    finder.writes("Я у ворот")

    owner.sees("Я у ворот")


@pytest.mark.parametrize("command", ["/cancel", "/my", "/lost", "/start about_x", "/delete"])
def test_a_command_that_leads_elsewhere_says_that_the_conversation_is_paused_and_shows_the_way_back(both, command):
    finder, owner = both
    agree(finder, owner)
    finder.writes(command)
    paused = finder.sees(words(finder, "paused_talk"))

    finder.taps_data(dict(paused.buttons)[words(finder, "b.write")])
    finder.sees(words(finder, "talking"))
    finder.writes("Я у ворот")

    owner.sees("Я у ворот")


def test_a_button_that_opens_a_question_says_that_the_conversation_is_paused(both):
    finder, owner = both
    agree(finder, owner)

    owner.taps(words(owner, "b.secret"))

    assert owner.sees(words(owner, "paused_talk")).buttons
    owner.sees(words(owner, "ask_secret"))


def test_both_sides_find_the_way_back_under_the_news_that_they_are_connected(both):
    finder, owner = both
    connect(finder, owner)
    finder.taps(words(finder, "b.agree"))

    for person in both:
        shown = person.sees(words(person, "connected")).buttons
        assert [label for label, _ in shown] == [words(person, "b.write"), words(person, "b.end_talk")]


def test_a_long_message_arrives_whole_and_in_its_order(both):
    finder, owner = both
    agree(finder, owner)
    long = " ".join(f"слово{n}" for n in range(480))

    finder.writes(f"{long} КОНЕЦ")

    owner.sees("КОНЕЦ")
    who = words(owner, "message.lost")
    said = " ".join(sent.text.removeprefix(who) for sent in owner.new() if sent.text.startswith(who))
    assert said.split() == [*long.split(), "КОНЕЦ"]


def test_a_long_caption_arrives_whole(both):
    finder, owner = both
    agree(finder, owner)
    caption = " ".join(f"слово{n}" for n in range(125))  # 1014 letters: with the sender's sign before them too many

    finder.sends_photos(photo(1, noise=3), caption=caption)

    owner.sees(caption)
    assert any(sent.pictures for sent in owner.new())


def test_a_long_question_and_a_long_answer_arrive_whole(both):
    finder, owner = both
    connect(finder, owner)
    long = " ".join(f"слово{n}" for n in range(300))
    finder.taps(words(finder, "b.ask_first"))
    finder.sees(words(finder, "ask_question"))
    finder.writes(f"{long} ВОПРОС")
    owner.sees("ВОПРОС")
    owner.taps(words(owner, "b.answer"))
    owner.sees(words(owner, "ask_answer"))
    owner.writes(f"{long} ОТВЕТ")
    finder.sees("ОТВЕТ")


def test_a_secret_mark_that_is_too_long_is_not_cut_but_asked_for_again(both, door):
    _, owner = both
    owner.taps(words(owner, "b.secret"))
    owner.sees(words(owner, "ask_secret"))
    owner.writes("a scar " * 50)
    owner.sees(words(owner, "secret_too_long", n=349, most=300))

    owner.writes("a scar")

    owner.sees(words(owner, "secret_noted"))
    assert "a scar" in {report.secret_mark for report in door.world.engine.reports(ReportQuery())}


def test_a_broken_photo_keeps_neither_the_others_nor_their_words_from_the_other_side(both):
    finder, owner = both
    agree(finder, owner)

    finder.sends_photos(b"no picture at all", photo(1, noise=3), photo(1, noise=4), caption="Он у меня")

    finder.sees(text("ru", "bot.photos_unreadable", of=3, which="1"))
    assert owner.sees("Он у меня").pictures
    owner.telegram.wait(lambda: len(shown_to(owner, words(owner, "message.lost"))) == 2)


def test_the_words_under_a_broken_photo_arrive(both):
    finder, owner = both
    agree(finder, owner)

    finder.sends_photos(b"no picture at all", caption="Он у меня")

    finder.sees(words(finder, "photo_unreadable"))
    owner.sees("Он у меня")


def test_a_broken_photo_keeps_no_other_from_being_added_to_a_report(both, door):
    _, owner = both
    owner.writes("/my")
    owner.sees("Barsik")
    owner.taps(words(owner, "b.add_photos"))
    owner.sees(words(owner, "send_more"))

    owner.sends_photos(photo(1, noise=5), b"no picture at all")

    owner.sees(words(owner, "photos_unreadable", of=2, which="2"))
    owner.sees(words(owner, "photos_added"))
    report = next(r for r in door.world.engine.reports(ReportQuery()) if r.name == "Barsik")
    assert len(door.world.engine.report(report.id).photos) == 2


def shown_to(person, who):
    return [sent for sent in person.new() if sent.pictures and sent.text.startswith(who)]


def test_an_old_no_does_not_end_what_both_agreed_to(both):
    finder, owner = both
    connect(finder, owner)
    no = dict(finder.sees(words(finder, "asked.found")).buttons)[words(finder, "b.refuse")]
    finder.taps(words(finder, "b.agree"))
    finder.sees(words(finder, "connected"))

    finder.taps_data(no)

    finder.sees(words(finder, "agreed_before"))
    finder.writes("Я у ворот")
    owner.sees("Я у ворот")


def test_what_is_written_to_somebody_who_blocked_the_bot_waits_for_them_and_its_writer_is_told(both, door):
    finder, owner = both
    agree(finder, owner)
    owner.blocks()

    finder.writes("Я у ворот")
    finder.sends_place(*HERE)
    forward_until(door, lambda: any(words(finder, "unreached") in sent.text for sent in finder.all()))
    owner.has_blocked = False
    owner.writes("/help")
    owner.sees(words(owner, "help"))
    forward_until(door, lambda: any(sent.place for sent in owner.new()))

    owner.sees("Я у ворот")
    assert sum(words(finder, "unreached") in sent.text for sent in finder.all()) == 1


def forward_until(door, is_so):
    """The server's clock goes on while the bot works by its own."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        door.world.clock.forward(minutes=1)
        threading.Event().wait(0.05)


def test_the_finder_is_told_when_a_later_owner_may_be_there_by_district_and_band_only(telegram, bot, door):
    finder = telegram.person(7, "ru")
    files_found(finder)
    finder.sees(words(finder, "no_owner_yet"))

    door.report("lost", photo(1, noise=2), lat="57.6", lon="39.85", home_lat="57.6", home_lon="39.85", name="Rex")

    seen = finder.sees(words(finder, "news_owner"))
    assert seen.pictures
    assert "0–2\N{NO-BREAK SPACE}км" in seen.text
    assert told_nothing_of(finder, "57.6", "39.85")


def test_the_web_and_the_chat_meet(telegram, bot, door, server):
    finder = telegram.person(7, "ru")
    files_found(finder)
    finder.sees(words(finder, "no_owner_yet"))
    filed = door.report("lost", photo(1, noise=2), lat="57.6", lon="39.85", name="Rex")
    token = own(filed)["Authorization"].removeprefix("Bearer ")
    lost_id, match = filed.json()["id"], filed.json()["matches"][0]

    with Client(server, token) as owner:
        with pytest.raises(Exception, match="Not yet"):
            owner.post("/handovers", {"lost_id": lost_id, "found_id": match["found_id"]})
        owner.verdict(lost_id, match["found_id"], "same")
        talk = owner.post("/handovers", {"lost_id": lost_id, "found_id": match["found_id"]})
        finder.sees(words(finder, "asked.found"))
        finder.taps(words(finder, "b.agree"))
        finder.sees(words(finder, "connected"))
        finder.writes("Здравствуйте!")
        finder.sends_photos(photo(1, noise=4))
        messages = wait_for(lambda: owner.get(f"/handovers/{talk['id']}/messages")["items"], 2)
        assert [message["text"] for message in messages] == ["Здравствуйте!", None]
        assert not any(message["is_mine"] for message in messages)
        assert owner.fetch(messages[1]["photo"])[:2] == b"\xff\xd8"
        owner.send(message_call(talk["id"], "Good evening!"))
        finder.sees("Good evening!")
        owner.delete(f"/handovers/{talk['id']}")
    finder.sees(words(finder, "ended"))


def test_an_owner_in_the_chat_and_a_finder_on_the_web_meet(telegram, bot, door, server):
    owner = telegram.person(8, "ru")
    files_lost(owner)
    owner.sees(words(owner, "none_yet"))
    filed = door.report("found", photo(1, noise=2), lat="57.605", lon="39.852", held="held")
    token = own(filed)["Authorization"].removeprefix("Bearer ")
    owner.sees("Barsik")

    with Client(server, token) as finder:
        (match,) = finder.get(f"/found/{filed.json()['id']}/matches")["items"]
        talk = finder.post("/handovers", {"lost_id": match["lost_id"], "found_id": filed.json()["id"]})
        owner.sees(words(owner, "asked.lost"))
        finder.send(message_call(talk["id"], "Какого цвета ошейник?"))
        owner.sees("Какого цвета ошейник?")
        owner.taps(words(owner, "b.answer"))
        owner.sees(words(owner, "ask_answer"))
        owner.writes("Красный")
        owner.sees(words(owner, "answer_sent"))
        owner.taps(words(owner, "b.agree"))
        owner.sees(words(owner, "connected"))
        finder.send(message_call(talk["id"], "Приезжайте"))
        owner.sees("Приезжайте")
        owner.sends_place(57.61, 39.86)
        messages = wait_for(lambda: finder.get(f"/handovers/{talk['id']}/messages")["items"], 4)

    assert [message["text"] for message in messages] == ["Какого цвета ошейник?", "Красный", "Приезжайте", None]
    assert messages[3]["place"] == {"lat": 57.61, "lon": 39.86}


def message_call(handover, words):
    from homeward.client import API, Call

    return Call("POST", f"{API}/handovers/{handover}/messages", fields={"text": words})


def wait_for(ask, count):
    deadline = time.monotonic() + 30
    while len(found := ask()) < count:
        assert time.monotonic() < deadline, found
        threading.Event().wait(0.02)
    return found


def test_nobody_else_reads_or_writes_in_a_conversation(both, door):
    finder, owner = both
    connect(finder, owner)
    stranger = door.report("lost", photo(5))
    with door.world.database.read() as work:
        lost = next(r for r in door.world.engine.reports(ReportQuery()) if r.name == "Barsik")
        (talk,) = work.handovers.of_report(lost.id)

    for method, path in (("GET", "/messages"), ("POST", "/messages"), ("GET", ""), ("DELETE", ""), ("PUT", "/answer")):
        body = {"json": {"agrees": True}} if method == "PUT" else {}
        body = {"files": [("text", (None, "x"))]} if method == "POST" else body
        answer = door.http.request(method, f"/api/v1/handovers/{talk.id}{path}", headers=own(stranger), **body)
        assert answer.status_code == 403, (method, path)
        anonymous = door.http.request(method, f"/api/v1/handovers/{talk.id}{path}", **body)
        assert anonymous.status_code == 401


def test_before_both_agree_only_words_go(both, door):
    finder, owner = both
    connect(finder, owner)
    account = next(a for a in accounts(door) if a.address == "7")
    with door.world.database.read() as work:
        found = next(r for r in door.world.engine.reports(ReportQuery()) if r.account_id == account.id)
        (talk,) = work.handovers.of_report(found.id)
    as_finder = {**door.key("bot"), "Homeward-Account": account.id}

    path = f"/api/v1/handovers/{talk.id}/messages"
    place = door.http.post(path, headers=as_finder, files=[("lat", (None, "57")), ("lon", (None, "39"))])
    empty = door.http.post(path, headers=as_finder, files=[("text", (None, " "[:0]))])

    assert place.status_code == 409
    assert empty.status_code == 422


def accounts(door):
    with door.world.database.read() as work:
        return [a for number in ("7", "8") if (a := work.accounts.at("telegram", number))]


def test_a_finder_who_changes_the_language_is_asked_for_the_question_anew_and_the_owner_reads_it(both):
    finder, owner = both
    connect(finder, owner)
    finder.taps(words(finder, "b.ask_first"))
    finder.sees(words(finder, "ask_question"))

    finder.writes("/lang")
    finder.language = {"en": "ru", "ru": "en"}[finder.language]

    finder.sees(words(finder, "ask_question"))
    finder.writes("Какого цвета подушечки?")
    finder.sees(words(finder, "question_sent"))
    owner.sees("Какого цвета подушечки?")


def test_the_mark_that_an_owner_keeps_back_proves_who_the_owner_is_and_nobody_else_sees_it(both, door):
    finder, owner = both
    owner.taps(words(owner, "b.secret"))
    owner.sees(words(owner, "ask_secret"))
    owner.writes("A scar under the left paw")
    owner.sees(words(owner, "secret_noted"))
    owner.writes("/matches")
    owner.sees(words(owner, "card.mine"))
    owner.taps(words(owner, "b.same"))
    assert "A scar under the left paw" in owner.sees("Shall I put you in touch").text
    owner.taps(words(owner, "b.connect"))
    finder.sees(words(finder, "asked.found"))
    finder.taps(words(finder, "b.ask_first"))
    finder.sees(words(finder, "ask_question_mark"))
    finder.taps(words(finder, "b.ask_mark"))
    finder.sees(words(finder, "question_sent"))

    assert "A scar under the left paw" in owner.sees(words(finder, "mark_question")).text
    assert told_nothing_of(finder, "scar")
    with door.world.database.read() as work:
        lost = next(r for r in door.world.engine.reports(ReportQuery()) if r.name == "Barsik")
        (talk,) = work.handovers.of_report(lost.id)
    as_finder = {**door.key("bot"), "Homeward-Account": next(a for a in accounts(door) if a.address == "7").id}
    seen = door.http.get(f"/api/v1/handovers/{talk.id}", headers=as_finder).json()
    assert (seen["secret_mark"], seen["has_secret_mark"]) == (None, True)

    owner.taps(words(owner, "b.answer_mark"))
    owner.sees(words(owner, "answer_sent"))
    assert "A scar under the left paw" in finder.sees("Сходится?").text


def test_not_even_operators_are_shown_the_mark_that_is_kept_back(door):
    filed = door.report("lost", photo(1), secret_mark="A scar under the left paw", name="Rex")
    path = f"/api/v1/reports/{filed.json()['id']}"

    for place in ("", "/export"):
        assert "scar" in door.http.get(path + place, headers=own(filed)).text
        assert "scar" not in door.http.get(path + place, headers=door.key("admin")).text
    assert "scar" not in door.http.get("/api/v1/reports", headers=door.key("admin")).text
    assert door.http.patch(path, json={"secret_mark": None}, headers=own(filed)).json()["secret_mark"] is None
    refused = door.report("found", photo(1), secret_mark="mine")
    assert (refused.status_code, refused.json()["field"]) == (422, "secret_mark")
