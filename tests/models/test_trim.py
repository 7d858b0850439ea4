"""The grey that fills a canvas up is not looked at, and nobody can tell from the answers."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from homeward.models.cards import parse_card
from homeward.models.onnx import OnnxDetector, OnnxNetwork
from homeward.models.registry import Registry
from homeward.models.trim import Trim

NAME = "homeward-detector-1"
WIDE, TALL, SQUARE = (90, 160, 3), (160, 90, 3), (120, 120, 3)


def pictures(*shapes):
    chance = np.random.default_rng(5)
    return [chance.integers(0, 256, shape).astype(np.uint8) for shape in shapes]


def small_card(**changes):
    raw = {
        "name": "places", "kind": "detector", "version": 1, "file": "places.onnx", "licence": "none", "about": "A test.",
        "input": {
            "name": "images", "width": 128, "height": 128, "layout": "NCHW", "colour": "RGB", "scale": 1.0,
            "mean": [0, 0, 0], "std": [1, 1, 1], "fit": "pad-top-left", "fill": 114,
        },
        "output": {"name": "output", "head": "yolox", "strides": [16, 32]},
        "classes": {0: "cat"}, "thresholds": {"cat": 0.5, "nms_iou": 0.5},
    }  # fmt: skip
    raw["input"].update(changes)
    return parse_card(raw)


def places(folder):
    """A network whose rows say how bright their own cell is: where a row lies shows in its numbers."""
    nodes, tables = [], []
    for stride in (16, 32):
        name = f"cells{stride}"
        nodes.append(
            helper.make_node("AveragePool", ["images"], [name], kernel_shape=[stride] * 2, strides=[stride] * 2)
        )
        nodes.append(helper.make_node("Concat", [name, name], [f"six{stride}"], axis=1))
        nodes.append(helper.make_node("Reshape", [f"six{stride}", "flat"], [f"rows{stride}"]))
        tables.append(f"rows{stride}")
    nodes.append(helper.make_node("Concat", tables, ["all"], axis=2))
    nodes.append(helper.make_node("Transpose", ["all"], ["output"], perm=[0, 2, 1]))
    graph = helper.make_graph(
        nodes,
        "places",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", "rows", 6])],
        initializer=[numpy_helper.from_array(np.array([0, 6, -1]), "flat")],
    )
    file = folder / "places.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    return file


def test_rows_of_a_trimmed_picture_lie_where_those_of_the_whole_do(tmp_path):
    network = OnnxNetwork(small_card(), places(tmp_path), 1)
    canvases = [np.full((128, 128, 3), 114, np.uint8) for _ in range(3)]
    chance = np.random.default_rng(1)
    for canvas, (height, width) in zip(canvases, [(60, 128), (128, 40), (128, 128)], strict=True):
        canvas[:height, :width] = chance.integers(0, 256, (height, width, 3))

    trimmed = network.run(canvases)
    network._trim = None
    whole = network.run(canvases)

    inside = [
        np.concatenate([(np.indices((128 // s, 128 // s)) * s < [[[h]], [[w]]]).all(0).ravel() for s in (16, 32)])
        for h, w in [(64, 128), (128, 64), (128, 128)]
    ]
    for number, rows in enumerate(inside):
        assert np.allclose(trimmed[number][rows], whole[number][rows])
        assert not trimmed[number][~rows].any()


def test_only_what_the_filling_alone_fills_is_left_off():
    trim = Trim.of(small_card())
    canvases = np.full((4, 128, 128, 3), 114, np.uint8)
    canvases[1, 70, 5] = 0
    canvases[2, 127, 127, 0] = 113
    canvases[3, 5, 40] = 0

    assert trim.groups(list(canvases)) == {(32, 32): [0], (96, 32): [1], (128, 128): [2], (32, 64): [3]}


def test_a_picture_in_the_middle_is_never_trimmed():
    assert Trim.of(small_card(fit="pad-centre")) is None
    assert Trim.of(Registry([]).card("homeward-embedder-3")) is None


@pytest.mark.parametrize("others", [[], [TALL, SQUARE], [SQUARE, WIDE, TALL]])
def test_an_answer_does_not_depend_on_the_pictures_beside_it(others):
    detector = Registry([]).detector(NAME, 1, least=0.001)
    (first, *more) = pictures(WIDE, *others)

    (alone,) = detector.detect([first])
    beside = detector.detect([*more, first])[-1]

    assert isinstance(detector, OnnxDetector)
    assert detector.network._trim is not None
    assert [found.label for found in beside] == [found.label for found in alone]
    assert np.allclose([f.confidence for f in beside], [f.confidence for f in alone], atol=1e-4)


def test_a_processor_gets_no_more_pictures_at_once_than_pay(tmp_path):
    few, many = (OnnxNetwork(small_card(**more), places(tmp_path), 1) for more in ({"cpu_batch": 2}, {}))
    canvases = list(np.random.default_rng(2).integers(0, 256, (5, 128, 128, 3), np.uint8))
    sizes, one = [], few._one
    few._one = lambda prepared: sizes.append(len(prepared)) or one(prepared)

    assert np.allclose(few.run(canvases), many.run(canvases))
    assert sizes == [2, 2, 1]


def test_of_small_pictures_as_many_go_into_a_run_as_make_up_a_whole_one(tmp_path):
    network = OnnxNetwork(small_card(cpu_batch=1), places(tmp_path), 1)
    canvases = np.full((5, 128, 128, 3), network._card.input.fill, np.uint8)
    canvases[:, :64, :64] = np.random.default_rng(3).integers(0, 256, (5, 64, 64, 3), np.uint8)
    sizes, one = [], network._one
    network._one = lambda prepared: sizes.append(prepared.shape) or one(prepared)

    network.run(list(canvases))
    assert sizes == [(4, 3, 64, 64), (1, 3, 64, 64)]
