"""Classification with the real embedder."""

from __future__ import annotations

import asyncio
import re

import numpy as np
import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.context import collect_runs
from support.openai_server import OpenAIServer

from rag_app.chains.classify import EmbeddingClassifier
from rag_app.chains.labels import Label
from rag_app.embeddings.openai import OpenAIEmbedder
from rag_app.errors import InvalidInputError

LABELS = ["cooking", "football", "computer programming"]
TEXTS = {
    "Stir the sauce until it thickens, then add the basil.": "cooking",
    "The goalkeeper saved a penalty in the last minute.": "football",
    "This Python script crashes with a syntax error.": "computer programming",
}
MEANING = {
    "cooking": "recipes, food, sauces",
    "football": "matches, goals, players",
    "programming": "code, scripts, bugs",
}
FOREIGN = "The committee met on Tuesday."
CHARGED = "I was charged twice for my subscription."
DESCRIBED = {"A": "questions about invoices and payments", "B": "questions about the weather"}


@pytest.fixture(scope="module")
def classifier(minilm):
    """Three labels by name."""
    return EmbeddingClassifier(minilm, LABELS)


# -- one label ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "label"), TEXTS.items())
def test_a_text_gets_the_label_that_it_is_about(classifier, text, label):
    """No example of a label is needed."""
    found = classifier.invoke(text)
    assert (found.label, found.labels, found.reason, found.notes) == (label, (label,), "", ())


def test_scores_are_probabilities_best_first(minilm, classifier):
    """They sum to one, in the order of the cosines; the margin is the distance of the first two."""
    text = next(iter(TEXTS))
    found = classifier.invoke(text)
    vectors = minilm.embed([text, *LABELS])
    by_cosine = sorted(LABELS, key=dict(zip(LABELS, vectors[1:] @ vectors[0], strict=True)).__getitem__, reverse=True)
    assert list(found.scores) == by_cosine
    assert sum(found.scores.values()) == pytest.approx(1, abs=1e-5)
    best, second, third = found.scores.values()
    assert 1 > best > second > third > 0
    assert found.margin == pytest.approx(best - second)


def test_similarity_is_nothing_for_unrelated_texts_and_one_for_the_same(classifier):
    """Whatever cosines an embedder gives."""
    assert classifier.invoke("cooking").similarity == pytest.approx(1, abs=1e-5)
    assert abs(classifier.invoke(FOREIGN).similarity) < 0.15


def test_many_texts_are_classified_as_each_alone(minilm, classifier):
    """The order of the texts is kept, and none influences another, beyond the arithmetic of passages."""
    together = classifier.predict(list(TEXTS))
    assert [c.label for c in together] == list(TEXTS.values())
    cosines = np.sum(minilm.embed(list(TEXTS)) * minilm.embed_passages(list(TEXTS)), axis=1)
    for text, found in zip(TEXTS, together, strict=True):
        alone = classifier.invoke(text)
        assert found.similarity == pytest.approx(alone.similarity, abs=2 * float(1 - cosines.min()) ** 0.5 + 1e-5)
        assert found.scores == pytest.approx(alone.scores, abs=0.1)
    assert classifier.predict([]) == []


def test_a_description_sharpens_a_label(minilm):
    """A name that says little is understood through its description; an empty description changes nothing."""
    assert EmbeddingClassifier(minilm, DESCRIBED).invoke(CHARGED).label == "A"
    swapped = {"A": DESCRIBED["B"], "B": DESCRIBED["A"]}
    assert EmbeddingClassifier(minilm, swapped).invoke(CHARGED).label == "B"
    plain = EmbeddingClassifier(minilm, LABELS).invoke(CHARGED)
    empty = EmbeddingClassifier(minilm, dict.fromkeys(LABELS, "")).invoke(CHARGED)
    assert empty == plain


def test_templates_are_averaged(minilm):
    """A template that says what labels are moves them; the order of templates does not matter."""
    text = "How tall is the tower?"
    plain, asked = (EmbeddingClassifier(minilm, LABELS, templates=t).invoke(text) for t in (["{}"], ["a note on {}"]))
    both = EmbeddingClassifier(minilm, LABELS, templates=["{}", "a note on {}"]).invoke(text)
    turned = EmbeddingClassifier(minilm, LABELS, templates=["a note on {}", "{}"]).invoke(text)
    assert both.scores == pytest.approx(turned.scores, abs=1e-5)
    assert len({c.similarity for c in (plain, asked, both)}) == 3


# -- none of these -----------------------------------------------------------------------------------------------------


def test_a_text_that_no_label_fits_has_none(minilm):
    """The scores stay, and the reason has the figures."""
    classifier = EmbeddingClassifier(minilm, LABELS, threshold=0.02)
    fits, foreign = classifier.predict([next(iter(TEXTS)), FOREIGN])
    assert fits.label == "cooking"
    assert (foreign.label, foreign.labels) == (None, ())
    assert sum(foreign.scores.values()) == pytest.approx(1, abs=1e-5)
    assert foreign.reason == f"The best similarity is {foreign.similarity:.3f}, below the threshold of 0.020."


@pytest.mark.parametrize("offset", [-0.001, 0.001])
def test_the_threshold_itself_is_enough(minilm, classifier, offset):
    """Below it there is no label, from it on there is one."""
    text = next(iter(TEXTS))
    threshold = classifier.invoke(text).similarity + offset
    label = EmbeddingClassifier(minilm, LABELS, threshold=threshold).invoke(text).label
    assert label == ("cooking" if offset < 0 else None)


def test_without_examples_few_texts_are_refused(classifier):
    """Names alone are hardly similar to texts: only what is less similar than unrelated texts are is refused."""
    assert classifier.threshold < 0
    assert all(found.label for found in classifier.predict([*TEXTS, "The moon is far away.", "Interest rates rose."]))
    assert classifier.invoke(FOREIGN).label is None


def test_examples_tell_what_is_usual(minilm):
    """With fifty, what 99 % of them reach is the threshold; with fewer, or a label without any, it is as without."""
    subjects = ("invoice", "payment", "refund", "charge", "receipt")
    labels = [
        Label("billing", examples=tuple(f"My {s} number {i} is wrong." for s in subjects for i in range(5))),
        Label("shipping", examples=tuple(f"Parcel {i} with the {s} is late." for s in subjects for i in range(5))),
    ]
    learnt = EmbeddingClassifier(minilm, labels)
    assert learnt.threshold > 0.3
    assert learnt.invoke("The moon is far away.").label is None
    assert learnt.invoke("My invoice number 77 is wrong.").label == "billing"
    plain = EmbeddingClassifier(minilm, ["billing", "shipping"]).threshold
    assert EmbeddingClassifier(minilm, [*labels, "other"]).threshold == plain
    few = Label("billing", examples=labels[0].examples[:24])
    assert EmbeddingClassifier(minilm, [few, labels[1]]).threshold == plain


# -- several labels ----------------------------------------------------------------------------------------------------


def test_a_text_may_have_several_labels_or_none(minilm):
    """Scores are independent: they need not sum to one; those that reach the threshold are the labels."""
    classifier = EmbeddingClassifier(minilm, MEANING, multi_label=True)
    cook, goal = list(TEXTS)[:2]
    both, one, none = classifier.predict([f"{cook} {goal}", cook, FOREIGN])
    assert set(both.labels) == {"cooking", "football"}
    assert both.label == both.labels[0] == next(iter(both.scores))
    assert one.labels == ("cooking",)
    assert (none.label, none.labels) == (None, ())
    assert re.fullmatch(r"The best score is 0\.\d{3}, below the threshold of 0\.500\.", none.reason)
    for found in (both, one, none):
        assert found.labels == tuple(name for name, score in found.scores.items() if score >= 0.5)
        assert all(0 <= score <= 1 for score in found.scores.values())


def test_the_threshold_of_several_labels_is_a_score(minilm):
    """With 0 every label applies, with 1 none."""
    text = next(iter(TEXTS))
    every = EmbeddingClassifier(minilm, MEANING, multi_label=True, threshold=0).invoke(text)
    assert len(every.labels) == 3
    assert EmbeddingClassifier(minilm, MEANING, multi_label=True, threshold=1).invoke(text).labels == ()


# -- examples ----------------------------------------------------------------------------------------------------------


def test_examples_teach_what_names_do_not_say(minilm):
    """Labels that mean nothing are learnt from two examples each."""
    labels = [
        {"name": "x1", "examples": ["The striker scored twice.", "A penalty in extra time."]},
        {"name": "x2", "examples": ["Simmer the soup slowly.", "Knead the dough and let it rise."]},
    ]
    found = EmbeddingClassifier(minilm, labels).predict(["The referee blew the whistle.", "Chop the onions finely."])
    assert [f.label for f in found] == ["x1", "x2"]
    assert all(sum(f.scores.values()) == pytest.approx(1, abs=1e-5) for f in found)


def test_an_example_pulls_its_own_text(minilm):
    """A text that is an example of a label is more surely of that label than before."""
    names = ["greeting", "complaint"]
    before = EmbeddingClassifier(minilm, names).invoke(CHARGED).scores["greeting"]
    taught = [{"name": "greeting", "examples": [CHARGED]}, "complaint"]
    assert EmbeddingClassifier(minilm, taught).invoke(CHARGED).scores["greeting"] > before


# -- the batch ---------------------------------------------------------------------------------------------------------


def test_a_batch_says_that_labels_were_adapted(minilm):
    """Every result notes it; a single text is classified as without, and notes nothing."""
    adapting = EmbeddingClassifier(minilm, LABELS, adapt=True)
    found = adapting.predict(list(TEXTS))
    note = "Labels were adapted to the 3 texts of this batch, none of which came with one."
    assert [(f.label, f.notes) for f in found] == [(label, (note,)) for label in TEXTS.values()]
    text = next(iter(TEXTS))
    assert adapting.invoke(text) == EmbeddingClassifier(minilm, LABELS).invoke(text)


def test_a_batch_may_hold_one_text_many_times(minilm):
    """Texts that do not differ are no error."""
    text, label = next(iter(TEXTS.items()))
    found = EmbeddingClassifier(minilm, LABELS, adapt=True).predict([text] * 5)
    assert [f.label for f in found] == [label] * 5
    assert found[0].scores[label] == pytest.approx(
        EmbeddingClassifier(minilm, LABELS).invoke(text).scores[label], abs=0.1
    )


def test_progress_is_reported(classifier):
    """Block by block, up to the last text."""
    seen = []
    classifier.predict([f"text {i}" for i in range(300)], progress=lambda *args: seen.append(args))
    assert seen == [("texts", 0, 300), ("texts", 256, 300), ("texts", 300, 300)]


# -- as a Runnable -----------------------------------------------------------------------------------------------------


def test_every_way_of_calling_agrees(classifier):
    """invoke, batch and their async twins, and in a chain."""
    text, label = next(iter(TEXTS.items()))
    alone = classifier.invoke(text)
    assert asyncio.run(classifier.ainvoke(text)) == alone
    assert (RunnableLambda(str.strip) | classifier).invoke(f" {text} ") == alone
    many = classifier.batch(list(TEXTS))
    assert [f.label for f in many] == list(TEXTS.values())
    assert asyncio.run(classifier.abatch(list(TEXTS))) == many
    assert classifier.batch([]) == []
    assert label == alone.label


def test_a_batch_is_traced_text_by_text(classifier):
    """A tracer sees a run for each, as of any Runnable."""
    with collect_runs() as runs:
        classifier.batch(list(TEXTS))
    assert [run.inputs["input"] for run in runs.traced_runs] == list(TEXTS)


def test_an_error_of_a_batch_is_raised_or_returned(classifier):
    """As the caller wishes."""
    with pytest.raises(InvalidInputError):
        classifier.batch(["fine", " "])
    assert all(isinstance(e, InvalidInputError) for e in classifier.batch(["fine", " "], return_exceptions=True))


# -- other embedders ---------------------------------------------------------------------------------------------------


class Slanted:
    """The embedder with one direction in common to all texts, as the spaces of several other embedders have."""

    def __init__(self, embedder, weight):
        self._embedder, self._weight = embedder, weight

    def embed(self, texts):
        vectors = self._embedder.embed(texts)
        common = np.full((len(vectors), 1), self._weight, np.float32)
        return np.hstack([vectors, common]) / np.sqrt(np.float32(1 + self._weight**2))

    embed_passages = embed


@pytest.mark.parametrize("options", [{}, {"multi_label": True}, {"adapt": True}])
@pytest.mark.parametrize("examples", [(), ("Fry the fish.",)])
def test_what_all_vectors_have_in_common_does_not_matter(minilm, options, examples):
    """Scores and similarities of an embedder whose cosines all lie between 0.8 and 1 are those of MiniLM, nearly."""
    labels = [Label("cooking", examples=examples), *LABELS[1:]]
    plain, slanted = (EmbeddingClassifier(e, labels, **options) for e in (Slanted(minilm, 0.0), Slanted(minilm, 2.0)))
    for before, after in zip(plain.predict(list(TEXTS)), slanted.predict(list(TEXTS)), strict=True):
        assert after.label == before.label
        assert after.scores == pytest.approx(before.scores, abs=0.1)
        assert after.similarity == pytest.approx(before.similarity, abs=0.15)


def test_an_embedder_behind_the_openai_protocol():
    """Labels are embedded by one request, and texts of a batch by another."""
    with OpenAIServer(dimension=64) as server:
        embedder = OpenAIEmbedder("tiny", base_url=server.url)
        classifier = EmbeddingClassifier(embedder, {"billing": "money, invoice", "shipping": "parcel, delivery"})
        assert len(server.requests) == 1
        found = classifier.batch(["where is the parcel", "the invoice"])
        assert len(server.requests) == 2
    assert [f.label for f in found] == ["shipping", "billing"]


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [[""], ["fine", " \n"]])
def test_a_blank_text_is_refused(classifier, texts):
    """A text without words has no label."""
    with pytest.raises(InvalidInputError, match=r"^A text to classify must not be empty\.$"):
        classifier.predict(texts)


def test_one_text_is_no_list(classifier):
    """It would be classified letter by letter."""
    with pytest.raises(InvalidInputError, match=r"^texts must be a list of texts; got 'text'\. Pass a list, or use in"):
        classifier.predict("text")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.5}, "threshold must be at least -1 and at most 1; got 1.5."),
        ({"threshold": -1.5}, "threshold must be at least -1 and at most 1; got -1.5."),
        ({"threshold": float("nan")}, "threshold must be at least -1 and at most 1; got nan."),
        ({"threshold": -0.1, "multi_label": True}, "threshold must be at least 0 and at most 1; got -0.1."),
        (
            {"templates": []},
            "templates must be a list of texts with {} in the place of a label; got []. Pass, for example: ",
        ),
        (
            {"templates": "about {}"},
            "templates must be a list of texts with {} in the place of a label; got 'about {}'. ",
        ),
        (
            {"templates": ["{}", "about"]},
            "templates must be a list of texts with {} in the place of a label; got 'about'. ",
        ),
    ],
)
def test_a_wrong_option_is_named(minilm, options, message):
    """With its rule and its value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}"):
        EmbeddingClassifier(minilm, LABELS, **options)


def test_labels_are_checked(minilm):
    """Before anything is embedded."""
    with pytest.raises(InvalidInputError, match=r"^labels must be at least two different names"):
        EmbeddingClassifier(minilm, ["one"])
