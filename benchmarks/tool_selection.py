"""How often the tool that somebody needs is among the few that a language model is told of.

By the words of names, first lines and parameters, by the likeness of MiniLM's vectors, and by both, as
`rag_app.tools.selection` does, on ``evals/data/requests/needs.jsonl``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from report import write_report

from rag_app.content import content_dir
from rag_app.embeddings.minilm import MiniLM
from rag_app.registry import entries
from rag_app.tools.selection import WORDS, described, score_tools

_KS = (1, 4, 8, 12, 20)


def main() -> None:
    """Measure and report."""
    lines = Path(content_dir("evals"), "data", "requests", "needs.jsonl").read_text(encoding="utf-8").splitlines()
    needs = [json.loads(line) for line in lines]
    names = [entry.name for entry in entries()]
    targets = np.array([names.index(need["tool"]) for need in needs])
    texts = [need["text"] for need in needs]
    by_words = np.array([[scores.get(name, 0.0) for name in names] for scores in map(score_tools, texts)])
    embedder = MiniLM()
    tools = embedder.embed_passages([described(entry) for entry in entries()])
    by_meaning = embedder.embed(texts) @ tools.T
    both = by_meaning + WORDS * by_words / by_words.max(axis=1, keepdims=True).clip(1e-9)
    rows = []
    for how, scores in (("words", by_words), ("meaning", by_meaning), ("both", both)):
        ranks = (-scores).argsort(axis=1, kind="stable").argsort(axis=1)[np.arange(len(needs)), targets]
        rows.append({"by": how, **{f"among {k}": float((ranks < k).mean()) for k in _KS}})
    write_report("tool_selection", rows, n=len(needs), n_tools=len(names))


if __name__ == "__main__":
    main()
