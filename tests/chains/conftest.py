"""Applications over the two chapters, made once: making one takes half a second."""

from __future__ import annotations

import pytest
from support.answers import app_on


@pytest.fixture(scope="session")
def quoting(course_dir):
    """Without a language model."""
    return app_on(course_dir)


@pytest.fixture(scope="session")
def answer_to(quoting):
    """Return the answer to a question, asked once: reading passages takes a fifth of a second."""
    answers = {}

    def ask(question):
        if question not in answers:
            answers[question] = quoting.ask(question)
        return answers[question]

    return ask


@pytest.fixture(scope="session")
def _talking(course_dir):
    return app_on(course_dir, "Nothing yet.")


@pytest.fixture
def talking(_talking):
    """Return the application with a scripted chat model, and that model, which gives the replies in turn."""

    def with_replies(*replies):
        llm = _talking._given_llm
        llm.replies, llm.n_calls, llm.received = list(replies), 0, []
        return _talking, llm

    return with_replies
