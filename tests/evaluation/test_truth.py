"""Metrics with published references, checked against these on fixed examples."""

from __future__ import annotations

import asyncio
import os
import warnings

import numpy as np
import pytest
import pytrec_eval
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer
from sklearn import metrics as sklearn_metrics

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.from_scratch.language.words import words
from rag_app.from_scratch.metrics.agreement import cohen_kappa
from rag_app.from_scratch.metrics.answers import exact_match_score
from rag_app.from_scratch.metrics.calibration import brier_loss
from rag_app.from_scratch.metrics.classification import f1_score
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.from_scratch.metrics.ranking import ndcg, recall_at_k, reciprocal_rank
from rag_app.from_scratch.metrics.rephrasing import rephrase_scores
from rag_app.from_scratch.metrics.translation import bleu_score, chrf_score

PAIRS = [
    ("The keeper lit the lamp at dusk.", "At dusk, the keeper lit the lamp."),
    ("GANs were introduced by Ian Goodfellow in 2014.", "Ian Goodfellow introduced GANs in 2014."),
    ("A generator makes samples.", "A discriminator judges samples that a generator makes."),
    ("It is 0.75.", "The optimal discriminator outputs 0.75."),
    ("No answer found", "Mode collapse is a failure of GAN training."),
    ("The same.", "The same."),
]
RANKINGS = [
    (["a", "b", "c", "d", "e"], {"b": 1, "d": 1}),
    (["a", "b", "c"], {"a": 3, "c": 2, "x": 1}),
    (["a", "b", "c", "d"], {"x": 1}),
    (["c", "a"], {"a": 2, "b": 2, "c": 1, "d": 5}),
]


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_reported():
    """Importing ragas starts a thread that reports its use, unless it is told not to."""
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"


def in_ragas(name: str, **sample: object) -> float:
    """Return the score of a metric of ragas that needs no language model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it deprecates parts of itself
        from ragas import SingleTurnSample, metrics

        made = getattr(metrics, name)()
        return float(asyncio.run(made.single_turn_ascore(SingleTurnSample(**sample))))


def of_places(ranking: list[str], relevant: list[str]) -> Example:
    """Return an example whose passages and wanted places have ids."""
    from rag_app.evaluation.cases import Case

    case = Case("Why?", answerable=True, fields={"relevant": relevant})
    retrieved = tuple({"chunk_id": i, "id": i, "source": i, "text": i} for i in ranking)
    return Example("Why?", "Because.", retrieved=retrieved, case=case)


def score(name: str, example: Example) -> float | None:
    """Return the score of a metric of a suite."""
    return load_metrics([name])[0].score(example).value


@pytest.mark.parametrize(("ranking", "relevance"), RANKINGS)
def test_rankings_are_scored_as_trec_eval_does(ranking: list[str], relevance: dict[str, int]):
    """Its C code, on nDCG, reciprocal rank and recall."""
    run = {"q": {item: float(len(ranking) - rank) for rank, item in enumerate(ranking)}}
    measures = {"ndcg_cut.3,10", "recip_rank", "recall.5"}
    found = pytrec_eval.RelevanceEvaluator({"q": relevance}, measures).evaluate(run)["q"]
    assert ndcg(ranking, relevance, 10) == pytest.approx(found["ndcg_cut_10"])
    assert ndcg(ranking, relevance, 3) == pytest.approx(found["ndcg_cut_3"])
    assert reciprocal_rank(ranking, [*relevance]) == pytest.approx(found["recip_rank"])
    assert recall_at_k(ranking, [*relevance], 5) == pytest.approx(found["recall_5"])


@pytest.mark.parametrize(("ranking", "relevance"), RANKINGS)
def test_rankings_of_a_suite_are_scored_as_trec_eval_and_ragas_do(ranking: list[str], relevance: dict[str, int]):
    """The metrics that suites name, on places that a case names."""
    example, wanted = of_places(ranking, [*relevance]), dict.fromkeys(relevance, 1)
    run = {"q": {item: float(len(ranking) - rank) for rank, item in enumerate(ranking)}}
    found = pytrec_eval.RelevanceEvaluator({"q": wanted}, {"ndcg_cut.10", "recip_rank", "P.5"}).evaluate(run)["q"]
    assert score("ndcg", example) == pytest.approx(found["ndcg_cut_10"])
    assert score("reciprocal_rank", example) == pytest.approx(found["recip_rank"])
    ids = {"retrieved_context_ids": ranking, "reference_context_ids": [*relevance]}
    assert score("context_recall_by_id", example) == pytest.approx(in_ragas("IDBasedContextRecall", **ids))
    assert score("context_precision_by_id", example) == pytest.approx(in_ragas("IDBasedContextPrecision", **ids))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_rouge_l_is_that_of_rouge_score(one: str, other: str):
    """Google's implementation, on the words of both texts."""
    plain = [" ".join(words(text)) for text in (one, other)]
    expected = RougeScorer(["rougeL"], use_stemmer=False).score(*plain)["rougeL"].fmeasure
    assert rephrase_scores(one, other)["rouge_l"] == pytest.approx(expected)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_bleu_and_chrf_are_those_of_sacrebleu(one: str, other: str):
    """Of a sentence, in both directions; BLEU on the words of both texts."""
    bleu = sacrebleu.BLEU(effective_order=True, tokenize="none")
    for candidate, reference in ((one, other), (other, one)):
        plain = [" ".join(words(text)) for text in (candidate, reference)]
        expected = bleu.sentence_score(plain[0], [plain[1]]).score / 100
        assert bleu_score(candidate, [reference]) == pytest.approx(expected)
        assert chrf_score(candidate, [reference]) == pytest.approx(
            sacrebleu.sentence_chrf(candidate, [reference]).score / 100
        )


def test_bleu_and_chrf_are_those_of_sacrebleu_on_random_words():
    """Short sentences, and several references."""
    rng = np.random.default_rng(0)

    def sentence() -> str:
        return " ".join(rng.choice(["red", "green", "blue", "greenish", "a"], rng.integers(1, 12)))

    bleu = sacrebleu.BLEU(effective_order=True, tokenize="none")
    for _ in range(100):
        candidate, references = sentence(), [sentence() for _ in range(rng.integers(1, 4))]
        assert bleu_score(candidate, references) * 100 == pytest.approx(
            bleu.sentence_score(candidate, references).score
        )
        found = sacrebleu.sentence_chrf(candidate, references).score
        assert chrf_score(candidate, references) * 100 == pytest.approx(found)


def test_chrf_is_that_of_ragas():
    """Which takes it from sacrebleu."""
    for one, other in PAIRS:
        found = in_ragas("ChrfScore", response=one, reference=other)
        assert chrf_score(one, [other]) == pytest.approx(found)


def test_exact_match_is_stricter_in_ragas():
    """Ours compares as SQuAD does, without case, articles and marks; where ragas says 1, so do we."""
    assert in_ragas("ExactMatch", response="The lamp.", reference="The lamp.") == 1
    assert exact_match_score("The lamp.", ["The lamp."]) == exact_match_score("lamp", ["The lamp."]) == 1
    assert in_ragas("ExactMatch", response="lamp", reference="The lamp.") == 0


def test_where_ragas_is_not_right():
    """It compares whole texts letter by letter, so that a reference inside a long passage is not found.

    Of several sentences, its BLEU looks at the first: an answer that goes on with nonsense is perfect.
    """
    wanted = "The keeper lit the lamp at dusk."
    long = f"{'The tower was built of granite. ' * 9}{wanted} {'Ships passed at night. ' * 9}"
    assert in_ragas("NonLLMContextRecall", retrieved_contexts=[long], reference_contexts=[wanted]) == 0
    example = Example("Who?", "He.", retrieved=({"text": long, "source": "a.md"},), evidence=(wanted,))
    assert score("context_recall_by_text", example) == 1
    nonsense, right = f"{wanted} Nonsense follows here and there.", f"{wanted} It burnt oil until the next morning."
    assert in_ragas("BleuScore", response=nonsense, reference=right) == pytest.approx(1)
    assert bleu_score(nonsense, [right]) < 0.5


def test_figures_of_classification_are_those_of_scikit_learn():
    """F1, AUROC, kappa and Brier's score, on labels and chances with ties."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        labels, other, chances = rng.integers(2, size=40), rng.integers(2, size=40), rng.random(40).round(1)
        assert f1_score(labels, other) == pytest.approx(sklearn_metrics.f1_score(labels, other))
        assert roc_auc_score(labels, chances) == pytest.approx(sklearn_metrics.roc_auc_score(labels, chances))
        assert cohen_kappa(labels, other) == pytest.approx(sklearn_metrics.cohen_kappa_score(labels, other))
        assert brier_loss(labels, chances) == pytest.approx(sklearn_metrics.brier_score_loss(labels, chances))


def test_ndcg_is_that_of_scikit_learn():
    """On grades from 0 to 4 in random order."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        grades = {f"i{n}": int(grade) for n, grade in enumerate([1, *rng.integers(5, size=11)])}
        ranking = rng.permutation([*grades]).tolist()
        expected = sklearn_metrics.ndcg_score([[grades[i] for i in ranking]], [range(len(ranking), 0, -1)], k=5)
        assert ndcg(ranking, grades, 5) == pytest.approx(expected)
