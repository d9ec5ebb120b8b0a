"""Late interaction against a slow reference: a loop over tokens, units and passages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.answers import passage_of

from rag_app.embeddings.alignment import Aligner, heading_score
from rag_app.embeddings.token_codes import encode, reduced
from rag_app.locator import Locator
from rag_app.types import Unit

QUESTION = "Who wrote the waltz of the emperor?"
IDF = {"wrote": 1.0, "waltz": 3.0, "emperor": 4.0}
WALTZ = passage_of(
    "The waltz is a dance in triple time. Johann Strauss wrote the Emperor Waltz. Oak is good for floors.",
    source="waltz.md",
    start=1000,
    context="Dances › The waltz",
)
RICE = passage_of("Rice is boiled in water. Salt is added at the end.", source="rice.md", start=7)
PASSAGES = [WALTZ, RICE]


def idf(words):
    """Return the idf of words: 1 of those that are not listed."""
    return {w: IDF.get(w, 1.0) for w in words}


@pytest.fixture(scope="module")
def aligner(minilm):
    """An aligner over an index that has stored no tokens."""
    return Aligner(minilm, idf, lambda _ids: {})


def _token_texts(minilm, text):
    (tokens,) = minilm.embed_tokens([text])
    return [text[a:b] for a, b in tokens.offsets]


def _slow(minilm, passage):
    """Return the weighted alignment and the cosine of each unit and of the whole, in exact arithmetic, by loops."""
    (asked,), (read,) = minilm.embed_tokens([QUESTION]), minilm.embed_tokens([passage.embedded_text])
    weights = [IDF.get(QUESTION[a:b].lower(), 0.0) for a, b in asked.offsets]
    question, mean, vectors = reduced(asked.vectors), reduced(asked.mean), reduced(read.vectors)
    spans = [(u.start - passage.start, u.end - passage.start) for u in passage.units]
    spans.append((-len(passage.context) - 1, len(passage.text)))
    shift = len(passage.embedded_text) - len(passage.text)
    found = []
    for start, end in spans:
        inside = [v for v, (a, _) in zip(vectors, read.offsets, strict=True) if start <= a - shift < end]
        alignment = sum(
            w * max(float(q @ v) for v in inside) for w, q in zip(weights, question, strict=True) if w
        ) / sum(weights)
        total = np.sum(inside, axis=0)
        found.append((alignment, float(total @ mean / np.linalg.norm(total))))
    return found


def test_weights_are_the_rarity_of_content_words(aligner, minilm):
    """Stop words and punctuation weigh nothing; the others as much as they are rare, in all one."""
    asked = aligner.ask(QUESTION)
    tokens = _token_texts(minilm, QUESTION)
    assert tokens == ["Who", "wrote", "the", "waltz", "of", "the", "emperor", "?"]
    assert asked.weights.tolist() == pytest.approx([0, 1 / 8, 0, 3 / 8, 0, 0, 4 / 8, 0])
    assert asked.asking.tolist() == [True, *[False] * 7]
    assert asked.vectors.shape == (8, 64)
    assert asked.idf["emperor"] == 4


def test_all_pieces_of_a_word_have_its_weight(aligner, minilm):
    """A word that is read in pieces counts by each of them."""
    question = "Is a zeugma a waltz?"
    pieces = _token_texts(minilm, question)
    assert pieces == ["Is", "a", "ze", "ug", "ma", "a", "waltz", "?"]
    assert aligner.ask(question).weights.tolist() == pytest.approx([0, 0, *[1 / 6] * 3, 0, 3 / 6, 0])


@pytest.mark.parametrize("question", ["Who is it?", "What?", "?"])
def test_without_content_words_all_tokens_count_alike(aligner, question):
    """A question of stop words still has weights that sum to one."""
    weights = aligner.ask(question).weights
    assert weights.tolist() == pytest.approx([1 / len(weights)] * len(weights))


@pytest.mark.parametrize("passages", [[WALTZ], [RICE], PASSAGES, PASSAGES[::-1]], ids=["a", "b", "ab", "ba"])
def test_alignments_equal_a_slow_reference(aligner, minilm, passages):
    """For each sentence and the whole passage, whatever stands in front of it and beside it."""
    pages = aligner.align(aligner.ask(QUESTION), passages)
    assert [page.passage for page in pages] == passages
    for page, passage in zip(pages, passages, strict=True):
        *units, whole = _slow(minilm, passage)
        assert page.units == passage.units
        assert page.alignments.tolist() == pytest.approx([a for a, _ in units], abs=0.06)
        assert page.cosines.tolist() == pytest.approx([c for _, c in units], abs=0.06)
        assert (page.whole_alignment, page.whole_cosine) == pytest.approx(whole, abs=0.06)


def test_parts_agree_with_each_other(aligner):
    """An alignment is the weighted sum of the best cosines; the whole is at least as good as any of its sentences."""
    asked = aligner.ask(QUESTION)
    for page in aligner.align(asked, PASSAGES):
        assert page.best.shape == (len(page.units), len(asked.weights))
        np.testing.assert_allclose(page.best @ asked.weights, page.alignments, atol=1e-6)
        assert page.whole_alignment >= page.alignments.max() - 1e-6


def test_the_sentence_that_says_it_aligns_best(aligner):
    """By meaning and by words."""
    waltz, rice = aligner.align(aligner.ask(QUESTION), PASSAGES)
    assert waltz.alignments.argmax() == waltz.cosines.argmax() == 1
    assert waltz.whole_alignment > rice.whole_alignment


def test_stored_tokens_are_used(aligner, minilm):
    """What was stored by the fast network gives nearly what is read now, and what is stored is not read again."""
    asked = aligner.ask(QUESTION)
    codes = [encode(t) for t in minilm.read_passages([p.embedded_text for p in PASSAGES])]
    kept = dict(zip((p.chunk_id for p in PASSAGES), codes, strict=True))
    stored = Aligner(minilm, idf, lambda ids: {i: kept[i] for i in ids})
    exact = Aligner(minilm, idf, lambda ids: {i: encode(minilm.embed_tokens([_text(i)])[0]) for i in ids})
    unstored = aligner.align(asked, PASSAGES)
    for page, same, near in zip(unstored, stored.align(asked, PASSAGES), exact.align(asked, PASSAGES), strict=True):
        np.testing.assert_array_equal(page.best, same.best)
        np.testing.assert_allclose(page.best, near.best, atol=0.1)
        assert page.alignments.tolist() == pytest.approx(near.alignments.tolist(), abs=0.05)
    swapped = Aligner(minilm, idf, lambda _ids: {"waltz.md": kept["waltz.md"]})
    for page, same in zip(unstored, swapped.align(asked, PASSAGES), strict=True):
        np.testing.assert_array_equal(page.best, same.best)


def _text(chunk_id):
    return next(p.embedded_text for p in PASSAGES if p.chunk_id == chunk_id)


def test_passages_do_not_mix(aligner):
    """A passage aligns as well alone as among others."""
    asked = aligner.ask(QUESTION)
    for page in aligner.align(asked, PASSAGES):
        (alone,) = aligner.align(asked, [page.passage])
        np.testing.assert_allclose(alone.best, page.best, atol=1e-6)
        assert alone.whole_alignment == pytest.approx(page.whole_alignment, abs=1e-6)


def test_units_without_tokens_are_left_out(aligner):
    """A unit of white space, a heading and a fragment are no sentences; the whole still counts the heading."""
    text = "The waltz\n\n \n\nOak is good."
    units = (Unit(0, 9, "heading"), Unit(11, 12, "paragraph"), Unit(14, 26, "paragraph"))
    (page,) = aligner.align(aligner.ask(QUESTION), [passage_of(text, units=units)])
    assert page.units == units[2:]
    assert page.best.shape[0] == len(page.alignments) == len(page.cosines) == 1
    assert page.whole_alignment > page.alignments[0] + 0.1


@pytest.mark.parametrize(("text", "units"), [("The waltz", (Unit(0, 9, "heading"),)), ("...", ()), ("", ())])
def test_a_passage_without_sentences(aligner, text, units):
    """It has no units, and numbers for the whole that are 0 where it has no tokens either."""
    asked = aligner.ask(QUESTION)
    bare, full = aligner.align(asked, [passage_of(text, units=units), RICE])
    assert (bare.units, bare.best.shape, bare.alignments.shape) == ((), (0, 8), (0,))
    assert (bare.whole_alignment == bare.whole_cosine == 0) is (text == "")
    assert len(full.units) == 2


def test_a_question_without_tokens(aligner):
    """It aligns with nothing, and that is no error."""
    asked = aligner.ask("")
    (page,) = aligner.align(asked, [RICE])
    assert page.best.shape == (2, 0)
    assert page.alignments.tolist() == [0, 0]
    assert page.whole_alignment == 0


def test_scored_passages_have_their_best_sentence(aligner):
    """In the order that they came in; one without sentences has none, and still a score for the whole."""
    asked = aligner.ask(QUESTION)
    bare = passage_of("The waltz", units=(Unit(0, 9, "heading"),))
    waltz, none, rice = aligner.score(asked, [WALTZ, bare, RICE])
    pages = aligner.align(asked, [WALTZ, RICE])
    assert waltz.evidence == WALTZ.units[1]
    assert [p.alignment_score for p in (waltz, rice)] == [max(page.alignments) for page in pages]
    assert (none.evidence, none.alignment_score) == (None, 0)
    assert 0 < none.score < waltz.score
    assert rice.score < waltz.score
    assert [p.text for p in (waltz, none, rice)] == [WALTZ.text, bare.text, RICE.text]


def test_no_passages(aligner):
    """Nothing is read, nothing is returned."""
    asked = aligner.ask(QUESTION)
    assert aligner.align(asked, []) == aligner.score(asked, []) == []


@pytest.mark.parametrize(
    ("question", "heading", "expected"),
    [
        ("why does fusion fail", "Causes of fusion", 2 / 3),  # causes, fusion; of these and fail
        ("what makes fusion fail", "Causes of fusion", 1 / 4),
        ("why does fusion fail", "Fusion", 1 / 2),
        ("why is that", "Reasons", 1.0),
        ("why is that", "", 0.0),
    ],
)
def test_why_asks_for_causes(question, heading, expected):
    """A heading that promises causes or reasons is asked about by why; stop words count on neither side."""
    passage = replace(WALTZ, locator=Locator(heading=(heading,) if heading else ()))
    assert heading_score(frozenset(question.split()), passage) == pytest.approx(expected)
