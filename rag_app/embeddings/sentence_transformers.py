"""Any sentence-transformers model that the user has."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SentenceTransformerEmbedder:
    """An embedder that runs on torch.

    Parameters
    ----------
    name : str
        A folder, or the name of a model that has been downloaded before.

    Raises
    ------
    MissingExtraError
        If sentence-transformers is not installed.
    SettingsError
        If the model cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            feature = f"The embedder sentence-transformers:{name}"
            raise MissingExtraError(feature, "sentence-transformers")
        import sentence_transformers

        try:
            self._model: Any = sentence_transformers.SentenceTransformer(name, local_files_only=True)
        except Exception as exc:  # whatever the formats and the model's own code raise
            msg = f"RAG_EMBEDDINGS must name a sentence-transformers model on this machine; {name!r} cannot be loaded."
            raise SettingsError(msg, hint="Give the path of its folder.") from exc
        self.name = f"sentence-transformers:{name}"
        self.revision = self._hash_weights()
        self.dimension = int(self._model.encode([""]).shape[1])
        self.max_tokens = int(self._model.max_seq_length or 512)

    def verify(self) -> None:
        """Do nothing: the revision is computed from the weights that were loaded."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, specials included."""
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return `embed`: there is no second way."""
        return self.embed(texts)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of shape (n_texts, dimension), rows at unit length."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)

    def _hash_weights(self) -> str:
        digest = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.cpu().contiguous().float().numpy().tobytes())
        return digest.hexdigest()[:16]
