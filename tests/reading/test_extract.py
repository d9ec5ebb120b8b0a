"""The choice of sentences."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import passage_of

from rag_app.reading.evidence import Evidence, SentenceEvidence
from rag_app.reading.extract import choose_sentences
from rag_app.reading.overlap import stems

SENTENCES = {
    "gans.md": ["Mode collapse is a failure.", "Generators forget modes.", "Balance helps training.", "Batches help."],
    "vae.md": ["Posterior collapse ignores codes.", "Annealing raises weights slowly.", "Mode collapse: a failure."],
}
PASSAGES = [passage_of(" ".join(texts), source=name) for name, texts in SENTENCES.items()]


def evidence_of(**scores):
    """Return the evidence of sentences by their first word."""
    found = [
        SentenceEvidence(p, u, p.text[u.start : u.end], scores[first])
        for p in PASSAGES
        for u in p.units
        if (first := p.text[u.start : u.end].split()[0].lower().strip(":")) in scores
    ]
    return Evidence(tuple(sorted(found, key=lambda s: -s.score)), 1.0)


def chosen(evidence):
    """Return the first words of the chosen sentences."""
    return [s.text.split()[0].lower() for s in choose_sentences(evidence)]


def test_nothing_is_chosen_from_nothing():
    """Evidence without sentences has no answer."""
    assert choose_sentences(Evidence((), 0.0)) == []


def test_sentences_are_chosen_by_score_and_shown_in_reading_order():
    """The best three, in the order in which they stand in the document."""
    assert chosen(evidence_of(generators=0.8, balance=0.9, batches=0.85)) == ["generators", "balance", "batches"]
    assert chosen(evidence_of(generators=0.7, balance=0.71, batches=0.72, posterior=0.73)) == [
        "posterior",
        "balance",
        "batches",
    ]


def test_the_document_of_the_earliest_chosen_sentence_comes_first():
    """Sentences of one document stay together."""
    assert chosen(evidence_of(posterior=0.9, generators=0.88, annealing=0.86)) == [
        "posterior",
        "annealing",
        "generators",
    ]


def test_a_sentence_that_is_far_worse_than_the_best_is_left_out():
    """One good sentence is better than one good and two weak ones."""
    assert chosen(evidence_of(generators=2.0, balance=0.5, batches=0.4)) == ["generators"]


def test_a_sentence_that_says_the_same_again_is_left_out():
    """Of two sentences with the same words the better one is quoted."""
    said_twice = evidence_of(mode=0.9, generators=0.9)
    assert [s.text for s in said_twice.sentences].count("Mode collapse is a failure.") == 1
    assert [s.text for s in choose_sentences(said_twice) if s.text.startswith("Mode")] == [
        "Mode collapse is a failure."
    ]


@given(
    scores=st.fixed_dictionaries(
        {w: st.floats(-1, 2) for w in ("mode", "generators", "balance", "batches", "posterior")}
    )
)
@settings(deadline=None, max_examples=100)
def test_every_choice_is_short_good_and_in_order(scores):
    """Whatever the scores: the best sentence is there, at most three in all, in reading order, none a repetition."""
    evidence = evidence_of(**scores)
    found = choose_sentences(evidence)
    assert evidence.sentences[0] in found
    assert 1 <= len(found) <= 3
    places = {s.passage.source: [t.unit.start for t in found if t.passage.source == s.passage.source] for s in found}
    assert all(starts == sorted(starts) for starts in places.values())
    assert len({stems(s.text) for s in found}) == len(found)
    worst = min(s.score for s in found)
    assert all(s.score <= evidence.sentences[0].score for s in found)
    assert len(found) == 3 or all(s.score <= worst or _repeats(s, found) for s in evidence.sentences if s not in found)


def _repeats(sentence, found):
    return any(len(stems(sentence.text) & stems(f.text)) >= 2 for f in found)
