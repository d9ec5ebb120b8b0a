"""Retrieval, quoted sentences and abstention on public data. The gate's threshold is chosen from these figures.

Usage: reading.py DATA_FOLDER, with squad/dev_half.json, squad/distractor_paragraphs.json, trec/ and banking77/ in it.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from report import write_report

from rag_app import App, build
from rag_app.from_scratch.metrics.ranking import ndcg
from rag_app.reading.extract import choose_sentences

_N_QUESTIONS = 400
_N_OTHER = 150


@dataclass(frozen=True)
class Case:
    """A question with the file of its paragraph and its gold answers, or what may seem to be one if there is none."""

    question: str
    source: str
    answers: tuple[str, ...]
    plausible: tuple[str, ...] = ()

    def is_in(self, text: str) -> bool:
        """Return whether a text has one of the gold answers."""
        return any(answer in text for answer in self.answers)


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1])
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        cases = write_squad(data / "squad", Path(folder, "corpus"))
        app = build(data_dir=Path(folder, "index"))
        app.ingest([Path(folder, "corpus")], progress=_progress)
        answerable = random.sample([c for c in cases if c.answers], _N_QUESTIONS)
        adversarial = random.sample([c for c in cases if not c.answers], _N_OTHER)
        other = _other_questions(data)
        rows = [_measure_answerable(app, answerable)]
        kept = np.array(rows[0].pop("strengths"))
        threshold = app.threshold.value
        rows[0] |= {"refused": float((kept < threshold).mean()), "AUROC against answerable": ""}
        for name, questions in {"adversarial (SQuAD 2.0)": [c.question for c in adversarial], **other}.items():
            strengths = np.array([_strength(app, q) for q in questions])
            rows.append(
                dict.fromkeys(rows[0], "")
                | {
                    "questions": name,
                    "n": len(questions),
                    "refused": float((strengths < threshold).mean()),
                    "AUROC against answerable": float((kept[:, None] > strengths[None]).mean()),
                }
            )
        quantiles = {str(q): round(float(np.quantile(kept, q)), 4) for q in (0.01, 0.02, 0.03, 0.05, 0.1)}
    write_report("reading", rows, threshold=threshold, quantiles_of_answerable=quantiles, seed=0)
    print("evidence of the answerable, by quantile:", quantiles)


def _measure_answerable(app: App, cases: list[Case]) -> dict[str, object]:
    gains, first, first_two, strengths = [], [], [], []
    for case in cases:
        passages = app.search(case.question, 10)
        ranking = list(dict.fromkeys(p.source for p in passages))
        gains.append(ndcg(ranking, {case.source: 1.0}))
        evidence = app._answerer.reader.read(case.question, passages[: app.settings.k])  # noqa: SLF001
        strengths.append(evidence.strength)
        texts = [s.text for s in choose_sentences(evidence)]
        best = [s.text for s in evidence.sentences[:2]]
        first.append(any(a in best[0] for a in case.answers))
        first_two.append(any(a in t for a in case.answers for t in best))
        assert texts
    return {
        "questions": "answerable (SQuAD)",
        "n": len(cases),
        "nDCG@10": float(np.mean(gains)),
        "first sentence has the answer": float(np.mean(first)),
        "one of the first two": float(np.mean(first_two)),
        "strengths": strengths,
    }


def _strength(app: App, question: str) -> float:
    return app._answerer.reader.read(question, app.search(question)).strength  # noqa: SLF001


def write_squad(squad: Path, corpus: Path) -> list[Case]:
    """Write each paragraph as a text file and return the questions."""
    cases, paragraphs = read_squad(squad)
    corpus.mkdir(parents=True)
    for name, text in paragraphs.items():
        Path(corpus, name).write_text(text)
    return cases


def read_squad(squad: Path) -> tuple[list[Case], dict[str, str]]:
    """Return the questions, and all paragraphs by the name of their file."""
    cases, paragraphs = [], {}
    for article in json.loads((squad / "dev_half.json").read_text())["data"]:
        for i, paragraph in enumerate(article["paragraphs"]):
            name = f"{article['title']}-{i}.txt".replace("/", "_")
            paragraphs[name] = paragraph["context"]
            for qa in paragraph["qas"]:
                answers = () if qa.get("is_impossible") else tuple(a["text"] for a in qa["answers"])
                plausible = tuple(a["text"] for a in qa.get("plausible_answers", ()))
                cases.append(Case(qa["question"], name, answers, plausible))
    for article in json.loads((squad / "distractor_paragraphs.json").read_text()):
        for i, text in enumerate(article["paragraphs"]):
            paragraphs[f"{article['title']}-{i}.txt".replace("/", "_")] = text
    return cases, paragraphs


def _other_questions(data: Path) -> dict[str, list[str]]:
    trec = (data / "trec" / "TREC_10.en.label").read_text(encoding="latin-1").splitlines()
    with (data / "banking77" / "test.csv").open(newline="") as file:
        bank = [row["text"] for row in csv.DictReader(file)]
    return {
        "other field (TREC)": random.sample([line.split(" ", 1)[1] for line in trec], _N_OTHER),
        "other field (banking77)": random.sample(bank, _N_OTHER),
    }


def _progress(name: str, done: int, total: int) -> None:
    if done % 200 == 0:
        print(f"{done}/{total} {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
