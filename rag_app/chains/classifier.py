"""What every classifier of texts is: a LangChain Runnable whose batch is one piece of work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import run_in_executor

from rag_app.errors import InvalidInputError
from rag_app.types import Classification

Progress = Callable[[str, int, int], None]


def silent(_name: str, _done: int, _total: int) -> None:
    """Report nothing: the default of `Progress`, called with what is at work, texts done and texts in all."""


class TextClassifier(Runnable[str, Classification], ABC):
    """A Runnable from a text to its `Classification`."""

    def predict(self, texts: Sequence[str], *, progress: Progress = silent) -> list[Classification]:
        """Return the classification of each text.

        Parameters
        ----------
        texts : sequence of str
            None of them blank.
        progress : callable, optional
            Called with what is at work, texts done and texts in all.

        Raises
        ------
        InvalidInputError
            If a text is blank, or the texts are one text instead of several.
        """
        if isinstance(texts, str):
            msg = f"texts must be a list of texts; got {texts!r}."
            raise InvalidInputError(msg, hint="Pass a list, or use invoke for a single text.")
        if not all(text.strip() for text in texts):
            msg = "A text to classify must not be empty."
            raise InvalidInputError(msg)
        return self._predict(list(texts), progress) if texts else []

    @abstractmethod
    def _predict(self, texts: list[str], progress: Progress) -> list[Classification]: ...

    def invoke(self, input: str, config: RunnableConfig | None = None, **_: Any) -> Classification:  # noqa: A002, ANN401  (Runnable's signature)
        """Return the classification of a text."""
        return self._call_with_config(self._predict_one, input, config)

    def batch(
        self,
        inputs: list[str],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **_: Any,  # noqa: ANN401
    ) -> list[Classification]:
        """Return the classifications of texts, which are embedded together."""
        return self._batch_with_config(self._predict_all, inputs, config, return_exceptions=return_exceptions)

    async def abatch(
        self,
        inputs: list[str],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **_: Any,  # noqa: ANN401
    ) -> list[Classification]:
        """Return the classifications of texts, as `batch` does."""
        return await run_in_executor(None, self.batch, inputs, config, return_exceptions=return_exceptions)

    def _predict_one(self, text: str) -> Classification:
        return self.predict([text])[0]

    def _predict_all(self, texts: list[str]) -> list[Exception | Classification]:
        return [*self.predict(texts)]
