"""Whether the search found what answers the question: by the places that a case names, and by the words of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.from_scratch.metrics.ranking import ndcg, recall_at_k, reciprocal_rank
from rag_app.reading.overlap import stems

SAME = 0.7  # of the words of a sentence: a chunk may begin within it
_COUNTED = "counts facts: whether the place that a person named was found"
_PLACES = "A passage in another place that answers as well counts as wrong, unless the case names it too."
_WORDS = "A passage that says the same in quite different words counts as wrong."
_NO_PLACE = "The case names no place that answers it."
_NO_WORDS = "The case has neither evidence nor a reference answer."
_CUTS = (1, 3, 5)

Ranking = tuple[list[str], list[str]]


def _by_place(of: Callable[[list[str], list[str]], float]) -> Callable[[Example], Score]:
    """Return the metric that scores the ranking of places by a function of a ranking and of what is relevant."""

    def score(example: Example) -> Score:
        found = _ranked(example)
        if found is None:
            return not_applicable(_NO_PLACE)
        ranking, relevant = found
        rank = next((r for r, item in enumerate(ranking, start=1) if item in relevant), None)
        why = f"The first relevant passage has rank {rank}." if rank else "No relevant passage was retrieved."
        return scored(of(ranking, relevant), why)

    return score


def _enter_cut(k: int) -> None:
    """Enter the metrics that look at the first k passages."""
    metric(
        name=f"hit_at_{k}",
        definition=f"1 where one of the places that the case names is among the first {k} passages, otherwise 0.",
        misses=_PLACES,
        agreement_note=_COUNTED,
    )(_by_place(lambda ranking, relevant: float(any(item in relevant for item in ranking[:k]))))
    metric(
        name=f"recall_at_{k}",
        definition=f"Share of the places that the case names which are among the first {k} passages.",
        misses="Whether one of them would have been enough. " + _PLACES,
        agreement_note=_COUNTED,
    )(_by_place(lambda ranking, relevant: recall_at_k(ranking, relevant, k)))
    metric(
        name=f"precision_at_{k}",
        definition=f"Share of the first {k} passages that stand in a place that the case names.",
        misses="Where the case names one place, it cannot exceed the number of its chunks over k. " + _PLACES,
        agreement_note=_COUNTED,
    )(lambda example: _precision(example, k))


for _k in _CUTS:
    _enter_cut(_k)

metric(
    name="reciprocal_rank",
    definition="One over the rank of the first passage in a place that the case names, 0 if there is none; its mean "
    "is the MRR.",
    misses="Everything behind the first hit. " + _PLACES,
    agreement_note=_COUNTED,
)(_by_place(lambda ranking, relevant: reciprocal_rank(ranking, relevant, max(len(ranking), 1))))

metric(
    name="ndcg",
    definition="Normalised discounted cumulative gain of the first ten passages; each named place gains 1.",
    misses="That some places answer better than others. " + _PLACES,
    agreement_note=_COUNTED,
)(_by_place(lambda ranking, relevant: ndcg(ranking, dict.fromkeys(relevant, 1.0))))


@metric(
    name="context_recall_by_id",
    definition="Share of the places that the case names which were retrieved at all.",
    misses="Their rank. " + _PLACES,
    agreement_note=_COUNTED,
)
def context_recall_by_id(example: Example) -> Score:
    """Return the share of the named places that were retrieved."""
    return _by_place(lambda ranking, relevant: recall_at_k(ranking, relevant, max(len(ranking), 1)))(example)


@metric(
    name="context_precision_by_id",
    definition="Share of the retrieved passages that stand in a place that the case names.",
    misses="Their rank. " + _PLACES,
    agreement_note=_COUNTED,
)
def context_precision_by_id(example: Example) -> Score:
    """Return the share of the passages that stand in a named place."""
    return _precision(example, max(len(example.retrieved), 1))


@metric(
    name="context_precision_by_text",
    definition="Mean, over the passages that hold 70 % of the words of an evidence sentence (or of the reference), of "
    "the share of such passages down to their rank: 1 where they are all in front.",
    misses=_WORDS + " Words count, not their order or a negation.",
)
def context_precision_by_text(example: Example) -> Score:
    """Return the average precision of the passages that hold what is wanted."""
    wanted = _wanted(example)
    if not wanted:
        return not_applicable(_NO_WORDS)
    useful = [any(_held(sentence, stems(text)) >= SAME for sentence in wanted) for text in example.passages]
    shares = [sum(useful[:rank]) / rank for rank, holds in enumerate(useful, start=1) if holds]
    why = f"{sum(useful)} of {len(useful)} passages hold what is wanted."
    return scored(sum(shares) / len(shares) if shares else 0.0, why)


@metric(
    name="context_recall_by_text",
    definition="The largest share of the words of an evidence sentence (or of the reference) that the passages hold "
    "together.",
    misses=_WORDS + " Words that stand far apart count as if they stood together.",
)
def context_recall_by_text(example: Example) -> Score:
    """Return how much of the best evidence sentence the passages hold."""
    wanted = _wanted(example)
    if not wanted:
        return not_applicable(_NO_WORDS)
    found = frozenset[str]().union(*(stems(text) for text in example.passages))
    best = max(_held(sentence, found) for sentence in wanted)
    return scored(best, f"{best:.0%} of the words that are wanted most were retrieved.")


def relevant_places(example: Example) -> list[Mapping[str, Any]]:
    """Return the places that a case names: ids under ``relevant``, otherwise documents and headings."""
    fields = example.case.fields
    named = fields.get("relevant")
    if named:
        return [{"id": str(name)} for name in named]
    if not example.source:
        return []
    places = [{"source": example.source, "heading": fields.get("heading", "")}]
    places += [
        {"source": p["source"], "heading": p.get("heading", "")} for p in fields.get("also") or () if "source" in p
    ]
    return [place for i, place in enumerate(places) if place not in places[:i]]


def is_at(passage: Mapping[str, Any], place: Mapping[str, Any]) -> bool:
    """Return whether a passage or a citation stands in a place."""
    if "id" in place:
        return place["id"] in {passage.get("chunk_id"), passage["source"]}
    heading = place["heading"]
    return passage["source"] == place["source"] and (not heading or heading in passage["locator"].get("heading", ()))


def _ranked(example: Example) -> Ranking | None:
    """Return the ranking of passages under the names of the places where they stand, each place once."""
    places = relevant_places(example)
    if not places:
        return None
    names = [
        next((f"place {i}" for i, place in enumerate(places) if is_at(passage, place)), f"other {rank}")
        for rank, passage in enumerate(example.retrieved)
    ]
    return list(dict.fromkeys(names)), [f"place {i}" for i in range(len(places))]


def _precision(example: Example, k: int) -> Score:
    places = relevant_places(example)
    if not places:
        return not_applicable(_NO_PLACE)
    first = example.retrieved[:k]
    n = sum(any(is_at(passage, place) for place in places) for passage in first)
    return scored(n / k, f"{n} of the first {k} passages stand in a place that the case names.")


def _wanted(example: Example) -> list[frozenset[str]]:
    texts: Sequence[str] = example.evidence or ((example.reference,) if example.reference else ())
    return [found for text in texts if (found := stems(text))]


def _held(sentence: frozenset[str], words: frozenset[str]) -> float:
    return len(sentence & words) / len(sentence)
