"""When to say "No answer found": how well evidence tells what can be answered, and what a threshold gains and costs.

Usage: abstention.py DATA_FOLDER, with squad/, trec/, banking77/ and scifact/ in it. The threshold "chosen" is found on
one half of the public questions, those that can be answered and those of other fields, and measured on the other half
and on the course.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from report import write_report

from rag_app import build
from rag_app.chains.gate import DEFAULT, MAX_FALSE_REFUSALS
from rag_app.content import content_dir
from rag_app.evaluation.calibration import Measured, calibrate, measure
from rag_app.evaluation.cases import Case, load_cases
from rag_app.evaluation.report import build_report, render_curve
from rag_app.from_scratch.language.sentences import split_sentences

_ANSWERABLE = "answerable (SQuAD)"
_N_ANSWERABLE, _N_OTHERS = 400, 200
_OTHER_FIELDS = ("TREC", "banking77", "SciFact claims")

Sets = Mapping[str, Sequence[Measured]]


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        public = _measure_public(data, Path(folder))
        course = _measure_course(Path(folder, "course"))
    halves = [{name: measured[i::2] for name, measured in public.items()} for i in (0, 1)]
    seen, unseen = halves
    choice = calibrate([m for name in (_ANSWERABLE, *_OTHER_FIELDS) for m in seen[name]])
    thresholds = {"default": DEFAULT, "chosen": choice.threshold.value}
    rows = [*_rows(public, unseen, _ANSWERABLE, thresholds), *_rows(course, course, "answerable (course)", thresholds)]
    figures = {}
    for name, sets in {"public": unseen, "course": course}.items():
        measured = [m for own in sets.values() for m in own]
        figures[name] = build_report(measured, calibrate(measured), thresholds)
    write_report(
        "abstention", rows, max_false_refusals=MAX_FALSE_REFUSALS, choice=asdict(choice), figures=figures, seed=0
    )
    measured = [m for own in unseen.values() for m in own]
    render_curve(measured, thresholds).savefig(Path(__file__).with_name("results") / "abstention.png", dpi=80)


def _rows(sets: Sets, unseen: Sets, answerable: str, thresholds: Mapping[str, float]) -> Iterator[dict[str, object]]:
    """Yield a row for each set: AUROC over all of it, shares refused over the half that nothing was chosen on."""
    for name, measured in sets.items():
        strengths = [m.strength for m in unseen[name]]
        auroc = None if name == answerable else calibrate([*sets[answerable], *measured]).auroc
        yield {
            "questions": name,
            "n": len(measured),
            "AUROC against answerable": ""
            if auroc is None
            else f"{auroc.value:.3f} ({auroc.low:.3f}–{auroc.high:.3f})",
            **{f"refused, {by}": sum(s < t for s in strengths) / len(strengths) for by, t in thresholds.items()},
        }


def _measure_public(data: Path, folder: Path) -> Sets:
    rng = random.Random(0)
    cases, article_of = _write_squad(data / "squad", folder / "corpus")
    app = build(data_dir=folder / "index")
    app.ingest([folder / "corpus"], progress=_progress)
    articles = sorted({app.source(row.name).metadata["article"] for row in app.library.sources()})
    rng.shuffle(cases)
    answerable = [c for c in cases if c.answerable]
    sets = {
        _ANSWERABLE: answerable[:_N_ANSWERABLE],
        "adversarial (SQuAD 2.0)": [c for c in cases if not c.answerable][:_N_OTHERS],
        **{name: _unanswerable(rng.sample(texts, _N_OTHERS)) for name, texts in _other_fields(data).items()},
    }
    measured = {name: measure(own, app.evidence, _progress) for name, own in sets.items()}
    removed = _unanswerable(c.question for c in answerable[-_N_OTHERS:])
    measured["gold article removed"] = measure(
        removed,
        lambda question: app.evidence(question, where={"article": [a for a in articles if a != article_of[question]]}),
        _progress,
    )
    return measured


def _write_squad(squad: Path, corpus: Path) -> tuple[list[Case], dict[str, str]]:
    """Write each paragraph as a file that names its article; return the questions, and the article of each."""
    corpus.mkdir(parents=True)
    found = {}
    for article in json.loads((squad / "dev_half.json").read_text(encoding="utf-8"))["data"]:
        for i, paragraph in enumerate(article["paragraphs"]):
            _write(corpus, article["title"], i, paragraph["context"])
            for qa in paragraph["qas"]:
                found[qa["question"].strip()] = article["title"], _case(qa, paragraph["context"])
    for article in json.loads((squad / "distractor_paragraphs.json").read_text(encoding="utf-8")):
        for i, text in enumerate(article["paragraphs"]):
            _write(corpus, article["title"], i, text)
    return [case for _, case in found.values()], {question: title for question, (title, _) in found.items()}


def _write(corpus: Path, title: str, i: int, text: str) -> None:
    name = f"{title}-{i}.md".replace("/", "_")
    (corpus / name).write_text(f"---\narticle: {json.dumps(title)}\n---\n\n{text}\n", encoding="utf-8")


def _case(qa: Mapping[str, Any], context: str) -> Case:
    """Return a question with the sentences that hold its answers."""
    if qa["is_impossible"]:
        return Case(qa["question"].strip(), answerable=False)
    starts = {answer["answer_start"] for answer in qa["answers"]}
    evidence = [context[a:b] for a, b in split_sentences(context) if any(a <= start < b for start in starts)]
    return Case(qa["question"].strip(), answerable=True, evidence=tuple(evidence))


def _other_fields(data: Path) -> dict[str, list[str]]:
    trec = (data / "trec" / "TREC_10.en.label").read_text(encoding="latin-1").splitlines()
    texts = [[line.split(" ", 1)[1] for line in trec]]
    for path, column in (
        (data / "banking77" / "test.csv", "text"),
        (data / "scifact" / "claims_validation.csv", "claim"),
    ):
        with path.open(newline="", encoding="utf-8") as file:
            texts.append(list(dict.fromkeys(row[column] for row in csv.DictReader(file))))
    return dict(zip(_OTHER_FIELDS, texts, strict=True))


def _unanswerable(questions: Any) -> list[Case]:  # noqa: ANN401  (an iterable of text)
    return [Case(question, answerable=False) for question in questions]


def _measure_course(folder: Path) -> Sets:
    """Return the course's own questions of the split for development, by kind where it does not answer them."""
    path = content_dir("evals") / "data" / "course" / "cases.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    cases = [case for case, line in zip(load_cases(path), lines, strict=True) if json.loads(line)["split"] == "dev"]
    app = build(data_dir=folder)
    app.ingest()
    sets: dict[str, list[Measured]] = {"answerable (course)": []}
    for m in measure(cases, app.evidence, _progress):
        sets.setdefault("answerable (course)" if m.case.answerable else f"{m.case.kind} (course)", []).append(m)
    return sets


def _progress(name: str, done: int, total: int) -> None:
    if done % 200 == 0:
        print(f"{done}/{total} {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
