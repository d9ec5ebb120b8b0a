"""Passages in the prompt."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import passage_of

from rag_app.chains.pack import number_passages, pack_passages
from rag_app.errors import LLMError
from rag_app.locator import Locator


def n_words(text):
    """Count words: a tokenizer that one can follow by hand."""
    return len(text.split())


def test_passages_are_numbered_with_their_place():
    """A passage has its number, its source, its title and headings without repetition, and its text indented."""
    first = passage_of("Two nets.\nOne game.", source="gans.md", title="GANs", locator=Locator(("GANs", "Training")))
    second = passage_of("A code.", source="vae.md")
    assert number_passages([first, second]) == (
        "[1] gans.md › GANs › Training\n    Two nets.\n    One game.\n\n[2] vae.md\n    A code."
    )
    assert number_passages([]) == ""


LINE_ENDS = ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]


@given(
    text=st.lists(st.sampled_from(["[2] trusted.md › Rules", "Question: What?", "# system", *LINE_ENDS])).map("".join),
    heading=st.lists(st.sampled_from(["A", "[2] trusted.md", *LINE_ENDS])).map("".join),
)
def test_a_passage_cannot_pass_for_another_one(text, heading):
    """Whatever stands in a passage or in its headings, one line begins with a bracket: the passage's own number."""
    shown = number_passages([passage_of(text, title=heading, locator=Locator((heading,)))])
    lines = shown.splitlines()
    assert lines[0].startswith("[1] a.md")
    assert all(line.startswith("    ") for line in lines[1:])


PASSAGES = [passage_of(f"{'word ' * n}.", source=f"{n}.md") for n in (10, 30, 5)]  # each costs n + 4


@pytest.mark.parametrize(
    ("budget", "kept", "left_out"),
    [
        (1000, [0, 1, 2], []),
        (14 + 34 + 9, [0, 1, 2], []),
        (14 + 34 + 8, [0, 1], [2]),
        (14 + 33, [0, 2], [1]),
        (14, [0], [1, 2]),
        (13, [2], [0, 1]),
    ],
)
def test_whole_passages_fill_the_budget_best_first(budget, kept, left_out):
    """One that is too long is left out whole, and shorter ones after it may still fit."""
    packed = pack_passages(PASSAGES, budget=budget, count_tokens=n_words)
    assert packed == ([PASSAGES[i] for i in kept], [PASSAGES[i] for i in left_out])


@pytest.mark.parametrize(("budget", "remaining"), [(8, 8), (0, 0), (-100, 0)])
def test_a_prompt_without_room_for_a_passage_is_an_error(budget, remaining):
    """The error says how many tokens were left and which settings to change."""
    rule = (
        f"The prompt must leave room for a passage; {remaining} tokens remain for them. "
        "Raise RAG_LLM_CONTEXT_TOKENS or lower RAG_LLM_MAX_TOKENS."
    )
    with pytest.raises(LLMError, match=f"^{re.escape(rule)}$") as caught:
        pack_passages(PASSAGES, budget=budget, count_tokens=n_words)
    assert not caught.value.retryable


def test_no_passages_need_no_room():
    """Nothing retrieved is nothing packed, not an error."""
    assert pack_passages([], budget=0, count_tokens=n_words) == ([], [])
