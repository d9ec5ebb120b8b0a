"""The steps of an answer as LangChain's tracers and callbacks see them: retriever, prompt and parser are runs too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag_app.types import Passage

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManager

_LANGCHAIN = "langchain_core.runnables.config"

Search = Callable[[str, int], list[Passage]]


class Step:
    """A step at work; `output` is what a trace shows of it in the end."""

    def __init__(self) -> None:
        self.output: Any = None


@contextmanager
def traced(kind: str, name: str, given: Any) -> Iterator[Step]:  # noqa: ANN401  (whatever goes into a step)
    """Report a step to the callbacks of the chain that it is part of; where there are none, do nothing.

    Parameters
    ----------
    kind : {"prompt", "parser"}
        What a trace calls it.
    name : str
        Its name.
    given : object
        Its input.
    """
    step, manager = Step(), _callbacks()
    if manager is None:
        yield step
        return
    run = manager.on_chain_start(None, given, run_type=kind, name=name)
    try:
        yield step
    except BaseException as exc:
        run.on_chain_error(exc)
        raise
    run.on_chain_end(step.output)


def traced_search(search: Search) -> Search:
    """Return a search that is reported as a run of a retriever, with its passages as documents."""

    def retrieve(question: str, k: int) -> list[Passage]:
        manager = _callbacks()
        if manager is None:
            return search(question, k)
        run = manager.on_retriever_start(None, question, name="rag_search")
        try:
            passages = search(question, k)
        except BaseException as exc:
            run.on_retriever_error(exc)
            raise
        run.on_retriever_end(_documents(passages))
        return passages

    return retrieve


def _documents(passages: Sequence[Passage]) -> list[Any]:
    from rag_app.retrieval.langchain_retriever import to_document

    return [to_document(passage) for passage in passages]


def _callbacks() -> CallbackManager | None:
    """Return the callbacks of the chain around this call; None where nobody listens."""
    if _LANGCHAIN not in sys.modules:  # no chain without it: a question at the command line need not import it
        return None
    from langchain_core.runnables.config import ensure_config, get_callback_manager_for_config

    manager = get_callback_manager_for_config(ensure_config())
    return manager if manager.handlers else None
