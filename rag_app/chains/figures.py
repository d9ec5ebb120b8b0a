"""Numbers in an answer that nothing accounts for: no tool returned them, no passage and no question has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MARKER = re.compile(r"\[\d+(?:\s*,\s*\d+)*\]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(
    r"(?<![\w.])-?\d+(?:\.(?P<decimals>\d+))?(?P<exponent>[eE][-+]?\d+)?(?![\w.]*\w)(?P<percent>\s*%)?"
)


def unaccounted_numbers(text: str, origins: Iterable[str], *, counted: int = 10) -> list[str]:
    """Return the numbers of a text that are in none of its origins, as they are written.

    Parameters
    ----------
    text : str
        An answer; markers such as ``[2]`` are no numbers.
    origins : iterable of str
        Questions, passages and results of tools.
    counted : int, default=10
        Smaller whole numbers are left alone: they number steps and count what was said.

    Returns
    -------
    list of str
        Each once. A number is accounted for if one of the origins rounds to it, as a share or as a percentage.

    Examples
    --------
    >>> unaccounted_numbers("F1 is 0.667 for 2 of 3, or 66.7 %; recall is 0.91 [1].", ["0.6666666666666666"])
    ['0.91']
    """
    known = [abs(n) for origin in origins for plain in (origin, _joined(origin)) for n, _, _ in _numbers(plain)]
    found: dict[str, None] = {}
    for value, decimals, shown in _numbers(_joined(_MARKER.sub(" ", text))):
        if decimals == 0 and abs(value) < counted and "%" not in shown:
            continue
        if not any(_rounds_to(other, abs(value), decimals, percent="%" in shown) for other in known):
            found[shown] = None
    return list(found)


def _rounds_to(origin: float, value: float, decimals: int, *, percent: bool) -> bool:
    unit = 10.0**-decimals
    scales = (1.0, 100.0) if percent else (1.0,)
    return any(abs(origin * scale - value) <= unit * 0.5001 for scale in scales)


def _joined(text: str) -> str:
    """Return a text without commas between thousands; of a list such as 100,200 it makes one number."""
    return _THOUSANDS.sub("", text)


def _numbers(text: str) -> Iterator[tuple[float, int, str]]:
    """Yield each number of a text: its value, its decimals, and itself as it is written."""
    for match in _NUMBER.finditer(text.replace("\N{MINUS SIGN}", "-")):
        shown = match.group().strip()
        decimals = 12 if match["exponent"] else len(match["decimals"] or "")
        yield float(shown.rstrip("% ")), decimals, shown
