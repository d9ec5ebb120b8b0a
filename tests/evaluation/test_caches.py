"""The cache of answers: found again only where nothing has changed that they depend on."""

from __future__ import annotations

import pytest

from rag_app.errors import EvaluationError
from rag_app.evaluation.caches import Cache
from rag_app.evaluation.scores import failed, scored
from rag_app.evaluation.subjects import Reply

MADE_BY = {"llm": "openai:a", "question": "Who?", "settings": {"temperature": 0.0}, "repeat": 0}
REPLY = Reply({"answer": "Ann"}, 1.5, 0.001, 0.75, {"answer": "abc"})


@pytest.fixture
def cache(tmp_path):
    """A cache with one reply."""
    cache = Cache(tmp_path / "cache.sqlite")
    cache.add_reply(MADE_BY, REPLY)
    yield cache
    cache.close()


def test_a_reply_is_found_as_it_was(cache, tmp_path):
    """In the same process and in the next."""
    assert cache.find_reply(dict(reversed(MADE_BY.items())), {"answer": "abc"}) == REPLY
    cache.close()
    again = Cache(tmp_path / "cache.sqlite")
    assert again.find_reply(MADE_BY, {"answer": "abc", "other": "x"}) == REPLY
    again.close()


@pytest.mark.parametrize(
    "change",
    [{"llm": "openai:b"}, {"question": "who?"}, {"settings": {"temperature": 0.1}}, {"repeat": 1}, {"more": None}],
)
def test_any_change_is_a_miss(cache, change):
    """Of the language model, the question, a setting, the repeat."""
    assert cache.find_reply(MADE_BY | change, {"answer": "abc"}) is None


@pytest.mark.parametrize("prompts", [{}, {"answer": "abd"}, {"other": "abc"}])
def test_another_prompt_is_a_miss(cache, prompts):
    """One that was sent must be what it was; both versions are kept."""
    assert cache.find_reply(MADE_BY, prompts) is None
    cache.add_reply(MADE_BY, Reply({"answer": "Bob"}, 1.0, prompts={"answer": "abd"}))
    assert cache.find_reply(MADE_BY, {"answer": "abc"}) == REPLY
    assert cache.find_reply(MADE_BY, {"answer": "abd"}).answer == {"answer": "Bob"}


def test_judged_scores(cache):
    """Are kept unless they failed: those are asked for again."""
    cache.add_score({"metric": "x"}, scored(0.5, "Half.", replies=["{}"]))
    cache.add_score({"metric": "y"}, failed("The reply is cut."))
    assert cache.find_score({"metric": "x"}) == scored(0.5, "Half.", replies=["{}"])
    assert cache.find_score({"metric": "y"}) is None
    assert cache.find_score({"metric": "z"}) is None


def test_a_file_that_is_no_cache(tmp_path):
    """Is refused with the way out."""
    (tmp_path / "cache.sqlite").write_text("no database, but long enough to be looked at", encoding="utf-8")
    with pytest.raises(
        EvaluationError, match=r"must be a SQLite file that can be written.*Remove it, or run with --no-"
    ):
        Cache(tmp_path / "cache.sqlite")
