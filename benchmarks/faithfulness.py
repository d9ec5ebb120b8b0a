"""How fast faithfulness is, and how far it agrees with people on other data.

Usage: faithfulness.py DATA_FOLDER [agreement], with ragtruth/ in it. With "agreement" the committed weights are
measured on the sets of the folder: it should be one that they have not learnt from; `train_support.py` reports what
they reach on sources and sets left out.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report import write_report
from support_figures import agreement
from support_sets import Labelled, read_sets

from rag_app.embeddings.minilm import MiniLM
from rag_app.reading.support import SupportScorer, answer_support, is_structured, split_statements

_SET = "RAGTruth, answers"
_N_TIMED = 20
_N_SENTENCES, _N_PASSAGES, _PASSAGE_WORDS = 5, 5, 130


def main() -> None:
    """Measure and report."""
    sets = read_sets(Path(sys.argv[1]))
    scorer = SupportScorer(MiniLM())
    write_report("faithfulness", [_measure_speed(scorer, sets[_SET])])
    if "agreement" in sys.argv[2:]:
        write_report("faithfulness_agreement", list(_measure_agreement(scorer, sets)), seed=0)


def _measure_speed(scorer: SupportScorer, texts: list[Labelled]) -> dict[str, Any]:
    """Return how long an answer of five sentences takes against five passages of 130 words."""
    words = " ".join(p for text in texts for p in text.passages).split()
    sentences = [text.text[a:b] for text in texts for a, b in split_statements(text.text)]
    seconds, of_processor = [], []
    for i in range(_N_TIMED + 1):
        step = i * _N_PASSAGES * _PASSAGE_WORDS
        cuts = range(step, step + _N_PASSAGES * _PASSAGE_WORDS, _PASSAGE_WORDS)
        passages = [" ".join(words[cut : cut + _PASSAGE_WORDS]) for cut in cuts]
        began, began_processor = time.perf_counter(), time.process_time()
        scorer.score(sentences[i * _N_SENTENCES : (i + 1) * _N_SENTENCES], passages)
        seconds.append(time.perf_counter() - began)
        of_processor.append(time.process_time() - began_processor)
    return {
        "sentences": _N_SENTENCES,
        "passages": _N_PASSAGES,
        "words of a passage": _PASSAGE_WORDS,
        "seconds, median": round(statistics.median(seconds[1:]), 4),
        "seconds, least": round(min(seconds[1:]), 4),
        "seconds of processor time, median": round(statistics.median(of_processor[1:]), 4),
    }


def _measure_agreement(scorer: SupportScorer, sets: dict[str, list[Labelled]]) -> Iterator[dict[str, Any]]:
    pooled: list[tuple[Labelled, float]] = []
    for name, texts in sets.items():
        if name == "WiCE":  # no claim in it is wholly supported
            continue
        answers, sentences = [], []
        for text in texts:
            whole, of_sentences = _odds(scorer, text)
            answers.append((text, whole))
            sentences += [(text, odds, wrong) for odds, wrong in of_sentences]
        yield _agreement_row(name, "texts", [(t, o, t.unsupported) for t, o in answers])
        if sentences:
            pooled += answers
            yield _agreement_row(name, "sentences", sentences)
    yield _agreement_row("RAGTruth, pooled", "texts", [(t, o, t.unsupported) for t, o in pooled])


def _odds(scorer: SupportScorer, text: Labelled) -> tuple[float, list[tuple[float, bool]]]:
    """Return how unsupported a text is, around 0, and the same of its sentences where spans are marked."""
    if text.spans is None:
        (found,) = scorer.score([text.text], text.passages, question=text.question)
        return 0.5 - found.attribution, []
    spans = split_statements(text.text)
    supports = scorer.score([text.text[a:b] for a, b in spans], text.passages, question=text.question)
    whole = 0.5 - answer_support(supports, structured=is_structured(text.passages))
    wrong = [any(max(a, s) < min(b, e) for s, e in text.spans) for a, b in spans]
    return whole, [(0.5 - s.support, w) for s, w in zip(supports, wrong, strict=True)]


def _agreement_row(name: str, what: str, found: list[tuple[Labelled, float, bool]]) -> dict[str, Any]:
    groups = [text.name + text.source for text, _, _ in found]
    return {"set": name, "what": what} | agreement([w for *_, w in found], [o for _, o, _ in found], groups)


if __name__ == "__main__":
    main()
