"""Whether the estimate of tokens is on the safe side: against the tokenizer of a GGUF file, by kind of text.

Run: python benchmarks/token_estimate.py MODEL.gguf > benchmarks/results/token_estimate.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from rag_app.llms.local import load_gguf
from rag_app.llms.tokens import load_counter

ROOT = Path(__file__).resolve().parent.parent
LENGTH = 4000  # characters: what a prompt's passages have together
KINDS = {"course": "knowledge/*.md", "documentation": "docs/*.md", "program code": "rag_app/llms/*.py"}
SENTENCES = {
    "German": "Der Generator erzeugt Bilder, die der Diskriminator von echten unterscheiden soll. Häufig gelingt es. ",
    "French": "Le générateur produit des images que le discriminateur doit distinguer des vraies, même à l'été. ",
    "Russian": "Генератор создаёт изображения, а дискриминатор отличает их от настоящих. ",  # noqa: RUF001  (another script)
    "Chinese": "生成器产生图像，判别器试图将它们与真实图像区分开来。",  # noqa: RUF001  (likewise)
    "table of figures": "| 0.123 | 4.567 | 89.01 |\n",
}


def pieces(pattern: str) -> list[str]:
    """Return the texts of files in pieces of equal length."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern))]
    cut = [text[i : i + LENGTH] for text in texts for i in range(0, len(text), LENGTH)]
    return [text for text in cut if len(text) > LENGTH // 4]


def main() -> None:
    """Print the tokens that were needed over those that were estimated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights")
    needed, estimated = load_gguf(parser.parse_args().weights).count_tokens, load_counter("any:llm").count
    kinds = {name: pieces(pattern) for name, pattern in KINDS.items()}
    kinds |= {name: [sentence * (LENGTH // len(sentence))] for name, sentence in SENTENCES.items()}
    figures = {}
    for name, texts in kinds.items():
        ratios = np.array([needed(text) / estimated(text) for text in texts])
        figures[name] = {
            "texts": len(texts),
            "mean": round(float(ratios.mean()), 3),
            "most": round(float(ratios.max()), 3),
        }
        print(f"{name:18} {len(texts):5} texts   mean {ratios.mean():.2f}   most {ratios.max():.2f}", file=sys.stderr)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
