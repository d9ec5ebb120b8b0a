"""Any cross-encoder of sentence-transformers that the user has: it reads a question and a text together."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.embeddings.loading_output import without_output
from rag_app.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADLESS = ("Model", "ForMaskedLM", "ForPreTraining")  # loading one of them as a cross-encoder makes up a head


class CrossEncoder:
    """Scores how well texts answer a question. Runs on torch.

    Parameters
    ----------
    name : str
        A folder, or the name of a model that has been downloaded before.

    Raises
    ------
    MissingExtraError
        If sentence-transformers is not installed.
    SettingsError
        If the model cannot be loaded, or does not give a pair of texts one score.
    """

    def __init__(self, name: str) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            feature = f"The reranker sentence-transformers:{name}"
            raise MissingExtraError(feature, "sentence-transformers")
        import sentence_transformers

        try:
            with without_output():
                self._encoder: Any = sentence_transformers.CrossEncoder(name, local_files_only=True)
        except Exception as exc:  # whatever the formats and the model's own code raise
            msg = f"RAG_RERANKER must name a cross-encoder on this machine; {name!r} cannot be loaded."
            raise SettingsError(msg, hint="Give the path of its folder.") from exc
        kinds = self._encoder.config.architectures or [""]
        if self._encoder.num_labels != 1 or kinds[0].endswith(_HEADLESS):
            msg = f"RAG_RERANKER must name a cross-encoder that gives a pair of texts one score; {name!r} does not."
            raise SettingsError(msg, hint="Choose one that was trained to rank passages.")
        self.name = f"sentence-transformers:{name}"

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return how well each text answers a question, in [0, 1]."""
        import torch

        if not texts:
            return np.zeros(0)
        pairs = [(question, text) for text in texts]
        # Some models come with a sigmoid of their own and some without: here all have one.
        logits = self._encoder.predict(pairs, activation_fn=torch.nn.Identity(), show_progress_bar=False)
        return 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
