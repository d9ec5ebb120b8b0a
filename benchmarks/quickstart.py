"""The baseline: LangChain's quickstart for retrieval, as its documentation has it, over the same vectors.

Usage: quickstart.py CHROMA_FOLDER QUESTION
"""

from __future__ import annotations

import sys

from langchain_chroma import Chroma
from langchain_huggingface import HuggingFaceEmbeddings

from rag_app.embeddings.minilm import weights_path

embeddings = HuggingFaceEmbeddings(model_name=str(weights_path().parent))
store = Chroma(collection_name="rag_app", persist_directory=sys.argv[1], embedding_function=embeddings)
for document in store.as_retriever(search_kwargs={"k": 5}).invoke(sys.argv[2]):
    print(document.metadata["source"], document.page_content[:80].replace("\n", " "))
