"""all-MiniLM-L6-v2 by OpenVINO, for embedding many texts: in bfloat16, or in 8 bits on processors without it.

The network is built from the packaged weights; nothing is converted or written. Texts of one padded length are read
side by side, none of them longer than it would be alone, so that a text's vector does not depend on those beside it.
``docs/decisions/007-eight-bits-without-bfloat16.md`` has the choices.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag_app.embeddings.weights import read_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arithmetic = Literal["bf16", "int8"]

_N_LAYERS, _N_HEADS, _WIDTH = 6, 12, 384
_HEAD_WIDTH = _WIDTH // _N_HEADS
_EPSILON = 1e-12
_STEP = 16  # lengths are padded to its multiples: the runtime prepares itself anew for each length it meets
_MOST_TOKENS = 256  # read side by side: short texts alone spend their time fetching the weights from memory
_HIDDEN = np.float32(1e4)
_LARGEST = 127  # of a signed byte; -128 is left out, so that the range is symmetric
_CPUINFO = Path("/proc/cpuinfo")


def load_network(weights: Path, arithmetic: Arithmetic | None = None) -> OpenVINONetwork | None:
    """Return the network, or None where OpenVINO is not installed or the processor is no faster with it.

    Parameters
    ----------
    weights : pathlib.Path
        The official ``model.safetensors``.
    arithmetic : {"bf16", "int8"}, optional
        Default: the one for this processor.
    """
    if importlib.util.find_spec("openvino") is None:
        return None
    # Importing OpenVINO reports to its makers, unless their telemetry package is missing: None makes it seem so.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None is what Python documents for it
    import openvino

    core = openvino.Core()
    arithmetic = arithmetic or _choose(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    return OpenVINONetwork(core, weights, arithmetic) if arithmetic else None


def _choose(capabilities: Sequence[str], cpuinfo: Path = _CPUINFO) -> Arithmetic | None:
    """Return the arithmetic for a processor: bfloat16 is the more exact one.

    OpenVINO says INT8 of every processor. Without vector neural network instructions it is slower and less exact;
    only Linux tells of them.
    """
    if "BF16" in capabilities:
        return "bf16"
    flags = cpuinfo.read_text(encoding="utf-8", errors="replace").split() if cpuinfo.exists() else []
    return "int8" if "avx512_vnni" in flags else None


class OpenVINONetwork:
    """Turns lists of token ids into vectors of unit length.

    Parameters
    ----------
    core : openvino.Core
        The runtime.
    weights : pathlib.Path
        The official ``model.safetensors``.
    arithmetic : {"bf16", "int8"}
        Of the products with the weights. With int8 everything else is in 32-bit floating point.
    """

    def __init__(self, core: Any, weights: Path, arithmetic: Arithmetic) -> None:  # noqa: ANN401  (openvino is untyped)
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if arithmetic == "bf16" else "f32",
            "PERFORMANCE_HINT": "THROUGHPUT",
        }
        compiled = core.compile_model(_Graph(read_weights(weights), arithmetic).build(), "CPU", options)
        self._n_threads = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self._n_threads):
            self._free.put(compiled.create_infer_request())

    def embed(self, ids: Sequence[NDArray[np.int64]]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Return the vector of each text, at unit length, and those of its tokens, shape (n_tokens, 384).

        Short texts of one padded length are read side by side, and several such groups at the same time. The threads
        are Python's own: OpenVINO's call back into Python, and wait for ever where that is interrupted.
        """
        groups = _groups([len(of_text) for of_text in ids])
        with ThreadPoolExecutor(self._n_threads) as pool:
            read = pool.map(self._embed_group, [[ids[i] for i in group] for group in groups])
            found = dict(zip((i for group in groups for i in group), (v for r in read for v in r), strict=True))
        return [found[i] for i in range(len(ids))]

    def _embed_group(self, ids: Sequence[NDArray[np.int64]]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        request = self._free.get()
        try:
            request.infer(_padded(ids))
            totals, tokens = (np.array(request.get_output_tensor(i).data, np.float32) for i in range(2))
        finally:
            self._free.put(request)
        vectors = [np.asarray(total / np.linalg.norm(total), np.float32) for total in totals[:, 0]]
        return [(vector, rows[: len(own)]) for vector, rows, own in zip(vectors, tokens, ids, strict=True)]


def _groups(lengths: Sequence[int]) -> list[list[int]]:
    """Return which texts are read side by side: those of one padded length, as many as the tokens allow."""
    alike: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        alike.setdefault(-(-length // _STEP) * _STEP, []).append(i)
    sizes = {padded: max(_MOST_TOKENS // padded, 1) for padded in alike}
    return [m[start : start + sizes[p]] for p, m in alike.items() for start in range(0, len(m), sizes[p])]


def _padded(ids: Sequence[NDArray[np.int64]]) -> list[NDArray[Any]]:
    """Return ids and mask (1 for a token, 0 for padding), both at the next multiple of the step: shape (B, L)."""
    length = -(-max(map(len, ids)) // _STEP) * _STEP
    padded, mask = np.zeros((len(ids), length), np.int64), np.zeros((len(ids), length), np.float32)
    for i, own in enumerate(ids):
        padded[i, : len(own)], mask[i, : len(own)] = own, 1
    return [padded, mask]


class _Graph:
    """Writes the computation down; `Any` is an OpenVINO node, which is untyped."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], arithmetic: Arithmetic) -> None:
        from openvino import opset13

        self._op: Any = opset13
        self._weights = weights
        self._arithmetic = arithmetic

    def build(self) -> Any:  # noqa: ANN401
        import openvino

        op = self._op
        ids = op.parameter([-1, -1], np.int64, name="ids")
        mask = op.parameter([-1, -1], np.float32, name="mask")
        hidden = op.multiply(op.subtract(mask, op.constant(np.float32(1))), op.constant(_HIDDEN))  # 0 or -1e4
        hidden = op.unsqueeze(hidden, op.constant([1, 2]))  # (B, 1, 1, L)
        x = self._read_words(ids)
        for layer in range(_N_LAYERS):
            x = self._encode(x, hidden, f"encoder.layer.{layer}")
        row = op.unsqueeze(mask, op.constant([1]))  # (B, 1, L)
        total = op.matmul(row, x, transpose_a=False, transpose_b=False)  # (B, 1, 384): the mean, up to its length
        return openvino.Model([total, x], [ids, mask], "all-MiniLM-L6-v2")

    def _weight(self, key: str) -> Any:  # noqa: ANN401
        return self._op.constant(self._weights[key])

    def _read_words(self, ids: Any) -> Any:  # noqa: ANN401
        op = self._op
        zero, one = op.constant([0]), op.constant([1])
        words = op.gather(self._weight("embeddings.word_embeddings.weight"), ids, op.constant(0))  # (B, L, 384)
        length = op.gather(op.shape_of(ids), one, op.constant(0))
        positions = op.slice(self._weight("embeddings.position_embeddings.weight"), zero, length, one, zero)
        segment = op.constant(self._weights["embeddings.token_type_embeddings.weight"][:1])
        return self._norm(op.add(words, op.add(positions, segment)), "embeddings.LayerNorm")

    def _encode(self, x: Any, hidden: Any, key: str) -> Any:  # noqa: ANN401
        op = self._op
        attended = self._linear(self._attend(x, hidden, f"{key}.attention.self"), f"{key}.attention.output.dense")
        x = self._norm(op.add(attended, x), f"{key}.attention.output.LayerNorm")
        inner = op.gelu(self._linear(x, f"{key}.intermediate.dense"), "erf")  # (B, L, 1536)
        return self._norm(op.add(self._linear(inner, f"{key}.output.dense"), x), f"{key}.output.LayerNorm")

    def _attend(self, x: Any, hidden: Any, key: str) -> Any:  # noqa: ANN401
        op = self._op
        query, keys, values = (self._heads(x, f"{key}.{part}") for part in ("query", "key", "value"))
        scores = op.matmul(query, keys, transpose_a=False, transpose_b=True)  # (B, 12, L, L)
        scaled = op.multiply(scores, op.constant(np.float32(1 / math.sqrt(_HEAD_WIDTH))))
        shares = op.softmax(op.add(scaled, hidden), -1)
        mixed = op.transpose(op.matmul(shares, values, transpose_a=False, transpose_b=False), op.constant([0, 2, 1, 3]))
        return op.reshape(mixed, op.constant([0, 0, _WIDTH]), special_zero=True)  # (B, L, 384)

    def _heads(self, x: Any, key: str) -> Any:  # noqa: ANN401
        op = self._op
        split = op.reshape(self._linear(x, key), op.constant([0, 0, _N_HEADS, _HEAD_WIDTH]), special_zero=True)
        return op.transpose(split, op.constant([0, 2, 1, 3]))  # (B, 12, L, 32)

    def _norm(self, x: Any, key: str) -> Any:  # noqa: ANN401
        op = self._op
        scaled = op.mvn(x, op.constant([-1]), normalize_variance=True, eps=_EPSILON, eps_mode="inside_sqrt")
        return op.add(op.multiply(scaled, self._weight(f"{key}.weight")), self._weight(f"{key}.bias"))

    def _linear(self, x: Any, key: str) -> Any:  # noqa: ANN401
        # Values go into the mean that is the text's vector: in 8 bits they would more than double its error.
        in_bytes = self._arithmetic == "int8" and not key.endswith(".value")
        product = self._multiply_bytes(x, key) if in_bytes else self._multiply(x, self._weight(f"{key}.weight"))
        return self._op.add(product, self._weight(f"{key}.bias"))

    def _multiply(self, x: Any, weight: Any) -> Any:  # noqa: ANN401
        return self._op.matmul(x, weight, transpose_a=False, transpose_b=True)

    def _multiply_bytes(self, x: Any, key: str) -> Any:  # noqa: ANN401
        """Multiply signed bytes: a scale for each token, so that no token depends on another, and for each output."""
        op = self._op
        weight = self._weights[f"{key}.weight"]  # (n_out, n_in)
        scales = np.abs(weight).max(axis=1, keepdims=True) / np.float32(_LARGEST)
        rounded = op.convert(op.constant(np.round(weight / scales).astype(np.int8)), "f32")
        largest = op.reduce_max(op.abs(x), op.constant([-1]), keep_dims=True)  # (B, L, 1)
        low, high = op.constant(np.float32(-1)), op.constant(np.float32(1))
        steps = op.fake_quantize(op.divide(x, largest), low, high, low, high, 2 * _LARGEST + 1)
        return op.multiply(self._multiply(steps, op.multiply(rounded, op.constant(scales))), largest)
