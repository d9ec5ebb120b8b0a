"""A language model that judges: replies held to a schema, repaired once, kept as they came, and never guessed at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rag_app.errors import InvalidInputError, LLMError, LLMResponseError
from rag_app.evaluation.replies import Transcript, read_reply
from rag_app.evaluation.scheduler import Scheduler
from rag_app.llms.decoding import load_decoding
from rag_app.llms.factory import load_llm
from rag_app.llms.failures import translated_errors
from rag_app.llms.tokens import TokenCounter, load_counter
from rag_app.prompting.templates import load_prompt

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable
    from pydantic import BaseModel

    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.settings import Settings

    Form = TypeVar("Form", bound=BaseModel)

Messages = Sequence[tuple[str, str]]

_LEAST_TOKENS = 1024
_TOKENS_PER_CLAIM = 120  # the claim in other words, a reason of twenty words, and the JSON around them
_CUT_FACTOR = 4
_PATIENCE = 1.5  # of the time limit, which the language model itself should keep
_PROMPTS = ("judge_faithfulness", "judge_relevance")
_REFUSED = frozenset((400, 404, 415, 422, 501))  # statuses of servers that know no schemas


class Judge:
    """A language model that judges.

    Parameters
    ----------
    settings : Settings
        `llm` is the judge; the decoding settings, the time limit and the context are its own.
    llm : BaseChatModel, optional
        A LangChain chat model to use in place of the one that the settings name; its output budget is its own.
    embedder : Embedder, optional
        For metrics that compare questions. Default: the one that the settings name.
    repeats : int, default=1
        How often each score is asked for: the mean is the score, and the spread stands beside it.
    scheduler : Scheduler, optional
        Default: four calls at a time, each within one and a half times `llm_timeout_s`.

    Raises
    ------
    InvalidInputError
        If the settings name no language model and none is given, or `repeats` is below 1.

    Examples
    --------
    >>> from rag_app.llms.scripted import ScriptedChat
    >>> from rag_app.settings import Settings
    >>> Judge(Settings.load(environ={}), llm=ScriptedChat(replies=["{}"])).name
    'ScriptedChat'
    """

    def __init__(
        self,
        settings: Settings,
        *,
        llm: BaseChatModel | None = None,
        embedder: Embedder | None = None,
        repeats: int = 1,
        scheduler: Scheduler | None = None,
    ) -> None:
        if llm is None and settings.llm == "extractive":
            msg = "The judge must be a language model; got 'extractive'."
            raise InvalidInputError(msg, hint="Name one, such as openai:gpt-4o-mini.")
        if repeats < 1:
            msg = f"repeats must be at least 1; got {repeats}."
            raise InvalidInputError(msg)
        self.name = settings.llm if llm is None else type(llm).__name__
        self.repeats = repeats
        self._settings, self._given, self._given_embedder = settings, llm, embedder
        self._loaded: dict[int, BaseChatModel] = {}
        self._holds_to_schema = True
        self._scheduler = scheduler

    @cached_property
    def scheduler(self) -> Scheduler:
        """When its calls are made."""
        return self._scheduler or Scheduler(timeout_s=_PATIENCE * self._settings.llm_timeout_s)

    @cached_property
    def _counter(self) -> TokenCounter:
        return load_counter(self._settings.llm, self._settings.llm_base_url)

    @property
    def prompts_dir(self) -> Path | None:
        """Where prompts of the user's own are."""
        return self._settings.prompts_dir

    @property
    def made_by(self) -> dict[str, Any]:
        """What its scores depend on besides the answers, as JSON: for a cache, and for the record."""
        given = self._settings
        prompts = {name: load_prompt(name, given.prompts_dir).sections for name in _PROMPTS}
        return {
            "llm": self.name,
            "base_url": given.llm_base_url,
            "decoding": load_decoding(given),
            "context": given.llm_context_tokens,
            "embeddings": given.embeddings,
            "repeats": self.repeats,
            "prompts": {name: [list(section) for section in sections] for name, sections in prompts.items()},
        }

    @cached_property
    def embedder(self) -> Embedder:
        """What compares questions."""
        from rag_app.embeddings.factory import load_embedder

        return self._given_embedder or load_embedder(self._settings)

    async def ask(
        self,
        messages: Messages,
        form: type[Form],
        transcript: Transcript,
        *,
        n_claims: int = 0,
        check: Callable[[Form], str] = lambda _: "",
    ) -> Form:
        """Return a reply in the form that was asked for.

        Parameters
        ----------
        messages : sequence of (role, text)
            The prompt.
        form : type of pydantic.BaseModel
            What the reply must be.
        transcript : Transcript
            Gets what the judge replied.
        n_claims : int, default=0
            Claims that the reply is about: its budget of tokens grows with them.
        check : callable, optional
            Returns what is wrong with a reply of the right form, or an empty text.

        Raises
        ------
        LLMError
            If the judge cannot be reached in time, or the prompt does not fit.
        LLMResponseError
            If neither the first reply nor the second, for which it is told what was wrong, can be used.
        """
        n_tokens = _LEAST_TOKENS + _TOKENS_PER_CLAIM * n_claims
        problem = ""
        asked = list(messages)
        for _ in range(2):
            text, is_cut = await self._send(asked, form, transcript, n_tokens)
            if is_cut:
                problem, n_tokens = "it was cut before its end", _CUT_FACTOR * n_tokens
            else:
                found, problem = read_reply(text, form, check)
                if found is not None:
                    return found
                asked = [*messages, ("assistant", text), ("user", _repair(problem))]
            transcript.n_repairs += 1
        msg = f"The language model {self.name} sent no reply that can be used: {problem}."
        raise LLMResponseError(msg, hint="Read its replies, and try a stronger language model.")

    async def _send(
        self, messages: Messages, form: type[Form], transcript: Transcript, n_tokens: int
    ) -> tuple[str, bool]:
        """Return the text of a reply, and whether it was cut."""
        llm = self._llm(self._fitting([*messages, ("", json.dumps(form.model_json_schema()))], n_tokens))
        if self._holds_to_schema:
            try:
                return transcript.add(await self._call(self._constrained(llm, form), messages))
            except NotImplementedError:  # it cannot call tools
                self._holds_to_schema = False
            except LLMError as exc:
                if getattr(exc.__cause__, "status_code", None) not in _REFUSED:
                    raise
                self._holds_to_schema = False
        return transcript.add(await self._call(llm, messages))

    def _constrained(self, llm: BaseChatModel, form: type[Form]) -> Runnable[Any, Any]:
        """Return the chat model held to a form: by a schema where the protocol is OpenAI's, by a tool elsewhere."""
        if not self.name.startswith("openai:"):
            return llm.with_structured_output(form, include_raw=True)
        from langchain_core.utils.function_calling import convert_to_openai_function

        made = convert_to_openai_function(form, strict=True)
        schema = {"name": made["name"], "schema": made["parameters"], "strict": True}
        return llm.bind(response_format={"type": "json_schema", "json_schema": schema})

    async def _call(self, runnable: Runnable[Any, Any], messages: Messages) -> Any:  # noqa: ANN401  (see `Transcript.add`)
        with translated_errors(self.name):
            try:
                return await self.scheduler.call(lambda: runnable.ainvoke(list(messages)))
            except Exception as exc:
                completion = getattr(exc, "completion", None)  # OpenAI's client raises where a reply was cut
                if completion is None:
                    raise
                return completion

    def _fitting(self, messages: Messages, n_tokens: int) -> int:
        """Return the output budget, at most what the context leaves."""
        n_sent = self._counter.count_messages(text for _, text in messages)
        room = self._settings.llm_context_tokens - n_sent
        if room < _LEAST_TOKENS // 2:
            left = f"{max(room, 0)} tokens remain"
            msg = f"What the language model {self.name} reads must leave room for its reply; {left}."
            raise LLMError(msg, hint="Raise RAG_LLM_CONTEXT_TOKENS, or retrieve fewer passages.")
        return min(n_tokens, room)

    def _llm(self, n_tokens: int) -> BaseChatModel:
        """Return the chat model with an output budget: the power of two below it, so that few are made."""
        if self._given is not None:
            return self._given
        budget = 1 << (n_tokens.bit_length() - 1)
        if budget not in self._loaded:
            loaded = load_llm(replace(self._settings, llm_max_tokens=budget))
            assert loaded is not None
            self._loaded[budget] = loaded
        return self._loaded[budget]


def _repair(problem: str) -> str:
    return f"This reply cannot be used: {problem}. Reply again with the JSON that was asked for, and nothing else."
