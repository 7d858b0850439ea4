import os
import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.domain.animals import Label, Part, Species
from homeward.errors import InvalidInput
from homeward.evaluation import metrics, plots
from homeward.evaluation.detect import DetectResult, evaluate_detect
from homeward.evaluation.plots import plot_calibration, plot_detect, plot_reid
from homeward.evaluation.reid import evaluate_reid, sample
from homeward.evaluation.thresholds import calibrated
from homeward.images.reader import PillowReader
from homeward.locales.phrases import known
from homeward.models.registry import Registry
from homeward.testing import FakeDetector, FakeEmbedder
from tests.conftest import photo, picture
from tests.evaluation.test_calibration import gaussian

READER = PillowReader(20_000_000, 50_000_000)
scores = st.lists(st.floats(0, 2), min_size=1, max_size=40)


def test_ranks_and_precisions_of_a_case_worked_by_hand():
    labels = np.array([0, 0, 1, 1])
    distances = np.array([[0, 1, 2, 3], [1, 0, 0.5, 3], [2, 0.5, 0, 4], [3, 3, 4, 0]], float)

    ranks, precisions = metrics.ranks_and_precisions(distances, labels)

    assert ranks == [1, 2, 3, 3]
    assert precisions == pytest.approx([1, 1 / 2, 1 / 3, 1 / 3])


def test_no_errors_where_the_two_are_apart():
    same, different = np.array([0.1, 0.2]), np.array([0.8, 0.9])

    assert metrics.equal_error_rate(same, different) == 0
    assert metrics.accepted_at(same, different, 0.01) == 1


def test_half_errors_where_the_two_are_one():
    values = np.linspace(0, 1, 101)

    assert metrics.equal_error_rate(values, values) == pytest.approx(0.5, abs=0.01)


@given(scores, scores)
def test_the_equal_error_rate_is_a_share(same, different):
    assert 0 <= metrics.equal_error_rate(np.array(same), np.array(different)) <= 1


def test_average_precision_of_a_case_worked_by_hand():
    hits = [(0.9, True), (0.8, False), (0.7, True)]

    assert metrics.average_precision(hits, 2) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.fixture
def animals(tmp_path):
    for animal in range(3):
        folder = tmp_path / "set" / f"a{animal}"
        folder.mkdir(parents=True)
        for noise in range(3):
            (folder / f"{noise}.jpg").write_bytes(photo(animal, noise=noise))
    return tmp_path / "set"


@pytest.mark.parametrize("detector", [None, FakeDetector()])
def test_animals_that_differ_are_told_apart_and_plotted(animals, tmp_path, detector):
    result = evaluate_reid(animals, FakeEmbedder(), READER, detector, "face")

    figures = result.figures()
    assert list(figures) == [
        "rank_1",
        "rank_5",
        "map",
        "eer",
        "tar_at_far_1pct",
        "tar_at_far_01pct",
        "animals",
        "photos",
    ]
    assert (figures["rank_1"], figures["eer"], figures["animals"], figures["photos"]) == (1.0, 0.0, 3, 9)
    plot_reid(result, tmp_path / "plots")
    assert {p.name for p in (tmp_path / "plots").iterdir()} == {"roc.png", "det.png", "distances.png", "cmc.png"}


def test_a_folder_without_animals_is_refused(tmp_path):
    with pytest.raises(InvalidInput):
        evaluate_reid(tmp_path, FakeEmbedder(), READER)


def test_animals_of_one_photo_each_cannot_be_told_apart_which_is_said(animals):
    for extra in [*animals.rglob("1.jpg"), *animals.rglob("2.jpg")]:
        extra.unlink()

    with pytest.raises(InvalidInput, match="no animal has two photos") as refused:
        evaluate_reid(animals, FakeEmbedder(), READER)

    assert "second photo" in refused.value.hint


def test_a_pipe_among_the_pictures_is_named_and_not_waited_for(animals):
    os.mkfifo(animals / "a1" / "pipe.jpg")

    with pytest.raises(InvalidInput, match=r"pipe\.jpg is no file"):
        evaluate_reid(animals, FakeEmbedder(), READER)


def test_a_mistyped_folder_of_strangers_is_said(animals, tmp_path):
    with pytest.raises(InvalidInput, match="nowhere is no folder") as refused:
        sample(animals, tmp_path / "nowhere", FakeEmbedder(), READER)

    assert refused.value.field == "strangers"


NAMES = re.compile(r"\b(?:L2|ROC|DET|FAR|TAR|IoU|ln|isotonic|logistic|k)\b")


def test_plots_are_drawn_in_russian_throughout(animals, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: drawn.append((path.name, figure)))
    words = partial(known, "ru")

    plot_reid(evaluate_reid(animals, FakeEmbedder(), READER), animals, words)
    plot_calibration(*calibrated(gaussian(), Species.CAT, Part.FACE), animals, words)
    plot_detect(DetectResult({}, {}, dict.fromkeys(Label, 1)), animals, words)

    assert len(drawn) == 8
    for name, figure in drawn:
        (axes,) = figure.axes
        legend = axes.get_legend()
        told = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel(), *(legend.get_texts() if legend else [])]
        written = [text if isinstance(text, str) else text.get_text() for text in told]
        assert [text for text in written if re.search("[A-Za-z]", NAMES.sub("", text))] == [], name


@pytest.mark.parametrize("labels", ["yolo", "coco", "csv"])
def test_boxes_are_counted(tmp_path, labels):
    inside = "images/cats" if labels == "csv" else "images"
    (tmp_path / inside).mkdir(parents=True)
    (tmp_path / "labels").mkdir()
    picture(1).save(tmp_path / inside / "a.jpg")
    picture(2).save(tmp_path / inside / "b.jpg")
    right, wrong = "0.5 0.5 0.8 0.8", "0.1 0.1 0.1 0.1"
    if labels == "csv":
        (tmp_path / "boxes.csv").write_text(
            "image,species,breed,part,xmin,ymin,xmax,ymax\na.jpg,cat,x,body,24,24,216,216\nb.jpg,cat,x,body,0,0,20,20\n"
        )
    else:
        index = 15 if labels == "coco" else 0
        if labels == "yolo":
            (tmp_path / "classes.txt").write_text("cat\n")
        (tmp_path / "labels/a.txt").write_text(f"{index} {right}\n")
        (tmp_path / "labels/b.txt").write_text(f"{index} {wrong}\n")

    result = evaluate_detect(tmp_path, FakeDetector(), READER, {Label.CAT: 0.5})

    assert result.figures()["cat"] == {"ap50": 0.5, "precision": 0.5, "recall": 0.5, "boxes": 2}
    assert result.at(Label.CAT, 0.96) == (0.0, 0.0)
    plot_detect(result, tmp_path)
    assert (tmp_path / "precision_recall.png").exists()


def test_a_table_that_names_a_picture_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "boxes.csv").write_text("image,species,breed,part,xmin,ymin,xmax,ymax\na.jpg,cat,x,body,1,1,9,9\n")

    with pytest.raises(InvalidInput, match=r"a\.jpg"):
        evaluate_detect(tmp_path, FakeDetector(), READER, {})


HEAD = b"image,species,part,xmin,ymin,xmax,ymax\n"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("boxes.csv", b"a.jpg,cat,body,1,1,9,9\n", "boxes.csv, line 1: the columns image, species"),
        ("boxes.csv", b"", "boxes.csv, line 1: the columns"),
        ("boxes.csv", HEAD + b"a.jpg,cat,body,1,1,9,9\na.jpg,cat,body,1,,9,9\n", "boxes.csv, line 3: '' is no number"),
        ("boxes.csv", HEAD + b"a.jpg,cat,body,1\n", r"boxes.csv, line 2: '' is no number \(ymin\)"),
        ("boxes.csv", HEAD + b"a.jpg\n", r"boxes.csv, line 2: '' is no number \(xmin\)"),
        ("boxes.csv", HEAD + b"a.jpg,cat,body,1,nan,9,9\n", "boxes.csv, line 2: 'nan' is no number"),
        ("boxes.csv", HEAD + b"a.jpg,cat,body,1,1,9,9," + b"x" * 200_000, "boxes.csv, line 2: field larger"),
        ("boxes.csv", HEAD + b"a.jpg,\xff", "boxes.csv: it is not UTF-8"),
        ("a.txt", b"15 0.5 0.5 0.2 0.2\n\ndog 0.5 0.5 0.2 0.2\n", "a.txt, line 3: 'dog 0.5 0.5 0.2 0.2' is no box"),
        ("a.txt", b"15 0.5 0.5 0.2\n", "a.txt, line 1: '15 0.5 0.5 0.2' is no box"),
        ("a.txt", b"15 0.5 0,5 0.2 0.2\n", "a.txt, line 1: '0,5' is no number"),
        ("data.yaml", b"nc: 2\n", "data.yaml: it names no classes"),
        ("a.txt", b"9" * 5000 + b" 0.5 0.5 0.2 0.2\n", "a.txt, line 1"),
        ("data.yaml", b"names: cat\n", "data.yaml: it names no classes"),
        ("data.yaml", b"names: {first: cat}\n", "data.yaml: it names no classes"),
        ("data.yaml", b"- cat\n", "data.yaml: it names no classes"),
        ("data.yaml", b"names: [\n", "data.yaml: it is not YAML"),
        ("classes.txt", b"cat\n\xea\xee\xf2\n", "classes.txt: it is not UTF-8"),
    ],
)
def test_a_slip_in_the_labels_is_named_by_file_and_line(tmp_path, file, content, told):
    picture(1).save(tmp_path / "a.jpg")
    (tmp_path / file).write_bytes(content)

    with pytest.raises(InvalidInput, match=told) as refused:
        evaluate_detect(tmp_path, FakeDetector(), READER, {})

    assert refused.value.hint


def test_labels_that_a_spreadsheet_marked_as_utf_8_are_read(tmp_path):
    picture(1).save(tmp_path / "a.jpg")
    (tmp_path / "boxes.csv").write_bytes(b"\xef\xbb\xbf" + HEAD + b"a.jpg,cat,body,24,24,216,216\n")

    assert evaluate_detect(tmp_path, FakeDetector(), READER, {Label.CAT: 0.5}).figures()["cat"]["boxes"] == 1


@pytest.mark.shared
def test_the_bundled_embedder_is_as_good_as_its_card_says(shared):
    registry = Registry([])
    told = registry.card("homeward-embedder-3").raw["figures"]["dreambooth_pets"]

    figures = evaluate_reid(
        shared / "data/reid/dreambooth_pets", registry.embedder("homeward-embedder-3"), READER
    ).figures()

    assert figures["rank_1"] == pytest.approx(told["rank_1"], abs=0.03)
    assert figures["eer"] == pytest.approx(told["eer"], abs=0.02)
