"""Personal data in a text replaced by what kind of data it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rag_app.from_scratch.arrays import as_texts, check_choice
from rag_app.registry import register

# In the order in which they are looked for: what one has found, the next ones do not see.
_PATTERNS = {
    "email": re.compile(r"[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
    "card": re.compile(r"(?<![\w+])\d(?:[ -]?\d){12,18}(?!\w)"),
    "ip": re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]*\w)"),
    "phone": re.compile(r"(?<![\w.])(?:\+\d{1,3}[ ./-]?)?(?:\(\d{1,5}\)[ ./-]?)?\d{2,5}(?:[ ./-]?\d{2,4}){2,4}(?!\w)"),
}
KINDS = (*_PATTERNS, "name")
_MIN_PHONE_DIGITS = 9  # fewer are dates and amounts more often than telephone numbers


@register("tool", "D018")
def mask_personal_data(text: str, kinds: Sequence[str] = KINDS, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return a text in which e-mail addresses, telephone, card and account numbers, IP addresses and names are masked.

    Parameters
    ----------
    text : str
        Any text.
    kinds : list of str, default=("email", "iban", "card", "ip", "phone", "name")
        What to mask.
    names : list of str, default=()
        Names of people to mask; names have no form that a pattern could find.

    Returns
    -------
    dict
        ``text``, with a mask such as [EMAIL] for each finding; ``findings``: ``kind``, ``start``, ``end`` of each in
        the text that was given, in order, but not its value. What no pattern describes stays: it is not anonymous.

    Raises
    ------
    InvalidInputError
        If a kind is not known or the names are not texts.

    Notes
    -----
    A card number must pass Luhn's check: every second digit from the right doubled, less 9 where above 9, and a sum
    divisible by 10. An account number must leave 1 modulo 97. ISO/IEC 7812-1:2017; ISO 13616-1:2020.

    Examples
    --------
    22 from the doubled digits and 8 from the others: 30 is divisible by 10.

    >>> mask_personal_data("Write to Anna at anna@example.org about card 4111 1111 1111 1111.", names=["Anna"])["text"]
    'Write to [NAME] at [EMAIL] about card [CARD].'
    """
    for kind in kinds:
        check_choice("kinds", kind, KINDS)
    patterns = {kind: pattern for kind, pattern in _PATTERNS.items() if kind in kinds}
    people = [re.escape(name.strip()) for name in as_texts("names", names, min_length=0) if name.strip()]
    if people and "name" in kinds:
        longest_first = "|".join(sorted(people, key=len, reverse=True))
        patterns["name"] = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)", re.IGNORECASE)
    taken: list[tuple[int, int, str]] = []
    for kind, pattern in patterns.items():
        free = _without(text, taken)
        taken += [(m.start(), m.end(), kind) for m in pattern.finditer(free) if _CHECKS.get(kind, bool)(m.group())]
    masked, end = "", 0
    for start, stop, kind in sorted(taken):
        masked, end = f"{masked}{text[end:start]}[{kind.upper()}]", stop
    findings = [{"kind": kind, "start": start, "end": stop} for start, stop, kind in sorted(taken)]
    return {"text": masked + text[end:], "findings": findings}


def passes_luhn(number: str) -> bool:
    """Return whether the digits of a card number pass Luhn's check.

    Examples
    --------
    >>> passes_luhn("4111 1111 1111 1111"), passes_luhn("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(d) for d in re.sub(r"\D", "", number)][::-1]
    doubled = [2 * d - 9 * (d > 4) for d in digits[1::2]]  # noqa: PLR2004  (twice 5 has two digits)
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_account(number: str) -> bool:
    plain = number.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _is_phone(number: str) -> bool:
    return sum(c.isdigit() for c in number) >= _MIN_PHONE_DIGITS


_CHECKS = {"card": passes_luhn, "iban": _is_account, "phone": _is_phone}


def _without(text: str, taken: Sequence[tuple[int, int, str]]) -> str:
    """Return the text with what is taken blanked by a sign that no pattern accepts; positions stay."""
    parts, end = [], 0
    for start, stop, _ in sorted(taken):
        parts += [text[end:start], "\0" * (stop - start)]
        end = stop
    return "".join(parts) + text[end:]
