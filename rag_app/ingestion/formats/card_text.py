"""The two sides of a flash card, freed of what its author left in: notes, tags, blanks, broken words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from rag_app.from_scratch.language.words import STOP_WORDS
from rag_app.types import BlockKind

_BLANK = re.compile(r"(?<=[^\s_(\[\"'“])(?=__)|_{2,}(?: +_{2,})*")
_TAG = re.compile(r"#(\w[\w-]*)[.,;:]?(?:\s+|$)")
_HYPHENATED = re.compile(r"\b([^\W\d_]{2,})- ([^\W\d_]+)")
_EDIT = "COME|MOVE|FINISH|FIX|CHECK|REVISIT|REVIEW|REWRITE|UPDATE|EXPAND|DELETE|REMOVE|SPLIT|MERGE|ADD"
_NOTE = rf"\b(?:{_EDIT})(?: [A-Z]{{2,}}){{2,}}\b|(?<![A-Z] )\b(?:TO DO|TODO|TBD)\b"  # a shouted instruction to oneself
_NOTE_FIRST = re.compile(rf"^(?:{_NOTE})[\s:.!-]*")
_NOTE_LAST = re.compile(rf"(?:{_NOTE})[\s.!)\]]*$")
_NOTE_LENGTH = 200  # characters, at most
_ELSEWHERE = re.compile(  # the answer is not in the text: nothing or a capital follows
    r"(?i:see (?:the |an )?(?:images?|pictures?|photos?|figures?|diagrams?|charts?|slides?|attached|attachment))"
    r"(?:\s*[-–—:.]+(?:\s+|$)|\s+(?=[A-Z])|\s*$)"
)
_STAND_IN = re.compile(r"(?i:to do|todo|tbd|tba|n/?a)[.!]*|[\s_.?…—–-]*")
_LABEL = (  # headings in capitals of a text that has lost its line ends
    r"(?:(?:HOW|WHY|WHEN|WHERE|WHAT)(?: [A-Z]{2,})+|(?:WHY|HOW)(?=:)"
    r"|DEFINITIONS?|EXAMPLES?|OUTCOMES?|DIFFERENCES?|ADVANTAGES|DISADVANTAGES|BENEFITS|REFERENCES)(?=[\s:?]|$)"
)
_SHOUTED = r"(?>[A-Z]{4,} (?:[A-Z]{2,} )*[A-Z]{4,})(?=:|\?| [A-Z][a-z\s]| [-\d_])"  # any words that a new start follows
_MARK = re.compile(rf"(?<!\S)(?:{_LABEL}|{_SHOUTED})")
_LABEL_ALONE = re.compile(rf"{_LABEL}[\s:?]*")
_BULLET = re.compile(r"\|\|[^|]*\|\||(?<!\S)(-{1,2} ?)(?=[^\s-])")  # not the minus between the bars of a norm
_NUMBER = re.compile(r"(?<!\S)(\d{1,4})[.)] (?=\S)")
_OPENS_LIST = re.compile(r"(?:^|:|[A-Z]{2,})\s*$")


def clean_question(text: str) -> tuple[str, list[str]]:
    """Return a question without its author's notes and hashtags, and the hashtags.

    Examples
    --------
    >>> clean_question("MOVE THIS ONE #MLOps #training. What is a batch? COME BACK TO THIS ONE")
    ('What is a batch?', ['MLOps', 'training'])
    """
    text = " ".join(text.split())
    tags: list[str] = []
    bare = _without_notes(text)
    end = 0
    while match := _TAG.match(bare, end):
        tags.append(match.group(1))
        end = match.end()
    bare = _without_notes(bare[end:])
    return (_readable_blanks(bare), tags) if bare else (text, [])


def answer_parts(text: str) -> list[tuple[BlockKind, str]]:
    r"""Return the paragraphs and lists of an answer; none if it holds a stand-in for an answer.

    Examples
    --------
    >>> answer_parts("DEFINITION A net that plays. EXAMPLES: - StyleGAN - CycleGAN")
    [('paragraph', 'DEFINITION A net that plays.'), ('paragraph', 'EXAMPLES:'), ('list', '- StyleGAN\n- CycleGAN')]
    >>> answer_parts("TO DO"), answer_parts("See image"), answer_parts("See attached A graph of states.")
    ([], [], [('paragraph', 'A graph of states.')])
    """
    bare = _without_notes(text.strip())
    elsewhere = _ELSEWHERE.match(bare)
    bare = bare[elsewhere.end() :] if elsewhere else bare
    if _STAND_IN.fullmatch(bare):
        return []
    return [part for section in _sections(_readable_blanks(bare)) for part in _parts(section)]


def without_remark(title: str) -> str:
    """Return a title without a remark in brackets at its end.

    Examples
    --------
    >>> without_remark("Only basics [need to move these]")
    'Only basics'
    """
    start = title.rfind("[")
    is_remark = start >= 0 and title.find("]", start) == len(title) - 1
    return title[:start].rstrip() if is_remark else title


def join_hyphenated(text: str, words: Collection[str]) -> str:
    """Return a text in which words that a line end had broken are whole again.

    A word is taken for broken where its second half is no word: neither a stop word nor one of `words`, those of
    the whole document.

    Examples
    --------
    >>> join_hyphenated("exist- ing nets- why pre- and post-training", {"why", "nets"})
    'existing nets- why pre- and post-training'
    """

    def joined(match: re.Match[str]) -> str:
        first, second = match.groups()
        is_word = not second.islower() or second in STOP_WORDS or second in words
        return match.group() if is_word else first + second

    return _HYPHENATED.sub(joined, text)


def _without_notes(text: str) -> str:
    text = _NOTE_FIRST.sub("", text)
    last = _NOTE_LAST.search(text, max(0, len(text) - _NOTE_LENGTH))
    return text[: last.start()].rstrip(" ([-") if last else text


def _readable_blanks(text: str) -> str:
    """Write every blank as four underscores with a space in front: a run of blanks hides one term."""
    return _BLANK.sub(lambda m: "____" if m.group() else " ", text)


def _sections(text: str) -> list[str]:
    """Divide an answer in front of the words in capitals that were its headings; a last one without text is cut."""
    starts = [0, *(m.start() for m in _MARK.finditer(text) if m.start()), len(text)]
    sections = [text[start:end].strip() for start, end in pairwise(starts)]
    if len(sections) > 1 and _LABEL_ALONE.fullmatch(sections[-1]):
        sections.pop()
    return sections


def _parts(section: str) -> Iterator[tuple[BlockKind, str]]:
    """Give a list that was flattened to one line its lines again."""
    lists = [starts for starts in (_bullets(section), _numbers(section)) if starts]
    if lists:
        starts = min(lists)
        intro = section[: starts[0]].strip()
        if intro:
            yield "paragraph", intro
        items = [section[s:e].strip() for s, e in zip(starts, [*starts[1:], len(section)], strict=True)]
        yield "list", "\n".join(items)
    else:
        yield "paragraph", section


def _bullets(text: str) -> list[int]:
    """Return where the items begin: dashes of which the first opens the text or follows a colon or a heading."""
    starts = [m.start() for m in _BULLET.finditer(text) if m.group(1)]
    first = next((i for i, start in enumerate(starts) if _opens_list(text, start)), len(starts))
    return starts[first:] if len(starts) - first > 1 else []


def _numbers(text: str) -> list[int]:
    """Return where items numbered 1., 2. and so on begin; the first opens the text or follows a colon or a heading."""
    starts: list[int] = []
    for match in _NUMBER.finditer(text):
        if int(match.group(1)) == len(starts) + 1 and (starts or _opens_list(text, match.start())):
            starts.append(match.start())
    return starts if len(starts) > 1 else []


def _opens_list(text: str, start: int) -> bool:
    return _OPENS_LIST.search(text[max(0, start - 8) : start]) is not None
