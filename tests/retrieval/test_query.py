"""Words of a question that say where to look."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.retrieval.query import Query, split_query

ANYTHING = st.text(
    st.one_of(st.characters(), st.sampled_from(list("file:heading \"'“”?!.,;*[]"))), max_size=60
) | st.lists(
    st.sampled_from(
        ["file:a.md", "heading:loss", 'heading:"mode collapse"', "and", "in", "What", "is", "x?", ",", ": "]
    )
).map(" ".join)


@pytest.mark.parametrize(
    ("question", "text", "where"),
    [
        ("file:09-gans.md What is mode collapse?", "What is mode collapse?", {"file": ["09-gans.md"]}),
        ("What is mode collapse? file:09-gans.md", "What is mode collapse?", {"file": ["09-gans.md"]}),
        ("What is mode collapse file:09-gans.md?", "What is mode collapse?", {"file": ["09-gans.md"]}),
        ("What, in file:09-gans.md, is mode collapse?", "What, is mode collapse?", {"file": ["09-gans.md"]}),
        ("What is it in file:a.md. And why?", "What is it. And why?", {"file": ["a.md"]}),
        ("Why in file:a.md, under heading:loss?", "Why?", {"file": ["a.md"], "heading": ["loss"]}),
        ("Why from file:a.md and file:b.md?", "Why?", {"file": ["a.md", "b.md"]}),
        ("file:a.md, file:b.md why?", "why?", {"file": ["a.md", "b.md"]}),
        ('heading:"mode collapse" why?', "why?", {"heading": ["mode collapse"]}),
        ("heading:'mode collapse' why?", "why?", {"heading": ["mode collapse"]}),
        ("heading:“mode collapse” why?", "why?", {"heading": ["mode collapse"]}),
        ('why? file:"my notes?.md"', "why?", {"file": ["my notes?.md"]}),
        ("FILE:A.md Heading:Loss why", "why", {"file": ["A.md"], "heading": ["Loss"]}),
        ("file:notes/*.pdf why", "why", {"file": ["notes/*.pdf"]}),
        ("file:chapter-0?.md why", "why", {"file": ["chapter-0?.md"]}),
        ("file:https://example.org/a?b=c why", "why", {"file": ["https://example.org/a?b=c"]}),
        ("file:? why", "why", {"file": ["?"]}),
        ('file:"a".file:b why', ".file:b why", {"file": ["a"]}),
        ("file:a ?file:b", "?file:b", {"file": ["a"]}),
        ("why\n  file:a.md\nso", "why so", {"file": ["a.md"]}),
    ],
)
def test_filters_are_taken_out_of_a_question(question, text, where):
    """Wherever they stand, with the words and marks that tie them in; what is left reads as a question."""
    query = split_query(question)
    assert (query.text, query.where) == (text, where)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "What is mode collapse?",
        "What is file: in TOML?",
        "Which heading: is it?",
        "What does profile:x do?",
        "What does a-file:x do?",
        'What does "file:x" do?',
        "What is (file:x)?",
        "  two  spaces\n\nand lines  ",
        'What is heading:"never closed?',
        'What is file:""?',
        "source:a.md is no word of ours",
        'What is file:"a"file:b?',
    ],
)
def test_other_questions_are_left_as_they_are(question):
    """A colon that no value follows, quotation marks, other words: nothing is a filter, and no space is touched."""
    assert split_query(question) == Query(question, {}, "")


@pytest.mark.parametrize(
    "question", ["file:a.md", ' heading:"mode collapse" ? ', "and in file:a.md?", "file:a, file:b."]
)
def test_a_question_of_filters_alone_is_refused(question):
    """The message says what is missing, with an example."""
    message = (
        f"The question must ask something besides where to look; got {question!r}. "
        "Ask, for example: What is mode collapse? file:09-gans.md"
    )
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        split_query(question)


@given(ANYTHING)
def test_what_is_left_holds_no_filter(question):
    """Splitting again finds nothing more, whatever the question is; the only error is that of filters alone."""
    try:
        query = split_query(question)
    except InvalidInputError:
        return
    assert split_query(query.text) == Query(query.text, {}, "")
    if not query.where:
        assert query.text == question


@given(ANYTHING)
def test_filters_go_with_another_question(question):
    """The words as they were written, put behind another question, mean the same."""
    try:
        query = split_query(question)
    except InvalidInputError:
        return
    again = split_query(query.with_filters("Why is that so?"))
    assert (again.text, again.where) == ("Why is that so?", query.where)
