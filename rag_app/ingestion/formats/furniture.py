"""What stands on a page and says nothing: captions of pictures, closing words, residue of drawings, names of people."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from rag_app.ingestion.formats.card_text import join_hyphenated
from rag_app.ingestion.formats.outline import Draft

MASK = "[name]"
_MIN_RESIDUE = 3
_MAX_CAPTION_WORDS = 30
_MAX_LABEL_WORDS = 4
_LEADERS = 4
_MIN_SENTENCE_WORDS = 3
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")  # scripts that put no spaces between words
_ENDS = frozenset(".!?…。！？؟")  # noqa: RUF001  (full-width marks are meant)
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_CREDIT = re.compile(
    r"\b(?:image|photo|picture|figure|illustration|graphic)s?\s+(?:courtesy|credits?|sources?|by)\b|\bcourtesy of\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:thank(?:s| you)(?: (?:very much|all|for (?:your attention|watching|listening)))?|the end|"
    r"(?:any )?questions|q\s?(?:&|and)\s?a)\s*[.!?]*",
    re.IGNORECASE,
)
_URL = re.compile(r"<?(?:https?://|www\.)\S+>?")
_STATEMENT = re.compile(r":\s|=\s*[\d.]+")
_FORMULA = re.compile(r"\$\$.*\$\$", re.DOTALL)
_ANNOUNCED = re.compile(
    r"\b(?:comments?|feedback|remarks?|reviews?|responses?|replies|testimonials?)\b.{0,20}\b(?:from|by|of)\b",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"(.*\S\s*)\(\s*(?!" + re.escape(MASK) + r")[^\W\d_]+(?:[ .-]+[^\W\d_]+){0,2}\s*\)[.]?", re.DOTALL)
_SPEAKER = re.compile(r"[^\W\d_]+(?: [^\W\d_.]+\.?){0,2}(\s*(?:\([^()\n]*\d[^()\n]*\)|,\s[^:\n]*\d[^:\n]*):\s)")
_DIAGRAM = re.compile(
    r"(?:graph|flowchart)\s+(?:TB|TD|BT|RL|LR)\b|(?:sequence|class|state|er)Diagram|mindmap\b|gantt\b|pie\b"
)
_BULLET = re.compile(
    r"^[\u25a0-\u25ff\u2b1b\u2b1c\u2022\u2023\u2043\U0001f534-\U0001f53d\U0001f7e0-\U0001f7eb]\ufe0f?\s*"
)
_GLUED = re.compile(r"^([\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?)(?=\w)")
_LABEL = re.compile(
    r"\[{1,2}[(/\\]?([^\[\]|]+?)[)/\\]?\]|\({1,3}([^()]+)\)|\{{1,2}([^{}]+)\}|\|([^|]+)\||:\s*(\S[^\n;]*)"
)


def without_furniture(drafts: Sequence[Draft]) -> list[Draft]:
    """Return a document without credits of pictures, closing words and the names of those who comment.

    Links by themselves and scattered labels are kept as fragments.

    Examples
    --------
    >>> page = [Draft("paragraph", "See Image Courtesy: X"), Draft("paragraph", "Text."), Draft("paragraph", "The End")]
    >>> [d.text for d in without_furniture(page)]
    ['Text.']
    """
    kept = [d for d in drafts if not _is_credit(d) and not _has_leaders(d)]
    while kept and kept[-1].kind in {"paragraph", "heading", "fragment"} and _CLOSING.fullmatch(kept[-1].text.strip()):
        kept.pop()
    kept = [replace(d, kind="fragment") if d.kind == "paragraph" and _URL.fullmatch(d.text) else d for d in kept]
    return _without_names(kept)


def with_fragments(drafts: Sequence[Draft]) -> list[Draft]:
    """Return a document in which three or more paragraphs of labels in a row are fragments, unless all of it is.

    Examples
    --------
    >>> texts = ("x'", "BM", "Cats", "Here it ends.")
    >>> [d.kind for d in with_fragments([Draft("paragraph", text) for text in texts])]
    ['fragment', 'fragment', 'fragment', 'paragraph']
    """
    result = list(drafts)
    start = 0
    for i in range(len(result) + 1):
        if i < len(result) and _is_residue(result[i]):
            continue
        _mark_residue(result, start, i)
        start = i + 1
    return result if any(d.kind not in {"heading", "fragment"} for d in result) else list(drafts)


def clean_item(text: str) -> str:
    """Return an item of a list without a drawn bullet, and with a space behind a sign that touches its first word.

    Examples
    --------
    >>> clean_item("🔹Generator"), clean_item("✅yes")
    ('Generator', '✅ yes')
    """
    return _GLUED.sub(r"\1 ", _BULLET.sub("", text))


def read_diagram(text: str) -> str:
    """Return the labels of a Mermaid diagram, or nothing if the text is none.

    Examples
    --------
    >>> read_diagram("graph LR; A[Data] -->|clean| B(Training)")
    'Data · clean · Training'
    """
    match = _DIAGRAM.match(text.strip())
    if not match:
        return ""
    found = (next(filter(None, m.groups())) for m in _LABEL.finditer(text.strip(), match.end()))
    labels = [label.strip("\"'[](){}/\\ ") for label in found]
    return " · ".join(dict.fromkeys(label for label in labels if label))


def join_lines(text: str, words: Collection[str]) -> str:
    r"""Return a paragraph in one line: words that were divided at line ends are whole again.

    Examples
    --------
    >>> join_lines("a hard-\nwrapped para-\ngraph", {"wrapped"})
    'a hard-wrapped paragraph'
    """

    def joined(match: re.Match[str]) -> str:
        halves = f"{match.group(1)}- {match.group(2)}"
        whole = join_hyphenated(halves, words)
        return whole if whole != halves else f"{match.group(1)}-{match.group(2)}"

    return " ".join(re.sub(r"(?<![^\W\d_])([^\W\d_]+)-[^\S\n]*\n\s*([^\W\d_]+)", joined, text).split("\n"))


def _is_credit(draft: Draft) -> bool:
    is_short = len(draft.text.split()) <= _MAX_CAPTION_WORDS
    return draft.kind in {"paragraph", "fragment"} and is_short and bool(_CREDIT.search(draft.text))


def _has_leaders(draft: Draft) -> bool:
    """Tell a table of contents whose page numbers stand behind dots."""
    return draft.kind in {"paragraph", "list"} and all(_ends_in_leaders(line) for line in draft.text.split("\n"))


def _ends_in_leaders(line: str) -> bool:
    head = line.rstrip().rstrip("0123456789")
    return head != line.rstrip() and head.rstrip()[-2 * _LEADERS :].replace(" ", "").endswith("." * _LEADERS)


def _is_residue(draft: Draft) -> bool:
    if draft.kind not in {"paragraph", "fragment"} or not draft.text:
        return False
    return bool(_FORMULA.fullmatch(draft.text)) or all(_is_label(line) for line in draft.text.split("\n"))


def _is_label(line: str) -> bool:
    words = _WORD.findall(line)
    n_words = len(words) + len(_UNSPACED.findall(line)) // 2
    is_sentence = n_words >= _MIN_SENTENCE_WORDS and not line.lstrip()[:1].islower() and line.rstrip()[-1:] in _ENDS
    return n_words <= _MAX_LABEL_WORDS and not is_sentence and not _STATEMENT.search(line) and not _URL.search(line)


def _mark_residue(drafts: list[Draft], start: int, end: int) -> None:
    """Mark a run of labels; formulas at its ends belong to the text beside them."""
    while start < end and _FORMULA.fullmatch(drafts[start].text):
        start += 1
    while end > start and _FORMULA.fullmatch(drafts[end - 1].text):
        end -= 1
    if end - start >= _MIN_RESIDUE:
        drafts[start:end] = [replace(d, kind="fragment") for d in drafts[start:end]]


def _without_names(drafts: Sequence[Draft]) -> list[Draft]:
    """Mask who signed the comments below a line that announces comments."""
    result = []
    announced = False
    for draft in drafts:
        masked = _masked(draft.text) if announced and draft.kind in {"paragraph", "list"} else draft.text
        is_announcement = len(_WORD.findall(draft.text)) <= _MAX_LABEL_WORDS * 2 and bool(_ANNOUNCED.search(draft.text))
        announced = is_announcement or (announced and masked != draft.text)
        result.append(draft if masked == draft.text else replace(draft, text=masked, mark="signed"))
    return result


def _masked(text: str) -> str:
    signed = _SIGNED.fullmatch(text)
    if signed:
        return f"{signed.group(1)}({MASK})"
    speaker = _SPEAKER.match(text)
    return f"{MASK}{speaker.group(1)}{text[speaker.end() :]}" if speaker else text
