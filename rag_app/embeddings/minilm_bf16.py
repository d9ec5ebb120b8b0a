"""all-MiniLM-L6-v2 in bfloat16, by OpenVINO: for embedding many texts on a processor that has bfloat16.

The network is built from the packaged weights; nothing is converted or written. A text's vector does not depend
on the texts beside it, and has a cosine above 0.9999 with the one in 32-bit floating point.
"""

from __future__ import annotations

import importlib.util
import json
import math
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_N_LAYERS, _N_HEADS, _WIDTH = 6, 12, 384
_HEAD_WIDTH = _WIDTH // _N_HEADS
_EPSILON = 1e-12
_STEP = 16  # lengths are padded to its multiples: the runtime prepares itself anew for each length it meets
_HIDDEN = np.float32(1e4)


def load_bf16(weights: Path) -> Bf16Network | None:
    """Return the network, or None where OpenVINO is not installed or the processor has no bfloat16.

    Parameters
    ----------
    weights : pathlib.Path
        The official ``model.safetensors``.
    """
    if importlib.util.find_spec("openvino") is None:
        return None
    import openvino

    core = openvino.Core()
    if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return None
    return Bf16Network(core, weights)


class Bf16Network:
    """Turns lists of token ids into vectors of unit length.

    Parameters
    ----------
    core : openvino.Core
        The runtime.
    weights : pathlib.Path
        The official ``model.safetensors``.
    """

    def __init__(self, core: Any, weights: Path) -> None:  # noqa: ANN401  (openvino is untyped)
        options = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "THROUGHPUT"}
        compiled = core.compile_model(_build(_read(weights)), "CPU", options)
        self._n_threads = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self._n_threads):
            self._free.put(compiled.create_infer_request())

    def embed(self, ids: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        """Return the vectors of texts, shape (n_texts, 384); each is read alone, several at the same time.

        The threads are Python's own: OpenVINO's call back into Python, and wait for ever where that is interrupted.
        """
        with ThreadPoolExecutor(self._n_threads) as pool:
            vectors = np.stack(list(pool.map(self._embed_one, ids)))
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def _embed_one(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        request = self._free.get()
        try:
            request.infer(_padded(ids))
            return np.array(request.get_output_tensor().data, np.float32)
        finally:
            self._free.put(request)


def _padded(ids: NDArray[np.int64]) -> list[NDArray[Any]]:
    """Return ids and mask (1 for a token, 0 for padding), both at the next multiple of the step."""
    length = -(-len(ids) // _STEP) * _STEP
    padded, mask = np.zeros(length, np.int64), np.zeros(length, np.float32)
    padded[: len(ids)], mask[: len(ids)] = ids, 1
    return [padded, mask]


def _read(path: Path) -> dict[str, NDArray[np.float32]]:
    """Map the tensors of a safetensors file: a JSON header of offsets, then the values."""
    data = np.memmap(path, np.uint8, "r")
    (size,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + size].tobytes())
    tensors = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = data[start:end].view(np.float32).reshape(entry["shape"])
    return tensors


def _build(weights: dict[str, NDArray[np.float32]]) -> Any:  # noqa: ANN401
    import openvino
    from openvino import opset13 as op

    def linear(x: Any, key: str) -> Any:  # noqa: ANN401
        product = op.matmul(x, op.constant(weights[f"{key}.weight"]), transpose_a=False, transpose_b=True)
        return op.add(product, op.constant(weights[f"{key}.bias"]))

    def norm(x: Any, key: str) -> Any:  # noqa: ANN401
        scaled = op.mvn(x, op.constant([-1]), normalize_variance=True, eps=_EPSILON, eps_mode="inside_sqrt")
        gained = op.multiply(scaled, op.constant(weights[f"{key}.weight"]))
        return op.add(gained, op.constant(weights[f"{key}.bias"]))

    def heads(x: Any, key: str) -> Any:  # noqa: ANN401
        split = op.reshape(linear(x, key), op.constant([0, _N_HEADS, _HEAD_WIDTH]), special_zero=True)
        return op.transpose(split, op.constant([1, 0, 2]))  # (12, L, 32)

    ids = op.parameter([-1], np.int64, name="ids")
    mask = op.parameter([-1], np.float32, name="mask")
    hidden = op.multiply(op.subtract(mask, op.constant(np.float32(1))), op.constant(_HIDDEN))  # 0 or -1e4
    words = op.gather(op.constant(weights["embeddings.word_embeddings.weight"]), ids, op.constant(0))  # (L, 384)
    zero, one = op.constant([0]), op.constant([1])
    places = op.constant(weights["embeddings.position_embeddings.weight"])
    positions = op.slice(places, zero, op.shape_of(ids), one, zero)
    segment = op.constant(weights["embeddings.token_type_embeddings.weight"][:1])
    x = norm(op.add(words, op.add(positions, segment)), "embeddings.LayerNorm")
    for layer in range(_N_LAYERS):
        key = f"encoder.layer.{layer}"
        query, keys, values = (heads(x, f"{key}.attention.self.{part}") for part in ("query", "key", "value"))
        scores = op.matmul(query, keys, transpose_a=False, transpose_b=True)  # (12, L, L)
        scaled = op.multiply(scores, op.constant(np.float32(1 / math.sqrt(_HEAD_WIDTH))))
        shares = op.softmax(op.add(scaled, hidden), -1)
        mixed = op.transpose(op.matmul(shares, values, transpose_a=False, transpose_b=False), op.constant([1, 0, 2]))
        joined = op.reshape(mixed, op.constant([0, _WIDTH]), special_zero=True)  # (L, 384)
        attended = linear(joined, f"{key}.attention.output.dense")
        x = norm(op.add(attended, x), f"{key}.attention.output.LayerNorm")
        inner = op.gelu(linear(x, f"{key}.intermediate.dense"), "erf")  # (L, 1536)
        x = norm(op.add(linear(inner, f"{key}.output.dense"), x), f"{key}.output.LayerNorm")
    total = op.matmul(mask, x, transpose_a=False, transpose_b=False)  # (384,): the mean, up to its length
    return openvino.Model([total], [ids, mask], "all-MiniLM-L6-v2")
