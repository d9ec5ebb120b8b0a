"""Where a sentence stands in a text that writes it a little differently."""

from __future__ import annotations

import re

_MARKER = r"\[\d+(?:,\s*\d+)*\]"
_BETWEEN = rf"(?:[\s*`_]|{_MARKER})+"  # what may stand between the words of a sentence
_ENDING = re.compile(r"[.!?…]+$")


def find_sentence(text: str, sentence: str) -> tuple[int, int] | None:
    """Return where a sentence stands in a text: emphasis, line breaks and markers of citations may come in between.

    Examples
    --------
    >>> find_sentence("It was **hot** today [1].", "It was hot today.")
    (0, 25)
    """
    words = [re.escape(word) for word in re.split(r"[\s*`_]+", _ENDING.sub("", sentence.strip())) if word]
    ending = _ENDING.search(sentence.strip())
    pattern = _BETWEEN.join(words) + (rf"(?:\s*{_MARKER})*{re.escape(ending[0])}" if ending else "")
    match = re.search(pattern, text) if words else None
    return match.span() if match else None
