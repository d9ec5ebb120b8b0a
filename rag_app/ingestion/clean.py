"""Characters that carry no text are removed before a document is parsed."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile(r"\r\n?|\x85|\u2028|\u2029")
_SPACE = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def clean_text(text: str) -> str:
    r"""Return a text with one kind of line end and of space, composed characters and no control characters.

    Examples
    --------
    >>> clean_text("p\u00a0<\u00a00.05\r\nCafe\u0301")
    'p < 0.05\nCafé'
    """
    text = _CONTROL.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text))
