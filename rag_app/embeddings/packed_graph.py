"""Writes ``minilm_packed.onnx``: the graph of ``minilm.onnx`` for several texts, or pairs of them, laid end to end.

What is computed for each token is computed for the tokens of all texts together, without padding. Where tokens attend
to each other, each text has rows of its own, padded to a multiple of 16: so the same numbers are added up in the same
order as for the text alone, and the result is the same to the last bit. After a change of
`rag_app.embeddings.minilm_graph` run ``python -m rag_app.embeddings.packed_graph``; it needs the development package
``onnx``.

Inputs are ``ids`` (n_tokens,), the word pieces of all texts with their specials, ``positions`` (n_tokens,), counted
from 0 in each text, ``segments`` (n_tokens,), 1 for those of the second of two texts that are read together and 0 for
all others, ``slots`` (n_texts, length), which token stands in each place of a text's row, ``hidden``
(n_texts, 1, 1, length), 0 where one does and a large negative number where the row is padded, and ``kept``
(n_tokens,), where in the rows, laid end to end, each token is; the output ``tokens`` (n_tokens, 384) is the last layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

GRAPH = Path(__file__).with_name("minilm_packed.onnx")
_SINGLE = Path(__file__).with_name("minilm.onnx")
_POSITIONS = "embeddings.position_embeddings.weight"
_SEGMENTS = "embeddings.token_type_embeddings.weight"
_SPLIT, _JOIN = "split_heads", "join_heads"
_SHAPES = {_SPLIT: [0, 0, 12, 32], _JOIN: [-1, 384]}
_BOUNDS = ("zero", "one")
_ORDERS = {(1, 0, 2): [0, 2, 1, 3], (1, 2, 0): [0, 2, 3, 1]}  # heads before tokens, with the texts before both


def build_packed_graph() -> Any:  # noqa: ANN401  (onnx is untyped, and a development package)
    """Return the graph, an `onnx.ModelProto` of about 20 kB."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    packed = onnx.load(_SINGLE, load_external_data=False)
    graph = packed.graph
    nodes = [made for node in graph.node for made in _nodes(node, helper.make_node)]
    del graph.node[:]
    graph.node.extend(nodes)
    tensors = [t for t in graph.initializer if t.name not in (*_SHAPES, *_BOUNDS)]
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    graph.initializer.extend(numpy_helper.from_array(np.array(shape), name) for name, shape in _SHAPES.items())
    inputs: tuple[tuple[str, int, list[str | int | None]], ...] = (
        ("positions", TensorProto.INT64, ["n_tokens"]),
        ("segments", TensorProto.INT64, ["n_tokens"]),
        ("slots", TensorProto.INT64, ["n_texts", "length"]),
        ("hidden", TensorProto.FLOAT, ["n_texts", 1, 1, "length"]),
        ("kept", TensorProto.INT64, ["n_tokens"]),
    )
    for name, kind, shape in inputs:
        graph.input.append(helper.make_tensor_value_info(name, kind, shape))
    return packed


def _nodes(node: Any, make: Any) -> Iterator[Any]:  # noqa: ANN401  (likewise)
    """Yield what stands in the place of a node."""
    (output,), first = node.output, node.input[0]
    if node.op_type == "Shape":
        return
    if node.op_type == "Slice" and first == _POSITIONS:
        yield make("Gather", [_POSITIONS, "positions"], [output])
    elif node.op_type == "Slice" and first == _SEGMENTS:
        yield make("Gather", [_SEGMENTS, "segments"], [output])
    elif node.op_type == "Reshape" and node.input[1] == _SPLIT:
        yield make("Gather", [first, "slots"], [f"{output}_rows"])
        yield make("Reshape", [f"{output}_rows", _SPLIT], [output])
    elif node.op_type == "Reshape":
        yield make("Reshape", [first, _JOIN], [f"{output}_rows"])
        yield make("Gather", [f"{output}_rows", "kept"], [output])
    elif node.op_type == "Transpose":
        yield make("Transpose", [first], [output], perm=_ORDERS[tuple(node.attribute[0].ints)])
    elif node.op_type == "Softmax":
        yield make("Add", [first, "hidden"], [f"{output}_shown"])
        yield make("Softmax", [f"{output}_shown"], [output], axis=-1)
    else:
        yield node


if __name__ == "__main__":
    GRAPH.write_bytes(build_packed_graph().SerializeToString(deterministic=True))
