"""Writes ``minilm.onnx``: the computation of all-MiniLM-L6-v2 without its weights.

The graph refers to the tensors inside the package's ``model.safetensors`` by their byte offsets, so that
nothing is converted or copied on the user's machine and ONNX Runtime maps the official file. Run
``python -m rag_app.embeddings.minilm_graph`` after a change; it needs the development package ``onnx``.

Input ``ids`` (n_tokens,) are the word pieces of one text with its two specials; the output ``tokens``
(n_tokens, 384) is the last layer. One text at a time: there is no padding, and a text's vector cannot
depend on its neighbours in a batch.

References
----------
Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019.
Wang et al., "MiniLM: Deep Self-Attention Distillation", 2020.
Reimers and Gurevych, "Sentence-BERT", 2019.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

GRAPH = Path(__file__).with_name("minilm.onnx")
_N_LAYERS, _N_HEADS, _WIDTH = 6, 12, 384
_HEAD_WIDTH = _WIDTH // _N_HEADS
_OPSET, _IR_VERSION = 20, 10


class _Graph:
    """Collects nodes and weights; each method returns the name of what it adds."""

    def __init__(self, weights: Path) -> None:
        with weights.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            self._header: dict[str, Any] = json.loads(file.read(size))
        self._data_start = 8 + size
        self._file = weights.name
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def weight(self, key: str) -> str:
        if any(t.name == key for t in self.tensors):
            return key
        entry = self._header[key]
        start, end = entry["data_offsets"]
        tensor = TensorProto(name=key, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
        tensor.dims.extend(entry["shape"])
        for field, value in (("location", self._file), ("offset", self._data_start + start), ("length", end - start)):
            pair = tensor.external_data.add()
            pair.key, pair.value = field, str(value)
        self.tensors.append(tensor)
        return key

    def constant(self, name: str, value: Any) -> str:  # noqa: ANN401  (what numpy.asarray takes)
        if not any(t.name == name for t in self.tensors):
            self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:  # noqa: ANN401  (ONNX attributes)
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def linear(self, x: str, key: str) -> str:
        return self.op("Gemm", x, self.weight(f"{key}.weight"), self.weight(f"{key}.bias"), transB=1)

    def norm(self, x: str, key: str, name: str = "") -> str:
        gain, bias = self.weight(f"{key}.weight"), self.weight(f"{key}.bias")
        return self.op("LayerNormalization", x, gain, bias, name=name, axis=-1, epsilon=1e-12)


def build_graph(weights: Path) -> ModelProto:
    """Return the graph for a file of weights.

    Parameters
    ----------
    weights : pathlib.Path
        The official ``model.safetensors``; only its header is read.

    Returns
    -------
    onnx.ModelProto
        About 20 kB.
    """
    graph = _Graph(weights)
    x = _embed(graph)  # (L, 384)
    for layer in range(_N_LAYERS):
        last = layer == _N_LAYERS - 1
        x = _encode(graph, x, f"encoder.layer.{layer}", name="tokens" if last else "")
    body = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n_tokens"])],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["n_tokens", _WIDTH])],
        graph.tensors,
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    model.producer_version = ""
    return model


def _embed(graph: _Graph) -> str:
    words = graph.op("Gather", graph.weight("embeddings.word_embeddings.weight"), "ids")  # (L, 384)
    zero, one = graph.constant("zero", np.array([0])), graph.constant("one", np.array([1]))
    length = graph.op("Shape", "ids")
    positions = graph.op("Slice", graph.weight("embeddings.position_embeddings.weight"), zero, length, zero)
    segment = graph.op("Slice", graph.weight("embeddings.token_type_embeddings.weight"), zero, one, zero)  # (1, 384)
    total = graph.op("Add", words, graph.op("Add", positions, segment))
    return graph.norm(total, "embeddings.LayerNorm")


def _encode(graph: _Graph, x: str, key: str, name: str) -> str:
    attended = graph.linear(_attend(graph, x, f"{key}.attention.self"), f"{key}.attention.output.dense")
    x = graph.norm(graph.op("Add", attended, x), f"{key}.attention.output.LayerNorm")
    inner = graph.op("Gelu", graph.linear(x, f"{key}.intermediate.dense"))  # (L, 1536)
    outer = graph.linear(inner, f"{key}.output.dense")
    return graph.norm(graph.op("Add", outer, x), f"{key}.output.LayerNorm", name=name)


def _attend(graph: _Graph, x: str, key: str) -> str:
    split = graph.constant("split_heads", np.array([0, _N_HEADS, _HEAD_WIDTH]))
    join = graph.constant("join_heads", np.array([0, _WIDTH]))

    def heads(part: str, order: list[int]) -> str:
        return graph.op("Transpose", graph.op("Reshape", graph.linear(x, f"{key}.{part}"), split), perm=order)

    query, value = heads("query", [1, 0, 2]), heads("value", [1, 0, 2])  # (12, L, 32)
    key_t = heads("key", [1, 2, 0])  # (12, 32, L)
    scale = graph.constant("scale", np.float32(1 / np.sqrt(_HEAD_WIDTH)))
    weights = graph.op("Softmax", graph.op("Mul", graph.op("MatMul", query, key_t), scale), axis=-1)  # (12, L, L)
    mixed = graph.op("Transpose", graph.op("MatMul", weights, value), perm=[1, 0, 2])  # (L, 12, 32)
    return graph.op("Reshape", mixed, join)


if __name__ == "__main__":
    from rag_app.embeddings.minilm import weights_path

    GRAPH.write_bytes(build_graph(weights_path()).SerializeToString(deterministic=True))
