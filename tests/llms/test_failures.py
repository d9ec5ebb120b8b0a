"""From a provider's failure to a sentence."""

from __future__ import annotations

import re

import pytest

from rag_app.errors import LLMError, RagAppError, StoreError
from rag_app.llms.failures import timeout_error, translated_errors


@pytest.mark.parametrize(
    "error", [StoreError("x"), LLMError("y", retryable=True), KeyboardInterrupt(), TypeError("bug")]
)
def test_other_errors_pass_unchanged(error):
    """What is ours, an interruption and a programming error are not blamed on the language model."""
    with pytest.raises(type(error)) as caught, translated_errors("m"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionRefusedError(), "The language model m cannot be reached."),
        (TimeoutError(), "The language model m did not answer in time."),
        (KeyError("choices"), "The language model m sent a reply that cannot be read."),
    ],
)
def test_errors_of_the_standard_library_are_translated(error, message):
    """Providers without exceptions of their own raise the standard library's."""
    with pytest.raises(RagAppError, match=f"^{re.escape(message)}") as caught, translated_errors("m"):
        raise error
    assert type(error).__name__ in str(caught.value.__cause__)


def test_silence_may_be_tried_again_by_the_user():
    """A time-out says so, and what to change."""
    error = timeout_error("m")
    assert str(error) == (
        "The language model m did not answer in time. Raise RAG_LLM_TIMEOUT_S or use a smaller model."
    )
    assert error.retryable
