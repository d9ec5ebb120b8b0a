"""Byte-pair encoding: merges by hand and by a slow reference, exact decoding of any text, and token limits."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.byte_pairs import BytePairTokenizer, fit_to_token_limit, tokenise_text

ROOT = Path(__file__).resolve().parents[3]
CHAPTER = (ROOT / "knowledge" / "14-tokens-decoding.md").read_text(encoding="utf-8")
TOKENIZER = BytePairTokenizer(vocabulary_size=600).fit([CHAPTER])


def _slow_merges(text, n_merges):
    """Count all pairs again before each merge, as the chapter's program does."""
    words, merges = [list(w) for w in re.findall("[a-z]+", text)], []
    while len(merges) < n_merges:
        pairs = Counter(p for w in words for p in pairwise(w))
        best = max(pairs, key=pairs.get)
        if pairs[best] < 2:
            break
        merges.append(list(best))
        for n, word in enumerate(words):
            out, i = [], 0
            while i < len(word):
                size = 2 if tuple(word[i : i + 2]) == best else 1
                out.append("".join(word[i : i + size]))
                i += size
            words[n] = out
    return merges


def test_merges_of_the_chapter():
    """Two merges, ties to the pair met first; 10 tokens instead of 14, but for the two blanks."""
    tokenizer = BytePairTokenizer().fit(["low lower newest"])
    assert tokenizer.merges_ == [["l", "o"], ["lo", "w"]]
    assert len(tokenizer.transform(["low lower newest"])[0]) == 10 + 2
    assert tokenizer.tokens("lowest") == ["low", "e", "s", "t"]


def test_merges_agree_with_counting_again():
    """On words of a chapter, with all their ties."""
    text = " ".join(re.findall("[a-z]+", CHAPTER.lower())[:1500])
    expected = _slow_merges(text, 60)
    assert BytePairTokenizer(vocabulary_size=256 + 60).fit([text]).merges_ == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello, world!",
        "é ü 你好 🙂",
        "â€œmojibakeâ€\x9d",
        "\ud800 lone",
        "a\x00b\t\n  c",
        "1234567890",
        "_x__y",
        CHAPTER,
    ],
    ids=range(9),
)
def test_decoding_returns_the_text(text):
    """Whatever it holds, with merges or without."""
    for tokenizer in (TOKENIZER, BytePairTokenizer(vocabulary_size=256).fit([""])):
        assert tokenizer.inverse_transform(tokenizer.transform([text])) == [text]


def test_the_texts_of_the_course_are_decoded_exactly():
    """Every chapter; and it takes fewer tokens than bytes."""
    for path in sorted((ROOT / "knowledge").glob("*.md"))[:6]:
        text = path.read_text(encoding="utf-8")
        (ids,) = TOKENIZER.transform([text])
        assert TOKENIZER.inverse_transform([ids]) == [text]
        assert len(ids) < 0.65 * len(text.encode())


def test_tokens_stay_within_words():
    """No token has letters and blanks, or four digits."""
    for token in TOKENIZER.tokens(CHAPTER):
        assert not re.search(r"\w\s|\s\w|\d{4}", token)


def test_a_letter_of_two_bytes():
    """é is 195 and 169, two tokens without a merge; cut in half it reads as a replacement."""
    bare = BytePairTokenizer(vocabulary_size=256).fit([""])
    assert bare.transform(["é"]) == [[195, 169]]
    assert (bare.tokens("é"), bare.inverse_transform([[195]])) == (["�", "�"], ["�"])
    assert BytePairTokenizer().fit(["é é"]).transform(["é"]) == [[256]]


def test_the_vocabulary_stops_growing():
    """At its size, or when no pair occurs twice."""
    assert len(TOKENIZER.merges_) == 600 - 256
    assert BytePairTokenizer(vocabulary_size=256).fit([CHAPTER]).merges_ == []
    assert BytePairTokenizer().fit(["abc"]).merges_ == []
    assert tokenise_text("aaaa")["tokens"] == ["aa", "aa"]


def test_the_conversation_of_the_chapter():
    """Of 100, 300, 250, 200 and 150 tokens the 300 go: 700 fit into 1,024 - 256."""
    roles = ["system", "user", "assistant", "user", "user"]
    messages = [{"role": r, "content": "a" * n} for r, n in zip(roles, (100, 300, 250, 200, 150), strict=True)]
    found = fit_to_token_limit(messages, 1024, 256)
    assert (found["n_dropped"], found["n_tokens"], found["room"]) == (1, 700, 324)
    assert found["messages"] == [messages[0], *messages[2:]]


@pytest.mark.parametrize("limit", range(40, 160, 7))
def test_the_limit_is_never_exceeded(limit):
    """System messages and the last message stay; learnt tokens count."""
    messages = [{"role": "system", "content": "be brief"}]
    messages += [{"role": "user", "content": f"question {n} " * n} for n in range(6)]
    messages.append({"role": "user", "content": "so?"})
    found = fit_to_token_limit(messages, limit, 10, corpus=["question question be brief"])
    assert found["n_tokens"] + 10 <= limit
    assert (found["messages"][0], found["messages"][-1]) == (messages[0], messages[-1])
    assert fit_to_token_limit([], 1, 0)["room"] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: BytePairTokenizer(vocabulary_size=255).fit([""]),
            "vocabulary_size must be a whole number of at least 256; got 255.",
        ),
        (
            lambda: TOKENIZER.inverse_transform([[600]]),
            "ids must be a whole number of at least 0 and at most 599; got 600.",
        ),
        (lambda: fit_to_token_limit([{"role": "user"}]), "messages must have a role and a content; got ['role']."),
        (
            lambda: fit_to_token_limit([{"role": "user", "content": "12345"}], 6, 2),
            "limit must leave room for the system messages, the last message and the answer; got 6. Pass at least 7.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
