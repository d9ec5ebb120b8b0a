"""Writes ``minilm_packed.onnx``: the graph of ``minilm.onnx`` for several texts at once, laid end to end.

There is no padding: what is computed for each token is computed for all tokens together, and where tokens attend to
each other, those of other texts are hidden. Run ``python -m rag_app.embeddings.packed_graph`` after a change of
`rag_app.embeddings.minilm_graph`; it needs the development package ``onnx``.

Inputs are ``ids`` (n_tokens,), the word pieces of all texts with their specials, ``positions`` (n_tokens,), counted
from 0 in each text, and ``hidden`` (n_tokens, n_tokens), 0 where a token may look and a large negative number where it
may not; the output ``tokens`` (n_tokens, 384) is the last layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

GRAPH = Path(__file__).with_name("minilm_packed.onnx")
_SINGLE = Path(__file__).with_name("minilm.onnx")
_POSITIONS = "embeddings.position_embeddings.weight"


def build_packed_graph() -> Any:  # noqa: ANN401  (onnx is untyped, and a development package)
    """Return the graph, an `onnx.ModelProto` of about 20 kB."""
    import onnx
    from onnx import TensorProto, helper

    packed = onnx.load(_SINGLE, load_external_data=False)
    graph = packed.graph
    nodes = [node for node in graph.node if node.op_type not in {"ReduceMean", "LpNormalization", "Shape"}]
    del graph.node[:]
    for node in nodes:
        if node.op_type == "Slice" and node.input[0] == _POSITIONS:
            graph.node.append(helper.make_node("Gather", [_POSITIONS, "positions"], node.output))
        elif node.op_type == "Softmax":
            shown = f"{node.output[0]}_shown"
            graph.node.append(helper.make_node("Add", [node.input[0], "hidden"], [shown]))
            graph.node.append(helper.make_node("Softmax", [shown], node.output, axis=-1))
        else:
            graph.node.append(node)
    n_tokens = "n_tokens"
    graph.input.append(helper.make_tensor_value_info("positions", TensorProto.INT64, [n_tokens]))
    graph.input.append(helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [n_tokens, n_tokens]))
    outputs = [output for output in graph.output if output.name == "tokens"]
    del graph.output[:]
    graph.output.extend(outputs)
    return packed


if __name__ == "__main__":
    GRAPH.write_bytes(build_packed_graph().SerializeToString(deterministic=True))
