"""The last layers that a PicoDet layout model was exported without, so that it gives boxes instead of raw heads."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32, 64)
"""How many pixels of the input one cell of each head covers."""

BINS = 8
"""A distance from a cell's centre to a side of its box is a distribution over 0 to 7 strides."""

_MIN_SCORE, _MAX_OVERLAP, _MAX_PER_CLASS = 0.3, 0.5, 100


def graft(weights: bytes) -> bytes:
    """An ONNX model with the inputs and outputs PaddleX expects of a layout model.

    The given model takes `image` (1 x 3 x height x width) and ends in four heads of scores
    (1 x cells x classes) and then four of distributions (1 x cells x 4 sides x 8 bins).
    The returned one also takes `scale_factor` (1 x 2: how much height and width were scaled) and gives
    `boxes` (n x 6: class, score, x1, y1, x2, y2 in pixels of the unscaled page) and `box_count` (1).
    """
    model = onnx.load_from_string(weights)
    graph = model.graph
    height, width = (axis.dim_value for axis in graph.input[0].type.tensor_type.shape.dim[2:])
    heads = [output.name for output in graph.output]
    graph.node.extend(_layers(heads[: len(STRIDES)], heads[len(STRIDES) :]))
    graph.initializer.extend(_constants(height, width))
    graph.input.append(helper.make_tensor_value_info("scale_factor", TensorProto.FLOAT, [1, 2]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", 6]))
    graph.output.append(helper.make_tensor_value_info("box_count", TensorProto.INT32, [1]))
    onnx.checker.check_model(model)
    grafted: bytes = model.SerializeToString(deterministic=True)
    return grafted


def _layers(scores: list[str], distributions: list[str]) -> list[onnx.NodeProto]:
    def layer(kind: str, inputs: list[str], output: str, **attributes: object) -> onnx.NodeProto:
        node: onnx.NodeProto = helper.make_node(kind, inputs, [output], name=f"graft/{output}", **attributes)
        return node

    return [
        layer("Concat", distributions, "all_distributions", axis=1),
        layer("Reshape", ["all_distributions", "by_side"], "side_distributions"),
        layer("Softmax", ["side_distributions"], "side_probabilities", axis=-1),
        layer("MatMul", ["side_probabilities", "bins"], "side_expectations"),
        layer("Squeeze", ["side_expectations", "last_axis"], "strides_to_sides"),
        layer("Mul", ["strides_to_sides", "outwards"], "pixels_to_sides"),
        layer("Add", ["centres", "pixels_to_sides"], "all_boxes"),
        layer("Concat", scores, "all_scores", axis=1),
        layer("Transpose", ["all_scores"], "class_scores", perm=[0, 2, 1]),
        layer(
            "NonMaxSuppression",
            ["all_boxes", "class_scores", "max_per_class", "max_overlap", "min_score"],
            "kept",  # n x 3: image (always 0), class, cell
        ),
        layer("GatherND", ["class_scores", "kept"], "kept_scores"),
        layer("Gather", ["kept", "class_column"], "kept_classes", axis=1),
        layer("Gather", ["kept", "image_and_cell_columns"], "kept_cells", axis=1),
        layer("GatherND", ["all_boxes", "kept_cells"], "kept_boxes"),
        layer("Gather", ["scale_factor", "width_and_height"], "box_scale", axis=1),
        layer("Div", ["kept_boxes", "box_scale"], "page_boxes"),
        layer("Cast", ["kept_classes"], "classes_column", to=TensorProto.FLOAT),
        layer("Unsqueeze", ["kept_scores", "last_axis"], "scores_column"),
        layer("Concat", ["classes_column", "scores_column", "page_boxes"], "boxes", axis=1),
        layer("Shape", ["boxes"], "boxes_shape"),
        layer("Gather", ["boxes_shape", "first"], "box_total"),
        layer("Cast", ["box_total"], "box_count", to=TensorProto.INT32),
    ]


def _constants(height: int, width: int) -> list[TensorProto]:
    centres, outwards = _cells(height, width)
    arrays = {
        "centres": centres,
        "outwards": outwards,
        "bins": np.arange(BINS, dtype=np.float32).reshape(BINS, 1),
        "by_side": np.array([0, 0, 4, BINS], np.int64),
        "last_axis": np.array([-1], np.int64),
        "class_column": np.array([1], np.int64),
        "image_and_cell_columns": np.array([0, 2], np.int64),
        "width_and_height": np.array([1, 0, 1, 0], np.int64),
        "first": np.array([0], np.int64),
        "max_per_class": np.array([_MAX_PER_CLASS], np.int64),
        "max_overlap": np.array([_MAX_OVERLAP], np.float32),
        "min_score": np.array([_MIN_SCORE], np.float32),
    }
    return [numpy_helper.from_array(array, name) for name, array in arrays.items()]


def _cells(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The centre (x, y, x, y) of every cell, and the step (-, -, +, +) of one stride outwards: cells x 4."""
    centres, outwards = [], []
    for stride in STRIDES:
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = np.mgrid[:rows, :columns].reshape(2, -1)
        centres.append((np.stack([x, y, x, y], axis=1) + 0.5) * stride)
        outwards.append(np.tile([-stride, -stride, stride, stride], (rows * columns, 1)))
    return np.concatenate(centres).astype(np.float32), np.concatenate(outwards).astype(np.float32)
