"""What is quoted: best first, whole lists and tables, both sides of a comparison, neighbours as one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import passage_of

from rag_app.reading.evidence import Evidence, SentenceEvidence
from rag_app.reading.extract import choose_sentences
from rag_app.reading.overlap import stems
from rag_app.types import Unit

QUESTION = "Why?"
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
    return Evidence(QUESTION, tuple(sorted(found, key=lambda s: -s.score)), 1.0)


def laid_out(question, *units, start=50, best=0, apart="\n", worse=9.0):
    """Return the evidence of one passage of (kind, text), of which one is the best and the others worse."""
    text, placed = "", []
    for kind, of_unit in units:
        placed.append(Unit(start + len(text), start + len(text) + len(of_unit), kind))
        text += of_unit + apart
    passage = passage_of(text.removesuffix(apart), start=start, units=tuple(placed))
    order = sorted(range(len(units)), key=lambda i: i != best)
    sentences = [SentenceEvidence(passage, placed[i], units[i][1], 0.0 if i == best else -worse) for i in order]
    return Evidence(question, tuple(sentences), 1.0)


def texts(evidence):
    """Return the chosen texts, after a look at their places."""
    found = choose_sentences(evidence)
    for s in found:
        assert s.text == s.passage.text[s.unit.start - s.passage.start : s.unit.end - s.passage.start]
    return [s.text for s in found]


def chosen(evidence):
    """Return the first words of the chosen sentences."""
    return [text.split()[0].lower() for text in texts(evidence)]


def test_nothing_is_chosen_from_nothing():
    """Evidence without sentences has no answer."""
    assert choose_sentences(Evidence(QUESTION, (), 0.0)) == []
    assert choose_sentences(Evidence("What is the difference between a GAN and a VAE?", (), 0.0)) == []


def test_the_best_three_come_best_first():
    """Wherever they stand in the documents: the answer begins with what answers."""
    assert chosen(evidence_of(generators=0.8, posterior=0.9, batches=0.85)) == ["posterior", "batches", "generators"]
    several = evidence_of(generators=0.7, batches=0.71, posterior=0.72, mode=0.73)  # of the two that begin with "Mode"
    assert chosen(several) == ["mode", "posterior", "batches"]


def test_a_sentence_that_is_far_worse_than_the_best_is_left_out():
    """One good sentence is better than one good and two weak ones; log-odds of three below are the limit."""
    assert chosen(evidence_of(generators=4.0, posterior=0.9, batches=0.4)) == ["generators"]
    assert chosen(evidence_of(generators=4.0, posterior=1.0, batches=0.9)) == ["generators", "posterior"]


def test_a_sentence_that_says_the_same_again_is_left_out():
    """Of two sentences with the same words the better one is quoted."""
    said_twice = evidence_of(mode=0.9, balance=0.9)
    assert [s.text for s in said_twice.sentences].count("Mode collapse is a failure.") == 1
    assert [t for t in texts(said_twice) if t.startswith("Mode")] == ["Mode collapse is a failure."]


def test_sentences_that_follow_each_other_are_one_quote():
    """In their order, in the place of the better one; a third joins them, whichever came first."""
    assert texts(evidence_of(generators=0.8, posterior=0.85, balance=0.9)) == [
        "Generators forget modes. Balance helps training.",
        "Posterior collapse ignores codes.",
    ]
    assert texts(evidence_of(generators=0.9, batches=0.8, balance=0.7)) == [
        "Generators forget modes. Balance helps training.",
        "Batches help.",
    ]


@pytest.mark.parametrize(
    ("units", "apart", "n_quotes"),
    [
        ((("paragraph", "One is red."), ("paragraph", "Two are blue.")), " ", 1),
        ((("paragraph", "One is red."), ("paragraph", "Two are blue.")), "\n", 1),  # a line may end anywhere
        ((("paragraph", "One is red."), ("paragraph", "Two are blue.")), "\n\n", 2),
        ((("paragraph", "One is red."), ("list", "- Two are blue.")), "\n", 2),
        ((("paragraph", f"One is {'a' * 420}."), ("paragraph", "Two.")), " ", 1),
        ((("paragraph", f"One is {'a' * 420}."), ("paragraph", "Two are a few more words.")), " ", 2),
    ],
)
def test_only_short_neighbours_in_a_paragraph_are_one_quote(units, apart, n_quotes):
    """Paragraphs, lists and more than 450 characters stay apart."""
    assert len(texts(laid_out("Why?", *units, apart=apart, worse=1.0))) == n_quotes


STEPS = (
    ("paragraph", "Bread needs patience."),
    ("paragraph", "These are the steps:"),
    ("list", "- Knead it."),
    ("list", "- Let it rise."),
    ("list", "- Bake it."),
    ("paragraph", "Then eat."),
)
WHOLE_LIST = "These are the steps:\n- Knead it.\n- Let it rise.\n- Bake it."


@pytest.mark.parametrize("best", [1, 2, 3, 4])
def test_a_list_is_quoted_whole_where_several_things_are_asked_for(best):
    """With the sentence that announces it, whichever of its items is the best."""
    assert texts(laid_out("What are the steps of baking?", *STEPS, best=best)) == [WHOLE_LIST]


def test_an_announcement_is_quoted_with_its_list_whatever_is_asked():
    """Alone it says nothing; an item alone may be the answer to another question."""
    assert texts(laid_out("Why does bread rise?", *STEPS, best=1)) == [WHOLE_LIST]
    assert texts(laid_out("Why does bread rise?", *STEPS, best=3)) == ["- Let it rise."]


def test_a_list_that_nothing_announces_is_quoted_alone():
    """The sentence before it ends with a full stop and is no part of it."""
    units = (("paragraph", "Bread is good."), *STEPS[2:])
    assert texts(laid_out("What are the steps?", *units, best=1)) == ["- Knead it.\n- Let it rise.\n- Bake it."]


def test_an_announcement_without_a_list_is_quoted_as_it_is():
    """At the end of a passage, or before something else."""
    assert texts(laid_out("Why?", *STEPS[:2], best=1)) == ["These are the steps:"]
    assert texts(laid_out("Why?", *STEPS[:2], STEPS[-1], best=1)) == ["These are the steps:"]


@pytest.mark.parametrize(("n_items", "n_lines"), [(12, 12), (13, 1)])
def test_a_long_list_is_quoted_by_its_item(n_items, n_lines):
    """Twelve items are the most that are quoted together."""
    units = [("list", f"- Item {i}") for i in range(n_items)]
    (text,) = texts(laid_out("What are the steps?", *units, best=3))
    assert len(text.splitlines()) == n_lines


@pytest.mark.parametrize(("n_rows", "n_lines"), [(1, 1), (12, 12), (13, 1)])
def test_a_row_is_quoted_with_its_table(n_rows, n_lines):
    """Unless the table has more than twelve rows; the prose around it is left out."""
    units = [("paragraph", "A table."), *(("table", f"row {i} | {i}") for i in range(n_rows)), ("paragraph", "End.")]
    evidence = laid_out("How much?", *units, best=1)
    (text,) = texts(evidence)
    assert len(text.splitlines()) == n_lines
    assert text.startswith("row 0 | 0")
    assert choose_sentences(evidence)[0].unit.kind == "table"


def test_code_is_quoted_as_it_is():
    """A block of code is one unit."""
    assert texts(laid_out("How?", ("paragraph", "See:"), ("code", "x = 1\ny = 2"), best=1)) == ["x = 1\ny = 2"]


SIDES = (
    ("paragraph", "A GAN trains two networks."),
    ("paragraph", "An elegant organ plays."),
    ("paragraph", "VAEs maximise a bound."),
    ("paragraph", "An AE copies its input."),
)


@pytest.mark.parametrize(
    ("question", "best", "expected"),
    [
        ("What is the difference between a GAN and a VAE?", 0, [0, 2]),
        ("What is the difference between a GAN and a VAE?", 2, [2, 0]),
        ("How do they differ, a GAN and a VAE?", 0, [0]),
        ("GAN vs VAE", 1, [1, 0, 2]),
        ("GAN vs AE", 2, [2, 0, 3]),  # AE is no part of the word VAE
        ("GAN vs transformer", 0, [0]),
    ],
)
def test_both_sides_of_a_comparison_are_named(question, best, expected):
    """However much worse the sentence about the other side is; the same word in another number counts."""
    assert texts(laid_out(question, *SIDES, best=best, apart="\n\n")) == [SIDES[i][1] for i in expected]


def test_one_sentence_about_both_sides_is_enough():
    """Nothing is added to a sentence that names both."""
    both = ("paragraph", "A GAN has no encoder and a VAE has one.")
    assert texts(laid_out("What is the difference between a GAN and a VAE?", *SIDES, both, best=4)) == [both[1]]


@given(
    scores=st.fixed_dictionaries(
        {w: st.floats(-4, 4) for w in ("mode", "generators", "balance", "batches", "posterior")}
    )
)
@settings(deadline=None, max_examples=100)
def test_every_choice_is_short_good_and_in_order(scores):
    """Whatever the scores: at most three, best first, none a repetition; all that is nearly as good is in it."""
    evidence = evidence_of(**scores)
    found = choose_sentences(evidence)
    assert found[0].score == evidence.sentences[0].score
    assert evidence.sentences[0].text in found[0].text
    assert 1 <= len(found) <= 3
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    assert len({stems(s.text) for s in found}) == len(found)
    assert all(s.score >= found[0].score - 3 for s in found)
    near = [s for s in evidence.sentences if s.score >= found[0].score - 3]
    assert len(found) == 3 or all(_repeats(s, found) for s in near)


def _repeats(sentence, found):
    return any(len(stems(sentence.text) & stems(f.text)) >= 2 for f in found)
