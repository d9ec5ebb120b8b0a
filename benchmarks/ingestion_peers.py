"""Other programs bring a folder of files into a searchable index, each as its documentation has it.

Usage: ingestion_peers.py langchain|llama_index|txtai FOLDER STORE WEIGHTS_FOLDER

Run by `ingestion.py` in the peers' own environment. Prints the seconds after the imports, and writes the texts of the
chunks to STORE.json.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def langchain() -> Callable[[str, str, str], list[str]]:
    """LangChain's quickstart: loader, RecursiveCharacterTextSplitter, HuggingFaceEmbeddings, Chroma."""
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import DirectoryLoader, TextLoader
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    def ingest(folder: str, store: str, weights: str) -> list[str]:
        documents = DirectoryLoader(folder, loader_cls=TextLoader).load()
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        splits = splitter.split_documents(documents)
        Chroma.from_documents(splits, HuggingFaceEmbeddings(model_name=weights), persist_directory=store)
        return [split.page_content for split in splits]

    return ingest


def llama_index() -> Callable[[str, str, str], list[str]]:
    """LlamaIndex's starter with local embeddings in Chroma; chunks of the size that the embedder reads."""
    import chromadb
    from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    def ingest(folder: str, store: str, weights: str) -> list[str]:
        documents = SimpleDirectoryReader(folder).load_data()
        collection = chromadb.PersistentClient(store).get_or_create_collection("quickstart")
        context = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
        VectorStoreIndex.from_documents(
            documents,
            storage_context=context,
            transformations=[SentenceSplitter(chunk_size=256, chunk_overlap=20)],
            embed_model=HuggingFaceEmbedding(model_name=weights),
        )
        return list(collection.get(include=["documents"])["documents"] or [])

    return ingest


def txtai() -> Callable[[str, str, str], list[str]]:
    """txtai: paragraphs, embedded and stored with their text."""
    from txtai import Embeddings
    from txtai.pipeline import Segmentation

    def ingest(folder: str, store: str, weights: str) -> list[str]:
        segments = Segmentation(paragraphs=True)
        texts = [t for path in sorted(Path(folder).iterdir()) for t in segments(path.read_text(encoding="utf-8"))]
        embeddings = Embeddings(path=weights, content=True)
        embeddings.index(texts)
        embeddings.save(store)
        return texts

    return ingest


def main() -> None:
    """Import, then ingest."""
    way, folder, store, weights = sys.argv[1:]
    ingest = {"langchain": langchain, "llama_index": llama_index, "txtai": txtai}[way]()
    began = time.perf_counter()
    texts = ingest(folder, store, weights)
    print(time.perf_counter() - began)
    Path(f"{store}.json").write_text(json.dumps(texts), encoding="utf-8")


if __name__ == "__main__":
    main()
