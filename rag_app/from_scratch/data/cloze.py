"""A sentence with a blank, and the word that fills it."""

from __future__ import annotations

import re

from rag_app.errors import InvalidInputError
from rag_app.registry import register

BLANK = "____"
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@register("tool", "D017")
def build_cloze(
    sentence: str = "Rain fell all night and the pond is full.", position: int = -1
) -> dict[str, str | int]:
    """Return a sentence with one word replaced by a blank of four underscores, and the word.

    Parameters
    ----------
    sentence : str, default="Rain fell all night and the pond is full."
        A sentence of at least one word.
    position : int, default=-1
        Which word, counted from 0; negative numbers count from the end.

    Returns
    -------
    dict
        ``cloze``, ``target``, and ``start``, where in the sentence the target begins: the target put there in place
        of the blank restores the sentence.

    Raises
    ------
    InvalidInputError
        If there is no such word.

    Notes
    -----
    Only the words before the blank are known where it is the last, as in next-word prediction; otherwise those after
    it too, as in masked language modelling. Taylor, "Cloze procedure: a new tool for measuring readability", Journalism
    Quarterly 30 (1953).

    Examples
    --------
    >>> build_cloze("The sky is clear.", 1)
    {'cloze': 'The ____ is clear.', 'target': 'sky', 'start': 4}
    """
    found = list(_WORD.finditer(sentence))
    if not -len(found) <= position < len(found):
        msg = f"position must be that of one of {len(found)} words; got {position!r}."
        raise InvalidInputError(msg)
    word = found[position]
    return {
        "cloze": sentence[: word.start()] + BLANK + sentence[word.end() :],
        "target": word.group(),
        "start": word.start(),
    }
