"""Public sets in which people marked what a text does not support, in one form."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PASSAGE = re.compile(r"passage \d+:")
_RAGTRUTH = {"qa": "RAGTruth, answers", "summary": "RAGTruth, summaries", "data2txt": "RAGTruth, data to text"}


@dataclass(frozen=True)
class Labelled:
    """A text with the passages it was made from, and what of it people found unsupported.

    Parameters
    ----------
    name : str
        Of the set.
    source : str
        Texts of one source are resampled together.
    question : str
        Empty where there was none.
    passages : list of str
        What may support it.
    text : str
        An answer, or a single claim.
    spans : list of tuple of int, or None
        ``text[start:end]`` that are not supported; None where only the whole text is labelled.
    unsupported : bool
        Whether any part is not supported.
    kind : str
        What is wrong, where people said so.
    """

    name: str
    source: str
    question: str
    passages: list[str]
    text: str
    spans: list[tuple[int, int]] | None
    unsupported: bool
    kinds: tuple[str, ...] = ()


def read_sets(folder: Path) -> dict[str, list[Labelled]]:
    """Return the sets of a folder by name."""
    sets = {_RAGTRUTH[task]: list(_read_ragtruth(folder, task)) for task in _RAGTRUTH}
    sets["AttributionBench"] = list(_read_attributionbench(folder))
    sets["WiCE"] = list(_read_wice(folder))
    for part in ("cnndm", "xsum"):
        sets[f"QAGS, {part}"] = list(_read_qags(folder, part))
    sets["BEGIN"] = list(_read_begin(folder))
    return sets


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _read_ragtruth(folder: Path, task: str) -> Iterator[Labelled]:
    for row in _lines(folder / "ragtruth" / f"{task}_dev.jsonl"):
        source = row["source"]
        question = source["question"] if task == "qa" else ""
        if task == "qa":
            passages = [p.strip() for p in _PASSAGE.split(source["passages"]) if p.strip()]
        else:
            passages = [source if isinstance(source, str) else json.dumps(source, ensure_ascii=False)]
        for answer in row["responses"]:
            spans = [(label["start"], label["end"]) for label in answer["labels"]]
            kinds = tuple(label["label_type"] for label in answer["labels"])
            yield Labelled(
                _RAGTRUTH[task],
                str(row["source_id"]),
                question,
                passages,
                answer["response"],
                spans,
                bool(spans),
                kinds,
            )


def _read_attributionbench(folder: Path) -> Iterator[Labelled]:
    for row in _lines(folder / "attributionbench" / "dev.jsonl"):
        unsupported = row["attribution_label"] != "attributable"
        name = f"AttributionBench, {row['src_dataset']}"
        yield Labelled(name, row["question"], row["question"], row["references"], row["claim"], None, unsupported)


def _read_wice(folder: Path) -> Iterator[Labelled]:
    for part in ("train", "dev"):
        for row in _lines(folder / "wice" / f"{part}.jsonl"):
            spans, position = [], 0
            for token, wrong in zip(row["claim_tokens"], row["non_supported_spans"], strict=True):
                found = row["claim"].find(token, position)
                if found < 0:
                    continue
                position = found + len(token)
                if wrong:
                    spans.append((found, position))
            source = row["evidence"][0]
            yield Labelled("WiCE", source, "", [" ".join(row["evidence"])], row["claim"], spans, unsupported=True)


def _read_qags(folder: Path, part: str) -> Iterator[Labelled]:
    for number, row in enumerate(_lines(folder / "qags" / f"qags_{part}.jsonl")):
        for sentence in row["summary_sentences"]:
            votes = [r["response"] == "no" for r in sentence["responses"]]
            wrong = sum(votes) * 2 > len(votes)
            yield Labelled(f"QAGS, {part}", str(number), "", [row["article"]], sentence["sentence"], None, wrong)


def _read_begin(folder: Path) -> Iterator[Labelled]:
    with (folder / "begin" / "wow_dev.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["begin_label"] == "Generic":
                continue
            wrong = row["begin_label"] != "Fully attributable"
            yield Labelled("BEGIN", row["knowledge"], row["message"], [row["knowledge"]], row["response"], None, wrong)
