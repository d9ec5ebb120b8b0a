"""What is taken for a duplicate: passages of public sets, and edited copies of them.

Usage: duplicates.py DATA. DATA holds squad/ and scifact/. All passages of a set stand under one heading and compete at
once, which is harder than a result list. A copy is edited in its form (spacing, quotation marks, an article, a
"however"), which should leave a duplicate, or by one number, "not" or name, which should not.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from embedding import RetrievalSet, _read_scifact, _read_squad
from report import write_report

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.locator import Locator
from rag_app.retrieval.duplicates import distinct_passages
from rag_app.types import Passage, Unit

_N_COPIES = 1000
_N_LISTED = 50
_ROUNDS = 200
_NUMBER = re.compile(r"\d(?=\D|$)")
_VERB = re.compile(r"\b(?:is|are|was|were|can|has)\b")
_NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]{3,}")

Edit = Callable[[str], str]


def main() -> None:
    """Measure and report."""
    data = Path(sys.argv[1])
    rows = [_measure(s) for s in (_read_squad(data / "squad"), _read_scifact(data / "scifact"))]
    write_report("duplicates", rows, n_copies=_N_COPIES, n_listed=_N_LISTED, seed=0)


def _measure(retrieval: RetrievalSet) -> dict[str, object]:
    passages = [_passage(text, str(i)) for i, text in enumerate(retrieval.passages)]
    # One place fewer than there are passages, again and again, would let each duplicate go: all do where k is 1.
    gone = {other.source for p in _all_distinct(passages) for other in p.also_in}
    lost = [q for q, relevant in retrieval.questions.items() if {str(i) for i in relevant} <= gone]
    chosen = random.Random(0).sample(passages, min(_N_COPIES, len(passages)))
    return {
        "set": retrieval.name,
        "passages": len(passages),
        "left out": len(gone),
        "questions": len(retrieval.questions),
        "questions whose every passage is left out": len(lost),
        **{f"copies recognised, {name}": _share(chosen, edit) for name, edit in _FORMS.items()},
        **{f"taken for the same, {name}": _share(chosen, edit) for name, edit in _MEANINGS.items()},
        f"processor ms for {_N_LISTED} passages": round(_time_s(passages) * 1e3, 2),
    }


def _all_distinct(passages: list[Passage]) -> list[Passage]:
    """Return what is left where no duplicate is needed to fill a place: others stand behind all of them."""
    others = [_passage(f"Nothing number {i}.", f"other {i}") for i in range(len(passages))]
    return [p for p in distinct_passages([*passages, *others], len(passages)) if not p.source.startswith("other")]


def _share(passages: list[Passage], edit: Edit) -> str:
    """Return how many of the copies that an edit changes are taken for duplicates."""
    pairs = [(p, _passage(text, f"{p.source} edited")) for p in passages if (text := edit(p.text)) != p.text]
    same = sum(bool(_all_distinct([p, copy])[0].also_in) for p, copy in pairs)
    return f"{same} of {len(pairs)}"


def _time_s(passages: list[Passage]) -> float:
    listed = [replace(p, also_in=()) for p in passages[:_N_LISTED]]
    durations = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        distinct_passages(listed, _N_LISTED - 10)
        durations.append(time.process_time() - began)
    return statistics.median(durations)


def _passage(text: str, source: str) -> Passage:
    units = tuple(Unit(start, end, "paragraph") for start, end in split_sentences(text))
    return Passage(source, "", source, 0, len(text), text, Locator(("Heading",)), units=units)


def _negated(text: str) -> str:
    return _VERB.sub(lambda m: f"{m.group()} not", text, count=1)


_FORMS: dict[str, Edit] = {
    "spacing": lambda text: text.replace(" ", "  ", 5),
    "quotation marks and dashes": lambda text: text.replace('"', "”").replace("'", "’").replace(" - ", " – "),
    "an article less": lambda text: text.replace(" the ", " ", 1),
    "a however more": lambda text: re.sub(r"(?<=[.] )[A-Z]", lambda m: f"However, {m.group().lower()}", text, count=1),
    "a part of it": lambda text: text[: split_sentences(text)[0][1]],
}
_MEANINGS: dict[str, Edit] = {
    "another number": lambda text: _NUMBER.sub(lambda m: str((int(m.group()) + 1) % 10), text, count=1),
    "a not more": _negated,
    "another name": lambda text: _NAME.sub("Zanzibar", text, count=1),
    "a sentence more": lambda text: f"{text} It was raining that day.",
}


if __name__ == "__main__":
    main()
