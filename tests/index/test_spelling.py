"""Questions are spelled as the index spells."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_apps import app_over

from rag_app import App, build
from rag_app.index.spelling import Spelling, slips, spellings

BRITISH = (
    "Regularisation makes a model perform better on new data. Weight decay is a kind of regularisation.",
    "An optimiser changes the weights. The optimiser has an optimal step, and regular steps are optimal too.",
    "Fine-tuning continues training. Fine-tuning needs few examples. The colour of the chart is the modelling choice.",
    "k-means groups points. With k-means a point has one cluster. In k-means the centre moves.",
    "The tokenizer reads text; colour does not matter to it. We centre the data before modelling.",
    "A dataset is a set of examples. Fine-tuning takes a dataset. This data set is small; that data set is large.",
)

ENGLISH = frozenset({"clutter", "training"})  # of the words that are one letter away from those of the index


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """An index of files that are British but for one word."""
    return app_over(tmp_path_factory.mktemp("british"), *BRITISH, n_copies=2)


@pytest.fixture(scope="module")
def spelling(app: App) -> Spelling:
    """How that index spells."""
    return Spelling(app.library, app._lexical, ENGLISH.__contains__)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("What does the color mean?", "What does the colour mean?"),
        ("Why center the data before modeling?", "Why centre the data before modelling?"),
        ("Color of the chart", "Colour of the chart"),
        ("Is the Color Run in the Center?", "Is the Color Run in the Center?"),
        ("What is finetuning?", "What is fine-tuning?"),
        ("How does kmeans end?", "How does k-means end?"),
        ("What is fine-tuning of k-means?", "What is fine-tuning of k-means?"),
        ("Is the tokenizer fast?", "Is the tokenizer fast?"),
        ("What is a dataset?", "What is a dataset?"),
        ('Who says "color"?', 'Who says "color"?'),
        ("What are ColorMaps and COLOR?", "What are ColorMaps and COLOR?"),
        ("Is Finetuning a firm?", "Is Finetuning a firm?"),
        ("Wie heißt die Farbe? 何色ですか?", "Wie heißt die Farbe? 何色ですか?"),
        ("", ""),
    ],
)
def test_words_are_respelled_as_most_passages_have_them(spelling: Spelling, asked: str, expected: str) -> None:
    """British or American, one word or two; what the index knows, names and quotations stay."""
    assert spelling.respell(asked) == expected
    assert spelling.respell(expected) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Does regularization help?", "Does regularisation help?"),
        ("Which optimizer is best?", "Which optimiser is best?"),
    ],
)
def test_the_word_itself_is_counted_and_not_its_stem(spelling: Spelling, asked: str, expected: str) -> None:
    """The stems of "regularization" and "optimizer" are those of "regular" and "optimal", which the index has."""
    assert spelling.respell(asked) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("What is a clustr?", "What is a cluster?"),  # missing
        ("What are exxamples?", "What are examples?"),  # too much
        ("What are weigths?", "What are weights?"),  # in another order
        ("What is regularisaton?", "What is regularisation?"),  # in the ending
        ("What are exanples?", "What are exanples?"),  # another letter
        ("Is it clutter?", "Is it clutter?"),  # a word
        ("Who drew clutters?", "Who drew clutters?"),  # its plural
        ("Who is Clustr?", "Who is Clustr?"),  # a name
        ("What is a clst?", "What is a clst?"),  # too short
        ("What is a clstr?", "What is a clstr?"),  # two letters
        ('Who says "clustr"?', 'Who says "clustr"?'),
        ("Wo steht grössenwahn, strømpe und naïveté?", "Wo steht grössenwahn, strømpe und naïveté?"),
    ],
)
def test_a_slip_of_one_letter_is_corrected(spelling: Spelling, asked: str, expected: str) -> None:
    """Where no passage has the word, it is no English, and several passages have what is one letter away."""
    assert spelling.respell(asked) == expected


def test_slips_are_one_letter_away() -> None:
    """Each can be made good by one change; another letter is none."""
    found = slips("abc")
    assert {"ab", "bac", "abbc", "abcd"} <= found
    assert "abd" not in found
    assert "abc" not in found
    assert all("abc" in slips(other) for other in found)


def test_answers_and_searches_use_the_spelling_of_the_index(app: App) -> None:
    """What was typed in the other spelling finds, reads and answers as well; the answer says how it was read."""
    typed, spelled = app.ask("What is finetuning?"), app.ask("What is fine-tuning?")
    assert typed.question == spelled.question == "What is fine-tuning?"
    assert typed.text == spelled.text
    assert app.search("What is finetuning?") == app.search("What is fine-tuning?")
    assert app.evidence("What is finetuning?") == app.evidence("What is fine-tuning?")


def test_what_is_added_is_known_at_once(tmp_path: Path) -> None:
    """A word's spelling is looked up anew when the index has changed."""
    app = build(data_dir=tmp_path / "index")
    spelling = Spelling(app.library, app._lexical, ENGLISH.__contains__)
    for text, expected in (("Tea is hot. " * 3, "the color"), ("The colour of tea is brown. " * 3, "the colour")):
        for name in "ab":
            (tmp_path / f"{name}.md").write_text(f"{text} {name}", encoding="utf-8")
        app.ingest([tmp_path / "a.md", tmp_path / "b.md"])
        assert spelling.respell("the color") == expected


def test_both_ways() -> None:
    """Each spelling yields the other."""
    for british, american in (
        ("normalisation", "normalization"),
        ("analysing", "analyzing"),
        ("behaviours", "behaviors"),
        ("metre", "meter"),
        ("catalogue", "catalog"),
        ("labelled", "labeled"),
        ("licence", "license"),
        ("artefacts", "artifacts"),
        ("grey", "gray"),
        ("judgement", "judgment"),
    ):
        assert list(spellings(british)) == [american]
        assert list(spellings(american)) == [british]
    assert not [w for word in ("four", "for", "size", "sensor", "under", "water") for w in spellings(word)]
