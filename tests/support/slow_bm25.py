"""BM25 from its definition, with Porter's stemmer: the reference for SQLite's."""

from __future__ import annotations

import math
import re

import snowballstemmer

K1, B = 1.2, 0.75


def stems(text):
    """Return the stems of the words of an English text."""
    return [snowballstemmer.stemmer("porter").stemWord(word) for word in re.findall(r"[^\W_]+", text.lower())]


def bm25(documents, terms):
    """Return the BM25 of each document for a list of terms, and the idf of each term.

    ``Σ idf · f · (k1 + 1) / (f + k1 · (1 - b + b · length / mean length))`` with
    ``idf = ln((N - n + ½) / (n + ½))``, at least 1e-6.
    """
    bags = [stems(document) for document in documents]
    mean_length = sum(map(len, bags)) / len(bags)
    scores, idfs = [0.0] * len(bags), []
    for term in terms:
        (stem,) = stems(term)
        n_with = sum(stem in bag for bag in bags)
        idfs.append(max(math.log((len(bags) - n_with + 0.5) / (n_with + 0.5)), 1e-6))
        for i, bag in enumerate(bags):
            f = bag.count(stem)
            scores[i] += idfs[-1] * f * (K1 + 1) / (f + K1 * (1 - B + B * len(bag) / mean_length))
    return scores, idfs
