"""Why a passage ranks where it does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.answers import passage_of

from rag_app.retrieval.explanation import Explanation, explain_ranking
from rag_app.types import Unit


def test_the_words_of_a_question_share_the_lexical_score(app):
    """Each word that BM25 found in a passage, in any inflection, most first; together they are its lexical score."""
    passages = app.search("How are collapsing modes prevented, pancake?", k=8)
    explained = explain_ranking(app.library, "How are collapsing modes prevented, pancake?", passages)
    assert [e.passage for e in explained] == passages
    for e in explained:
        assert sum(e.words.values()) == pytest.approx(e.passage.lexical_score)
        assert list(e.words.values()) == sorted(e.words.values(), reverse=True)
        assert set(e.words) | set(e.missing) == {"collapsing", "modes", "prevented", "pancake"}
        assert not set(e.words) & set(e.missing)
        searched = f"{e.passage.context}\n{e.passage.text}".lower()
        assert {w for w, stem in (("collapsing", "collaps"), ("prevented", "prevent")) if stem in searched} == set(
            e.words
        ) & {"collapsing", "prevented"}
        assert "pancake" in e.missing
    assert explained[0].words.keys() >= {"collapsing", "modes"}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("file:09-gans.md mode collapse", {"mode", "collapse"}),
        ("what is it", {"what", "is", "it"}),
        ('"mode" OR collapse*', {"mode", "collapse"}),
        ("\U0001f600", set()),
    ],
)
def test_the_words_are_those_that_were_searched_for(app, question, words):
    """Without filters; stop words where there is nothing else; operators are words."""
    (explained,) = explain_ranking(app.library, question, app.search("mode collapse", k=1))
    assert {*explained.words, *explained.missing} == words


def test_no_passages_need_no_explanation(app):
    """Nothing found, nothing to explain."""
    assert explain_ranking(app.library, "mode collapse", []) == []


PASSAGE = passage_of(
    "It is lit. It burns oil.", start=100, score=0.5, dense_score=0.25, lexical_score=0.75, alignment_score=0.125
)


def test_scores_are_named():
    """The fused score is the score itself, unless a reranker gave another one."""
    own = {"fused": 0.5, "dense": 0.25, "lexical": 0.75, "alignment": 0.125, "heading": 0.5, "definition": 0.0}
    assert Explanation(PASSAGE, {}, (), 0.5).scores == {"reranked": None, **own}
    reranked = replace(PASSAGE, score=0.875, fused_score=0.5)
    assert Explanation(reranked, {}, (), 0.5).scores == {"reranked": 0.875, **own}


def test_json_is_the_documented_shape():
    """Scores, words and the best sentence with its place in the source, to six digits."""
    passage = replace(PASSAGE, evidence=Unit(111, 124, "paragraph"))
    explained = Explanation(passage, {"oil": 0.7499999}, ("lamp",), 0.5)
    assert json.loads(json.dumps(explained.to_json())) == {
        "reranked": None,
        "fused": 0.5,
        "dense": 0.25,
        "lexical": 0.75,
        "alignment": 0.125,
        "heading": 0.5,
        "definition": 0.0,
        "words": {"oil": 0.75},
        "missing": ["lamp"],
        "evidence": {"start": 111, "end": 124, "text": "It burns oil."},
    }
    assert explained.evidence == (11, 24)
    assert Explanation(PASSAGE, {}, (), 0.5).to_json()["evidence"] is None
