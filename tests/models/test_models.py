import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper

from homeward.domain.animals import Label, Part, Species
from homeward.errors import Conflict, ModelInvalid, ModelUnavailable, NotFound
from homeward.images.reader import PillowReader
from homeward.models.batching import BatchingDetector, BatchingEmbedder
from homeward.models.cards import parse_card
from homeward.models.prepare import golden_picture
from homeward.models.registry import BUNDLED, Registry
from homeward.testing import FakeDetector, FakeEmbedder

CARD = {
    "name": "tiny",
    "kind": "embedder",
    "version": 1,
    "file": "tiny.onnx",
    "licence": "Apache-2.0",
    "about": "A test.",
    "input": {
        "name": "images", "width": 8, "height": 8, "layout": "NCHW", "colour": "RGB", "scale": 0.00392,
        "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "fit": "pad-centre", "fill": 114,
    },
    "output": {"name": "embedding", "dimension": 3, "normalised": False},
}  # fmt: skip


def write_network(path, dimension=3):
    """The mean of each colour, as an ONNX file."""
    pool = helper.make_node("GlobalAveragePool", ["images"], ["pooled"])
    flat = helper.make_node("Flatten", ["pooled"], ["embedding"])
    shape = ["n", dimension, 8, 8]
    graph = helper.make_graph(
        [pool, flat],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", dimension])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


@pytest.fixture
def source(tmp_path):
    card = tmp_path / "tiny.yaml"
    card.write_text(yaml.safe_dump(CARD))
    return write_network(tmp_path / "net.onnx"), card


@pytest.fixture
def registry(tmp_path):
    return Registry([tmp_path / "models"])


def test_a_model_is_taken_in_used_and_removed(source, registry):
    added = registry.add(*source)

    vectors = registry.embedder("tiny").embed([np.full((20, 10, 3), 200, np.uint8)])

    assert len(added.sha256) == 64
    assert vectors.shape == (1, 3)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1)
    registry.remove("tiny")
    with pytest.raises(NotFound):
        registry.card("tiny")


def test_a_damaged_file_is_not_opened(source, registry, tmp_path):
    registry.add(*source)
    with (tmp_path / "models" / "tiny.onnx").open("ab") as file:
        file.write(b"x")

    with pytest.raises(ModelInvalid, match="damaged"):
        registry.embedder("tiny")


def test_a_name_is_given_once_and_bundled_models_stay(source, registry):
    registry.add(*source)

    with pytest.raises(Conflict):
        registry.add(*source)
    with pytest.raises(Conflict):
        registry.remove("homeward-embedder-1")


def test_golden_numbers_that_do_not_fit_are_refused_and_nothing_is_left(source, registry, tmp_path):
    onnx_file, card = source
    card.write_text(yaml.safe_dump({**CARD, "golden": {"picture": "pattern-1", "vector": [1.0, 0.0, 0.0]}}))

    with pytest.raises(ModelInvalid) as refused:
        registry.add(onnx_file, card)

    assert refused.value.field == "golden"
    assert not list((tmp_path / "models").glob("*"))


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("kind", {"kind": "poet"}),
        ("name", {"name": "../x"}),
        ("file", {"file": "../x.onnx"}),
        ("version", {"version": "one"}),
        ("licence", {"licence": None}),
        ("input", {"input": None}),
        ("input.width", {"input": {**CARD["input"], "width": -1}}),
        ("input.fit", {"input": {**CARD["input"], "fit": "squeeze"}}),
        ("input.mean and input.std", {"input": {**CARD["input"], "std": [0, 1, 1]}}),
        ("output.dimension", {"output": {"name": "x"}}),
        ("calibration", {"calibration": [{"species": "cat", "part": "body", "knots_l2": [1, 0], "llr": [1, 0]}]}),
    ],
)
def test_a_wrong_key_of_a_card_is_named(key, change):
    with pytest.raises(ModelInvalid) as refused:
        parse_card({**CARD, **change})

    assert refused.value.field == key


def test_a_card_that_does_not_fit_its_network_is_refused(source, registry):
    onnx_file, card = source
    for change in ({"output": {**CARD["output"], "name": "other"}}, {"input": {**CARD["input"], "width": 9}},
                   {"output": {**CARD["output"], "dimension": 5}}):  # fmt: skip
        card.write_text(yaml.safe_dump({**CARD, **change}))
        with pytest.raises(ModelInvalid):
            registry.add(onnx_file, card)


def test_something_else_is_no_network(source, registry, tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"hello")

    with pytest.raises(ModelInvalid):
        registry.add(tmp_path / "x.onnx", source[1])


def test_a_model_without_curves_says_that_it_is_uncalibrated(source, registry):
    registry.add(*source)
    calibration = registry.calibration("tiny")

    assert "uncalibrated" in calibration.name
    assert calibration.log_likelihood_ratio(Species.DOG, Part.FACE, 0.4, 1) > 0


@pytest.mark.parametrize("name", ["homeward-detector-1", "homeward-embedder-1"])
def test_the_bundled_models_are_the_ones_that_their_cards_describe(registry, name):
    assert registry.check_golden(name)
    assert registry.card(name).licence == "Apache-2.0"


def test_the_bundled_models_are_small():
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 24_000_000


def test_every_species_and_part_has_a_measured_curve(registry):
    calibration = registry.calibration("homeward-embedder-1")

    assert calibration.name == "homeward-embedder-1@1"
    for species in Species:
        for part in Part:
            assert calibration.log_likelihood_ratio(species, part, 0.4, 1) > 3
            assert calibration.log_likelihood_ratio(species, part, 1.45, 1) < 0


def test_the_golden_picture_is_the_same_everywhere():
    picture = golden_picture(4, 3)

    assert picture.shape == (3, 4, 3)
    assert picture[2, 3].tolist() == [(3 * 7 + 2 * 13 + c * 29) % 256 for c in range(3)]


@pytest.mark.shared
def test_somebody_elses_detector_works_next_to_the_bundled_one(registry, shared):
    card = Path(__file__).parents[2] / "training/detector/yolox_nano.yaml"
    registry.add(shared / "weights/yolox_nano/yolox_nano.onnx", card)
    reader = PillowReader(20_000_000, 50_000_000)
    paths = sorted((shared / "data/reid/dreambooth_pets").glob("dog*/*.jpg"))
    pictures = [reader.read(path.read_bytes()).picture for path in paths[:12]]

    found = registry.detector("yolox_nano").detect(pictures)

    dogs = sum(any(d.label is Label.DOG for d in detections) for detections in found)
    assert dogs >= 6


@pytest.mark.shared
def test_the_bundled_detector_sees_most_pets_and_their_heads(registry, shared):
    reader = PillowReader(20_000_000, 50_000_000)
    paths = sorted((shared / "data/reid/dreambooth_pets").glob("*/*.jpg"))[::3]
    pictures = [reader.read(path.read_bytes()).picture for path in paths]

    found = registry.detector("homeward-detector-1").detect(pictures)

    pets = sum(any(d.label in {Label.CAT, Label.DOG, Label.CAT_HEAD, Label.DOG_HEAD} for d in each) for each in found)
    assert pets >= 0.6 * len(paths)


def test_concurrent_calls_are_joined_and_each_gets_its_own():
    class Slow(FakeEmbedder):
        calls = 0
        free = threading.Event()

        def embed(self, crops):
            Slow.calls += 1
            Slow.free.wait(10)
            return FakeEmbedder().embed(crops)

    batching = BatchingEmbedder(Slow())
    pictures = [np.random.default_rng(n).integers(0, 255, (16, 16, 3), np.uint8) for n in range(8)]
    got = {}
    threads = [threading.Thread(target=lambda n=n: got.update({n: batching.embed([pictures[n]])})) for n in range(8)]
    for thread in threads:
        thread.start()
    Slow.free.set()
    for thread in threads:
        thread.join()
    batching.close()

    assert Slow.calls < 8
    for number, picture in enumerate(pictures):
        assert np.allclose(got[number], FakeEmbedder().embed([picture]))


def test_one_bad_picture_fails_only_its_own_caller():
    class Picky(FakeDetector):
        def detect(self, pictures):
            if any(picture.shape[0] == 1 for picture in pictures):
                raise ModelUnavailable("no")
            return super().detect(pictures)

    batching = BatchingDetector(Picky())
    results = []

    def ask(height):
        try:
            results.append((height, len(batching.detect([np.zeros((height, 9, 3), np.uint8)]))))
        except ModelUnavailable:
            results.append((height, None))

    threads = [threading.Thread(target=ask, args=(height,)) for height in (1, 5, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batching.close()

    assert sorted(results, key=lambda r: r[0]) == [(1, None), (5, 1), (6, 1), (7, 1)]
    with pytest.raises(ModelUnavailable):
        batching.detect([np.zeros((5, 5, 3), np.uint8)])
