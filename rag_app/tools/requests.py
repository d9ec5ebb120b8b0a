"""A plain request, such as "f1 of 1,0,1 vs 1,1,1", becomes a call of a tool, or is none.

Nothing is guessed: the text must begin with the words for a tool, hold the values that it needs, and have no word that
plays no part. Every other text is a question.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from rag_app.registry import Entry, get
from rag_app.tool_calls import ToolCall
from rag_app.tools.phrases import Phrase, load_phrases, name_words

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_VALUES = re.compile(rf"{_NUMBER}(?:\s*,\s*|\s+){_NUMBER}|[\[{{=@]|\w,\s?\w|(?<![\w.-]){_NUMBER}(?![\w-])")
_ASKING = re.compile(
    r"^\s*(?:(?:please|can you|could you)\s+)?"
    r"(?:(?:what\s+is|what['’]s|what\s+are|compute|calculate|give\s+me|tell\s+me|find|get|show(?:\s+me)?|run|apply)\s+)?"
    r"(?:the\s+)?",
    re.IGNORECASE,
)
_QUESTION_WORD = re.compile(
    r"^(?:an?|how|why|who|whose|when|where|which|what|is|are|do|does|did|can|should)\b", re.IGNORECASE
)
_ENDING = re.compile(r"(?:\s+please)?[\s?.!]*$", re.IGNORECASE)
_CUT = re.compile(r"^(recall|ndcg|mrr|reciprocal rank)\s*(?:@|\bat\b)\s*(\d+)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9²]+")
_GAP = re.compile(r"^[\s_-]*$")
_MOST_WORDS = 6  # of a name
_MOST_CHARACTERS = 4000  # a longer text is a question, or whatever was pasted
_PART = re.compile(
    rf"(?P<numbers>{_NUMBER}(?:(?:\s*,\s*|\s+){_NUMBER})+(?![\w%]))|(?P<number>{_NUMBER}\s*%?(?![\w]))"
    r"|(?P<words>[A-Za-z]\w*(?:\s*,\s*[A-Za-z]\w*)+)|(?P<word>[A-Za-z]\w*)|(?P<mark>[\s=:,;()@]+)"
)
_JOINING = frozenset(
    "against and are at between by data for from is list lists numbers of on probabilities the to using values vector "
    "vectors versus vs with".split()
)
_SYNONYMS = {
    "y_true": ("true", "truth", "actual", "labels"),
    "y_pred": ("pred", "prediction", "predictions", "predicted"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A call that a text asks for, and what was done to the values in it."""

    call: ToolCall
    note: str = ""


def read_request(text: str) -> Request | None:
    """Return the call that a text asks for, or None where it is anything but a plain request.

    Parameters
    ----------
    text : str
        Such as "softmax of 1,2,3 at temperature 0.5".

    Examples
    --------
    >>> read_request("What is the f1 of 1,0,1 vs 1,1,1?").call
    ToolCall(name='f1_score', arguments={'y_true': [1, 0, 1], 'y_pred': [1, 1, 1]}, result=None, error='')
    >>> read_request("How is F1 calculated?") is None
    True
    """
    if len(text) > _MOST_CHARACTERS:
        return None
    text = text.replace("\N{MINUS SIGN}", "-")
    asked = _ENDING.sub("", text[_ASKING.match(text).end() :])  # type: ignore[union-attr]  # it matches nothing, too
    if not _VALUES.search(asked) or _QUESTION_WORD.match(asked):
        return None
    found = _named(_CUT.sub(r"\1 at k k=\2 ", asked))
    if found is None:
        return None
    phrase, rest = found
    from rag_app.tools.adapter import arguments_model  # LangChain, which no question needs

    entry = get(phrase.tool)
    try:
        given = _arguments(entry, phrase, rest)
        if not given:
            return None
        arguments, note = phrase.prepare(given) if phrase.prepare else (given, "")
        arguments = {**arguments, **phrase.fixed}
        arguments_model(entry)(**arguments)
    except (ValueError, RecursionError):  # no JSON, or values of another kind than the tool takes
        return None
    return Request(ToolCall(entry.name, arguments), note)


def _named(text: str) -> tuple[Phrase, str] | None:
    """Return what the longest wording at the beginning of a text asks for, and the rest of the text."""
    words: list[re.Match[str]] = []
    end = 0
    for match in _WORD.finditer(text):
        if not _GAP.match(text[end : match.start()]) or len(words) == _MOST_WORDS:
            break
        words.append(match)
        end = match.end()
    phrases = load_phrases()
    for n in range(len(words), 0, -1):
        phrase = phrases.get(tuple(w for match in words[:n] for w in _lowered(match.group())))
        if phrase is not None:
            return phrase, text[words[n - 1].end() :]
    return None


def _lowered(word: str) -> tuple[str, ...]:
    word = word.replace("²", "2")
    return name_words(word) if re.search(r"[a-z][A-Z]", word) else (word.lower(),)


def _arguments(entry: Entry, phrase: Phrase, text: str) -> dict[str, Any] | None:
    """Return the arguments in a text; None where a word or a value of it has no place.

    A value goes to the parameter that is named before it, otherwise to the next one that has no default.
    """
    from rag_app.tools.adapter import function_of

    parameters = inspect.signature(function_of(entry)).parameters.values()
    needed = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    names = {name_words(name): name for name in (*(p.name for p in parameters), *phrase.extra)}
    names |= {(word,): name for name, words in _SYNONYMS.items() if name in names.values() for word in words}
    given: dict[str, Any] = {}
    awaited = ""
    parts = list(_parts(text))
    while parts:
        n_words = _named_parameter(parts, names)
        if n_words and not awaited:
            awaited, parts = names[tuple(str(w) for w in parts[:n_words])], parts[n_words:]
            continue
        part, parts = parts[0], parts[1:]
        if isinstance(part, _Word) and (part in _JOINING or not awaited):
            if part not in _JOINING:
                return None
            continue
        name = awaited or next((n for n in needed if n not in given), "")
        if not name or name in given:
            return None
        given[name], awaited = (str(part) if isinstance(part, _Word) else part), ""
    return None if awaited else given


def _named_parameter(parts: Sequence[Any], names: Mapping[tuple[str, ...], str]) -> int:
    """Return how many of the next words name a parameter."""
    words = list(takewhile(lambda part: isinstance(part, _Word), parts[:_MOST_WORDS]))
    return next((n for n in range(len(words), 0, -1) if tuple(words[:n]) in names), 0)


class _Word(str):
    """A word of a request that is no value."""

    __slots__ = ()


def _parts(text: str) -> Iterator[Any]:
    """Yield the words and the values of a text; a `ValueError` where there is something else."""
    position = 0
    while position < len(text):
        if text[position] in '[{"':
            value, position = json.JSONDecoder().raw_decode(text, position)
            yield value
            continue
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(text)
        yield from _values(match)
        position = match.end()


def _values(match: re.Match[str]) -> Iterator[Any]:
    text = match.group()
    if match["numbers"]:
        yield [_number(n) for n in re.findall(_NUMBER, text)]
    elif match["number"]:
        yield _number(text.rstrip("% ")) / 100 if text.endswith("%") else _number(text)
    elif match["words"]:
        yield re.split(r"\s*,\s*", text)
    elif match["word"]:
        yield from (_Word(w) for w in text.lower().split("_") if w)


def _number(text: str) -> int | float:
    return float(text) if re.search(r"[.eE]", text) else int(text)
