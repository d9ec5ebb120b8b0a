"""Bytes become text: the encoding is found out."""

from __future__ import annotations

import codecs
import re
import unicodedata

from rag_app.errors import IngestionError

_SAMPLE = 2**16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16: asked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w.:-]{2,40})""", re.IGNORECASE
)
_BROKEN = "\ufffd"
_MOST_BROKEN = 0.001
_NO_CHARSETS = frozenset(
    "idna punycode raw-unicode-escape unicode-escape undefined utf-7".split()
)  # what Python alone knows
_LEAST_SENSIBLE = 0.9
_ALPHABET_OF_ITS_OWN = 4  # characters beyond ASCII, and no letter of ASCII: not a Latin alphabet
_SIGNS = frozenset("‘’“”„‚«»‹›–—…•·€£§°©®™№¿¡½¼¾²³±×ºª")  # noqa: RUF001  (typography is meant)
_WORD = re.compile(r"[^\W\d_]+")
_MISPLACED = re.compile(r"(?<=[^\W\d_])[‘“”„‚«»‹›•€£§°©®™№¿¡½¼¾²³±×](?=[^\W\d_])")  # noqa: RUF001  (never between letters)
_CYRILLIC = {chr(c) for c in range(0x400, 0x460)} | {"ґ", "Ґ"}
_GREEK = {c for c in map(chr, range(0x386, 0x3CF)) if c.isalpha()}
_WESTERN = set("àáâãäåæçèéêëìíîïñòóôõöøœùúûüÿßµ")
_LETTERS = (  # of two that explain a text equally well, the first is taken
    ("cp1252", _WESTERN),
    ("cp1254", set("ğşıçöüâîû")),
    ("cp1250", set("ąćęłńóśźżáäčďéěíĺľňôŕřšťúůýžőűöüăâîşţđë")),
    ("iso8859_2", set("ąćęłńóśźżáäčďéěíĺľňôŕřšťúůýžőűöüăâîşţđë")),
    ("cp1251", _CYRILLIC),
    ("koi8_r", _CYRILLIC),
    ("cp1253", _GREEK),
)
_N_LATIN = 4
_EAST_ASIAN = ["cp932", "gb18030", "big5", "euc_jp", "cp949", "utf_16_le", "utf_16_be"]
_TEXT_CATEGORIES = frozenset("LMNPSZ")


def decode(data: bytes) -> str:
    """Return the text that bytes hold.

    Raises
    ------
    IngestionError
        If they are not text.

    Notes
    -----
    In this order: a byte-order mark; UTF-32 and UTF-16 without one, which have zero bytes; UTF-8, with a replacement
    character for a few broken bytes; what the text says of itself, as HTML and XML do; the single-byte encoding whose
    letters make words; the East Asian encoding that charset-normalizer finds likely; Windows-1252.

    Examples
    --------
    >>> decode("Überblick".encode("utf-16")), decode("Doğal dil işleme".encode("cp1254"))
    ('Überblick', 'Doğal dil işleme')
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_announced(data, encoding)
    if b"\0" in data[:8192]:
        return _decode_wide(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="replace")
    return text if _is_mostly_utf8(text) else _decode_legacy(data)


def _decode_announced(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        if encoding == "utf-8-sig" and _is_mostly_utf8(text := data.decode(encoding, errors="replace")):
            return text
        name = encoding.removesuffix("-sig").upper()
        msg = f"The file must be text in {name}, as its first bytes say; byte {exc.start} is not."
        raise IngestionError(msg, hint="Export it again as UTF-8.") from exc


def _decode_wide(data: bytes) -> str:
    """Return text of two or four bytes a character. Read with the wrong byte order it has no spaces or line ends."""
    found = [(_n_common(text), text) for encoding in ("utf-32-le", "utf-32-be") if (text := _wide(data, encoding))]
    found = found or [(_n_common(t), t) for encoding in ("utf-16-le", "utf-16-be") if (t := _wide(data, encoding))]
    if not found:
        msg = "The file is binary, not text."
        raise IngestionError(msg, hint="Export it as text, Markdown or HTML.")
    return max(found, key=lambda pair: pair[0])[1]


def _wide(data: bytes, encoding: str) -> str:
    """Return the text if all of it is assigned characters, otherwise nothing."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return ""
    sample = text[:_SAMPLE]
    return text if all(unicodedata.category(c)[0] in _TEXT_CATEGORIES or c in "\t\n\f\r" for c in sample) else ""


def _n_common(text: str) -> int:
    return sum(c < "\u0100" or "\u3000" <= c <= "\u30ff" for c in text[:_SAMPLE])


def _is_mostly_utf8(text: str) -> bool:
    """Tell a UTF-8 file with damage from one in another encoding, whose letters hardly ever happen to be UTF-8."""
    n_broken = text.count(_BROKEN)
    n_whole = sum(not c.isascii() for c in text) - n_broken
    return n_whole > n_broken and (n_broken <= max(1, _MOST_BROKEN * len(text)))


def _decode_legacy(data: bytes) -> str:
    declared = _DECLARED.search(data[:2048])
    if declared:
        try:
            name = codecs.lookup(declared.group(1).decode()).name
            if name not in _NO_CHARSETS:
                return data.decode(name)
        except (LookupError, UnicodeError):
            pass  # a page can be wrong about itself
    beyond_ascii = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    encoding = _single_byte(beyond_ascii) or _east_asian(data) or "cp1252"
    return data.decode(encoding, errors="replace")


def _single_byte(data: bytes) -> str:
    tables: tuple[tuple[str, set[str]], ...] = _LETTERS
    if not re.search(rb"[A-Za-z]", data) and len(re.findall(rb"[\x80-\xff]", data)) >= _ALPHABET_OF_ITS_OWN:
        tables = _LETTERS[_N_LATIN:] + _LETTERS[:_N_LATIN]
    scores = {encoding: _sensible(data.decode(encoding, errors="replace"), letters) for encoding, letters in tables}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= _LEAST_SENSIBLE else ""


def _sensible(text: str, letters: set[str]) -> float:
    """Return the share of characters beyond ASCII that are letters of a language in a word, or signs beside one."""
    n_all = sum(not c.isascii() for c in text)
    n_good = sum(c in _SIGNS for c in text) - len(_MISPLACED.findall(text))
    for word in _WORD.findall(text):
        if not word.isascii() and (word.islower() or word.isupper() or word.istitle()):
            n_good += sum(not c.isascii() and (c.lower() in letters or c == "İ") for c in word)
    return n_good / max(n_all, 1)


def _east_asian(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE], cp_isolation=_EAST_ASIAN).best()
    return best.encoding if best else ""
