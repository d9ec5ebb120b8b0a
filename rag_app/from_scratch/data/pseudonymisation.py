"""Pseudonyms: codes that stand for identifiers, and that only the holder of a key can turn back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_texts, check_count
from rag_app.registry import register

_N_DIGITS = 16  # 64 bits: a collision among a million values has a chance of 3 in 100 million


@register("tool", "D019")
def pseudonymise(values: Sequence[str], key: str, n_digits: int = _N_DIGITS) -> dict[str, Any]:
    """Return a pseudonym for each identifier: the same for the same one, and another one under another key.

    Parameters
    ----------
    values : list of str
        Identifiers, such as e-mail addresses, as they are: write them one way before.
    key : str
        The secret, not empty. Keep it apart from the data.
    n_digits : int, default=16
        Hexadecimal digits of a pseudonym, from 8 to 64.

    Returns
    -------
    dict
        ``pseudonyms``, one for each value; ``collision_chance``, of two identifiers with one pseudonym, estimated.

    Raises
    ------
    InvalidInputError
        If the values are not texts, the key is empty, n_digits is out of range, or two different values get the same
        pseudonym.

    Notes
    -----
    HMAC-SHA-256 of the value under the key, cut to b = 4 n_digits bits; chance of a collision about n²/(2·2^b). Without
    a key, identifiers that can be guessed are found by trying. Krawczyk, Bellare & Canetti, "HMAC: keyed-hashing for
    message authentication", RFC 2104 (1997).

    Examples
    --------
    >>> pseudonymise(["anna@example.org", "ben@example.org", "anna@example.org"], "demo-key", 12)["pseudonyms"]
    ['2db8ec6f4b92', 'a3c332581207', '2db8ec6f4b92']
    """
    texts = as_texts("values", values, min_length=0)
    codes = _codes(texts, key, n_digits)
    n = len(set(texts))
    if len(set(codes)) < n:
        msg = f"n_digits must be large enough to tell {n} values apart; got {n_digits!r}."
        raise InvalidInputError(msg, hint="Raise n_digits.")
    return {"pseudonyms": codes, "collision_chance": min(1.0, n**2 / 2 / 2.0 ** (4 * n_digits))}


@register("tool", "D019")
def reidentify(
    pseudonyms: Sequence[str], candidates: Sequence[str], key: str, n_digits: int = _N_DIGITS
) -> list[str | None]:
    """Return the identifier behind each pseudonym, by making the pseudonyms of all candidates again.

    Parameters
    ----------
    pseudonyms : list of str
        What pseudonymise returned.
    candidates : list of str
        All known identifiers.
    key : str
        The secret that was used.
    n_digits : int, default=16
        Hexadecimal digits that were used, from 8 to 64.

    Returns
    -------
    list of str
        For each pseudonym its identifier; null where no candidate has it, as for all of them under a wrong key.

    Raises
    ------
    InvalidInputError
        If lists are not texts, the key is empty, or n_digits is out of range.

    Notes
    -----
    That this is possible is why pseudonymous data are still personal data: Regulation (EU) 2016/679, article 4(5).

    Examples
    --------
    >>> reidentify(["2db8ec6f4b92"], ["ben@example.org", "anna@example.org"], "demo-key", 12)
    ['anna@example.org']
    """
    known = as_texts("candidates", candidates, min_length=0)
    value_of = dict(zip(_codes(known, key, n_digits), known, strict=True))
    return [value_of.get(code) for code in as_texts("pseudonyms", pseudonyms, min_length=0)]


def _codes(values: Sequence[str], key: str, n_digits: int) -> list[str]:
    check_count("n_digits", n_digits, 8, 64)
    if not key:
        msg = "key must be a secret of at least one character; got ''."
        raise InvalidInputError(msg)
    secret = key.encode()
    return [hmac.new(secret, v.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:n_digits] for v in values]
