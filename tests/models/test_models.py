import copy
import errno
import hashlib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from homeward.domain.animals import Label, Part, Species
from homeward.errors import (
    Conflict,
    HomewardError,
    InvalidInput,
    ModelInvalid,
    ModelUnavailable,
    NotFound,
    PayloadTooLarge,
    StorageFull,
)
from homeward.images.reader import PillowReader
from homeward.models.batching import BatchingDetector, BatchingEmbedder
from homeward.models.cards import parse_card, read_card
from homeward.models.known import known_card, known_names
from homeward.models.prepare import golden_picture
from homeward.models.registry import BUNDLED, Registry
from homeward.models.spaces import RegistrySpaces
from homeward.testing import FakeDetector, FakeEmbedder

WITHIN_S = 30
DETECTOR_CARD = known_card("yolox_nano")
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


def write_network(path, dimension=3, batch="n", factor=1.0):
    """The mean of each colour times ``factor``, as an ONNX file."""
    pool = helper.make_node("GlobalAveragePool", ["images"], ["pooled"])
    flat = helper.make_node("Flatten", ["pooled"], ["mean"])
    times = helper.make_node("Mul", ["mean", "factor"], ["embedding"])
    shape = [batch, dimension, 8, 8]
    graph = helper.make_graph(
        [pool, flat, times],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dimension])],
        [numpy_helper.from_array(np.float32(factor), "factor")],
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


def write_transformer(path):
    """Three tokens of four numbers each, the second of which is the picture's mean colour and its sum."""
    size = [1, 3, 8, 8]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceSum", ["mean", "axis"], ["sum"], keepdims=1),
        helper.make_node("Concat", ["mean", "sum"], ["token"], axis=1),
        helper.make_node("Neg", ["token"], ["other"]),
        helper.make_node("Concat", ["other", "token", "other"], ["row"], axis=1),
        helper.make_node("Reshape", ["row", "shape"], ["tokens"]),
    ]
    graph = helper.make_graph(
        nodes,
        "transformer",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, 3, 4])],
        [
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("shape", TensorProto.INT64, [3], [1, 3, 4]),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def test_of_a_transformer_the_named_token_is_the_vector(registry, tmp_path):
    network, card = write_transformer(tmp_path / "net.onnx"), tmp_path / "card.yaml"
    output = {"name": "tokens", "dimension": 4, "normalised": False, "token": 1}
    card.write_text(yaml.safe_dump(CARD | {"output": output}))
    registry.add(network, card)

    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    (vector,) = registry.embedder("tiny").embed([red])

    mean = (np.array([255, 0, 0]) * 0.00392 - 0.5) / 0.5
    wanted = np.array([*mean, mean.sum()])
    assert vector == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-4)


@pytest.mark.parametrize(
    ("output", "field"),
    [({"token": 3}, "output.token"), ({}, "output.dimension"), ({"token": -1}, "output.token")],
)
def test_a_token_that_is_not_there_is_refused(registry, tmp_path, output, field):
    network, card = write_transformer(tmp_path / "net.onnx"), tmp_path / "card.yaml"
    card.write_text(yaml.safe_dump(CARD | {"output": {"name": "tokens", "dimension": 4} | output}))

    with pytest.raises(ModelInvalid) as refused:
        registry.add(network, card)

    assert refused.value.field == field


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
        registry.remove("homeward-embedder-3")


def test_golden_numbers_that_do_not_fit_are_refused_and_nothing_is_left(source, registry, tmp_path):
    onnx_file, card = source
    card.write_text(yaml.safe_dump({**CARD, "golden": {"picture": "pattern-1", "vector": [1.0, 0.0, 0.0]}}))

    with pytest.raises(ModelInvalid) as refused:
        registry.add(onnx_file, card)

    assert refused.value.field == "golden"
    assert not list((tmp_path / "models").glob("*"))


@pytest.mark.parametrize(("factor", "told"), [(np.nan, "not finite"), (np.inf, "not finite"), (0, "only zeros")])
def test_an_embedder_that_says_nothing_is_refused_also_without_golden_numbers(source, registry, tmp_path, factor, told):
    onnx_file, card = source
    write_network(onnx_file, factor=factor)

    with pytest.raises(ModelInvalid, match=told) as refused:
        registry.add(onnx_file, card)

    assert refused.value.field == "file"
    assert files(tmp_path / "models") == []


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
        ("input.width", {"input": {**CARD["input"], "width": 0}}),
        ("input.width", {"input": {**CARD["input"], "width": 10**400}}),
        ("input.fill", {"input": {**CARD["input"], "fill": 256}}),
        ("input.cpu_batch", {"input": {**CARD["input"], "cpu_batch": 0}}),
        ("input.cpu_batch", {"input": {**CARD["input"], "cpu_batch": 33}}),
        ("input.grey_blur_px", {"input": {**CARD["input"], "grey_blur_px": -1}}),
        ("input.grey_blur_px", {"input": {**CARD["input"], "grey_blur_px": 11}}),
        ("input.scale", {"input": {**CARD["input"], "scale": float("nan")}}),
        ("output.dimension", {"output": {**CARD["output"], "dimension": 0}}),
        ("sha256", {"sha256": "abc"}),
        ("golden.picture", {"golden": {"picture": "mine", "vector": [1.0]}}),
        ("alert_degree", {"alert_degree": "high"}),
        ("parts", {"parts": ["tail"]}),
        ("calibratoin", {"calibratoin": []}),
        ("calibration", {"calibration": 7}),
        ("calibration", {"calibration": [{"species": "cat", "part": "body", "knots_l2": [1, 0], "llr": [1, 0]}]}),
    ],
)
def test_a_wrong_key_of_a_card_is_named(key, change):
    with pytest.raises(ModelInvalid) as refused:
        parse_card({**CARD, **change})

    assert refused.value.field == key


def places_in(node, path=()):
    """Every place in a card, as the keys that lead to it; of lists only the first two items."""
    yield path
    inside = node.items() if isinstance(node, dict) else list(enumerate(node))[:2] if isinstance(node, list) else ()
    for key, value in inside:
        yield from places_in(value, (*path, key))


def with_value(card, path, value):
    if not path:
        return value
    changed = copy.deepcopy(card)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize("file", [DETECTOR_CARD, BUNDLED / "homeward-embedder-3.yaml"], ids=["detector", "embedder"])
def test_no_wrong_value_anywhere_in_a_card_gives_anything_but_our_error(file):
    card = yaml.safe_load(file.read_text())
    wrong = [None, True, -1, 0, 1e308, 10**400, float("nan"), "x", "", [], {}, [[1]], {1: [2]}, ["x"]]
    refused = 0
    for path in places_in(card):
        for value in wrong:
            try:
                parse_card(with_value(card, path, value))
            except ModelInvalid as error:
                assert error.field  # noqa: PT017 - not raising is fine too
                refused += 1

    assert refused > 300


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("classes", {"classes": {0: "horse"}}),
        ("classes", {"classes": {"first": "cat"}}),
        ("classes", {"classes": {-1: "cat"}}),
        ("grey_animals", {"grey_animals": 17}),
        ("grey_animals", {"grey_animals": ["horse"]}),
        ("grey_animals", {"grey_animals": [True]}),
        ("grey_animals", {"grey_animals": [-1]}),
        ("grey_animals", {"grey_animals": [17, 17]}),
        ("grey_animals", {"grey_animals": [16]}),
        ("output.strides", {"output": {"name": "output", "head": "yolox", "strides": [-8, 16, 32]}}),
        ("output.strides", {"output": {"name": "output", "head": "yolox", "strides": [7]}}),
        ("output.head", {"output": {"name": "output", "head": "detr", "strides": [8]}}),
        ("thresholds.dog", {"thresholds": {"cat": 0.4, "person": 0.3, "nms_iou": 0.5}}),
        ("thresholds.nms_iou", {"thresholds": {"cat": 0.4, "dog": 0.4, "person": 0.3, "nms_iou": 5}}),
    ],
)
def test_a_wrong_key_of_a_detectors_card_is_named(key, change):
    with pytest.raises(ModelInvalid) as refused:
        parse_card({**yaml.safe_load(DETECTOR_CARD.read_text()), **change})

    assert refused.value.field == key


@pytest.mark.parametrize(
    "text",
    [
        "[" * 90_000,
        "a: &a [1]\nb: *a",
        "!!python/object:os.system x",
        "a: " + "9" * 5000,
        "a: !!timestamp 2001-99-99",
        "\0",
        "x" * 200_001,
    ],
)
def test_a_hostile_card_is_refused_unread(text, tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text(text)

    with pytest.raises(ModelInvalid) as refused:
        read_card(path)

    assert refused.value.field == "card"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("figures.measured", "figures: {measured: !!timestamp 2026-01-01}"),
        ("figures.sets", "figures: {sets: !!set {a, b}}"),
        ("figures.eer", "figures: {eer: .nan}"),
        ("figures.rates.1", "figures: {rates: [1, .inf]}"),
        ("figures.photos", f"figures: {{photos: 0x{'f' * 5000}}}"),
        ("figures", "figures: {.nan: 1}"),
        ("figures", "figures: {!!timestamp 2026-01-01: 1}"),
        ("trained_on", r'trained_on: "a\ud800b"'),
        ("card", r'"\udfff": 1'),
    ],
)
def test_what_cannot_be_shown_as_json_is_refused_wherever_it_stands(text, field, tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text(f"{yaml.safe_dump(CARD)}{text}\n")

    with pytest.raises(ModelInvalid) as refused:
        read_card(path)

    assert refused.value.field == field
    assert refused.value.message.encode()


def test_a_date_in_a_card_is_a_text(source, registry, capsys, tmp_path):
    from homeward.cli.models import show

    onnx_file, card = source
    card.write_text(f"{yaml.safe_dump(CARD)}figures: {{measured: 2026-01-01}}\n")
    registry.add(onnx_file, card)

    show("tiny", data=tmp_path, json=True)

    assert json.loads(capsys.readouterr().out)["figures"] == {"measured": "2026-01-01"}


def test_a_broken_card_keeps_nobody_from_the_others(source, registry, capsys, tmp_path):
    from homeward.cli.models import list_models

    registry.add(*source)
    (tmp_path / "models" / "broken.yaml").write_text(r'about: "a\ud800b"')

    list_models(data=tmp_path, json=True)

    told = capsys.readouterr()
    assert {"tiny", "homeward-embedder-3"} <= {item["name"] for item in json.loads(told.out)["items"]}
    assert "broken cannot be used: The card's about must be" in told.err
    registry.remove("broken")
    assert not registry.broken()


def test_a_missing_card_is_told(tmp_path):
    with pytest.raises(ModelInvalid, match="cannot be read"):
        read_card(tmp_path / "none.yaml")


def test_a_card_that_does_not_fit_its_network_is_refused(source, registry):
    onnx_file, card = source
    for change in ({"output": {**CARD["output"], "name": "other"}}, {"input": {**CARD["input"], "width": 9}},
                   {"output": {**CARD["output"], "dimension": 5}}):  # fmt: skip
        card.write_text(yaml.safe_dump({**CARD, **change}))
        with pytest.raises(ModelInvalid):
            registry.add(onnx_file, card)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_network_of_a_fixed_batch_takes_any_number_of_crops(source, registry, batch):
    write_network(source[0], batch=batch)
    registry.add(*source)
    crops = [np.full((9, 9, 3), (40 * n, 250, 10), np.uint8) for n in range(6)]
    embedder = registry.embedder("tiny")

    together = embedder.embed(crops)

    assert together.shape == (6, 3)
    for crop, vector in zip(crops, together, strict=True):
        assert np.allclose(embedder.embed([crop])[0], vector, atol=1e-6)


def write_detector(path, rows, classes, first=0.0):
    """A table of zeros but for ``first`` and one sure dog of 16 pixels in the third cell of the first stride."""
    table = np.zeros((1, rows, 5 + classes), np.float32)
    table[0, 0, 0] = first
    table[0, 2] = [0.5, 0.5, np.log(2), np.log(2), 1.0, *[0.0] * (classes - 1), 0.9]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["images"], ["sum"], keepdims=0),
            helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
            helper.make_node("Add", ["table", "nothing"], ["output"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(table.shape))],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.float32(0), "zero")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


@pytest.fixture
def tiny_detector(tmp_path):
    card = yaml.safe_load(DETECTOR_CARD.read_text())
    card |= {"name": "tiny-detector", "sha256": None, "golden": None, "classes": {0: "cat", 1: "dog"}}
    card |= {"grey_animals": []}
    card["input"] |= {"width": 32, "height": 32}
    path = tmp_path / "detector.yaml"
    path.write_text(yaml.safe_dump(card))
    return write_detector(tmp_path / "detector.onnx", 16 + 4 + 1, 2), path


def test_a_detector_that_gives_no_finite_numbers_is_refused(tiny_detector, registry):
    onnx_file, card = tiny_detector
    write_detector(onnx_file, 16 + 4 + 1, 2, first=np.nan)

    with pytest.raises(ModelInvalid, match="not finite"):
        registry.add(onnx_file, card)


def test_boxes_come_back_in_pixels_of_the_picture(tiny_detector, registry):
    registry.add(*tiny_detector)

    (found,) = registry.detector("tiny-detector").detect([np.zeros((64, 128, 3), np.uint8)])

    (dog,) = found
    assert dog.label is Label.DOG
    assert dog.confidence == pytest.approx(0.9)
    assert (dog.box.x0, dog.box.y0, dog.box.x1, dog.box.y1) == pytest.approx((48, 0, 112, 48))


def test_a_table_that_does_not_fit_the_strides_is_refused(tiny_detector, registry, tmp_path):
    write_detector(tmp_path / "detector.onnx", 40, 2)

    with pytest.raises(ModelInvalid) as refused:
        registry.add(*tiny_detector)

    assert refused.value.field == "output.strides"


@pytest.mark.parametrize(("field", "count", "change"), [("classes", 1, {}), ("grey_animals", 2, {"grey_animals": [2]})])
def test_a_class_that_the_network_does_not_have_is_refused(tiny_detector, registry, tmp_path, field, count, change):
    network, card = tiny_detector
    write_detector(network, 21, count)
    card.write_text(yaml.safe_dump({**yaml.safe_load(card.read_text()), **change}))

    with pytest.raises(ModelInvalid) as refused:
        registry.add(network, card)

    assert refused.value.field == field


def test_a_network_that_fails_on_the_golden_picture_is_refused(source, registry, tmp_path):
    write_network(source[0], dimension=5)

    with pytest.raises(ModelInvalid):
        registry.add(*source)
    assert not list((tmp_path / "models").glob("*"))


def test_a_wrong_hash_is_refused(source, registry):
    onnx_file, card = source
    card.write_text(yaml.safe_dump({**CARD, "sha256": "0" * 64}))

    with pytest.raises(ModelInvalid) as refused:
        registry.add(onnx_file, card)

    assert refused.value.field == "sha256"


def test_nothing_is_left_when_the_disk_takes_no_card(source, registry, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    with pytest.raises(StorageFull):
        registry.add(*source)
    assert not list((tmp_path / "models").glob("*"))


def test_something_else_is_no_network(source, registry, tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"hello")

    with pytest.raises(ModelInvalid):
        registry.add(tmp_path / "x.onnx", source[1])


def test_a_model_without_curves_says_that_it_is_uncalibrated(source, registry):
    registry.add(*source)
    calibration = registry.calibration("tiny")

    assert "uncalibrated" in calibration.name
    assert calibration.log_likelihood_ratio(Species.DOG, Part.FACE, 0.4, 1) > 0


@pytest.mark.parametrize("name", ["homeward-detector-1", "homeward-embedder-3"])
def test_the_bundled_models_are_the_ones_that_their_cards_describe(registry, name):
    assert registry.check_golden(name)
    assert registry.card(name).licence == "Apache-2.0"


def test_the_bundled_models_are_small():
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 24_000_000


def test_every_species_and_part_has_a_measured_curve(registry):
    calibration = registry.calibration("homeward-embedder-3")

    assert calibration.name.startswith("homeward-embedder-3@1#")
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
    registry.add(shared / "weights/yolox_nano/yolox_nano.onnx", DETECTOR_CARD)
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


def test_the_bundled_detector_can_leave_its_second_network_out_and_sees_the_same_bodies_without_heads(registry):
    from skimage import data

    picture = np.asarray(data.cat(), np.uint8)
    full = registry.detector("homeward-detector-1", 1)
    heads = {Label.CAT_HEAD, Label.DOG_HEAD}
    (seen,), (quick,) = full.detect([picture]), full.quick(416).detect([picture])

    bodies = [found for found in seen if found.label not in heads]
    assert len(bodies) < len(seen)
    assert [found.label for found in quick] == [found.label for found in bodies]
    assert all(one.box.iou(other.box) > 0.9 for one, other in zip(quick, bodies, strict=True))
    (small,) = full.quick(256).detect([picture])
    assert small[0].box.iou(quick[0].box) > 0.7


def test_a_network_that_leaves_nothing_out_is_not_shown_less(tiny_detector, registry):
    network, card = tiny_detector
    registry.add(network, card)
    full = registry.detector("tiny-detector", 1)

    assert full.quick(8) is full


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


@dataclass
class Hub:
    """A server that plays a hub of models: it can break off, change its files, and remembers what was asked."""

    url: str
    files: dict
    asked: list = field(default_factory=list)
    breaks_off_after: int | None = None
    moved: dict = field(default_factory=dict)
    refuses_with: int | None = None
    slow_path: str | None = None
    waits: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hub(tmp_path):
    import http.server

    write_network(tmp_path / "net.onnx")
    network = (tmp_path / "net.onnx").read_bytes()
    shown = Hub("", {"/net.onnx": network, "/card.yaml": yaml.safe_dump(CARD).encode()})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            shown.asked.append((self.path, self.headers.get("Range")))
            if self.path == shown.slow_path:
                shown.waits.set()
                shown.goes_on.wait(WITHIN_S)
            if shown.refuses_with and self.path.endswith(".onnx"):
                self.send_error(shown.refuses_with)
                return
            if self.path in shown.moved:
                self.send_response(302)
                self.send_header("Location", shown.moved[self.path])
                self.end_headers()
                return
            body, first = shown.files.get(self.path), 0
            if body is None:
                self.send_error(404)
                return
            tag = f'"{hash(body)}"'
            if self.headers.get("Range") and self.headers.get("If-Range") == tag:
                first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if first else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body) - first))
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            cut = None if self.path.endswith(".yaml") else shown.breaks_off_after
            self.wfile.write(body[first : None if cut is None else first + cut])

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shown.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield shown
    server.shutdown()
    server.server_close()
    thread.join()


def pulled(hub, data, path="/net.onnx"):
    from homeward.cli.models import pull

    pull(f"{hub.url}{path}", card=f"{hub.url}/card.yaml", data=data)
    return Registry([data / "models"]).card("tiny")


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_model_is_pulled_from_a_hub(hub, tmp_path, capsys):
    assert pulled(hub, tmp_path / "data").sha256
    assert "Apache-2.0" in capsys.readouterr().err
    assert files(tmp_path / "data") == ["pins.json", "tiny.onnx", "tiny.yaml"]


def test_two_pulls_at_once_take_nothing_from_each_other(hub, tmp_path):
    from homeward.cli.models import pull

    hub.files |= {
        "/other.onnx": hub.files["/net.onnx"],
        "/other.yaml": yaml.safe_dump(CARD | {"name": "other"}).encode(),
    }
    hub.slow_path = "/net.onnx"
    slow = threading.Thread(target=pulled, args=(hub, tmp_path / "data"))
    slow.start()
    assert hub.waits.wait(WITHIN_S)
    pull(f"{hub.url}/other.onnx", card=f"{hub.url}/other.yaml", data=tmp_path / "data")
    hub.goes_on.set()
    slow.join()

    assert files(tmp_path / "data") == ["other.onnx", "other.yaml", "pins.json", "tiny.onnx", "tiny.yaml"]


def test_a_known_model_is_pulled_by_its_name(hub, tmp_path, monkeypatch):
    from homeward.cli.models import pull
    from homeward.models import known

    cards = tmp_path / "known"
    cards.mkdir()
    (cards / "tiny.yaml").write_text(yaml.safe_dump(CARD | {"url": f"{hub.url}/net.onnx"}))
    monkeypatch.setattr(known, "FOLDER", cards)

    pull("tiny", data=tmp_path / "data")

    assert Registry([tmp_path / "data" / "models"]).card("tiny").sha256
    with pytest.raises(NotFound, match="nobody") as error:
        pull("nobody", data=tmp_path / "data")
    assert "tiny" in error.value.hint


def test_a_download_that_broke_off_goes_on_where_it_was(hub, tmp_path):
    size = len(hub.files["/net.onnx"])
    hub.breaks_off_after = size // 3
    for _ in range(2):
        with pytest.raises(HomewardError, match="could not be downloaded"):
            pulled(hub, tmp_path / "data")
        assert not Registry([tmp_path / "data" / "models"]).names_added()
    hub.breaks_off_after = None

    assert pulled(hub, tmp_path / "data")

    ranges = [asked for path, asked in hub.asked if path == "/net.onnx"]
    assert ranges == [None, f"bytes={size // 3}-", f"bytes={2 * (size // 3)}-"]
    assert files(tmp_path / "data") == ["pins.json", "tiny.onnx", "tiny.yaml"]


@pytest.mark.parametrize(("status", "is_kept"), [(503, True), (429, True), (404, False), (416, False)])
def test_a_refusal_between_two_tries_throws_away_only_what_can_never_be_used(hub, tmp_path, status, is_kept):
    hub.breaks_off_after = 100
    with pytest.raises(HomewardError):
        pulled(hub, tmp_path / "data")
    hub.breaks_off_after, hub.refuses_with = None, status
    with pytest.raises(HomewardError):
        pulled(hub, tmp_path / "data")
    hub.refuses_with = None

    assert bool(files(tmp_path / "data")) == is_kept
    assert pulled(hub, tmp_path / "data")
    assert hub.asked[-1][1] == ("bytes=100-" if is_kept else None)


def test_what_is_too_large_is_not_kept(hub, tmp_path):
    from homeward.cli.download import download

    (tmp_path / "kept").mkdir()
    with pytest.raises(PayloadTooLarge):
        download(f"{hub.url}/net.onnx", tmp_path / "kept" / "net.onnx", 10)

    assert files(tmp_path / "kept") == []


def test_half_of_an_older_file_is_not_joined_with_a_newer_one(hub, tmp_path):
    hub.breaks_off_after = 100
    with pytest.raises(HomewardError):
        pulled(hub, tmp_path / "data")
    hub.breaks_off_after = None
    write_network(tmp_path / "other.onnx", batch="many")
    hub.files["/net.onnx"] = (tmp_path / "other.onnx").read_bytes()

    pulled(hub, tmp_path / "data")

    assert (tmp_path / "data/models/tiny.onnx").read_bytes() == hub.files["/net.onnx"]


def test_a_model_that_changed_since_it_was_first_pulled_is_refused(hub, tmp_path):
    pulled(hub, tmp_path / "data")
    registry = Registry([tmp_path / "data" / "models"])
    registry.remove("tiny")
    write_network(tmp_path / "other.onnx", batch="many")
    hub.files["/net.onnx"] = (tmp_path / "other.onnx").read_bytes()

    with pytest.raises(ModelInvalid, match="not the one") as error:
        pulled(hub, tmp_path / "data")

    assert "pins.json" in error.value.hint
    assert files(tmp_path / "data") == ["pins.json"]


def test_a_licence_that_forbids_commercial_use_wants_a_yes(hub, tmp_path):
    from homeward.cli.models import pull

    hub.files["/card.yaml"] = yaml.safe_dump(CARD | {"commercial": False, "licence": "CC BY-NC 4.0"}).encode()
    asked = {"card": f"{hub.url}/card.yaml", "data": tmp_path / "data"}
    with pytest.raises(InvalidInput, match="commercial") as error:
        pull(f"{hub.url}/net.onnx", **asked)

    assert error.value.field == "accept_licence"
    assert files(tmp_path / "data") == []
    pull(f"{hub.url}/net.onnx", accept_licence=True, **asked)
    assert "tiny.onnx" in files(tmp_path / "data")


def test_a_missing_or_foreign_file_leaves_nothing(hub, tmp_path):
    hub.files["/page.onnx"] = b"<html>please log in</html>"
    for path in ("/nothing.onnx", "/page.onnx"):
        with pytest.raises(HomewardError):
            pulled(hub, tmp_path / "data", path)

    assert files(tmp_path / "data") == []


def test_the_known_models_are_listed(capsys):
    from homeward.cli.models import list_models

    list_models(known=True, json=True)

    assert {item["name"] for item in json.loads(capsys.readouterr().out)["items"]} == set(known_names())


def test_every_known_card_is_whole_and_names_where_it_comes_from():
    for name in known_names():
        card = read_card(known_card(name))
        assert card.name == name
        assert card.raw["url"].startswith("https://")


def test_a_model_is_not_pulled_over_plain_http_from_elsewhere(tmp_path):
    from homeward.cli.download import download
    from homeward.errors import InvalidInput

    with pytest.raises(InvalidInput):
        download("http://example.org/net.onnx", tmp_path / "x", 10)


def test_a_download_that_moved_is_followed_but_not_to_plain_http_elsewhere(hub, tmp_path):
    from homeward.cli.download import download

    hub.moved = {"/old.onnx": "/net.onnx", "/far.onnx": "/away.onnx", "/away.onnx": "http://example.org/net.onnx"}
    download(f"{hub.url}/old.onnx", tmp_path / "here", 1_000_000)

    assert (tmp_path / "here").read_bytes() == hub.files["/net.onnx"]
    with pytest.raises(InvalidInput, match=r"http://example\.org/net\.onnx is no https address"):
        download(f"{hub.url}/far.onnx", tmp_path / "far", 1_000_000)
    assert not (tmp_path / "far").exists()


@pytest.mark.parametrize("address", ["https://[::1/x", "https://a\x07b/x", "https://a/\x00", "https://xn--ü/x"])
def test_a_malformed_address_is_said(tmp_path, address):
    from homeward.cli.models import pull

    (tmp_path / "card.yaml").write_text(yaml.safe_dump(CARD))
    with pytest.raises(InvalidInput, match="malformed") as refused:
        pull(address, card=str(tmp_path / "card.yaml"), data=tmp_path / "data")

    assert refused.value.field == "url"


def test_a_card_that_names_no_address_is_said(tmp_path):
    from homeward.cli.models import pull

    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CARD))
    with pytest.raises(InvalidInput, match=r"mine\.yaml does not say where the network is") as refused:
        pull("tiny", card=str(tmp_path / "mine.yaml"), data=tmp_path / "data")

    assert "in place of tiny" in refused.value.hint


def test_a_model_that_was_replaced_under_its_name_is_opened_anew(registry, source, tmp_path):
    registry.add(*source)
    spaces = RegistrySpaces(registry, "tiny", threads=1)
    first = spaces.current()
    assert spaces.open("tiny") is first

    registry.remove("tiny")
    registry.add(write_network(tmp_path / "other.onnx", batch=4), source[1])

    assert spaces.open("tiny").weights not in {None, first.weights}
    assert first.weights == hashlib.sha256(source[0].read_bytes()).hexdigest()
    spaces.close()
