"""BM25 on an absolute scale."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.slow_bm25 import K1, bm25

from rag_app.from_scratch.language.words import content_words, words
from rag_app.index.lexical import Lexical
from rag_app.index.library import Library
from rag_app.locator import Locator
from rag_app.types import Chunk, Source

DOCUMENTS = [
    "The generator maps noise to images; the discriminator judges images.",
    "Mode collapse: the generator produces the same image again and again.",
    "Training a classifier. Trained classifiers classify, and training trains them!",
    "Cats sleep.",
    "A long text about everything: cats, dogs, noise, training, images, tokens, words, letters, and more cats.",
    "Café owners don't say 'naïve' in the state-of-the-art C++ code_base of 2024.",
]


def _library(path, texts, contexts=None):
    """Return a library with one source for each text, which is its only chunk."""
    library = Library(path)
    library.create()
    for i, text in enumerate(texts):
        _write(library, i, text, contexts[i] if contexts else "")
    return library


def _write(library, i, text, context=""):
    """Store a text as source and chunk number `i`."""
    chunk = Chunk(f"{i:032x}", 0, len(text), text, context, Locator(), (), 1)
    source = Source(f"{i}.md", f"/{i}.md", "Title", text, "", f"{i}", ())
    library.replace_source(source, [chunk], {f"k{i}": [0.0]}, [f"k{i}"])


@pytest.fixture(scope="module")
def lexical(tmp_path_factory):
    """The documents, indexed."""
    return Lexical(_library(tmp_path_factory.mktemp("lexical") / "library.sqlite", DOCUMENTS))


def _scores(lexical, question, k=100, **options):
    return {int(chunk_id, 16): score for chunk_id, score in lexical.match(question, **options).best(k).items()}


@pytest.mark.parametrize(
    "question",
    [
        "images",
        "What is mode collapse?",
        "training cats",
        "Do cats sleep on noise images?",
        "generator generators",
        "zebra cats",
    ],
)
def test_scores_are_bm25_over_the_most_that_the_question_could_reach(lexical, question):
    """SQLite's scores equal a slow reference from the definition, divided by Σ idf · (k1 + 1)."""
    terms = list(dict.fromkeys(content_words(question)))
    scores, idfs = bm25(DOCUMENTS, terms)
    ceiling = sum(idfs) * (K1 + 1)
    assert _scores(lexical, question) == {i: pytest.approx(s / ceiling) for i, s in enumerate(scores) if s > 0}
    assert lexical.idf(terms) == pytest.approx(dict(zip(terms, idfs, strict=True)))


def test_idf_of_a_word_worked_by_hand(lexical):
    """A word of 1 in 6 chunks has ln(5.5 / 1.5) = 1.2993, of 2 in 6 ln(4.5 / 2.5) = 0.5878, of none ln(6.5 / 0.5)."""
    assert lexical.idf(["sleep", "cats", "zebra", "sleep"]) == {
        "sleep": pytest.approx(1.29928, abs=1e-5),
        "cats": pytest.approx(0.58779, abs=1e-5),
        "zebra": pytest.approx(2.56495, abs=1e-5),
    }


def test_a_word_of_more_than_half_of_the_chunks_hardly_counts(tmp_path):
    """The idf of a frequent word is 1e-6, not negative, and its score stays in [0, 1]."""
    lexical = Lexical(_library(tmp_path / "library.sqlite", ["cats one", "cats two", "cats three", "dogs four"]))
    assert lexical.idf(["cats"]) == {"cats": 1e-6}
    assert all(0 < score <= 1 for score in _scores(lexical, "cats").values())
    assert _scores(lexical, "cats four")[3] > 0.4 > _scores(lexical, "cats four")[0]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("images", {0, 1, 4}),
        ("image", {0, 1, 4}),
        ("IMAGES", {0, 1, 4}),
        ("trains", {2, 4}),
        ("cafe", {5}),
        ("CAFÉ", {5}),
        ("naive", {5}),
        ("don't", {5}),
        ("don’t", {5}),
        ("state-of-the-art", {5}),
        ("code_base", {5}),
        ("2024", {5}),
        ("the", {0, 1, 5}),
        ("what is the", {0, 1, 5}),
        ("the cats", {3, 4}),
        ("zebra", set()),
    ],
)
def test_words_are_found_by_their_stems(lexical, question, found):
    """Case, accents and endings don't matter; stop words count only where there is nothing else."""
    assert set(_scores(lexical, question)) == found


@pytest.mark.parametrize(
    "question",
    [
        '"',
        '""',
        'cats"',
        '"cats" OR "dogs"',
        "cats AND dogs",
        "cats OR",
        "NOT cats",
        "AND OR NOT NEAR",
        "NEAR(cats dogs, 2)",
        "body:cats",
        "context : cats",
        "{context body}: cats",
        "-body:cats",
        "cats*",
        "^cats",
        "cats + dogs",
        "(cats",
        "cats; DROP TABLE chunks",
        "cats' OR '1'='1",
        "%_?",
        "cats\0dogs",
        "_",
        "___ cats",
        "...",
        "\U0001f600",
        "\u732b",
        "\u0661\u0662\u00b2\u00bd",
        "",
        " \n",
        " ".join(f"w{i}" for i in range(1_500)),
    ],
)
def test_no_question_breaks_the_query(lexical, question):
    """Quotes, operators, column filters, wildcards, symbols and very long questions are words or nothing."""
    assert all(0 < score <= 1 for score in lexical.match(question).best(10).values())
    assert ({3, 4} <= set(_scores(lexical, question))) == ("cats" in question)


def test_results_are_the_best_in_order(lexical):
    """The best come first, at most `k` of them, and asking again gives the same."""
    ranked = list(lexical.match("training images noise").best(10).items())
    assert [s for _, s in ranked] == sorted((s for _, s in ranked), reverse=True)
    assert list(lexical.match("training images noise").best(2).items()) == ranked[:2]
    assert list(lexical.match("training images noise").best(10).items()) == ranked


def test_among_restricts_without_changing_scores(lexical):
    """Scores of a subset are those of the whole index; an empty subset, unknown rows and `k` are respected."""
    scores = _scores(lexical, "images noise")
    subset = np.array([5, 1, 99])  # SQLite counts rows from 1
    assert _scores(lexical, "images noise", among=subset) == {i: scores[i] for i in (0, 4)}
    assert _scores(lexical, "images noise", k=1, among=subset) == {0: scores[0]}
    assert lexical.match("images", among=np.array([], np.int64)).best(10) == {}
    assert _scores(lexical, "images noise", among=np.arange(40_000)) == scores


def test_chunks_are_scored_by_id(lexical):
    """What has a word of the question has the score that it has among all; unknown ids and others have none."""
    scores = _scores(lexical, "images noise")
    ids = [f"{i:032x}" for i in (1, 3, 99, 0)]
    assert lexical.match("images noise").of(ids) == {ids[0]: scores[1], ids[3]: scores[0]}
    assert lexical.match("images noise", among=np.array([1, 4])).of(ids) == {ids[3]: scores[0]}
    assert lexical.match("zebra").of(ids) == lexical.match("").of(ids) == {}


# -- while the index changes -----------------------------------------------------------------------------------------


def _check(lexical, texts, question):
    """Assert that the scores are those of the texts, given by number."""
    scores, idfs = bm25(list(texts.values()), content_words(question))
    expected = {i: pytest.approx(s / (sum(idfs) * (K1 + 1))) for i, s in zip(texts, scores, strict=True) if s > 0}
    assert _scores(lexical, question) == expected
    assert list(lexical.idf(content_words(question)).values()) == pytest.approx(idfs)


def test_every_change_of_another_process_is_seen_at_once(tmp_path):
    """Also before the change is finished, and where SQLite gives the row of a removed chunk to another."""
    texts = dict(enumerate(["cats sleep", "dogs bark", "cats eat fish", "fish swim", "birds fly"]))
    _library(tmp_path / "library.sqlite", list(texts.values())).finish()
    lexical, other = Lexical(Library(tmp_path / "library.sqlite")), Library(tmp_path / "library.sqlite")
    _check(lexical, texts, "cats fish")
    texts[5] = "more cats and more fish for cats"
    _write(other, 5, texts[5])
    _check(lexical, texts, "cats fish")
    other.remove_source("/5.md")
    del texts[5]
    _check(lexical, texts, "cats fish")
    texts[6] = "no fish"
    _write(other, 6, texts[6])  # in the row that number 5 had
    _check(lexical, texts, "cats fish")
    other.finish()
    _check(lexical, texts, "cats fish")
    texts[0] = "dogs sleep"
    _write(other, 0, texts[0])
    other.finish()
    _check(lexical, texts, "cats fish")


def test_threads_score_while_the_index_changes(tmp_path):
    """Each gets scores in [0, 1] of chunks that exist or existed, and in the end those of the last state."""
    texts = dict(enumerate(["cats sleep", "dogs bark", "cats eat fish", "fish swim", "birds fly"]))
    library = _library(tmp_path / "library.sqlite", list(texts.values()))
    lexical, seen = Lexical(library), []
    done = threading.Event()

    def ask():
        while not done.is_set():
            seen.append(_scores(lexical, "cats fish sleep"))

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        for i in range(20):
            texts[i % 7] = f"cats and fish {i}"
            _write(library, i % 7, texts[i % 7])
        done.set()
        for future in asking:
            future.result()
    assert seen
    assert all(set(scores) <= set(range(7)) and all(0 < s <= 1 for s in scores.values()) for scores in seen)
    _check(lexical, texts, "cats fish sleep")


def test_more_words_than_are_kept(tmp_path):
    """Thousands of words, in one question or in many, change nothing."""
    texts = dict(enumerate(["cats sleep", "dogs bark", "cats eat fish", "fish swim", "birds fly"]))
    lexical = Lexical(_library(tmp_path / "library.sqlite", list(texts.values())))
    _check(lexical, texts, "cats fish")
    _check(lexical, texts, " ".join(["cats", *(f"w{i}" for i in range(2_500)), "fish"]))
    _check(lexical, texts, "cats fish")


def test_what_was_looked_up_is_not_looked_up_again(tmp_path):
    """Neither for scores nor for idf, of content words and of all others."""
    library = _library(tmp_path / "library.sqlite", DOCUMENTS)
    question, matches = "What do the cats do in the dark?", []
    expected = Lexical(library).match(question).best(5), Lexical(library).idf(words(question))

    class Watched(Library):
        def query(self, sql, parameters=()):
            matches.extend(parameters if "MATCH" in sql else ())
            return super().query(sql, parameters)

    lexical = Lexical(Watched(library.path))
    lexical.load(question)
    assert sorted(matches) == sorted(f'"{word}"' for word in dict.fromkeys(words(question)))
    matches.clear()
    assert (lexical.match(question).best(5), lexical.idf(words(question))) == expected
    assert matches == []


def test_context_is_searched_too(tmp_path):
    """Title and headings in front of a chunk are found like its text."""
    lexical = Lexical(
        _library(tmp_path / "library.sqlite", ["text one", "text two", "text three"], ["GANs", "VAEs", "GANs › Loss"])
    )
    assert set(_scores(lexical, "gan loss")) == {0, 2}


def test_an_empty_index_scores_nothing(tmp_path):
    """Without chunks there is nothing to find and nothing to divide by."""
    lexical = Lexical(_library(tmp_path / "library.sqlite", []))
    assert lexical.match("cats").best(10) == {}
    assert lexical.idf(["cats"]) == {"cats": 1e-6}
