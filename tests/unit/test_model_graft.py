from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ocr_inbox.paddle.graft import BINS, STRIDES, graft

SIDE, CLASSES = 64, 3
CELLS = [(SIDE // stride) ** 2 for stride in STRIDES]

Seen = tuple[int, int, float, tuple[int, int, int, int]]
"""A cell of the first head, a class, a score, and how many strides the sides of the box are from the centre."""


def layout_model(seen: Sequence[Seen]) -> bytes:
    """A model with the four pairs of heads that PicoDet has, which sees the same on every page."""
    scores = [np.zeros((1, cells, CLASSES), np.float32) for cells in CELLS]
    sides = [np.zeros((1, cells, 4 * BINS), np.float32) for cells in CELLS]
    for cell, class_id, score, distances in seen:
        scores[0][0, cell, class_id] = score
        for side, distance in enumerate(distances):
            sides[0][0, cell, side * BINS + distance] = 50.0
    heads = [*scores, *sides]
    names = [f"head_{number}" for number in range(len(heads))]
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], [name], value=numpy_helper.from_array(head))
            for name, head in zip(names, heads, strict=True)
        ],
        "heads",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, head.shape)
            for name, head in zip(names, heads, strict=True)
        ],
    )
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    ).SerializeToString()
    return content


def boxes_of(seen: Sequence[Seen], scale: tuple[float, float] = (1.0, 1.0)) -> list[tuple[int, float, list[float]]]:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(graft(layout_model(seen)), providers=["CPUExecutionProvider"])
    boxes: NDArray[np.float32]
    boxes, count = session.run(
        ["boxes", "box_count"],
        {"image": np.zeros((1, 3, SIDE, SIDE), np.float32), "scale_factor": np.array([scale], np.float32)},
    )
    assert count.dtype == np.int32
    assert count.tolist() == [len(boxes)]
    return [(int(row[0]), round(float(row[1]), 3), row[2:].round(3).tolist()) for row in boxes]


def test_a_box_reaches_from_the_centre_of_its_cell_as_far_as_the_distributions_say() -> None:
    row, column = 3, 4
    assert boxes_of([(row * 8 + column, 2, 0.9, (1, 2, 3, 4))]) == [(2, 0.9, [28.0, 12.0, 60.0, 60.0])]


def test_a_box_is_given_in_pixels_of_the_unscaled_page() -> None:
    height, width = 0.5, 2.0
    assert boxes_of([(28, 2, 0.9, (1, 2, 3, 4))], (height, width)) == [(2, 0.9, [14.0, 24.0, 30.0, 120.0])]


def test_of_two_boxes_of_one_class_on_the_same_place_the_surer_one_is_kept() -> None:
    assert boxes_of([(27, 1, 0.7, (3, 3, 3, 3)), (28, 1, 0.8, (3, 3, 3, 3))]) == [(1, 0.8, [12.0, 4.0, 60.0, 52.0])]


def test_boxes_of_different_classes_may_lie_on_the_same_place() -> None:
    assert [found[0] for found in boxes_of([(28, 0, 0.7, (3, 3, 3, 3)), (28, 1, 0.8, (3, 3, 3, 3))])] == [0, 1]


def test_what_is_hardly_seen_and_an_empty_page_give_no_boxes() -> None:
    assert boxes_of([(28, 0, 0.2, (3, 3, 3, 3))]) == []


def test_the_same_weights_are_always_grafted_to_the_same_bytes() -> None:
    weights = layout_model([(28, 0, 0.7, (3, 3, 3, 3))])
    assert graft(weights) == graft(weights)
    onnx.checker.check_model(onnx.load_from_string(graft(weights)), full_check=True)
