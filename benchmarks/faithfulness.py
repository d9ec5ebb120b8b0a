"""What the support scorer makes of contradictions, how fast it is, and how far it agrees with people on other data.

Usage: faithfulness.py DATA_FOLDER [agreement], with ragtruth/ in it. Contradictions are made by rule from sentences
that people found supported: a negation is put in, a number is replaced by another one of the passages, two names are
swapped. With "agreement" the committed weights are measured on the sets of the folder: it should be one that they have
not learnt from; `train_support.py` reports what they reach on sources left out.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report
from support_figures import agreement
from support_sets import Labelled, read_sets

from rag_app.embeddings.minilm import MiniLM
from rag_app.reading.marked_words import MarkedWord, mark_words
from rag_app.reading.support import SUPPORTED, SupportScorer, answer_support, is_structured, split_statements

_SETS = ("RAGTruth, answers", "RAGTruth, summaries")
_N_EACH = 60
_N_TIMED = 20
_N_SENTENCES, _N_PASSAGES, _PASSAGE_WORDS = 5, 5, 130
_VERB = re.compile(r"\b(is|are|was|were|can|will|has been|have been)\b(?! not)")

Made = tuple[str, str, str]  # kind, sentence, changed sentence


def main() -> None:
    """Measure and report."""
    sets = read_sets(Path(sys.argv[1]))
    scorer = SupportScorer(MiniLM())
    rows = _measure_contradictions(scorer, sets)
    write_report("faithfulness", rows, seconds=_measure_speed(scorer, sets[_SETS[0]]), seed=0)
    if "agreement" in sys.argv[2:]:
        write_report("faithfulness_agreement", list(_measure_agreement(scorer, sets)), seed=0)


def _measure_contradictions(scorer: SupportScorer, sets: dict[str, list[Labelled]]) -> list[dict[str, Any]]:
    """Return for each kind of contradiction how often it is told from the sentence that it was made from."""
    found: dict[str, list[tuple[float, float]]] = {}
    for text in (text for name in _SETS for text in sets[name] if not text.unsupported):
        for kind, sentence, changed in _contradictions(text):
            pairs = found.setdefault(kind, [])
            if len(pairs) < _N_EACH:
                one, other = scorer.score([sentence, changed], text.passages, question=text.question)
                pairs.append((one.support, other.support))
    rows = []
    for kind, pairs in found.items():
        before, after = np.array(pairs).T
        rows.append(
            {
                "contradiction": kind,
                "n": len(pairs),
                "less supported than the original": round(float((after < before).mean()), 3),
                "flagged": round(float((after < SUPPORTED).mean()), 3),
                "originals flagged": round(float((before < SUPPORTED).mean()), 3),
            }
        )
    return rows


def _contradictions(text: Labelled) -> Iterator[Made]:
    """Yield at most one contradiction of each kind."""
    numbers = [p[w.start : w.end] for p in text.passages for w in mark_words(p) if w.kind == "number"]
    made: set[str] = set()
    for start, end in split_statements(text.text):
        sentence = text.text[start:end]
        words = mark_words(sentence)
        changes = {
            "negated": _VERB.sub(r"\1 not", sentence, count=1),
            "number of the passages in its place": _renumbered(sentence, words, numbers),
            "two names swapped": _swapped(sentence, words),
        }
        for kind, changed in changes.items():
            if changed != sentence and kind not in made:
                made.add(kind)
                yield kind, sentence, changed


def _renumbered(sentence: str, words: list[MarkedWord], numbers: list[str]) -> str:
    own = next((w for w in words if w.kind == "number"), None)
    if own is None:
        return sentence
    other = next((n for n in numbers if n not in sentence), None)
    return sentence if other is None else sentence[: own.start] + other + sentence[own.end :]


def _swapped(sentence: str, words: list[MarkedWord]) -> str:
    """Return a sentence with the first two names that do not stand side by side in each other's place."""
    names = [w for w in words if w.kind == "name"]
    pair = next(((a, b) for a, b in pairwise(names) if b.start > a.end + 1 and a.key != b.key), None)
    if pair is None:
        return sentence
    a, b = pair
    between = sentence[a.end : b.start]
    return sentence[: a.start] + sentence[b.start : b.end] + between + sentence[a.start : a.end] + sentence[b.end :]


def _measure_speed(scorer: SupportScorer, texts: list[Labelled]) -> dict[str, float]:
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
        "median": round(statistics.median(seconds[1:]), 4),
        "least": round(min(seconds[1:]), 4),
        "of processor time, median": round(statistics.median(of_processor[1:]), 4),
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
