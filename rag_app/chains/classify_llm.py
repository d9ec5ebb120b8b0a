"""Classification by a language model, with ``prompts/classify.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rag_app.chains.classifier import Progress, TextClassifier
from rag_app.chains.labels import Label, LabelsGiven, as_labels
from rag_app.errors import InvalidInputError, SettingsError
from rag_app.llms.failures import translated_errors
from rag_app.llms.tokens import count_tokens
from rag_app.prompting.templates import load_prompt
from rag_app.types import Classification

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag_app.settings import Settings

_ONE = "Choose the one label that fits the text best."
_SEVERAL = "Choose every label that applies to the text, the best one first."
_NONE = "none"
_AT_ONCE = 8  # requests that are under way at the same time
_MESSAGE_TOKENS = 16  # what a chat format adds around the messages
_MOST_SHOWN = 60  # characters of a reply
_AROUND = re.compile(r"^[\s\-*•\"'“”`.:]+|[\s\"'“”`.*]+$")  # what language models put around a name

Messages = list[tuple[str, str]]


class LLMClassifier(TextClassifier):
    """Sorts texts into labels by asking a language model.

    Parameters
    ----------
    llm : BaseChatModel
        Any LangChain chat model.
    settings : Settings
        Its name and its budget of tokens.
    labels : sequence, or mapping of str to str
        Names, or names with descriptions and examples: see `as_labels`. All of it is sent with each text.
    multi_label : bool, default=False
        Each label applies or does not, whichever others do.

    Raises
    ------
    InvalidInputError
        If a label breaks its rule.

    Examples
    --------
    >>> from rag_app.llms.scripted import ScriptedChat
    >>> from rag_app.settings import Settings
    >>> llm = ScriptedChat(replies=["refund"])
    >>> LLMClassifier(llm, Settings.load(environ={}), ["billing", "refund"]).invoke("I want my money back.").label
    'refund'
    """

    def __init__(
        self, llm: BaseChatModel, settings: Settings, labels: LabelsGiven, *, multi_label: bool = False
    ) -> None:
        known = as_labels(labels)
        self.labels = [label.name for label in known]
        self._llm, self._settings, self._multi_label = llm, settings, multi_label
        self._shown = "\n".join(line for label in known for line in _show(label))
        self._prompt = load_prompt("classify", settings.prompts_dir)

    @property
    def llm_name(self) -> str:
        """The setting, or the class of a chat model that was given in its place."""
        return type(self._llm).__name__ if self._settings.llm == "extractive" else self._settings.llm

    def _predict(self, texts: list[str], progress: Progress) -> list[Classification]:
        prompts = [self._render(text) for text in texts]
        for prompt in prompts:
            self._check_size(prompt)
        found: list[Classification] = []
        for start in range(0, len(texts), _AT_ONCE):
            progress("texts", start, len(texts))
            with translated_errors(self.llm_name):
                replies = self._llm.batch([*prompts[start : start + _AT_ONCE]])
            found += [self._classification(reply.text) for reply in replies]
        progress("texts", len(texts), len(texts))
        return found

    def _render(self, text: str) -> Messages:
        indented = "\n".join(f"    {line}" for line in text.strip().splitlines())  # no line of it ends the quotation
        return self._prompt.render(labels=self._shown, choice=_SEVERAL if self._multi_label else _ONE, text=indented)

    def _check_size(self, messages: Messages) -> None:
        """Raise an `InvalidInputError` where a prompt does not fit: a server would cut it, and say nothing."""
        given = self._settings
        n_tokens = _MESSAGE_TOKENS + sum(
            count_tokens(text, llm=given.llm, base_url=given.llm_base_url) for _, text in messages
        )
        room = given.llm_context_tokens - given.llm_max_tokens
        if n_tokens > room:
            msg = f"Labels and text must fit into {room} tokens; they have about {n_tokens}."
            raise InvalidInputError(msg, hint="Raise RAG_LLM_CONTEXT_TOKENS, or shorten the text or the labels.")

    def _classification(self, reply: str) -> Classification:
        named = list(dict.fromkeys(_names_in(reply, self.labels)))
        labels = tuple(named if self._multi_label else named[:1])
        return Classification(
            label=labels[0] if labels else None,
            scores={name: float(name in labels) for name in [*labels, *(n for n in self.labels if n not in labels)]},
            margin=float(len(labels) == 1),
            labels=labels,
            reason="" if labels else self._reason(reply),
            notes=(f"The language model {self.llm_name} names labels; it gives no probabilities.",),
        )

    def _reason(self, reply: str) -> str:
        if _AROUND.sub("", reply).casefold() == _NONE:
            return f"The language model {self.llm_name} found that no label fits."
        line = " ".join(reply.split())
        shown = line if len(line) <= _MOST_SHOWN else f"{line[: _MOST_SHOWN - 1]}…"
        return f"The language model {self.llm_name} named no label; it replied {shown!r}."


def load_llm_classifier(
    llm: BaseChatModel | None,
    settings: Settings,
    labels: LabelsGiven,
    *,
    multi_label: bool,
    unused: Mapping[str, bool],
) -> LLMClassifier:
    """Return a classifier that asks the language model.

    Parameters
    ----------
    llm : BaseChatModel or None
        None where none is set.
    settings, labels, multi_label
        See `LLMClassifier`.
    unused : mapping of str to bool
        Options that a language model has no use for, and whether they are given.

    Raises
    ------
    SettingsError
        If there is no language model.
    InvalidInputError
        If such an option is given, or a label breaks its rule.
    """
    for name, is_given in unused.items():
        if is_given:
            msg = f"{name} must be left out where a language model classifies."
            raise InvalidInputError(msg)
    if llm is None:
        msg = "RAG_LLM must name a language model where one is to classify; got 'extractive'."
        raise SettingsError(msg, hint="Set it, for example: RAG_LLM=openai:gpt-4o-mini")
    return LLMClassifier(llm, settings, labels, multi_label=multi_label)


def _show(label: Label) -> Iterator[str]:
    meaning = " ".join(label.description.split())
    yield f"- {label.name}: {meaning}" if meaning else f"- {label.name}"
    for text in label.examples:
        yield f"    for example: {' '.join(text.split())}"


def _names_in(reply: str, names: Sequence[str]) -> Iterator[str]:
    """Yield the labels that a reply names, a line for each, whatever is put around a name."""
    known = {name.casefold(): name for name in names}
    for line in reply.splitlines():
        said = line.strip().casefold()
        for text in (said, _AROUND.sub("", said), _AROUND.sub("", said.rpartition(":")[2])):
            if text in known:
                yield known[text]
                break
