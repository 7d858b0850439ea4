"""What a stranger reads of what somebody wrote."""

import pytest

from homeward.domain.contacts import HIDDEN, without_contacts


@pytest.mark.parametrize(
    "contact",
    [
        "+7 910 123-45-67",
        "8(910)1234567",
        "8 9 1 0 1 2 3 4 5 6 7",
        "8.910.123.45.67",
        "+44 20 7946 0958",
        "45-67-89",
        "anna@example.org",
        "anna.p (at) example.org",
        "@anna_finds",
        "https://example.org/anna?x=1",
        "www.example.org",
        "t.me/anna",
        "vk.com/id12345",
        "пример.рф",
    ],
)
def test_what_somebody_could_be_reached_by_is_hidden(contact):
    assert without_contacts(f"Рыжий кот. Звоните: {contact} вечером") == f"Рыжий кот. Звоните: {HIDDEN} вечером"


@pytest.mark.parametrize(
    "text",
    [
        "Рыжий, 3-4 года, 5 кг, ошейник 20 см.",
        "Found on 27.11.2026 at 18:30, by house 12.",
        "Видели 21.11, 22.11 и 2026-11-23 около 7:45.",
        "Колтуны,хромает.Лапа белая",
        "12/2 Mill Lane, flat 3; likes tuna & milk <3",
    ],
)
def test_everything_else_stays_as_it_was_written(text):
    assert without_contacts(text) == text
