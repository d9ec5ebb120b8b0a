"""Byte-pair encoding: sub-word tokens made by merging what stands side by side most often."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_texts, check_count
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

_N_BYTES = 256
# Letters, up to three digits, blanks, and other signs: tokens never reach from one into the next.
_PIECE = re.compile(r"[^\W\d_]+|\d{1,3}|\s+|(?:[^\w\s]|_)+")
_Pair = tuple[str, str]


@register("estimator", "M076")
class BytePairTokenizer(Estimator):
    """Return the ids of the tokens of each text: bytes, and what frequent neighbours among them were merged to.

    Parameters
    ----------
    vocabulary_size : int, default=512
        Most tokens, at least 256, one for each byte.

    Notes
    -----
    As long as a pair occurs twice: merge the most frequent one, of equally frequent ones that which is met first.
    Starting from bytes, every text can be encoded, and decoding returns it exactly. Gage, "A new algorithm for data
    compression", C Users J. 12 (1994); Sennrich, Haddow & Birch, "Neural machine translation of rare words with subword
    units", ACL (2016).

    Attributes
    ----------
    merges_ : list of list of str
        Pairs in the order of merging; each sign stands for the byte of its number.

    Examples
    --------
    l+o occurs twice and is met first; then lo+w, twice; then no pair occurs twice.

    >>> tokenizer = BytePairTokenizer().fit(["low lower newest"])
    >>> tokenizer.merges_, tokenizer.tokens("lowest")
    ([['l', 'o'], ['lo', 'w']], ['low', 'e', 's', 't'])
    """

    def __init__(self, *, vocabulary_size: int = 512) -> None:
        self.vocabulary_size = vocabulary_size

    def fit(self, X: Sequence[str]) -> Self:
        """Learn merges.

        Parameters
        ----------
        X : list of str
            Training texts.
        """
        check_count("vocabulary_size", self.vocabulary_size, _N_BYTES)
        pieces = Counter(piece for text in as_texts("X", X) for piece in _pieces(text))
        self.merges_ = _learn(pieces, self.vocabulary_size - _N_BYTES)
        return self

    def transform(self, X: Sequence[str]) -> list[list[int]]:
        """Return the ids of the tokens of each text.

        Parameters
        ----------
        X : list of str
            Texts.
        """
        self.check_fitted()
        id_of = {token: n for n, token in enumerate(self._vocabulary())}
        return [[id_of[token] for token in self._split(text)] for text in as_texts("X", X, min_length=0)]

    def inverse_transform(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the texts behind ids.

        Parameters
        ----------
        ids : list of list of int
            What `transform` returned.
        """
        self.check_fitted()
        vocabulary = self._vocabulary()
        for n in (n for text in ids for n in text):
            check_count("ids", n, 0, len(vocabulary) - 1)
        return [_as_text("".join(vocabulary[n] for n in text)) for text in ids]

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text as one can read them; a part of a letter of several bytes reads "�".

        Parameters
        ----------
        text : str
            Any text.
        """
        self.check_fitted()
        return [token.encode("latin-1").decode("utf-8", "replace") for token in self._split(text)]

    def _vocabulary(self) -> list[str]:
        return [chr(byte) for byte in range(_N_BYTES)] + ["".join(pair) for pair in self.merges_]

    def _split(self, text: str) -> list[str]:
        rank_of = {(left, right): n for n, (left, right) in enumerate(self.merges_)}
        pieces = {piece: _encode(piece, rank_of) for piece in set(_pieces(text))}
        return [token for piece in _pieces(text) for token in pieces[piece]]


@register("tool", "M076")
def tokenise_text(text: str, corpus: Sequence[str] | None = None, vocabulary_size: int = 512) -> dict[str, Any]:
    """Return the sub-word tokens of a text, by a byte-pair encoding that is learnt from other texts.

    Parameters
    ----------
    text : str
        The text.
    corpus : list of str, optional
        Texts to learn from; default: the text itself.
    vocabulary_size : int, default=512
        Most tokens, at least 256.

    Returns
    -------
    dict
        ``tokens``, ``ids``, ``n_tokens``, and ``merges`` in the order in which they were learnt.

    Raises
    ------
    InvalidInputError
        If the corpus is empty or the size below 256.

    Notes
    -----
    Sennrich, Haddow & Birch, "Neural machine translation of rare words with subword units", ACL (2016).

    Examples
    --------
    >>> tokenise_text("lowest", ["low lower newest"])["tokens"]
    ['low', 'e', 's', 't']
    """
    tokenizer = BytePairTokenizer(vocabulary_size=vocabulary_size).fit([text] if corpus is None else corpus)
    (ids,) = tokenizer.transform([text])
    return {"tokens": tokenizer.tokens(text), "ids": ids, "n_tokens": len(ids), "merges": tokenizer.merges_}


@register("tool", "M076")
def fit_to_token_limit(
    messages: Sequence[Mapping[str, str]], limit: int = 4096, reserve: int = 256, corpus: Sequence[str] = ("",)
) -> dict[str, Any]:
    """Return a conversation without its oldest messages, so that it and the answer stay within a limit of tokens.

    Parameters
    ----------
    messages : list of dict
        Each with ``role`` and ``content``, oldest first; system messages and the last one are always kept.
    limit : int, default=4096
        Tokens of input and answer together.
    reserve : int, default=256
        Tokens kept for the answer.
    corpus : list of str, optional
        Texts from which sub-word tokens are learnt; default: none, and every byte is a token.

    Returns
    -------
    dict
        ``messages`` that are kept; ``n_dropped``; ``n_tokens`` of the input; ``room``, tokens left for the answer.

    Raises
    ------
    InvalidInputError
        If a message has no role or content, or what must be kept does not fit.

    Notes
    -----
    ``room = limit - input``; the oldest are dropped until ``input ≤ limit - reserve``. A real service also counts a few
    signs around each message.

    Examples
    --------
    20 - 5 leave 15: 4 + 6 + 8 are too many, 4 + 8 are not.

    >>> chat = [{"role": "system", "content": "Help"}, {"role": "user", "content": "Hello!"}]
    >>> found = fit_to_token_limit([*chat, {"role": "user", "content": "Name it."}], limit=20, reserve=5)
    >>> [m["content"] for m in found["messages"]], found["n_tokens"], found["room"]
    (['Help', 'Name it.'], 12, 8)
    """
    check_count("limit", limit)
    check_count("reserve", reserve, 0, limit)
    for message in messages:
        if not {"role", "content"} <= message.keys():
            msg = f"messages must have a role and a content; got {sorted(message)!r}."
            raise InvalidInputError(msg)
    tokenizer = BytePairTokenizer().fit(corpus)
    sizes = [len(ids) for ids in tokenizer.transform([message["content"] for message in messages])]
    droppable = [n for n, message in enumerate(messages[:-1]) if message["role"] != "system"]
    total, dropped = sum(sizes), set()
    for n in droppable:
        if total <= limit - reserve:
            break
        dropped.add(n)
        total -= sizes[n]
    if total > limit - reserve:
        msg = f"limit must leave room for the system messages, the last message and the answer; got {limit!r}."
        raise InvalidInputError(msg, hint=f"Pass at least {total + reserve}.")
    kept = [dict(message) for n, message in enumerate(messages) if n not in dropped]
    return {"messages": kept, "n_dropped": len(dropped), "n_tokens": total, "room": limit - total}


def _pieces(text: str) -> list[str]:
    """Return the pieces of a text in which tokens are looked for; each of their signs stands for a byte."""
    return [piece.encode("utf-8", "surrogatepass").decode("latin-1") for piece in _PIECE.findall(text)]


def _as_text(signs: str) -> str:
    data = signs.encode("latin-1")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # ids that were cut within a letter
        return data.decode("utf-8", "replace")


def _learn(pieces: Mapping[str, int], n_merges: int) -> list[list[str]]:
    words = [list(piece) for piece in pieces]
    times = list(pieces.values())
    counts: Counter[_Pair] = Counter()
    places: defaultdict[_Pair, set[int]] = defaultdict(set)  # words that have the pair
    for n, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += times[n]
            places[pair].add(n)
    merges: list[list[str]] = []
    while len(merges) < n_merges and counts:
        most = max(counts.values())
        if most < 2:  # noqa: PLR2004  (a pair that occurs once is no pattern)
            break
        best = _first_met([pair for pair, count in counts.items() if count == most], words, places)
        merges.append(list(best))
        for n in places.pop(best):
            before, words[n] = words[n], _merged(words[n], best)
            _recount(n, before, -times[n], counts, places)
            _recount(n, words[n], times[n], counts, places)
    return merges


def _first_met(pairs: Sequence[_Pair], words: Sequence[Sequence[str]], places: Mapping[_Pair, set[int]]) -> _Pair:
    def place(pair: _Pair) -> tuple[int, int]:
        n = min(places[pair])
        return n, list(pairwise(words[n])).index(pair)

    return pairs[0] if len(pairs) == 1 else min(pairs, key=place)


def _recount(
    n: int, word: Sequence[str], times: int, counts: Counter[_Pair], places: defaultdict[_Pair, set[int]]
) -> None:
    for pair in pairwise(word):
        counts[pair] += times
        if counts[pair] == 0:
            del counts[pair]
        if times > 0:
            places[pair].add(n)
        else:
            places[pair].discard(n)


def _merged(word: Sequence[str], pair: _Pair) -> list[str]:
    merged: list[str] = []
    position = 0
    while position < len(word):
        taken = 2 if tuple(word[position : position + 2]) == pair else 1
        merged.append("".join(word[position : position + taken]))
        position += taken
    return merged


def _encode(piece: str, rank_of: Mapping[_Pair, int]) -> list[str]:
    """Apply the merges to a piece in the order in which they were learnt."""
    word = list(piece)
    while len(word) > 1:
        best = min(pairwise(word), key=lambda pair: rank_of.get(pair, len(rank_of)))
        if best not in rank_of:
            break
        word = _merged(word, best)
    return word
