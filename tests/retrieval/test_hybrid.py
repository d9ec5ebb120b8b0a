"""Words and meaning, fused on an absolute scale."""

from __future__ import annotations

import re
import shutil
import threading
from functools import partial

import numpy as np
import pytest
from support.indexes import Index
from support.slow_bm25 import K1, bm25

from rag_app.embeddings.alignment import Aligner, heading_score
from rag_app.errors import InvalidInputError, StoreError
from rag_app.from_scratch.language.words import content_words, words
from rag_app.index.exact import MOST_NUMBERS
from rag_app.index.lexical import Lexical
from rag_app.index.tokens import token_codes
from rag_app.ingestion.load import load_source
from rag_app.ingestion.sync import Sync
from rag_app.retrieval.defining import defining_chunks
from rag_app.retrieval.hybrid import HybridSearch

QUESTIONS = [
    "What is mode collapse?",
    "How does a variational autoencoder differ from an autoencoder?",
    "StyleGAN",
    "latent",
    "Why do generators and discriminators play a game?",
    "recipe for pancakes",
]


@pytest.fixture(params=["compared", "embedded", "server"], scope="session")
def dense(request):
    """How meanings are compared: with all vectors, by Chroma inside the process, by Chroma's server."""
    return request.param


@pytest.fixture(scope="session")
def chroma_url(dense, request):
    """Every test runs against each."""
    return str(request.getfixturevalue("server_url")) if dense == "server" else ""


@pytest.fixture(scope="session")
def most_exact(dense):
    """Every test runs against each."""
    return MOST_NUMBERS if dense == "compared" else 0


@pytest.fixture(scope="module")
def course(course_dir, minilm, chroma_url, most_exact, knowledge, tmp_path_factory):
    """The two chapters, to be read; for a server its vectors are written from the library."""
    folder = course_dir
    if chroma_url:
        folder = tmp_path_factory.mktemp("on_server")
        for path in course_dir.glob("library.sqlite*"):  # the last changes are in the log
            shutil.copy(path, folder)
    index = Index(folder, minilm, chroma_url, most_exact)
    assert index.statuses(knowledge / "09-gans.md") == {"09-gans.md": "unchanged"}
    yield index
    index.close()


def _corpus(index):
    """Return chunk ids, their vectors and the texts that are searched by words."""
    rows = index.library.query("SELECT chunk_id, l.context, body FROM lexical l JOIN chunks c ON c.id = l.rowid")
    ids = [row[0] for row in rows]
    known = index.library.chunk_vectors(ids)
    return ids, np.stack([known[i] for i in ids]), [f"{context} {body}" for _, context, body in rows]


@pytest.fixture(scope="module")
def corpus(course):
    """The chunks of the two chapters."""
    return _corpus(course)


def _brute_force(corpus, question, minilm):
    """Return dense, lexical and fused score of every chunk, from the definitions."""
    ids, vectors, texts = corpus
    dense = vectors @ minilm.embed([question])[0]
    scores, idfs = bm25(texts, list(dict.fromkeys(content_words(question))))
    lexical = np.minimum(np.array(scores) / (sum(idfs) * (K1 + 1)), 1)
    fused = np.maximum(dense, 0) / 2 + lexical / 2
    return {i: (float(d), float(s), float(f)) for i, d, s, f in zip(ids, dense, lexical, fused, strict=True)}


def _raised(score, definition):
    return score + definition * (1 - score) / 2


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_are_the_documented_formula(course, corpus, minilm, question):
    """½ cosine + ½ BM25 over the most the question could reach, exact for every passage, whichever half found it.

    A definition of what is asked about goes half of the way from there to 1.
    """
    defining = defining_chunks(course.library, question)
    found = _brute_force(corpus, question, minilm)
    expected = {i: (dense, words, _raised(score, defining.get(i, 0))) for i, (dense, words, score) in found.items()}
    found = course.search(question, k=60)
    assert len(found) == 60
    for p in found:
        assert (p.dense_score, p.lexical_score, p.score) == pytest.approx(expected[p.chunk_id], abs=2e-5)
    best = sorted((f for _, _, f in expected.values()), reverse=True)[:60]
    assert [p.score for p in found] == pytest.approx(best, abs=2e-5)


def test_what_one_half_alone_finds_gets_its_exact_score_in_the_other(index, tmp_path, minilm):
    """Beyond the 100 candidates of meaning, a chunk is found by one rare word; without a common word, by meaning."""
    cats = [f"## S{i}\n\nCat number {i} sleeps on the sofa and eats fish." for i in range(130)]
    (tmp_path / "a.md").write_text("# T\n\n" + "\n\n".join([*cats, "## Plant\n\nThe QX7000 controls turbine valves."]))
    index.ingest(tmp_path / "a.md")
    question = "Which cat sleeps on the sofa and eats fish, QX7000?"
    near = {i for i, _ in index.vectors.nearest(minilm.embed([question])[0], 100)}
    expected = _brute_force(_corpus(index), question, minilm)
    found = index.search(question, k=50)
    assert [p.chunk_id for p in found if p.chunk_id not in near and "QX7000" in p.text]
    for p in found:
        assert (p.dense_score, p.lexical_score, p.score) == pytest.approx(expected[p.chunk_id], abs=2e-5)
    for p in index.search("kitten dinner", k=50):
        assert (p.lexical_score, p.score) == (0, pytest.approx(p.dense_score / 2))


def test_passages_are_complete(course):
    """A passage carries its place, text, units and both scores; its offsets are true."""
    for p in course.search("What is mode collapse?", k=5):
        source = course.library.source(p.source)
        assert source.text[p.start : p.end] == p.text
        assert (p.sha256, p.title) == (source.sha256, source.title)
        assert p.units
        assert p.locator.line is not None
        assert 0 < p.score <= 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_order_is_the_same_every_time(course, question):
    """Best first, fewer are the first of more, and asking again gives the same."""
    found = course.search(question, k=20)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert course.search(question, k=20) == found
    assert course.search(question, k=3) == found[:3]


def test_equal_scores_are_ordered_by_id(index, tmp_path):
    """Ten sources with the same text and title: the order does not depend on when they were read."""
    for i in range(10):
        (tmp_path / f"{i}.md").write_text(f"# Same\n\nThe same text.{' ' * i}")
    index.ingest(*(tmp_path / f"{i}.md" for i in (7, 3, 9, 1)))
    index.ingest(*(tmp_path / f"{i}.md" for i in range(10)))
    found = index.search("same text", k=10)
    assert len({p.source for p in found}) == 10
    assert len({p.dense_score for p in found} | {p.lexical_score for p in found}) <= 3
    by_score = [(-p.score, p.chunk_id) for p in found]
    assert by_score == sorted(by_score)


def test_k_may_exceed_what_there_is(index, tmp_path):
    """Every chunk is returned once."""
    (tmp_path / "a.md").write_text("# A\n\none\n\n# B\n\ntwo\n\n# C\n\nthree")
    index.ingest(tmp_path / "a.md")
    assert sorted(p.text for p in index.search("two", k=1_000)) == ["A\n\none", "B\n\ntwo", "C\n\nthree"]


@pytest.mark.parametrize(
    "question",
    [
        '"',
        '"mode collapse" OR',
        "AND NOT NEAR",
        "* : ^",
        "what is the",
        "\U0001f600",
        "\u732b",
        "(((",
        "a\0b",
        "x " * 3_000,
        "body:mode",
    ],
)
def test_no_question_breaks_the_search(course, question):
    """Quotes, operators, symbols, stop words and very long questions give passages with scores in [0, 1]."""
    found = course.search(question, k=5)
    assert len(found) == 5
    assert all(0 <= p.score <= 1 and 0 <= p.lexical_score <= 1 for p in found)


@pytest.mark.parametrize("question", ["", " \n\t"])
def test_a_blank_question_is_refused(course, question):
    """With an example of a good one."""
    message = 'The question must not be empty. Ask, for example: rag ask "What is mode collapse?"'
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        course.search(question)


@pytest.mark.parametrize("k", [0, -3])
def test_k_below_one_is_refused(course, k):
    """The message names the rule and the value."""
    with pytest.raises(InvalidInputError, match=rf"k must be at least 1; got {k}\."):
        course.search("mode collapse", k=k)


def test_no_index_and_an_empty_one_are_refused(index, tmp_path):
    """Before the first ingestion, and after one that read nothing, the hint is to ingest."""
    with pytest.raises(StoreError, match=re.escape(f"There is no index in {index.folder}. Run: rag ingest")):
        index.search("cats")
    (tmp_path / "notes").mkdir()
    index.ingest(tmp_path / "notes")
    with pytest.raises(StoreError, match=re.escape(f"The index in {index.folder} is empty. Run: rag ingest")):
        index.search("cats")


# -- filters ---------------------------------------------------------------------------------------------------------


def test_both_halves_obey_a_filter(course, corpus, minilm):
    """The best chunk by words and the best by meaning lie outside: neither is returned, and scores don't change."""
    question = "What is mode collapse?"
    everywhere = _brute_force(corpus, question, minilm)
    assert course.search(question, k=1)[0].source == "09-gans.md"
    found = course.search(question, k=500, source="08-autoencoders.md")
    assert {p.source for p in found} == {"08-autoencoders.md"}
    n_chunks = course.library.query(
        "SELECT count(*) FROM chunks c JOIN sources s ON s.id = c.source_id WHERE s.name LIKE '08%'"
    )
    assert len(found) == n_chunks[0][0]
    for p in found:
        assert (p.dense_score, p.lexical_score, p.score) == pytest.approx(everywhere[p.chunk_id], abs=2e-5)


@pytest.mark.parametrize(
    ("where", "sources"),
    [
        ({"chapter": "09"}, {"09-gans.md"}),
        ({"chapter": ["08", "09"]}, {"08-autoencoders.md", "09-gans.md"}),
        ({"heading": "mode collapse"}, {"09-gans.md"}),
        ({"title": "Generative adversarial networks"}, {"09-gans.md"}),
    ],
)
def test_filters_by_front_matter_heading_and_title(course, where, sources):
    """Every passage passes the filter."""
    found = course.search("latent space of images", k=100, **where)
    assert {p.source for p in found} == sources
    if "heading" in where:
        assert all("mode collapse" in " › ".join(p.locator.heading).lower() for p in found)


def test_a_filter_that_most_chunks_pass(index, tmp_path, minilm):
    """Asking Chroma for more, instead of comparing with every chunk that passes, finds the same."""
    for name, n, text in (("cats", 600, "Cat {} sleeps on the sofa."), ("taxes", 1_500, "Invoice {} is due in Oslo.")):
        (tmp_path / f"{name}.md").write_text("\n\n".join(f"# N{i % 15}\n\n{text.format(i % 15)}" for i in range(n)))
    index.ingest(tmp_path / "cats.md", tmp_path / "taxes.md")
    corpus = _corpus(index)
    of_taxes = {
        row[0]
        for row in index.library.query(
            "SELECT chunk_id FROM chunks c JOIN sources s ON s.id = source_id WHERE name = 'taxes.md'"
        )
    }
    for question in ("Which invoice is due on the sofa?", "kitten napping"):  # nothing of the taxes is near a kitten
        expected = _brute_force(corpus, question, minilm)
        found = index.search(question, k=10, source="taxes.md")
        best = sorted((expected[c][2] for c in of_taxes), reverse=True)[:10]
        assert [p.score for p in found] == pytest.approx(best, abs=2e-5)
        assert {p.source for p in found} == {"taxes.md"}


def test_a_filter_that_nothing_passes_finds_nothing(course):
    """An unknown key or value is no error; a value of another type is."""
    assert course.search("mode collapse", source="10-diffusion.md") == []
    assert course.search("mode collapse", unknown="x") == []
    with pytest.raises(InvalidInputError, match=r"where\['source'\] must be a string or a list of strings; got 9\."):
        course.search("mode collapse", source=9)


def test_a_filter_works_while_chroma_lags_behind(index, tmp_path, minilm):
    """Chunks that SQLite holds and Chroma does not yet are compared too: a filtered search never fails on them."""
    (tmp_path / "a.md").write_text("# A\n\nCats eat fish.")
    (tmp_path / "b.md").write_text("# B\n\nDogs bark.")
    index.ingest(tmp_path / "a.md")
    index.search("cats")
    path = tmp_path / "b.md"
    Sync(index.library, index.vectors, minilm).store(
        load_source(path.read_bytes(), uri=str(path), name="b.md", suffix=".md")
    )
    (found,) = index.search("pets that make noise", source="b.md")
    assert found.dense_score > 0.1
    assert found.lexical_score == 0


# -- while the index changes -----------------------------------------------------------------------------------------


def test_threads_search_at_once(course):
    """One search object serves many threads with the same results."""
    expected = [[p.chunk_id for p in course.search(q)] for q in QUESTIONS]
    course.searching._generation = -1
    seen, errors = [], []

    def ask():
        try:
            seen.append([[p.chunk_id for p in course.search(q)] for q in QUESTIONS])
        except Exception as exc:  # noqa: BLE001  (whatever it is, the test reports it)
            errors.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert seen == [expected] * 4


def test_a_question_is_embedded_once_and_chunks_never(index, tmp_path, minilm):
    """A search reads vectors from the index."""
    (tmp_path / "a.md").write_text("# A\n\nCats eat fish.")
    index.ingest(tmp_path / "a.md")
    (found,) = index.search("fish")
    (vector,) = index.library.chunk_vectors([found.chunk_id]).values()
    assert found.dense_score == pytest.approx(float(minilm.embed(["fish"])[0] @ vector), abs=1e-6)


# -- late interaction ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aligner(course, minilm):
    """Over the two chapters."""
    return Aligner(minilm, Lexical(course.library).idf, partial(token_codes, course.library))


@pytest.fixture(scope="module")
def aligning(course, minilm, aligner, most_exact):
    """A search that orders the best passages anew."""
    return HybridSearch(course.library, course.vectors, minilm, Lexical(course.library), aligner, most_exact)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_best_thirty_are_ordered_by_late_interaction(course, aligning, aligner, question):
    """They are those of the fused score; each has the documented score, its two old parts and its best sentence."""
    fused, found = course.search(question, k=30), aligning.search(question, 30)
    assert {p.chunk_id for p in found} == {p.chunk_id for p in fused}
    assert [(-p.score, p.chunk_id) for p in found] == sorted((-p.score, p.chunk_id) for p in found)
    pages = {page.passage.chunk_id: page for page in aligner.align(aligner.ask(question), fused)}
    asked = frozenset(words(question))
    defining = defining_chunks(course.library, question)
    for p in found:
        page = pages[p.chunk_id]
        best = max(page.alignments)
        assert (p.dense_score, p.lexical_score) == (page.passage.dense_score, page.passage.lexical_score)
        assert p.alignment_score == pytest.approx(max(best, 0), abs=1e-6)
        expected = 0.21 * max(p.dense_score, 0) + 0.17 * p.lexical_score + 0.30 * max(best, 0)
        expected += 0.23 * max(page.whole_alignment, 0) + 0.09 * heading_score(asked, p)
        assert p.score == pytest.approx(_raised(expected, defining.get(p.chunk_id, 0)), abs=1e-6)
        assert p.evidence == page.units[int(page.alignments.argmax())]
        assert p.evidence in p.units
        assert 0 <= p.score <= 1


def test_fewer_are_the_first_of_thirty_and_more_may_be_wanted(course, aligning):
    """Up to thirty the order does not depend on how many are wanted; of more, all are aligned."""
    thirty = aligning.search(QUESTIONS[0], 30)
    assert aligning.search(QUESTIONS[0], 5) == thirty[:5]
    fifty = aligning.search(QUESTIONS[0], 50)
    assert len({p.chunk_id for p in fifty}) == 50
    assert [p.score for p in fifty] == sorted((p.score for p in fifty), reverse=True)
    assert {p.chunk_id for p in fifty} == {p.chunk_id for p in course.search(QUESTIONS[0], k=50)}
    assert all(p.alignment_score > 0 for p in fifty)


def test_a_filter_holds_with_late_interaction(aligning):
    """What is aligned has passed it, also where nothing does."""
    found = aligning.search("What is mode collapse?", 40, where={"source": "08-autoencoders.md"})
    assert {p.source for p in found} == {"08-autoencoders.md"}
    assert aligning.search("What is mode collapse?", 5, where={"source": "10-diffusion.md"}) == []


def test_a_sentence_of_the_subject_is_named(aligning):
    """The evidence of the best passage begins with what was asked for."""
    best = aligning.search("What is mode collapse?", 1)[0]
    text = best.text[best.evidence.start - best.start : best.evidence.end - best.start]
    assert text.casefold().startswith("mode collapse")


def test_a_passage_without_sentences_is_found_without_evidence(index, tmp_path, minilm, most_exact):
    """A heading alone is scored by its whole text."""
    (tmp_path / "a.md").write_text("# The waltz of the emperor")
    (tmp_path / "b.md").write_text("# Rice\n\nRice is boiled.")
    index.ingest(tmp_path / "a.md", tmp_path / "b.md")
    lexical = Lexical(index.library)
    aligner = Aligner(minilm, lexical.idf, partial(token_codes, index.library))
    searching = HybridSearch(index.library, index.vectors, minilm, lexical, aligner, most_exact)
    bare, full = searching.search("waltz of the emperor", 5)
    assert (bare.evidence, bare.alignment_score) == (None, 0)
    assert bare.score > full.score
    assert full.evidence is not None


@pytest.mark.parametrize("question", ['"', "what is the", "\U0001f600", "a\0b", "\u200b", "x " * 400])
def test_no_question_breaks_late_interaction(aligning, question):
    """Scores stay in [0, 1] without a content word, without a token and beyond what is read at once."""
    found = aligning.search(question, 5)
    assert len(found) == 5
    assert all(0 <= p.score <= 1 and 0 <= p.alignment_score <= 1 for p in found)
