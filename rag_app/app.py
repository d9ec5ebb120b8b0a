"""The only place where the parts are wired together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rag_app.content import content_dir
from rag_app.errors import StoreError, UnknownNameError
from rag_app.index.library import Library
from rag_app.index.sharing import check_embedder
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.engines import load_engine
from rag_app.ingestion.sync import Paths, Progress, Sync, check_fingerprint, silent
from rag_app.maintenance import Maintenance
from rag_app.receipts import Receipt
from rag_app.settings import Settings
from rag_app.types import Answer, AnswerEvent, Event, Passage, Source

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool

    from rag_app.chains.agent import Agent
    from rag_app.chains.answer import Answerer
    from rag_app.chains.classifier import TextClassifier
    from rag_app.chains.gate import Threshold
    from rag_app.chains.labels import LabelsGiven
    from rag_app.chains.router import RoutedAnswerer
    from rag_app.chains.runnable import Question
    from rag_app.chains.transcripts import AnswerCheck
    from rag_app.embeddings.alignment import Aligner
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.embeddings.minilm import MiniLM
    from rag_app.evaluation.quiz import Quiz
    from rag_app.index.lexical import Lexical
    from rag_app.reading.evidence import Evidence, Reader
    from rag_app.retrieval.filters import Where
    from rag_app.retrieval.hybrid import HybridSearch
    from rag_app.retrieval.search import PassageSearch


def build(**settings: Any) -> App:  # noqa: ANN401  (any setting's type)
    """Return the application.

    Parameters
    ----------
    **settings
        See `rag_app.settings.Settings`. What is not given comes from ``RAG_*`` variables, then from ``rag.toml``.

    Raises
    ------
    SettingsError
        If a setting is unknown or its value breaks its rule.

    Examples
    --------
    >>> build(k=3, llm="extractive").settings.k
    3
    """
    return App(Settings.load(**settings))


class App(Maintenance):
    """Ingestion, search, answers, classification and tools over one index. Parts are made when first used.

    Parameters
    ----------
    settings : Settings
        Every choice that the parts are made by.
    llm : BaseChatModel, optional
        A LangChain chat model to use in place of the one that the settings name.
    """

    def __init__(self, settings: Settings, *, llm: BaseChatModel | None = None) -> None:
        self.settings = settings
        self.library = Library(settings.data_dir / "library.sqlite")
        self._vectors = ChromaVectors(
            settings.data_dir / "chroma", url=settings.chroma_url, is_aside=lambda: self.library.vectors_aside
        )
        self._given_llm = llm

    # -- the work --------------------------------------------------------------------------------------------------

    def ingest(
        self, paths: Paths | None = None, *, progress: Progress = silent, engine: str = "local", address: str = ""
    ) -> Receipt:
        """Bring the index up to date with files.

        Parameters
        ----------
        paths : sequence of path-like, optional
            Files, folders and globs. Default: the packaged course.
        progress : callable, optional
            Called with a file's name, files done and files in all.
        engine, address
            Where the work is done: see `rag_app.ingestion.engines.load_engine`, whose errors are raised too.

        Returns
        -------
        Receipt
            What happened to each file. It does not depend on the engine.

        Raises
        ------
        IngestionError
            If a path does not exist.
        StoreError
            If the data folder is not writable, locked, or its index was built by another embedder.
        """
        at_work = load_engine(engine, address, self.settings, self._embedder)
        sync = Sync(self.library, self._vectors, self._embedder, minilm=self._token_reader, engine=at_work)
        return sync.run([content_dir("knowledge")] if paths is None else paths, progress)

    def search(self, question: str, k: int | None = None, where: Where | None = None) -> list[Passage]:
        """Return the passages that best match a question, best first.

        Parameters
        ----------
        question : str
            Any text that is not blank. Its words ``file:09-gans.md`` and ``heading:"mode collapse"`` are filters.
        k : int, optional
            How many. Default: the setting.
        where : mapping, optional
            A filter such as ``{"source": "09-gans.md"}``; ``file`` is a name, the end of a path or a glob, ``heading``
            is found anywhere in the heading path, other keys compare front matter; a list of values means one of them.

        Raises
        ------
        InvalidInputError
            If the question is blank or says only where to look, or `k` is below 1.
        UnknownNameError
            If the index has no such file.
        StoreError
            If there is no index, or it was built by another embedder.
        """
        passages = self._passages
        check_fingerprint(self.library, self._embedder)  # another process may have built the index anew
        if self.settings.chroma_url:
            check_embedder(self.library, self._vectors)
        return passages.search(question, self.settings.k if k is None else k, where=where)

    def evidence(self, question: str, where: Where | None = None) -> Evidence:
        """Return what the documents offer for a question: sentences, best first, and how strong they are altogether.

        Where the strength is below `threshold`, `ask` finds no answer. Parameters and errors are those of `search`.
        """
        from rag_app.retrieval.query import split_query

        asked = self._passages.respell(split_query(question).text)
        return self._reader.read(asked, self.search(question, where=where))

    def ask(self, question: str, messages: Sequence[Any] | None = None, *, tools: bool = False) -> Answer:
        """Return the answer to a question, with verified citations.

        Parameters
        ----------
        question : str
            Any text that is not blank. A plain request such as "f1 of 1,0,1 vs 1,1,1" is computed.
        messages : sequence, optional
            The conversation before it: LangChain messages, ``(role, text)`` or ``{"role": …, "content": …}``.
        tools : bool, default=False
            Whether the language model may search and compute in several steps: see `agent`.

        Raises
        ------
        InvalidInputError
            If the question is blank, or a request's values break a rule of its tool.
        StoreError
            If there is no index.
        LLMError
            If the language model fails.
        """
        for event in self.stream(question, messages, tools=tools):
            if isinstance(event, AnswerEvent):
                return event.answer
        msg = "The chain ended without an answer."
        raise RuntimeError(msg)

    def stream(self, question: str, messages: Sequence[Any] | None = None, *, tools: bool = False) -> Iterator[Event]:
        """Yield the events of an answer: passages, then text and citations as they come, at last the answer.

        Parameters and errors are those of `ask`.
        """
        from rag_app.chains.router import stream_request

        return stream_request(question) or (self._agent if tools else self._answerer).stream(question, messages)

    def feedback(self, answer: Answer, rating: str, why: str = "") -> int:
        """Keep an answer that was "good" or "bad", with the reason; return the number of the exchange.

        An `InvalidInputError` is raised where the rating is another word.
        """
        from rag_app.chains.conversations import load_conversations

        with closing(load_conversations(self.settings)) as kept:
            return kept.add_rated(answer, rating, why)

    def check_again(self, answer: Mapping[str, Any]) -> AnswerCheck:
        """Return what became of the citations of a kept answer, in the form that ``rag ask --json`` prints."""
        from rag_app.chains.transcripts import check_again

        return check_again(answer, self.library.source, self._answerer.measure)

    def source(self, name: str) -> Source:
        """Return a source with its extracted text, which every offset refers to.

        Raises
        ------
        UnknownNameError
            If the index has no source of that name.
        """
        found = self.library.source(name)
        if found is None:
            raise UnknownNameError(kind="source", name=name, known=(row.name for row in self.library.sources()))
        return found

    @property
    def threshold(self) -> Threshold:
        """Evidence below which the answer is "No answer found", and who says so."""
        from rag_app.chains.gate import load_threshold

        return load_threshold(self.settings, self.library)

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors, as the settings name it."""
        return self._embedder

    def check_settings(self) -> None:
        """Raise a `SettingsError` if the language model or the reader that the settings name cannot be set up."""
        _ = self._llm, self._reader

    @cached_property
    def chain(self) -> Runnable[str | Question, Answer]:
        """A Runnable from a question, or ``{"question", "messages"}``, to an `Answer`."""
        from rag_app.chains.runnable import answer_chain

        return answer_chain(self.stream)

    @cached_property
    def agent(self) -> Runnable[str | Question, Answer]:
        """A Runnable like `chain` whose language model searches and calls tools, in several steps.

        A language model that cannot call tools chooses one by a prompt; without one, it is the chain.
        """
        from rag_app.chains.runnable import answer_chain

        return answer_chain(partial(self.stream, tools=True), name="rag_agent")

    @cached_property
    def retriever(self) -> BaseRetriever:
        """The search as a LangChain retriever."""
        from rag_app.retrieval.langchain_retriever import KnowledgeRetriever

        return KnowledgeRetriever(search=self.search, k=self.settings.k)

    def classifier(
        self,
        labels: LabelsGiven,
        *,
        templates: Sequence[str] = ("{}",),
        threshold: float | None = None,
        multi_label: bool = False,
        adapt: bool = False,
        llm: bool = False,
    ) -> TextClassifier:
        """Return a Runnable from a text to its `Classification`; its ``batch`` embeds all texts together.

        Parameters
        ----------
        labels : sequence, or mapping of str to str
            Names, names with descriptions, or mappings with ``name``, ``description`` and ``examples``.
        templates, threshold, multi_label, adapt
            See `rag_app.chains.classify.EmbeddingClassifier`, whose errors are raised too.
        llm : bool, default=False
            Ask the language model, which knows only `multi_label` of them; a `SettingsError` if there is none.
        """
        if llm:
            from rag_app.chains.classify_llm import load_llm_classifier

            unused = {"templates": templates != ("{}",), "threshold": threshold is not None, "adapt": adapt}
            return load_llm_classifier(self._llm, self.settings, labels, multi_label=multi_label, unused=unused)
        from rag_app.chains.classify import EmbeddingClassifier

        options: dict[str, Any] = {"templates": templates, "threshold": threshold, "adapt": adapt}
        return EmbeddingClassifier(self._embedder, labels, multi_label=multi_label, **options)

    @cached_property
    def tools(self) -> list[BaseTool]:
        """``search_knowledge`` and everything in the register, as LangChain tools."""
        from rag_app.tools.adapter import registry_tools
        from rag_app.tools.search import search_tool

        return [search_tool(self.search), *registry_tools()]

    @property
    def quiz(self) -> Quiz:
        """The quiz over the cards of the course; the data folder remembers when a card comes again."""
        from rag_app.evaluation.quiz import Quiz
        from rag_app.evaluation.reviews import Reviews

        return Quiz(Reviews(self.settings.data_dir / "quiz.sqlite"), self.evidence, lambda name: self.source(name).text)

    # -- the parts -------------------------------------------------------------------------------------------------

    @cached_property
    def _minilm(self) -> MiniLM:
        from rag_app.embeddings.questions import QuestionReader

        return QuestionReader()

    @property
    def _token_reader(self) -> MiniLM | None:
        return self._minilm if self.settings.late_interaction else None

    @cached_property
    def _aligner(self) -> Aligner:
        from rag_app.embeddings.alignment import Aligner
        from rag_app.index.recent import Recent
        from rag_app.index.tokens import token_codes

        return Aligner(self._minilm, self._lexical.idf, Recent(self.library, partial(token_codes, self.library)).load)

    @cached_property
    def _lexical(self) -> Lexical:
        from rag_app.index.lexical import Lexical

        return Lexical(self.library)

    @cached_property
    def _embedder(self) -> Embedder:
        if self.settings.embeddings == "minilm":
            return self._minilm
        from rag_app.embeddings.factory import load_embedder

        return load_embedder(self.settings)

    @cached_property
    def _search(self) -> HybridSearch:
        from rag_app.retrieval.hybrid import HybridSearch

        if not self.library.exists():
            msg = f"There is no index in {self.settings.data_dir}."
            raise StoreError(msg, hint="Run: rag ingest")
        aligner = self._aligner if self.settings.late_interaction else None
        return HybridSearch(self.library, self._vectors, self._embedder, self._lexical, aligner)

    @cached_property
    def _passages(self) -> PassageSearch:
        from rag_app.retrieval.search import load_search

        return load_search(self._search, self.settings)

    @cached_property
    def _llm(self) -> BaseChatModel | None:
        if self._given_llm is not None or self.settings.llm == "extractive":
            return self._given_llm
        from rag_app.llms.factory import load_llm

        return load_llm(self.settings)

    @cached_property
    def _reader(self) -> Reader:
        from rag_app.reading.evidence import load_reader

        return load_reader(self._aligner, self.settings)

    @cached_property
    def _answerer(self) -> Answerer:
        from rag_app.chains.answer import Answerer
        from rag_app.chains.memory import load_recall
        from rag_app.chains.tracing import traced_search
        from rag_app.chains.verification import likeness, words_and_meaning
        from rag_app.retrieval.neighbours import with_announced

        return Answerer(
            settings=self.settings,
            search=traced_search(self.search),
            reader=self._reader,
            llm=self._llm,
            measure=words_and_meaning(likeness(self._minilm.embed)),
            source_text=lambda name: self.library.text(name) or self.source(name).text,
            min_evidence=lambda: self.threshold.value,  # another process may have calibrated
            extend=lambda passages: with_announced(passages, self.library),
            recall=load_recall(self._llm, self.settings),
            respell=self._passages.respell,
        )

    @cached_property
    def _agent(self) -> Agent | RoutedAnswerer | Answerer:
        from rag_app.chains.agent import load_agent
        from rag_app.tools.selection import ToolSelector

        return load_agent(self._answerer, self.search, ToolSelector(self._minilm))
