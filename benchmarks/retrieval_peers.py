"""Other programs search a folder of text files by words and by meaning, each with its stock hybrid.

Usage: retrieval_peers.py langchain|llama_index FOLDER WEIGHTS_FOLDER, with the questions as a JSON list on standard
input

Run by `retrieval.py` in the peers' own environment. Prints, as JSON, the names of the files found for each question,
best first: when each half returns as many chunks as it does by default, and when it returns thirty.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

_DEEP = 30

Search = Callable[[str], list[str]]


def langchain(folder: str, weights: str) -> dict[str, Search]:
    """LangChain: EnsembleRetriever of BM25Retriever and Chroma."""
    from langchain_chroma import Chroma
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_community.retrievers import BM25Retriever
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    documents = [Document(text, metadata={"source": name}) for name, text in _files(folder)]
    splits = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    store = Chroma.from_documents(splits, HuggingFaceEmbeddings(model_name=weights))

    def build(**depth: int) -> Search:
        dense = store.as_retriever(search_kwargs=depth)
        hybrid = EnsembleRetriever(retrievers=[BM25Retriever.from_documents(splits, **depth), dense])
        return lambda question: [d.metadata["source"] for d in hybrid.invoke(question)]

    return {"default": build(), "deep": build(k=_DEEP)}


def llama_index(folder: str, weights: str) -> dict[str, Search]:
    """LlamaIndex: QueryFusionRetriever of BM25Retriever and the index's; chunks of the size that the embedder reads."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.retrievers.bm25 import BM25Retriever

    documents = [Document(text=text, id_=name) for name, text in _files(folder)]
    nodes = SentenceSplitter(chunk_size=256, chunk_overlap=20).get_nodes_from_documents(documents)
    index = VectorStoreIndex(nodes, embed_model=HuggingFaceEmbedding(model_name=weights))

    def build(**depth: int) -> Search:
        words = BM25Retriever.from_defaults(nodes=nodes, **depth)
        hybrid = QueryFusionRetriever(
            [index.as_retriever(**depth), words],
            llm=MockLLM(),  # never called: no questions are made up
            mode="reciprocal_rerank",
            num_queries=1,
            use_async=False,
            **depth,
        )
        return lambda question: [str(found.node.ref_doc_id) for found in hybrid.retrieve(question)]

    return {"default": build(), "deep": build(similarity_top_k=_DEEP)}


def _files(folder: str) -> list[tuple[str, str]]:
    return [(path.name, path.read_text(encoding="utf-8")) for path in sorted(Path(folder).iterdir())]


def main() -> None:
    """Index, then search."""
    way, folder, weights = sys.argv[1:]
    questions = json.load(sys.stdin)
    searches = {"langchain": langchain, "llama_index": llama_index}[way](folder, weights)
    found = {depth: [search(q) for q in questions] for depth, search in searches.items()}
    print("\n" + json.dumps(found))  # on a line of its own, the last one


if __name__ == "__main__":
    main()
