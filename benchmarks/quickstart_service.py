"""The baseline: LangChain's quickstart for retrieval behind FastAPI, as both have it in their documentation.

Usage: quickstart_service.py CHROMA_FOLDER PORT
"""

import sys

import uvicorn
from fastapi import FastAPI
from langchain_chroma import Chroma
from langchain_huggingface import HuggingFaceEmbeddings
from pydantic import BaseModel

from rag_app.embeddings.minilm import weights_path

embeddings = HuggingFaceEmbeddings(model_name=str(weights_path().parent))
store = Chroma(collection_name="rag_app", persist_directory=sys.argv[1], embedding_function=embeddings)
app = FastAPI()


class Question(BaseModel):
    """What to look for."""

    question: str
    k: int = 5


@app.post("/search")
def search(body: Question) -> list[dict[str, str]]:
    """Return the passages that are nearest."""
    documents = store.as_retriever(search_kwargs={"k": body.k}).invoke(body.question)
    return [{"source": document.metadata["source"], "text": document.page_content} for document in documents]


uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
