"""Characters that carry no text are removed, and text that was once decoded wrongly is repaired, before parsing."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]")
_C1_CONTROL = re.compile(r"[\x80-\x9f]")  # removed last: they are what is left of characters that can be repaired
_LINE_END = re.compile(r"\r\n?|\x85|\u2028|\u2029")
_SPACE = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# UTF-8 read as another encoding: a character beyond ASCII follows another one, or a space that was a byte of it.
_SUSPICIOUS = re.compile(r"[\x80-\u024f][^\x00-\x7f]|[ÂÃ] ")
# Bytes that have no character in Windows-1254 are lost: two of an arrow, one of a closing quotation mark.
_LOST_ARROW = re.compile(r"â[\x9ež]?¡(?:ï¸\x8f?)?")  # noqa: RUF001  (the cedilla is one of them)

_LOST_QUOTE = re.compile(r"(â€œ[^\nâ]{0,500})â€\x9d?(?=[\s.,;:!?)]|$)")


def clean_text(text: str) -> str:
    r"""Return a text with one kind of line end and space, composed characters, no control characters and no mojibake.

    Examples
    --------
    >>> clean_text("p\u00a0<\u00a00.05\r\nCafe\u0301")
    'p < 0.05\nCafé'
    >>> clean_text("naÃ¯ve â€“ ğŸ”¹ Doğal")
    'naïve – 🔹 Doğal'
    """
    text = _normalized(text)
    while (repaired := _normalized(_C1_CONTROL.sub("", _repaired(text)))) != text:
        text = repaired
    return text


def _normalized(text: str) -> str:
    text = _CONTROL.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text))


def _repaired(text: str) -> str:
    """Repair line by line: one that is beyond repair does not keep the others from it."""
    if not _SUSPICIOUS.search(text):
        return text
    import ftfy

    text = _LOST_QUOTE.sub("\\1”", text)
    lines = _LOST_ARROW.sub("→", text).split("\n")
    return "\n".join(ftfy.fix_encoding(line) if _SUSPICIOUS.search(line) else line for line in lines)
