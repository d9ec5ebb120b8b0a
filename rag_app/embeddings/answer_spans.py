"""Any network of transformers that marks the answer to a question in a text, such as one that learnt from SQuAD 2.0."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.embeddings.loading_output import without_output
from rag_app.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.settings import Settings

Spans = Sequence[tuple[int, int]]
_WINDOW = 384  # tokens: what these networks are trained with; a passage and its question are rarely longer
_PROBE = "Who keeps the light?", "Ann keeps the light."
_OTHER = "Choose one that was trained on SQuAD 2.0 or the like."


class SpanNetwork:
    """Scores where in a text the answer to a question stands. Runs on torch.

    Parameters
    ----------
    name : str
        A folder, or the name of a network that has been downloaded before.

    Raises
    ------
    MissingExtraError
        If transformers or torch is not installed.
    SettingsError
        If the network cannot be loaded, or was not trained to mark answers.
    """

    def __init__(self, name: str) -> None:
        self.name = f"transformers:{name}"
        if any(importlib.util.find_spec(package) is None for package in ("transformers", "torch")):
            feature = f"The reader {self.name}"
            raise MissingExtraError(feature, "transformers[torch]")
        self._lock = threading.Lock()
        self._tokenizer, self._network, has_head = _load(name)
        if not has_head:
            msg = f"RAG_READER must name a network that was trained to mark answers; {name!r} has no weights for that."
            raise SettingsError(msg, hint=_OTHER)
        n_places = getattr(self._network.config, "max_position_embeddings", None) or _WINDOW
        self._n_tokens = min(_WINDOW, self._tokenizer.model_max_length, n_places)
        question, text = _PROBE
        try:
            self.score(question, [text], [[(0, len(text))]])
        except Exception as exc:  # the tokenizer does not say where its tokens stand, or the head is another one
            msg = f"RAG_READER must name a network that marks where an answer begins and ends; {name!r} does not."
            raise SettingsError(msg, hint=_OTHER) from exc

    def score(self, question: str, texts: Sequence[str], spans: Sequence[Spans]) -> list[NDArray[np.float64]]:
        """Return how likely it is that an answer stands in spans of texts, for each text an array of shape (n_spans,).

        A text that is longer than the network can read is read in windows that overlap.

        Parameters
        ----------
        question : str
            Of a long one, what fills a quarter of a window is read.
        texts : sequence of str
            What the network reads, all in one batch.
        spans : sequence of sequences of (int, int)
            For each text the spans where an answer is looked for, as offsets of characters.

        Returns
        -------
        list of ndarray
            The best ``start + end`` of any tokens within the span, less that of the token which stands for "no answer":
            log-odds, so above 0 the network prefers an answer in the span to none. Of a tokenizer without such a token
            the sum less the lowest in the batch, as any answer is better than none; ``-inf`` where a span has no token.
        """
        found = [np.full(len(of_text), -np.inf) for of_text in spans]
        if not texts:
            return found
        windows, owners = self._split(question, texts)
        offsets = windows.pop("offset_mapping").numpy()
        starts, ends, nulls = self._logits(windows)
        for i, owner in enumerate(owners):
            is_text = np.array([part == 1 for part in windows.sequence_ids(i)])
            # A token belongs where it ends: some tokenizers count the space before a word in.
            bounds = np.searchsorted(offsets[i, is_text, 1], np.reshape(spans[owner], (-1, 2)), side="right")
            best = _best_sums(starts[i, is_text], ends[i, is_text], bounds) - nulls[i]
            found[owner] = np.maximum(found[owner], best)
        return found

    def _split(self, question: str, texts: Sequence[str]) -> tuple[Any, list[int]]:
        """Return the windows of all texts as tensors, and whose each is."""
        quarter = self._n_tokens // 4
        with self._lock:  # the lengths to cut at are kept in the tokenizer
            asked = self._tokenizer(
                question, truncation=True, max_length=quarter, add_special_tokens=False, return_offsets_mapping=True
            )
            cut = max((end for _, end in asked["offset_mapping"]), default=0)
            windows = self._tokenizer(
                [question[:cut]] * len(texts),
                list(texts),
                truncation="only_second",
                max_length=self._n_tokens,
                stride=quarter,
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
                padding=True,
                return_tensors="pt",
            )
        return windows, windows.pop("overflow_to_sample_mapping").tolist()

    def _logits(self, windows: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:  # noqa: ANN401  (a BatchEncoding)
        """Return scores of tokens as start and as end, (n_windows, n_tokens), and of no answer, (n_windows,)."""
        import torch

        with torch.inference_mode():
            read = self._network(**windows.to(self._network.device))
        starts, ends = (x.cpu().numpy().astype(np.float64) for x in (read.start_logits, read.end_logits))
        is_null = windows["input_ids"].cpu().numpy() == self._tokenizer.cls_token_id
        of_null = (starts + ends)[np.arange(len(starts)), is_null.argmax(axis=1)]
        return starts, ends, np.where(is_null.any(axis=1), of_null, starts.min() + ends.min())


def load_span_network(settings: Settings) -> SpanNetwork | None:
    """Return the network that the settings name; None where they name none.

    Raises
    ------
    MissingExtraError
        If its packages are not installed.
    SettingsError
        If it cannot be loaded, or does not mark answers.
    """
    return None if settings.reader == "learnt" else SpanNetwork(settings.reader.partition(":")[2])


def _load(name: str) -> tuple[Any, Any, bool]:
    """Return tokenizer and network, and whether the file had all weights: what it lacks would be random numbers."""
    import torch
    import transformers

    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        with without_output():
            tokenizer = transformers.AutoTokenizer.from_pretrained(name, **local)
            network, info = transformers.AutoModelForQuestionAnswering.from_pretrained(
                name, output_loading_info=True, **local
            )
    except Exception as exc:  # whatever the formats raise
        msg = f"RAG_READER must name a question-answering network on this machine; {name!r} cannot be loaded."
        raise SettingsError(msg, hint="Give the path of its folder.") from exc
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return tokenizer, network.float().eval().to(device), not info["missing_keys"]


def _best_sums(
    starts: NDArray[np.float64], ends: NDArray[np.float64], bounds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each range of tokens the largest sum of a start and an end that is not before it."""
    return np.array(
        [
            (np.maximum.accumulate(starts[first:last]) + ends[first:last]).max(initial=-np.inf)
            for first, last in bounds.tolist()
        ],
        np.float64,
    )
