"""What a table of a YOLOX head means: by night an animal is known before its kind."""

from dataclasses import replace

import numpy as np
import pytest

from homeward.domain.animals import Label
from homeward.models.cards import DetectorCard, read_card
from homeward.models.known import known_card
from homeward.models.prepare import fit
from homeward.models.yolox import decode

CAT, DOG, PERSON, HORSE, SHEEP, BIRD = 15, 16, 0, 17, 18, 14
GREY = np.full((416, 416, 3), 90, np.uint8)
COLOURFUL = GREY + np.array([0, 40, 80], np.uint8)


@pytest.fixture
def card():
    card = read_card(known_card("yolox_nano"))
    assert isinstance(card, DetectorCard)
    return card


def seen(card, picture, **scores):
    """What is made of one anchor that is sure of something, and of its class only as given."""
    table = np.zeros((52**2 + 26**2 + 13**2, 85), np.float32)
    table[700, 4] = 1.0
    for name, score in scores.items():
        table[700, 5 + globals()[name]] = score
    return [
        (found.label, pytest.approx(found.confidence))
        for found in decode(table, card, fit(picture, card.input), 416, 416)
    ]


def test_by_night_a_sheep_is_a_dog_where_a_dog_is_likelier_than_a_cat(card):
    assert seen(card, GREY, SHEEP=0.3, DOG=0.1, CAT=0.05) == [(Label.DOG, 0.45)]
    assert seen(card, GREY, HORSE=0.3, DOG=0.1, CAT=0.2) == [(Label.CAT, 0.6)]


def test_by_day_a_sheep_is_a_sheep(card):
    assert seen(card, COLOURFUL, SHEEP=0.9, DOG=0.1) == []
    assert seen(card, COLOURFUL, SHEEP=0.3, DOG=0.5) == [(Label.DOG, 0.5)]


def test_people_and_birds_are_what_they_are_by_night_too(card):
    assert seen(card, GREY, PERSON=0.6, DOG=0.1) == [(Label.PERSON, 0.6)]
    assert seen(card, GREY, BIRD=0.9, DOG=0.1) == []


def test_a_card_that_names_no_other_animals_changes_nothing_by_night(card):
    assert seen(replace(card, grey_animals=()), GREY, SHEEP=0.9, DOG=0.5) == [(Label.DOG, 0.5)]
    assert seen(replace(card, classes={0: Label.PERSON}), GREY, SHEEP=0.9, PERSON=0.5) == [(Label.PERSON, 0.5)]


def test_no_animal_is_surer_than_sure(card):
    assert seen(card, GREY, SHEEP=0.8, DOG=0.8) == [(Label.DOG, 1.0)]
